import { fold, keysOf } from '#lib/rollups/fold.ts'
import { inEachFleet } from '../fleets/in-each-fleet.ts'
import type { TelemetryContext } from './context.ts'

/** Events; each batch reads and writes the buckets that it touches, so a large one is cheaper. */
export const FOLD_BATCH = 20_000
/** Batches of one fleet in one tick: a fleet far behind must not starve the others. */
export const FOLD_BATCHES_MAX = 3

interface FoldOutcome {
  readonly folded: number
  /** True when some fleet has more waiting; the next tick goes on. */
  readonly more: boolean
}

/** Folds what was committed since the last time into the buckets, for every fleet, in bounded batches. */
export async function foldEvents(ctx: TelemetryContext): Promise<FoldOutcome> {
  let folded = 0
  let more = false
  await inEachFleet(ctx, async (fleetId) => {
    const outcome = await foldFleet(ctx, fleetId)
    folded += outcome.folded
    more ||= outcome.more
  })
  return { folded, more }
}

/** As `foldEvents`, for one fleet. */
export async function foldFleet(ctx: TelemetryContext, fleetId: string): Promise<FoldOutcome> {
  let folded = 0
  for (let batch = 0; batch < FOLD_BATCHES_MAX; batch++) {
    const outcome = await ctx.storage.telemetry.foldNext(fleetId, FOLD_BATCH, keysOf, fold)
    folded += outcome.folded
    if (!outcome.more) return { folded, more: false }
  }
  return { folded, more: true }
}
