import type { Device } from '#lib/storage/ports.ts'
import { auditEntry } from '../access/audit-entry.ts'
import { makeFleetCredential } from '../access/credentials.ts'
import type { Context } from '../context.ts'
import { deviceActor } from './enroll.ts'

/** How long the old token still works (protocol.md, token/rotate): the answer may be lost on the way. */
export const TOKEN_OVERLAP_MS = 86_400_000

/** POST /token/rotate: a new token; the older ones end in 24 h. */
export async function rotateToken(ctx: Context, device: Device): Promise<{ readonly token: string }> {
  const { id, fleetId } = device
  const token = makeFleetCredential('device', fleetId)
  const nowMs = ctx.clock.now()
  const audit = auditEntry(ctx, deviceActor(device), { action: 'device.rotate', target: id, fleetId })
  await ctx.storage.devices.rotateToken(fleetId, id, token.hash, nowMs, nowMs + TOKEN_OVERLAP_MS, audit)
  return { token: token.text }
}
