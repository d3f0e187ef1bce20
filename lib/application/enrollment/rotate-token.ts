import type { Device } from '#lib/storage/ports.ts'
import { auditEntry } from '../access/audit-entry.ts'
import { makeFleetCredential } from '../access/credentials.ts'
import type { Context } from '../context.ts'
import { deviceActor } from './enroll.ts'

/** How long the old token still works: the answer may be lost on the way. */
export const TOKEN_OVERLAP_MS = 86_400_000

/**
 * POST /token/rotate: a new token; the one that asked for it ends in 24 h. A copy of the request that comes late asks
 * with the same one, and so never ends the token that the device has by then.
 */
export async function rotateToken(
  ctx: Context,
  device: Device,
  askingHash: string,
): Promise<{ readonly token: string }> {
  const { id, fleetId } = device
  const token = makeFleetCredential('device', fleetId)
  const nowMs = ctx.clock.now()
  const audit = auditEntry(ctx, deviceActor(device), { action: 'device.rotate', target: id, fleetId })
  const { devices } = ctx.storage
  const endsMs = nowMs + TOKEN_OVERLAP_MS
  await devices.rotateToken(fleetId, id, askingHash, token.hash, nowMs, endsMs, audit)
  return { token: token.text }
}
