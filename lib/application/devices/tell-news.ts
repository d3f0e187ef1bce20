import type { Context } from '../context.ts'

export type NewsContext = Pick<Context, 'storage' | 'clock' | 'ids' | 'log' | 'directory'>

/** So long news waits for its device: whoever stays away longer reads everything anew. */
export const NEWS_LIFE_MS = 90 * 86_400_000

/**
 * Tells a device of a conflict that was decided with its next answer, as a command that it acknowledges (protocol.md, events).
 * A hint that fails, or finds too many waiting, undoes nothing: what it tells of has happened.
 */
export async function tellDecided(
  ctx: NewsContext,
  fleetId: string,
  deviceId: string,
  conflictId: string,
): Promise<void> {
  const nowMs = ctx.clock.now()
  const times = { issuedAtMs: nowMs, expiresAtMs: nowMs + NEWS_LIFE_MS, acknowledgedAtMs: null }
  const command = { id: ctx.ids(), type: 'resolved', conflictId, reason: null, ...times } as const
  try {
    await ctx.storage.devices.command(fleetId, deviceId, { command, status: null, nowMs }, null)
    ctx.directory.forgetDevice(deviceId)
  } catch (error) {
    ctx.log.warn('a device was not told what became of its work', { conflictId, error: String(error) })
  }
}
