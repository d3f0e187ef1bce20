import { z } from 'zod'
import type { Json } from '#lib/kernel/json.ts'
import { crdtStates } from '#lib/protocol/crdt.ts'
import type { DiagnosticsResponse } from '#lib/protocol/command.ts'
import type { DeviceConfig, EnrollResponse } from '#lib/protocol/device.ts'
import { STRATEGIES, TIE_RULES } from '#lib/protocol/device.ts'
import type { ErrorCode } from '#lib/protocol/error-codes.ts'
import { DEAD_LETTER_CODES, ERROR_CODES, REFUSED_CODES, RETRY_CODES } from '#lib/protocol/error-codes.ts'
import { jsonObject, uuid } from '#lib/protocol/mutation.ts'
import type { IngestSessionsResponse } from '#lib/protocol/ingest.ts'
import { INGEST_REFUSALS } from '#lib/protocol/ingest.ts'
import type { PulledRecord, PullResponse } from '#lib/protocol/pull.ts'
import type {
  EffectiveResult,
  MutationResult,
  PushResponse,
  Resolution,
  WireRecord,
} from '#lib/protocol/push.ts'
import { businessRule, upMigration } from '#lib/protocol/rules.ts'
import type { SessionsResponse } from '#lib/protocol/session.ts'

/**
 * What the device API answers, as schemas for the contract. The server never parses its own answers: each schema is
 * held to the type of the verb that makes it, here by the compiler and in the tests by real answers.
 */
const count = z.int().min(0)
const json = z.custom<Json>()

const recordFields = {
  collection: z.string(),
  recordId: uuid,
  version: z.int().min(1),
  deleted: z.boolean(),
  data: jsonObject.nullable(),
  versionVector: z.record(z.string(), count),
  hlc: z.string(),
  schemaVersion: z.int().min(1),
  crdt: crdtStates.optional(),
  life: z.number().int().optional(),
  ot: z
    .record(
      z.string(),
      z.object({ revision: count, kind: z.enum(['text', 'json']).optional(), ops: z.array(json).optional() }),
    )
    .optional(),
}
const wireRecord: z.ZodType<WireRecord> = z.object(recordFields)
const pulledRecord: z.ZodType<PulledRecord> = z.object({
  ...recordFields,
  textsSince: z.record(z.string(), z.object({ update: z.string().optional(), hash: count })).optional(),
})

const resolution: z.ZodType<Resolution> = z.object({
  strategy: z.string(),
  outcome: z.enum(['local', 'remote', 'merge']),
  fields: z.array(z.string()).optional(),
})

const conflictId = uuid
const retryAfterMs = count
const detail = z.string()

const EFFECTIVE = [
  z.object({
    id: uuid,
    status: z.literal('applied'),
    version: z.int().min(1),
    record: wireRecord.optional(),
    revision: z.int().min(1).optional(),
    transformed: z.array(json).optional(),
  }),
  z.object({
    id: uuid,
    status: z.literal('merged'),
    version: z.int().min(1),
    record: wireRecord,
    conflictId,
    resolution,
  }),
  z.object({ id: uuid, status: z.literal('superseded'), record: wireRecord, conflictId, resolution }),
  z.object({ id: uuid, status: z.literal('conflict'), record: wireRecord.nullable(), conflictId }),
  z.object({
    id: uuid,
    status: z.literal('dead_lettered'),
    deadLetterId: uuid,
    code: z.enum(DEAD_LETTER_CODES),
    detail,
    path: z.string().optional(),
  }),
] as const
const effectiveResult: z.ZodType<EffectiveResult> = z.union(EFFECTIVE)

export const mutationResult: z.ZodType<MutationResult> = z.union([
  ...EFFECTIVE,
  z.object({
    id: uuid,
    status: z.literal('refused'),
    code: z.enum(REFUSED_CODES),
    detail,
    serverHlc: z.string(),
  }),
  z.object({ id: uuid, status: z.literal('retry'), code: z.enum(RETRY_CODES), retryAfterMs }),
  z.object({ id: uuid, status: z.literal('shed'), retryAfterMs }),
  z.object({ id: uuid, status: z.literal('not_applied') }),
  z.object({
    id: uuid,
    status: z.literal('duplicate'),
    original: effectiveResult,
    under: uuid.optional(),
    hlc: z.string().optional(),
    letterClosed: z.literal(true).optional(),
  }),
])

export const pushAnswer: z.ZodType<PushResponse> = z.object({
  requestId: uuid,
  epoch: count,
  serverHlc: z.string(),
  head: z.record(z.string(), count),
  results: z.array(mutationResult),
})

export const pullAnswer: z.ZodType<PullResponse> = z.object({
  changes: z.array(pulledRecord),
  token: z.string(),
  hasMore: z.boolean(),
  snapshots: z.record(z.string(), z.enum(['queued', 'running', 'complete'])),
  admission: z.object({ place: count, retryAfterMs }).optional(),
})

export const configAnswer: z.ZodType<DeviceConfig> = z.object({
  version: count,
  collections: z.array(
    z.object({
      name: z.string(),
      strategy: z.enum(STRATEGIES),
      fieldStrategies: z.record(z.string(), z.enum(STRATEGIES)),
      tieRule: z.enum(TIE_RULES),
      schema: z.union([jsonObject, z.boolean()]),
      schemaVersion: z.int().min(1),
      rules: z.array(businessRule),
      upMigrations: z.array(upMigration),
      access: z.enum(['read', 'write']),
    }),
  ),
  sync: z.object({ intervalMs: count, backoff: z.object({ baseMs: count, capMs: count }) }),
  minAppVersion: z.string().nullable(),
})

export const enrollAnswer: z.ZodType<EnrollResponse> = z.object({
  deviceId: uuid,
  fleetId: uuid,
  epoch: count,
  token: z.string(),
  config: configAnswer,
})

export const sessionsAnswer: z.ZodType<SessionsResponse> = z.object({
  results: z.array(
    z.object({
      sessionId: z.string(),
      status: z.enum(['stored', 'duplicate', 'refused']),
      code: z.string().optional(),
      resync: z.literal('state_hash').optional(),
    }),
  ),
})

export const ingestAnswer: z.ZodType<IngestSessionsResponse> = z.object({
  results: z.array(
    z.object({
      sessionId: z.string(),
      status: z.enum(['stored', 'duplicate', 'refused']),
      id: z.string().optional(),
      code: z.enum(INGEST_REFUSALS).optional(),
      detail: z.string().optional(),
    }),
  ),
})

export const rotateAnswer = z.object({ token: z.string() })

export const diagnosticsAnswer: z.ZodType<DiagnosticsResponse> = z.object({ id: uuid })

/** RFC 9457 with our `code`; some codes bring further members. */
export const problem = z.looseObject({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  code: z.enum(Object.keys(ERROR_CODES) as [ErrorCode, ...ErrorCode[]]),
  detail: z.string().optional(),
  /** With `breaker_open`: what is shut. */
  scope: z.string().optional(),
  errors: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
})
