import type { NewsType } from '#lib/protocol/command.ts'
import type { DeadLetterRow } from '#lib/storage/ports.ts'
import type { Context } from '../context.ts'
import { COMMAND_LIFE_MS } from '../devices/command-device.ts'

/**
 * Tells devices what became of their letters: streams at once, everybody with the next answer (protocol.md, events). A
 * hint that fails, or finds too many waiting, undoes nothing: the letters are closed.
 */
export async function tellClosed(
  ctx: Context,
  fleetId: string,
  type: NewsType,
  letters: readonly Pick<DeadLetterRow, 'id' | 'deviceId'>[],
): Promise<void> {
  const nowMs = ctx.clock.now()
  for (const { id: deadLetterId, deviceId } of letters) {
    ctx.pokes.tell(fleetId, { event: type, deadLetterId, deviceId })
    const issued = { id: ctx.ids(), reason: null, issuedAtMs: nowMs, expiresAtMs: nowMs + COMMAND_LIFE_MS }
    const command = { ...issued, type, deadLetterId, acknowledgedAtMs: null }
    try {
      await ctx.storage.devices.command(fleetId, deviceId, { command, status: null, nowMs }, null)
      ctx.directory.forgetDevice(deviceId)
    } catch (error) {
      ctx.log.warn('a device was not told of its letter', { deadLetterId, error: String(error) })
    }
  }
}
