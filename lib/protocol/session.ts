import { z } from 'zod'
import {
  ATTEMPTS_PER_SESSION_MAX,
  SESSIONS_PER_REPORT_MAX,
  STATE_HASH_TEXT_MAX,
  TOKEN_TEXT_MAX,
  TRANSITIONS_PER_SESSION_MAX,
} from './limits.ts'
import { isoTime, measuredMs, orNull, uuid } from './mutation.ts'
import { SESSION_STATES } from './session-states.ts'

const count = z.int().min(0)
const code = z.string().min(1).max(64)

export const sessionTransition = z.object({
  from: z.enum(SESSION_STATES),
  event: z.string().min(1).max(64),
  to: z.enum(SESSION_STATES),
  at: isoTime,
})

export const SESSION_RESULTS = ['ok', 'failed', 'abandoned'] as const
export const ATTEMPT_KINDS = [
  'enroll',
  'config',
  'push',
  'pull',
  'heartbeat',
  'sessions',
  'rotate',
  'diagnostics',
] as const

export const sessionAttempt = z.object({
  kind: z.enum(ATTEMPT_KINDS),
  requestId: orNull(uuid),
  startedAt: isoTime,
  durationMs: measuredMs.min(0).transform(Math.round),
  /** HTTP status; 0 or none when no answer came. */
  status: z
    .int()
    .min(0)
    .max(599)
    .nullish()
    .transform((status) => status ?? 0),
  code: orNull(code),
})

export const localRefusal = z.object({
  mutationId: uuid,
  collection: z.string().max(64),
  code,
  detail: orNull(z.string().max(1_000)),
})

export const FULL_SYNC_REASONS = [
  'first',
  'token_expired',
  'token_invalid',
  'epoch_changed',
  'state_hash',
  'command',
  'corrupt_store',
  'device_forked',
  /** Other clients have reasons of their own. */
  'other',
] as const
export const fullReason = code.transform(
  (text) => FULL_SYNC_REASONS.find((reason) => reason === text) ?? ('other' as const),
)

/** One run of the device's state machine, told afterwards. Times are the raw device clock. */
export const sessionReport = z.object({
  sessionId: uuid,
  mode: z.enum(['delta', 'full']),
  fullReason: orNull(fullReason),
  startedAt: isoTime,
  endedAt: isoTime,
  result: z.enum(SESSION_RESULTS),
  transitions: z.array(sessionTransition).max(TRANSITIONS_PER_SESSION_MAX),
  attempts: z.array(sessionAttempt).max(ATTEMPTS_PER_SESSION_MAX),
  pushed: count,
  pulled: count,
  conflicts: count,
  deadLettered: count,
  queueDepthBefore: count,
  queueDepthAfter: count,
  oldestPendingAt: orNull(isoTime),
  /** State hashes by collection, and the token whose positions they were taken at (SPEC, SH). */
  stateHash: orNull(z.string().max(STATE_HASH_TEXT_MAX)),
  stateToken: orNull(z.string().max(TOKEN_TEXT_MAX)),
  localRefusals: orNull(z.array(localRefusal).max(500)),
})
export type SessionReport = z.infer<typeof sessionReport>
export type SessionTransition = z.infer<typeof sessionTransition>
export type SessionAttempt = z.infer<typeof sessionAttempt>

export const sessionsRequest = z.object({
  sessions: z.array(z.unknown()).min(1).max(SESSIONS_PER_REPORT_MAX),
  offsetMs: orNull(measuredMs.transform(Math.round)),
})

export interface SessionsResponse {
  readonly results: readonly {
    readonly sessionId: string
    readonly status: 'stored' | 'duplicate' | 'refused'
    /** Of what is refused: `bad_request`, or `other_device`, whose session has that id. */
    readonly code?: string | undefined
    /** The device's state hash is not the server's: it has to read everything anew. */
    readonly resync?: 'state_hash' | undefined
  }[]
}
