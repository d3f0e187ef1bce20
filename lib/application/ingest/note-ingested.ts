import type { IngestResult, IngestSignal } from '#lib/telemetry/events.ts'
import type { Context } from '../context.ts'
import type { Teller } from './tell-points.ts'

/** Counts what came of one export or page: on /metrics of this process, and in the buckets of its source. */
export async function noteIngested(
  ctx: Context,
  { fleetId, source }: Teller,
  signal: IngestSignal,
  results: Readonly<Partial<Record<IngestResult, number>>>,
): Promise<void> {
  const counted = Object.entries(results).filter(([, count]) => count > 0)
  for (const [result, count] of counted)
    ctx.metrics.observeIngested(fleetId, signal, result as IngestResult, count)
  if (counted.length === 0) return
  const payload = { kind: 'ingested', source, signal, results: Object.fromEntries(counted) } as const
  await ctx.storage.telemetry.append(fleetId, [{ id: ctx.ids(), atMs: ctx.clock.now(), payload }])
}
