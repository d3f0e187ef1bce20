import { z } from 'zod'
import type { Device } from '#lib/storage/ports.ts'
import { auditEntry } from '../access/audit-entry.ts'
import { authorize } from '../access/authorize.ts'
import type { Actor, Context } from '../context.ts'
import { ApplicationError, badRequest, parsedOrThrow } from '../errors.ts'
import { getDevice } from './get-device.ts'

const statusInput = z.strictObject({
  status: z.enum(['active', 'paused', 'revoked']),
  reason: z.string().trim().min(1).max(1_000).optional(),
})

/**
 * Pauses, resumes or revokes a device; a revoked one stays so. Revoking needs a reason.
 * @throws ApplicationError `forbidden`, `not_found`, `bad_request`, `device_revoked`
 */
export async function setDeviceStatus(
  ctx: Context,
  input: { readonly actor: Actor; readonly fleetId: string; readonly id: string; readonly body: unknown },
): Promise<Device> {
  const { actor, fleetId, id } = input
  authorize(actor, fleetId, 'operator')
  const { status, reason } = parsedOrThrow(statusInput.safeParse(input.body))
  if (status === 'revoked' && reason === undefined)
    throw badRequest([{ path: '/reason', message: 'is needed to revoke' }])
  const before = await getDevice(ctx, input)
  if (before.status === 'revoked' && status !== 'revoked') {
    throw new ApplicationError('stale_version', { detail: 'a revoked device enrolls again' })
  }
  const details = { fleetId, reason: reason ?? null, before: { status: before.status }, after: { status } }
  const audit = auditEntry(ctx, actor, { action: 'device.set-status', target: id, ...details })
  if (!(await ctx.storage.devices.setStatus(fleetId, id, status, audit)))
    throw new ApplicationError('not_found')
  ctx.directory.forget()
  return { ...before, status }
}
