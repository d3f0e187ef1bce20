import type { ConflictClosure } from '#lib/engine/types.ts'
import type { NewsContext } from '../devices/tell-news.ts'
import { tellDecided } from '../devices/tell-news.ts'
import type { Pokes } from '../sync/pokes.ts'

/**
 * Tells the device whose side it was, and its forks, which may hold the same conflict (FK2), that a conflict was decided:
 * streams at once, everybody with the next answer (protocol.md, events).
 * @param decidedBy hears of it in the result of its own mutation
 */
export async function tellResolved(
  ctx: NewsContext & { readonly pokes: Pokes },
  fleetId: string,
  { conflictId, deviceId }: Pick<ConflictClosure, 'conflictId' | 'deviceId'>,
  decidedBy: string,
): Promise<void> {
  ctx.pokes.tell(fleetId, { event: 'resolved', conflictId, deviceId })
  const linkedIds = await linkedTo(ctx, fleetId, deviceId)
  for (const linked of linkedIds) ctx.pokes.tell(fleetId, { event: 'resolved', conflictId, deviceId: linked })
  for (const id of [deviceId, ...linkedIds])
    if (id !== decidedBy) await tellDecided(ctx, fleetId, id, conflictId)
}

async function linkedTo(ctx: NewsContext, fleetId: string, deviceId: string): Promise<readonly string[]> {
  try {
    return (await ctx.storage.devices.get(fleetId, deviceId))?.linkedIds ?? []
  } catch (error) {
    ctx.log.warn('forks were not told of a decision', { deviceId, error: String(error) })
    return []
  }
}
