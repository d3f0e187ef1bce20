import { COMMANDS_PENDING_MAX, newsRoom } from '#lib/protocol/command.ts'
import type { ClosedLetter } from '#lib/storage/ports.ts'
import type { Context } from '../context.ts'
import { forksOf, NEWS_LIFE_MS, tellNews, type NewsContext } from './tell-news.ts'

/** Devices that one query names. */
const DEVICES_AT_A_TIME = 500

/**
 * Hands a device the news of its closed letters, as many as may wait for it; when it has acknowledged them, the next (CM4).
 * What fails here is still due, and the leader tells it. Its forks, which may hold the same letters, hear of these as a hint.
 */
export async function tellLetters(ctx: NewsContext, fleetId: string, deviceId: string): Promise<void> {
  const nowMs = ctx.clock.now()
  const order = { nowMs, expiresAtMs: nowMs + NEWS_LIFE_MS, ids: ctx.ids }
  try {
    const letters = await ctx.storage.deadLetters.tell(fleetId, deviceId, order)
    if (letters.length === 0) return
    ctx.directory.forgetDevice(deviceId)
    await tellForks(ctx, fleetId, deviceId, letters.slice(0, COMMANDS_PENDING_MAX))
  } catch (error) {
    ctx.log.warn('a device is told later what became of its letters', { deviceId, error: String(error) })
  }
}

async function tellForks(
  ctx: NewsContext,
  fleetId: string,
  deviceId: string,
  letters: readonly ClosedLetter[],
): Promise<void> {
  for (const fork of await forksOf(ctx, fleetId, deviceId))
    for (const { id: deadLetterId, status } of letters) {
      ctx.pokes.tell(fleetId, { event: status, deadLetterId, deviceId: fork })
      await tellNews(ctx, fleetId, fork, { type: status, deadLetterId })
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
