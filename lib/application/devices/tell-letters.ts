import type { Context } from '../context.ts'
import { newsRoom } from '#lib/protocol/command.ts'
import { NEWS_LIFE_MS, type NewsContext } from './tell-news.ts'

/** Devices that one query names. */
const DEVICES_AT_A_TIME = 500

/**
 * Hands a device the news of its closed letters, as many as may wait for it; when it has acknowledged them, the next (CM4).
 * What fails here is still due, and the leader tells it.
 */
export async function tellLetters(ctx: NewsContext, fleetId: string, deviceId: string): Promise<void> {
  const nowMs = ctx.clock.now()
  const order = { nowMs, expiresAtMs: nowMs + NEWS_LIFE_MS, ids: ctx.ids }
  try {
    if (await ctx.storage.deadLetters.tell(fleetId, deviceId, order)) ctx.directory.forgetDevice(deviceId)
  } catch (error) {
    ctx.log.warn('a device is told later what became of its letters', { deviceId, error: String(error) })
  }
}

/** The leader's turn: tells what no process is about to tell any more, since it was killed or could not. */
export async function tellUntoldDevices(ctx: Context, fleetId: string): Promise<void> {
  for (let after: string | null = null; ;) {
    const devices = await ctx.storage.deadLetters.untold(fleetId, after, DEVICES_AT_A_TIME)
    for (const { deviceId, commands } of devices)
      if (newsRoom(commands, ctx.clock.now()) > 0) await tellLetters(ctx, fleetId, deviceId)
    after = devices.at(-1)?.deviceId ?? null
    if (devices.length < DEVICES_AT_A_TIME) return
  }
}
