import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import { ApplicationError, badRequest, isApplicationError } from '#lib/application/errors.ts'
import type { ExportOutcome } from '#lib/application/ingest/ingest-traces.ts'
import { isJsonObject } from '#lib/kernel/json.ts'
import { INGEST_BYTES_MAX } from '#lib/protocol/limits.ts'
import type { ProtobufMessage } from '#lib/telemetry/otlp/protobuf.ts'
import { readProtobuf } from '#lib/telemetry/otlp/protobuf.ts'
import type { Answer } from '../answer.ts'
import { problemAnswer } from '../problem.ts'
import { parseJsonBytes, readBytes } from '../read-json.ts'
import { int64Field, messageField, textField } from './write-protobuf.ts'

const unzip = promisify(gunzip)
type Encoding = 'json' | 'protobuf'
const TYPES: Readonly<Record<Encoding, string>> = {
  json: 'application/json',
  protobuf: 'application/x-protobuf',
}

/** How a caller speaks; whoever speaks otherwise is answered in JSON. */
export function encodingOf(request: Request): Encoding | null {
  const type = (request.headers.get('content-type') ?? '').split(';', 1)[0]?.trim().toLowerCase()
  if (type === TYPES.json) return 'json'
  return type === TYPES.protobuf || type === 'application/protobuf' ? 'protobuf' : null
}

/**
 * The export of a request, in the shape of OTLP's JSON; a body is at most 1 MiB as it comes and 8 when it is unpacked.
 * @throws ApplicationError `unsupported_media_type`, `body_too_large`, `malformed_json`, `too_deep`, `bad_request`
 */
export async function readExport(request: Request, message: ProtobufMessage): Promise<unknown> {
  const encoding = encodingOf(request)
  const packing = (request.headers.get('content-encoding') ?? 'identity').toLowerCase()
  if (encoding === null || (packing !== 'identity' && packing !== 'gzip'))
    throw new ApplicationError('unsupported_media_type', {
      detail: 'application/json or application/x-protobuf, as it is or with gzip',
    })
  const sent = await readExportBytes(request)
  const bytes = packing === 'gzip' ? await unpacked(sent) : sent
  if (encoding === 'json') {
    const parsed = parseJsonBytes(bytes)
    // Whoever sends exports in a list would be told that all is well, and nothing would be stored.
    if (!isJsonObject(parsed)) throw badRequest([{ path: '', message: 'an export is one JSON object' }])
    return parsed
  }
  const read = readProtobuf(bytes, message)
  if (!read.ok) throw badRequest([{ path: '', message: `no protobuf of this request: ${read.error}` }])
  return read.value
}

/** The body as it comes, at most 1 MiB. @throws ApplicationError `body_too_large`, `bad_request` */
export const readExportBytes = (request: Request): Promise<Uint8Array> =>
  readBytes(request).catch((error: unknown) => {
    if (isApplicationError(error)) throw error
    throw badRequest([{ path: '', message: 'the body ended early' }])
  })

/** Stops as soon as there is too much: what a bomb would unpack to is never held. */
async function unpacked(bytes: Uint8Array): Promise<Uint8Array> {
  try {
    return await unzip(bytes, { maxOutputLength: INGEST_BYTES_MAX })
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : null
    if (code === 'ERR_BUFFER_TOO_LARGE') throw new ApplicationError('body_too_large')
    throw badRequest([{ path: '', message: 'the body is no gzip' }])
  }
}

/** An Export…ServiceResponse, in the encoding of the request. @param rejectedName in JSON, as `rejectedSpans` */
export function exportAnswer(request: Request, outcome: ExportOutcome, rejectedName: string): Answer {
  const { rejected, reason } = outcome
  const encoding = encodingOf(request) ?? 'json'
  const headers = { 'content-type': TYPES[encoding] }
  if (encoding === 'json') {
    const partialSuccess = { [rejectedName]: String(rejected), errorMessage: reason ?? '' }
    return { status: 200, headers, body: JSON.stringify(reason === null ? {} : { partialSuccess }) }
  }
  const partial =
    reason === null ? [] : messageField(1, [...int64Field(1, rejected), ...textField(2, reason)])
  return { status: 200, headers, body: Uint8Array.from(partial) }
}

/** Codes of google.rpc.Status by HTTP status, as OTLP/HTTP wants failures told. */
const RPC_CODES: Readonly<Record<number, number>> = {
  401: 16,
  403: 7,
  404: 5,
  405: 12,
  413: 8,
  429: 8,
  503: 14,
}
const RPC_INVALID_ARGUMENT = 3
const RPC_INTERNAL = 13

/** The failure as a google.rpc.Status in the encoding of the request; headers are those of every error. */
export function exportProblem(error: ApplicationError, requestId: string, request: Request): Answer {
  const { status, headers } = problemAnswer(error, requestId)
  const encoding = encodingOf(request) ?? 'json'
  const code = RPC_CODES[status] ?? (status < 500 ? RPC_INVALID_ARGUMENT : RPC_INTERNAL)
  const message = `${error.tidemarkCode}: ${messageOf(error)} (request ${requestId})`
  const body =
    encoding === 'json'
      ? JSON.stringify({ code, message })
      : Uint8Array.from([...int64Field(1, code), ...textField(2, message)])
  return { status, headers: { ...headers, 'content-type': TYPES[encoding] }, body }
}

function messageOf({ message, extra }: ApplicationError): string {
  const errors = extra['errors']
  const [first] = Array.isArray(errors) ? errors : []
  return first !== undefined && typeof first === 'object' && first !== null && 'message' in first
    ? String(first.message)
    : message
}
