import type { Context } from '../context.ts'
import { replaySchemaAhead } from './replay-schema-ahead.ts'

/** A letter may come back by a person's restore without a publication: all are looked at again after this. */
const LOOKED_AGAIN_AFTER_MS = 10 * 60_000

interface Looked {
  readonly configVersion: number
  readonly atMs: number
}
const looked = new WeakMap<Context, Map<string, Looked>>()

/**
 * Replays what a publication has made due (DL5), for the ticker: what is left over by the bound, an outage or a crash.
 * Nothing becomes due without a new config version, so that a fleet's letters are not read again and again.
 */
export async function watchSchemaAhead(ctx: Context, fleetId: string): Promise<void> {
  const byFleet = looked.get(ctx) ?? new Map<string, Looked>()
  looked.set(ctx, byFleet)
  const fleet = await ctx.storage.fleets.get(fleetId)
  if (!fleet) return void byFleet.delete(fleetId)
  const { configVersion } = fleet
  const nowMs = ctx.clock.now()
  const last = byFleet.get(fleetId)
  const isFresh = last !== undefined && nowMs - last.atMs < LOOKED_AGAIN_AFTER_MS
  if (isFresh && last.configVersion === configVersion) return
  // What is due still may have had no effect for the moment: it is tried again at the next look.
  if ((await replaySchemaAhead(ctx, fleetId)) === 0) byFleet.set(fleetId, { configVersion, atMs: nowMs })
}
