import { sumAll } from '#lib/rollups/aggregate.ts'
import { TIER_MS } from '#lib/rollups/bucket.ts'
import { byPart } from '#lib/rollups/counters.ts'
import type { TelemetryContext } from '#lib/application/telemetry/context.ts'
import { readBuckets } from './read-buckets.ts'

/** The running minute and the four before it: between four and five minutes, all of them counted. */
const MINUTES = 5

/**
 * Transitions per minute by `from>to`, of the sessions that ended in the running minute or the four before it and
 * are reported: those still running are not in it. A fleet younger than that is told by its own time, of which a minute is the
 * least. An edge that nobody walked is left out.
 */
export async function transitionRates(
  ctx: TelemetryContext,
  fleetId: string,
  nowMs: number,
): Promise<Readonly<Record<string, number>>> {
  const minuteMs = TIER_MS.minute
  const fromMs = (Math.floor(nowMs / minuteMs) - (MINUTES - 1)) * minuteMs
  const range = { fromMs, toMs: fromMs + MINUTES * minuteMs, stepMs: minuteMs }
  const wanted = { split: 'total', parts: ['counters'] } as const
  const buckets = await readBuckets(ctx.storage.telemetry, fleetId, range, wanted)
  const counts = byPart(sumAll(buckets), 'transitions')
  // Devices are counted each minute: where there is no bucket, nobody was there to be counted.
  const heardFromMs = buckets.reduce((first, { key }) => Math.min(first, key.startMs), nowMs)
  const minutes = Math.max(1, (nowMs - heardFromMs) / minuteMs)
  const perMinute = (count: number): number => count / minutes
  return Object.fromEntries(Object.entries(counts).map(([edge, count]) => [edge, perMinute(count)]))
}
