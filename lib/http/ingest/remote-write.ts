import { ApplicationError, badRequest } from '#lib/application/errors.ts'
import { ingestRemoteWrite } from '#lib/application/ingest/ingest-remote-write.ts'
import { INGEST_BYTES_MAX } from '#lib/protocol/limits.ts'
import { readProtobuf } from '#lib/telemetry/otlp/protobuf.ts'
import { unpackSnappy } from '#lib/telemetry/prometheus/snappy.ts'
import { WRITE_REQUEST } from '#lib/telemetry/prometheus/write-request.ts'
import { problemAnswer } from '../problem.ts'
import type { IngestRoute } from './ingest-route.ts'
import { readExportBytes } from './otlp-http.ts'

/**
 * Prometheus remote write 1.0. What is no metric of ours is passed over and the answer is 204 all the same: the protocol
 * has no word for a part, and a 400 would make the sender throw the whole away.
 */
export const remoteWrite: IngestRoute = {
  answer: async (ctx, key, request) => {
    await ingestRemoteWrite(ctx, key, await readWrite(request))
    return { status: 204, headers: {}, body: null }
  },
  problem: (error, requestId) => problemAnswer(error, requestId),
}

/** @throws ApplicationError `unsupported_media_type`, `body_too_large`, `bad_request` */
async function readWrite(request: Request): Promise<unknown> {
  const type = (request.headers.get('content-type') ?? '').toLowerCase()
  const packing = (request.headers.get('content-encoding') ?? '').toLowerCase()
  const isFirst = !type.includes('proto=') || type.includes('proto=prometheus.writerequest')
  if (!type.startsWith('application/x-protobuf') || !isFirst || packing !== 'snappy')
    throw new ApplicationError('unsupported_media_type', {
      detail: 'application/x-protobuf of remote write 1.0, packed by snappy',
    })
  const unpacked = unpackSnappy(await readExportBytes(request), INGEST_BYTES_MAX)
  if (!unpacked.ok) {
    if (unpacked.error.startsWith('it unpacks')) throw new ApplicationError('body_too_large')
    throw badRequest([{ path: '', message: `the body is no snappy block: ${unpacked.error}` }])
  }
  const read = readProtobuf(unpacked.value, WRITE_REQUEST)
  if (!read.ok) throw badRequest([{ path: '', message: `no protobuf of this request: ${read.error}` }])
  return read.value
}
