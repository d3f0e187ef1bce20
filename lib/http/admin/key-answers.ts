import { z } from 'zod'
import { uuid } from '#lib/protocol/mutation.ts'
import { role } from './contract-answers.ts'

/** What the operator API answers of keys, releases and views (contract-answers.ts). */
const count = z.int().min(0)
const ms = z.int()

const key = {
  id: uuid,
  name: z.string(),
  createdAtMs: ms,
  expiresAtMs: ms.nullable(),
  revokedAtMs: ms.nullable(),
}
/** Null for one that was never used. */
const lastUsedMs = ms.nullable()
export const ingestKeyAnswer = z.object({ ...key, lastUsedMs, fleetId: uuid, source: z.string() })
export const enrollmentKeyAnswer = z.object({
  ...key,
  lastUsedMs,
  /** How many devices it may enroll; null: as many as ask. */
  maxDevices: count.nullable(),
  /** How many it has enrolled. */
  devices: count,
  fleetId: uuid,
  access: z.record(z.string(), z.enum(['read', 'write'])),
})
export const releaseAnswer = z.object({
  id: uuid,
  fleetId: uuid,
  version: z.string(),
  releasedAtMs: ms,
  note: z.string().nullable(),
  recordedBy: z.string(),
  createdAtMs: ms,
})
export const viewAnswer = z.object({
  id: uuid,
  fleetId: uuid,
  page: z.enum(['sessions', 'devices']),
  name: z.string(),
  params: z.record(z.string(), z.string()),
  shared: z.boolean(),
  ownerId: z.string(),
  ownerName: z.string(),
  createdAtMs: ms,
})
export const apiKeyAnswer = z.object({
  ...key,
  role,
  fleetId: uuid.nullable(),
  scopes: z.array(z.string()),
  lastUsedMs,
  /** Where its last noted use came from. */
  lastUsedAddress: z.string().nullable(),
})
/** The key's own text is told once, by the call that makes it. */
export const withKey = <S extends z.ZodRawShape>(answer: z.ZodObject<S>) => answer.extend({ key: z.string() })
/** `code`: what can be typed instead of the key; null where none was asked for. */
export const madeEnrollmentKeyAnswer = withKey(enrollmentKeyAnswer).extend({ code: z.string().nullable() })
