import type { ConflictClosure } from '#lib/engine/types.ts'
import type { NewsContext } from '../devices/tell-news.ts'
import { forksOf, tellNews } from '../devices/tell-news.ts'

/**
 * Tells the device whose side it was, and its forks, which may hold the same conflict (FK2), that a conflict was decided:
 * streams at once, everybody with the next answer (EV1).
 * @param decidedBy hears of it in the result of its own mutation
 */
export async function tellResolved(
  ctx: NewsContext,
  fleetId: string,
  { conflictId, deviceId }: Pick<ConflictClosure, 'conflictId' | 'deviceId'>,
  decidedBy: string,
): Promise<void> {
  ctx.pokes.tell(fleetId, { event: 'resolved', conflictId, deviceId })
  const forks = await forksOf(ctx, fleetId, deviceId)
  for (const fork of forks) ctx.pokes.tell(fleetId, { event: 'resolved', conflictId, deviceId: fork })
  for (const id of [deviceId, ...forks])
    if (id !== decidedBy) await tellNews(ctx, fleetId, id, { type: 'resolved', conflictId })
}
