import { isUtf8 } from 'node:buffer'
import { ApplicationError, isApplicationError } from '#lib/application/errors.ts'
import { BODY_BYTES_MAX } from '#lib/protocol/limits.ts'
import type { Asked, AskedHeaders } from './asked.ts'
import { scanJson } from './scan-json.ts'

/** A body with the texts of the objects of one of its lists, as they came; null when they can't be told apart. */
export interface JsonWithTexts {
  readonly value: unknown
  readonly texts: readonly Uint8Array[] | null
}

/**
 * The JSON body of a request, at most 1 MiB, judged while it is read (security checks 26, 28).
 * @throws ApplicationError `unsupported_media_type`, `body_too_large`, `malformed_json`, `too_deep`
 */
export async function readJson(request: Asked): Promise<unknown> {
  return (await readJsonWithTexts(request, '')).value
}

/**
 * The same, with the texts of a list's objects: what is stored as it came needs no second writing.
 * @param list a key of the outermost object
 */
export async function readJsonWithTexts(request: Asked, list: string): Promise<JsonWithTexts> {
  if (!isJson(request.headers)) throw new ApplicationError('unsupported_media_type')
  const bytes = await readBytes(request).catch(toCutOff)
  if (!isUtf8(bytes)) throw new ApplicationError('malformed_json', { detail: 'the body is not UTF-8' })
  const { isWithinShape, mayOverflow, places } = scanJson(bytes, list)
  if (!isWithinShape) throw new ApplicationError('too_deep')
  const value = parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8'))
  if (mayOverflow && !isFinite(value)) {
    throw new ApplicationError('malformed_json', { detail: 'a number is too large to be kept' })
  }
  return { value, texts: places && textsAt(bytes, places) }
}

function textsAt(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const texts: Uint8Array[] = []
  for (let i = 0; i + 1 < places.length; i += 2) texts.push(bytes.subarray(places[i], places[i + 1]))
  return texts
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // The parser's message quotes the body.
    throw new ApplicationError('malformed_json')
  }
}

/** A number past what a double holds is parsed as Infinity, which JSON would write as null: another document. */
function isFinite(value: unknown): boolean {
  if (typeof value === 'number') return Number.isFinite(value)
  if (typeof value !== 'object' || value === null) return true
  return Object.values(value).every(isFinite)
}

/** JSON that was read already, judged as the body of a request is. @throws ApplicationError `malformed_json`, `too_deep` */
export function parseJsonBytes(bytes: Uint8Array): unknown {
  if (!isUtf8(bytes)) throw new ApplicationError('malformed_json', { detail: 'the body is not UTF-8' })
  if (!scanJson(bytes, '').isWithinShape) throw new ApplicationError('too_deep')
  return parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8'))
}

/** The sender went away in the middle of its body: its affair, and no failure of ours. */
function toCutOff(error: unknown): never {
  if (isApplicationError(error)) throw error
  throw new ApplicationError('malformed_json', { detail: 'the body ended early' })
}

function isJson(headers: AskedHeaders): boolean {
  const type = headers.get('content-type') ?? ''
  const encoding = headers.get('content-encoding') ?? 'identity'
  return /^application\/json\s*(;|$)/i.test(type) && encoding.toLowerCase() === 'identity'
}

/** The bytes of a body, at most 1 MiB, judged while they are read. @throws ApplicationError `body_too_large` */
export async function readBytes(request: Asked): Promise<Uint8Array> {
  const declared = request.headers.get('content-length')
  if (declared !== null && Number(declared) > BODY_BYTES_MAX) throw new ApplicationError('body_too_large')
  // The server reads no more than what was declared, so only an undeclared length has to be counted.
  if (declared !== null) return bounded(new Uint8Array(await request.arrayBuffer()))
  return request.body ? readStream(request.body) : new Uint8Array()
}

function bounded(bytes: Uint8Array): Uint8Array {
  if (bytes.length > BODY_BYTES_MAX) throw new ApplicationError('body_too_large')
  return bytes
}

async function readStream(body: ReadableStream<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let length = 0
  const reader = body.getReader()
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return Buffer.concat(chunks, length)
    length += value.length
    if (length > BODY_BYTES_MAX) {
      await reader.cancel()
      throw new ApplicationError('body_too_large')
    }
    chunks.push(value)
  }
}
