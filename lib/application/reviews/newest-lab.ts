import type { Collection } from '#lib/storage/ports.ts'
import type { ScarLab } from '#lib/telemetry/review/scar.ts'
import { LAB_RUNS_KEPT } from '#lib/protocol/limits.ts'
import type { Context } from '../context.ts'

/** The newest run of the strategy lab that ended well for a collection, as far as runs are kept; null where there is none. */
export async function newestLab(
  { storage, clock }: Pick<Context, 'storage' | 'clock'>,
  { fleetId, id: collectionId }: Pick<Collection, 'fleetId' | 'id'>,
): Promise<ScarLab | null> {
  const kept = { collectionId, fromMs: 0, toMs: clock.now() + 1 }
  const { items } = await storage.lab.list(fleetId, kept, { limit: LAB_RUNS_KEPT, cursor: null })
  // By clocks as they were: what would have been with others is no evidence.
  const newest = items.find(({ state, input }) => state === 'done' && input.clocksOffMs === 0)
  if (newest === undefined) return null
  const run = await storage.lab.get(fleetId, newest.id)
  return run?.report ? { ...run.report, endedAtMs: run.endedAtMs ?? run.toldAtMs } : null
}
