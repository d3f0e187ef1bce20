import type { NewsType } from '#lib/protocol/command.ts'
import type { Context } from '../context.ts'
import { COMMAND_LIFE_MS } from './command-device.ts'

export type NewsContext = Pick<Context, 'storage' | 'clock' | 'ids' | 'log' | 'directory'>

/** What became of one letter, or of one conflict. */
export interface News {
  readonly type: NewsType
  readonly deadLetterId?: string
  readonly conflictId?: string
}

/**
 * Tells a device with its next answer, as a command that it acknowledges (protocol.md, events). A hint that fails, or
 * finds too many waiting, undoes nothing: what it tells of has happened.
 */
export async function tellNews(
  ctx: NewsContext,
  fleetId: string,
  deviceId: string,
  news: News,
): Promise<void> {
  const nowMs = ctx.clock.now()
  const issued = { id: ctx.ids(), reason: null, issuedAtMs: nowMs, expiresAtMs: nowMs + COMMAND_LIFE_MS }
  const command = { ...issued, ...news, acknowledgedAtMs: null }
  try {
    await ctx.storage.devices.command(fleetId, deviceId, { command, status: null, nowMs }, null)
    ctx.directory.forgetDevice(deviceId)
  } catch (error) {
    ctx.log.warn('a device was not told what became of its work', { ...news, error: String(error) })
  }
}
