import { z } from 'zod'
import { label, labelOfOne, platformNamed } from './device.ts'
import { ATTEMPTS_PER_SESSION_MAX, SESSIONS_PER_REPORT_MAX } from './limits.ts'
import { isoTime, orNull } from './mutation.ts'
import { SESSION_RESULTS, fullReason, sessionAttempt } from './session.ts'

/** How an engine of others is called: in lower case, as a collection is. */
export const SOURCE_NAME = /^[a-z][a-z0-9._-]{0,39}$/
/** Our own engine's, under which what it saw is found; no key speaks for it. */
export const OWN_SOURCE = 'tidemark'
export const sourceName = z
  .string()
  .regex(SOURCE_NAME)
  .refine((source) => source !== OWN_SOURCE, 'is the name of the engine in here')

/** Names of theirs, from which ours are derived. */
const theirId = labelOfOne(200)
const figure = z
  .int()
  .min(0)
  .nullish()
  .transform((value) => value ?? null)

/** Who syncs, as its engine names it. */
export const foreignClient = z.object({
  id: theirId,
  name: orNull(label(120)),
  platform: label(40)
    .nullish()
    .transform((text) => platformNamed(text ?? '')),
  appVersion: label(40)
    .nullish()
    .transform((text) => text ?? 'unknown'),
  model: orNull(label(120)),
  os: orNull(label(120)),
})
export type ForeignClient = z.output<typeof foreignClient>

/**
 * A sync session as an engine of whatever kind tells it (docs/telemetry-in.md). What a field that is missing or null would tell
 * was not reported, and is shown as that; fields that we don't know are ignored.
 */
export const foreignSession = z.object({
  sessionId: theirId,
  client: foreignClient,
  startedAt: isoTime,
  endedAt: isoTime,
  result: z.enum(SESSION_RESULTS),
  mode: z
    .enum(['delta', 'full'])
    .nullish()
    .transform((mode) => mode ?? null),
  fullReason: orNull(fullReason),
  pushed: figure,
  pulled: figure,
  conflicts: figure,
  deadLettered: figure,
  queueDepthBefore: figure,
  queueDepthAfter: figure,
  attempts: z
    .array(sessionAttempt)
    .max(ATTEMPTS_PER_SESSION_MAX)
    .nullish()
    .transform((attempts) => attempts ?? []),
})
export type ForeignSession = z.output<typeof foreignSession>

export const ingestSessionsRequest = z.object({
  sessions: z.array(z.unknown()).min(1).max(SESSIONS_PER_REPORT_MAX),
})

export const INGEST_REFUSALS = [
  'bad_request',
  'too_old',
  'device_revoked',
  'too_many_devices',
  'other_device',
] as const
export type IngestRefusal = (typeof INGEST_REFUSALS)[number]

export interface IngestSessionsResponse {
  readonly results: readonly {
    /** As it was told. */
    readonly sessionId: string
    readonly status: 'stored' | 'duplicate' | 'refused'
    /** Ours, at which it is found. */
    readonly id?: string | undefined
    readonly code?: IngestRefusal | undefined
    readonly detail?: string | undefined
  }[]
}
