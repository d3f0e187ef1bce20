import type { IngestKey } from '#lib/storage/ports.ts'
import { liveFleetKey } from '../access/live-fleet-key.ts'
import type { Context } from '../context.ts'

export type { IngestKey } from '#lib/storage/ports.ts'

/** How far `lastUsedMs` of a key may lag behind: each export would write its row otherwise. */
const LAST_USE_STEP_MS = 60_000

/** The ingest key that a request shows. @throws ApplicationError `unauthorized` */
export async function liveIngestKey(ctx: Context, text: string | null): Promise<IngestKey> {
  const key = await liveFleetKey(ctx, 'ingest', ctx.storage.ingest, text)
  const nowMs = ctx.clock.now()
  if (nowMs - (key.lastUsedMs ?? 0) >= LAST_USE_STEP_MS)
    await ctx.storage.ingest.noteUse(key.fleetId, key.id, nowMs)
  return key
}
