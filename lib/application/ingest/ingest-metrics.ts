import type { IngestKey } from '#lib/storage/ports.ts'
import { pointsOfMetrics } from '#lib/telemetry/otlp/points-of-metrics.ts'
import type { Context } from '../context.ts'
import type { ExportOutcome } from './ingest-traces.ts'
import { tellPoints } from './tell-points.ts'

/**
 * POST /api/otlp/v1/metrics: an engine's figures of lag, attempts, conflicts and queues. The same export again has no
 * second effect. @param request an ExportMetricsServiceRequest, as JSON or as it was read from protobuf
 */
export const ingestMetrics = (ctx: Context, key: IngestKey, request: unknown): Promise<ExportOutcome> =>
  tellPoints(ctx, key, pointsOfMetrics(request), 'metrics')
