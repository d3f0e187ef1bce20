import type { SessionState } from '#lib/protocol/session-states.ts'

/** What a device's diagnosis is made of: rows as they are stored fit. Times are Unix ms by the server's clock. */
export interface Evidence {
  readonly nowMs: number
  /** The fleet's sync interval. */
  readonly intervalMs: number
  readonly limits: { readonly queueWarn: number; readonly oldestWarnMs: number }
  readonly minAppVersion: string | null
  readonly device: DeviceEvidence
  /** Of this device, newest first; a bounded number. */
  readonly sessions: readonly SessionEvidence[]
  /** What the server saw of its sessions that nobody has told of yet, newest first; a bounded number. */
  readonly unreported: readonly UnreportedEvidence[]
  /** Its open ones, newest first; a bounded number. */
  readonly letters: Found<LetterEvidence>
  readonly conflicts: Found<ConflictEvidence>
  /** Its changes that failed for the moment, the most tried first; a bounded number. */
  readonly tries: readonly TriedChange[]
  /** Its turn for a full sync that is still to come; null when it stands in no line. */
  readonly turn: { readonly admitAtMs: number; readonly place: number } | null
  /** Those of this process that are not closed and that the device's requests may meet. */
  readonly breakers: readonly BreakerEvidence[]
  /** How long the server that it asks took to answer the fleet's other devices lately; null where too few asked. */
  readonly others: Answered | null
}

export interface DeviceEvidence {
  readonly id: string
  readonly name: string
  readonly status: 'active' | 'paused' | 'revoked'
  readonly appVersion: string
  /** The engine of others that it syncs with; without one it is a device of our own. */
  readonly source?: string | undefined
  readonly enrolledAtMs: number
  readonly lastContactMs: number | null
  readonly lastSessionOkMs: number | null
  readonly report: {
    readonly state: SessionState
    readonly depth: number
    readonly oldestMadeAtMs: number | null
    readonly byCollection: Readonly<Record<string, number>>
    readonly offsetMs: number | null
    readonly rttMs: number | null
    readonly atMs: number
  } | null
}

export interface AttemptEvidence {
  readonly kind: string
  /** 0 when no answer came. */
  readonly status: number
  readonly code?: string | undefined
  readonly durationMs: number
}

export interface SessionEvidence {
  readonly sessionId: string
  readonly mode: 'delta' | 'full' | null
  readonly fullReason?: string | undefined
  readonly result: 'ok' | 'failed' | 'abandoned'
  readonly startedAtMs: number
  readonly endedAtMs: number
  /** Null where another engine doesn't tell it. */
  readonly pushed: number | null
  readonly queueDepthBefore: number | null
  readonly queueDepthAfter: number | null
  readonly attempts: readonly AttemptEvidence[]
  /** Made by the server of pushes that nobody reported: its queue and its result are not known. */
  readonly inferred: boolean
}

export interface UnreportedEvidence {
  readonly firstPushMs: number
  readonly lastPushMs: number
  readonly pushed: number
}

export interface Found<T> {
  readonly items: readonly T[]
  readonly more: boolean
}

export interface LetterEvidence {
  readonly id: string
  readonly code: string
  readonly detail: string
  readonly mutation: { readonly collection: string }
  readonly createdAtMs: number
}

export interface ConflictEvidence {
  readonly id: string
  readonly collection: string
  readonly createdAtMs: number
  readonly sessionId: string | null
}

export interface TriedChange {
  readonly mutationId: string
  readonly tries: number
  readonly lastAtMs: number
}

/** One that keeps somebody out. */
export interface BreakerEvidence {
  readonly scope: string
  /** As people call it: `app 2.4.1`, `inspections authority`. */
  readonly name: string
  /** The collection behind it; null for the engine's, the fleet's and an app version's, which shut everything. */
  readonly collection: { readonly id: string; readonly name: string } | null
  /** Whose devices it shuts out; null for all. */
  readonly appVersion: string | null
  /** What a person said that shuts it; null where it tripped. */
  readonly held: { readonly by: string; readonly reason: string; readonly endsAtMs: number } | null
  /** When it tripped or was shut; null where this is not kept. */
  readonly sinceMs: number | null
  /** Until it tries again; 0 while it does. */
  readonly retryAfterMs: number
}

/** Answers to one kind of request and their median, ms. */
export interface Answered {
  readonly kind: 'push' | 'pull'
  readonly count: number
  readonly medianMs: number
}

// ── the answer ────────────────────────────────────────────────────────────

export const DIAGNOSES = [
  'revoked',
  'paused',
  'app_version_refused',
  'never_enrolled',
  'breaker_open',
  'offline',
  'waiting_for_admission',
  'poison',
  'server_slow',
  'backlog',
  'told_to_wait',
  'failing',
  'clock_off',
  'waiting_for_person',
  'dead_letter',
  'not_known',
  'healthy',
] as const
/** Why a device is stuck, or that it isn't, or that nobody knows. */
export type DiagnosisName = (typeof DIAGNOSES)[number]

/** Where a line or a button leads; a page makes the address of it. */
export type DiagnosisTarget =
  | { readonly page: 'overview' }
  | { readonly page: 'breaker'; readonly scope: string }
  | { readonly page: 'session'; readonly id: string }
  | { readonly page: 'sessions'; readonly deviceId: string; readonly result: 'failed' | null }
  | { readonly page: 'dead-letter'; readonly id: string }
  | { readonly page: 'collection'; readonly id: string }
  | { readonly page: 'devices'; readonly appVersion: string }

export interface EvidenceLine {
  readonly text: string
  readonly detail: string | null
  /** When it was so; null for what has no moment. */
  readonly atMs: number | null
  readonly link: { readonly label: string; readonly target: DiagnosisTarget } | null
}

export const CHECKS = ['Network', 'Server', 'Clock', 'Token', 'App version', 'Storage', 'Breakers'] as const
export type CheckName = (typeof CHECKS)[number]

/** One thing that may hold a device up. `suspect` is what the verdict names or what looks bad beside it. */
export interface Check {
  readonly name: CheckName
  readonly state: 'ruled_out' | 'suspect' | 'not_known'
  /** The figure that it rests on. */
  readonly value: string
}

export type DiagnosisCommand = 'diagnostics' | 'resync' | 'resume' | 'revoke'

export type NextAction =
  | { readonly kind: 'command'; readonly label: string; readonly type: DiagnosisCommand }
  | { readonly kind: 'link'; readonly label: string; readonly target: DiagnosisTarget }

export interface NextStep {
  readonly title: string
  readonly detail: string
  /** Null where it is best left alone. */
  readonly action: NextAction | null
  /** When it is over if nothing is done, as far as that can be told. */
  readonly endsAtMs: number | null
}

export interface Finding {
  readonly verdict: DiagnosisName
  readonly level: 'ok' | 'warn' | 'crit' | 'held' | 'unk'
  /** The page's first line. */
  readonly sentence: string
  /** The heading of the evidence: the cause in few words. */
  readonly because: string
  readonly evidence: readonly EvidenceLine[]
  readonly next: NextStep
}

export interface Diagnosis extends Finding {
  readonly checks: readonly Check[]
}
