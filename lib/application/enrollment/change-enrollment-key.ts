import { z } from 'zod'
import { label } from '#lib/protocol/device.ts'
import type { EnrollmentKey } from '#lib/storage/ports.ts'
import { auditEntry } from '../access/audit-entry.ts'
import { authorize } from '../access/authorize.ts'
import type { Actor, Context } from '../context.ts'
import { ApplicationError, parsedOrThrow } from '../errors.ts'
import { removalInput } from '../removal-input.ts'
import type { ShownEnrollmentKey } from './create-enrollment-key.ts'

/** What its devices may do was given to them when they enrolled, so it is no part of a change. */
export const enrollmentKeyChange = z.strictObject({
  name: label(120).optional(),
  /** null: it never expires. */
  expiresAtMs: z.int().positive().nullable().optional(),
})

interface KeyCall {
  readonly actor: Actor
  readonly fleetId: string
  readonly id: string
  readonly body: unknown
}

/** PATCH /enrollment-keys/:id. @throws ApplicationError `forbidden`, `not_found`, `bad_request` */
export async function changeEnrollmentKey(ctx: Context, call: KeyCall): Promise<ShownEnrollmentKey> {
  const change = parsedOrThrow(enrollmentKeyChange, call.body)
  return save(ctx, call, 'enrollment-key.change', null, (key) => ({
    ...key,
    name: change.name ?? key.name,
    expiresAtMs: change.expiresAtMs === undefined ? key.expiresAtMs : change.expiresAtMs,
  }))
}

/**
 * DELETE /enrollment-keys/:id: no device enrolls by it any more; those that did stay. The same again changes nothing.
 * @throws ApplicationError `forbidden`, `not_found`, `bad_request`
 */
export async function revokeEnrollmentKey(ctx: Context, call: KeyCall): Promise<ShownEnrollmentKey> {
  const { reason } = parsedOrThrow(removalInput, call.body)
  return save(ctx, call, 'enrollment-key.revoke', reason ?? null, (key) => ({
    ...key,
    revokedAtMs: key.revokedAtMs ?? ctx.clock.now(),
  }))
}

async function save(
  ctx: Context,
  { actor, fleetId, id }: KeyCall,
  action: string,
  reason: string | null,
  changed: (key: EnrollmentKey) => EnrollmentKey,
): Promise<ShownEnrollmentKey> {
  authorize(actor, fleetId, 'admin')
  const shown = ({ name, expiresAtMs, revokedAtMs }: EnrollmentKey) => ({ name, expiresAtMs, revokedAtMs })
  const saved = await ctx.storage.devices.updateEnrollmentKey(fleetId, id, (before) => {
    const next = changed(before)
    const told = { target: id, fleetId, reason, before: shown(before), after: shown(next) }
    return { next, audit: auditEntry(ctx, actor, { action, ...told }) }
  })
  if (!saved) throw new ApplicationError('not_found')
  const { hash: _, ...view } = saved
  return view
}
