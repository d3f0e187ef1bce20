import { mergedOf } from '#lib/rollups/fold.ts'
import { inEachFleet } from '../fleets/in-each-fleet.ts'
import type { TelemetryContext } from './context.ts'

/** Hours of one fleet in one run: while one is filled, folding of that fleet waits. */
export const FILL_HOURS_MAX = 4

/**
 * Makes the merged buckets of hours that have full ones alone, which were folded before there were merged ones, newest
 * first; at most 4 hours of each fleet. True when some fleet may have more.
 */
export async function fillMerged(ctx: TelemetryContext): Promise<boolean> {
  let more = false
  await inEachFleet(ctx, async (fleetId) => {
    let hours = 0
    while (hours < FILL_HOURS_MAX && (await ctx.storage.telemetry.fillMerged(fleetId, mergedOf))) hours += 1
    more ||= hours === FILL_HOURS_MAX
  })
  return more
}
