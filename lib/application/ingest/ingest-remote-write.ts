import type { IngestKey } from '#lib/storage/ports.ts'
import { pointsOfSamples } from '#lib/telemetry/prometheus/points-of-samples.ts'
import { samplesOfWrite } from '#lib/telemetry/prometheus/write-request.ts'
import type { Context } from '../context.ts'
import type { ExportOutcome } from './ingest-traces.ts'
import { tellPoints } from './tell-points.ts'

/** POST /ingest/prometheus/write: figures among the samples of a WriteRequest as it was read from protobuf. */
export const ingestRemoteWrite = (ctx: Context, key: IngestKey, request: unknown): Promise<ExportOutcome> =>
  tellPoints(
    ctx,
    key,
    pointsOfSamples(samplesOfWrite(request), { place: 'remote write', whole: false }),
    'remote_write',
  )
