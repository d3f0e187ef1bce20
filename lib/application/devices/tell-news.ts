import type { LetterNews } from '#lib/protocol/command.ts'
import type { Context } from '../context.ts'

export type NewsContext = Pick<Context, 'storage' | 'clock' | 'ids' | 'log' | 'directory' | 'pokes'>

/** So long news waits for its device: whoever stays away longer reads everything anew. */
export const NEWS_LIFE_MS = 90 * 86_400_000

/** What became of a letter or conflict, as a device is told of it. */
export type News =
  | { readonly type: LetterNews; readonly deadLetterId: string }
  | { readonly type: 'resolved'; readonly conflictId: string }

/**
 * Tells a device with its next answer what became of its work, as a command that it acknowledges (EV1).
 * A hint that fails, or finds too many waiting, undoes nothing: what it tells of has happened.
 */
export async function tellNews(
  ctx: NewsContext,
  fleetId: string,
  deviceId: string,
  news: News,
): Promise<void> {
  const nowMs = ctx.clock.now()
  const times = { issuedAtMs: nowMs, expiresAtMs: nowMs + NEWS_LIFE_MS, acknowledgedAtMs: null }
  const command = { id: ctx.ids(), ...news, reason: null, ...times }
  try {
    await ctx.storage.devices.command(fleetId, deviceId, { command, status: null, nowMs }, null)
    ctx.directory.forgetDevice(deviceId)
  } catch (error) {
    ctx.log.warn('a device was not told what became of its work', { ...news, error: String(error) })
  }
}

/** Ids that a device's copies have: what it waits for, they may wait for too (FK2). */
export async function forksOf(
  ctx: NewsContext,
  fleetId: string,
  deviceId: string,
): Promise<readonly string[]> {
  try {
    return (await ctx.storage.devices.get(fleetId, deviceId))?.linkedIds ?? []
  } catch (error) {
    ctx.log.warn('forks were not told what became of their work', { deviceId, error: String(error) })
    return []
  }
}
