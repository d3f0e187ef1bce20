import { z } from 'zod'
import { collectionName } from '#lib/protocol/mutation.ts'
import { label } from '#lib/protocol/device.ts'
import type { EnrollmentKey } from '#lib/storage/ports.ts'
import { auditEntry } from '../access/audit-entry.ts'
import { authorize } from '../access/authorize.ts'
import type { ShownKey } from '../access/change-fleet-key.ts'
import { shownKey } from '../access/change-fleet-key.ts'
import { makeFleetCredential } from '../access/credentials.ts'
import type { Actor, Context } from '../context.ts'
import { ApplicationError, badRequest, parsedOrThrow } from '../errors.ts'
import { CODE_LIFE_MAX_MS, makeEnrollmentCode } from './enrollment-code.ts'

const KEY_DEVICES_MAX = 1_000_000

const accessInput = z.record(z.union([z.literal('*'), collectionName]), z.enum(['read', 'write']))
export const enrollmentKeyInput = z.strictObject({
  name: label(120),
  access: accessInput.optional(),
  expiresAtMs: z.int().positive().optional(),
  /** Left out: as many as ask. */
  maxDevices: z.int().min(1).max(KEY_DEVICES_MAX).optional(),
  /** Also a short code to type, which stands for the key; the key then ends within a day. */
  code: z.boolean().optional(),
})

export type ShownEnrollmentKey = ShownKey<EnrollmentKey>

export interface MadeEnrollmentKey {
  readonly id: string
  readonly key: string
  /** What can be typed instead of the key; null where none was asked for. */
  readonly code: string | null
  readonly shown: ShownEnrollmentKey
}

/**
 * A key with which devices enroll; its text is shown once. Without `access` it covers every collection.
 * @throws ApplicationError `forbidden`, `not_found`, `bad_request`
 */
export async function createEnrollmentKey(
  ctx: Context,
  input: { readonly actor: Actor; readonly fleetId: string; readonly body: unknown },
): Promise<MadeEnrollmentKey> {
  const { actor, fleetId } = input
  authorize(actor, fleetId, 'admin')
  const {
    name,
    access,
    expiresAtMs,
    maxDevices,
    code = false,
  } = parsedOrThrow(enrollmentKeyInput, input.body)
  const nowMs = ctx.clock.now()
  const endsByMs = expiresAtMs ?? (code ? nowMs + CODE_LIFE_MAX_MS : null)
  if (code && endsByMs !== null && endsByMs > nowMs + CODE_LIFE_MAX_MS)
    throw badRequest([{ path: '/expiresAtMs', message: 'a key with a code ends within 24 hours' }])
  if (!(await ctx.storage.fleets.get(fleetId))) throw new ApplicationError('not_found')
  const made = code
    ? makeEnrollmentCode(ctx, fleetId)
    : { ...makeFleetCredential('enrollment', fleetId), code: null }
  const shown: ShownEnrollmentKey = {
    id: ctx.ids(),
    fleetId,
    name,
    access: access ?? { '*': 'write' },
    createdAtMs: nowMs,
    expiresAtMs: endsByMs,
    revokedAtMs: null,
    lastUsedMs: null,
    maxDevices: maxDevices ?? null,
    devices: 0,
  }
  const { expiresAtMs: endsMs, maxDevices: most } = shown
  const after = { name, access: shown.access, expiresAtMs: endsMs, maxDevices: most }
  const audit = auditEntry(ctx, actor, { action: 'enrollment-key.create', target: shown.id, fleetId, after })
  await ctx.storage.enrollmentKeys.createKey({ ...shown, hash: made.hash }, audit)
  return { id: shown.id, key: made.text, code: made.code, shown }
}

/** A fleet's keys; their texts were shown once. @throws ApplicationError `forbidden`, `not_found` */
export async function listEnrollmentKeys(
  ctx: Context,
  input: { readonly actor: Actor; readonly fleetId: string },
): Promise<readonly ShownEnrollmentKey[]> {
  authorize(input.actor, input.fleetId, 'admin')
  const keys = await ctx.storage.enrollmentKeys.listKeys(input.fleetId)
  return keys.map(shownKey)
}
