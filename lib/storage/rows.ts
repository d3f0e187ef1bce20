import type {
  ConflictEffect,
  KnownMutation,
  RecordKey,
  RecordState,
  ChangeEffect,
} from '#lib/engine/types.ts'
import type { Json, JsonObject } from '#lib/kernel/json.ts'
import type { DeviceInfo, JsonSchema, Platform, StrategyName, TieRule } from '#lib/protocol/device.ts'
import type { DeadLetterCode } from '#lib/protocol/error-codes.ts'
import type { Mutation } from '#lib/protocol/mutation.ts'
import type { EffectiveResult } from '#lib/protocol/push.ts'
import type { SessionState } from '#lib/protocol/report.ts'
import type { SessionReport } from '#lib/protocol/session.ts'
import type { TelemetryEvent } from '#lib/telemetry/events.ts'
import type { Thresholds } from '#lib/telemetry/thresholds.ts'
import type { MovedRange } from './delivery-slice.ts'

/** The rows, filters and messages of the ports (ports.ts). Times are Unix milliseconds; ids are UUID texts. */

/** A place in a list ordered newest first; the id breaks ties. */
export interface Cursor {
  readonly atMs: number
  readonly id: string
}

export interface Page<T> {
  readonly items: readonly T[]
  readonly next: Cursor | null
}

export interface PageRequest {
  readonly limit: number
  readonly cursor: Cursor | null
}

/** Written in the same transaction as what it tells of; `outcome` denied for refusals. */
export interface AuditEntry {
  readonly id: string
  readonly atMs: number
  readonly fleetId: string | null
  readonly actor: {
    readonly kind: 'user' | 'key' | 'device' | 'system'
    readonly id: string
    readonly name: string
  }
  readonly action: string
  readonly target: string
  readonly reason: string | null
  readonly before: Json
  readonly after: Json
  readonly address: string | null
  readonly outcome: 'done' | 'denied'
}

// ── fleets ────────────────────────────────────────────────────────────────
export interface FleetSettings {
  readonly intervalMs: number
  readonly backoff: { readonly baseMs: number; readonly capMs: number }
  readonly minAppVersion: string | null
  readonly allowedOrigins: readonly string[]
}

export interface Fleet {
  readonly id: string
  readonly name: string
  readonly epoch: number
  /** Raised by every change of collections or settings; devices re-read their config then. */
  readonly configVersion: number
  readonly settings: FleetSettings
  readonly createdAtMs: number
}

// ── collections ───────────────────────────────────────────────────────────
export interface Collection {
  readonly id: string
  readonly fleetId: string
  readonly name: string
  /** Optimistic lock of the row itself. */
  readonly version: number
  readonly strategy: StrategyName
  readonly tieRule: TieRule
  readonly fieldStrategies: Readonly<Record<string, StrategyName>>
  readonly schema: JsonSchema
  readonly schemaVersion: number
  readonly thresholds: Partial<Thresholds>
  readonly createdAtMs: number
  readonly updatedAtMs: number
}

// ── devices and their credentials ─────────────────────────────────────────
export type DeviceStatus = 'active' | 'paused' | 'revoked'

/** Collections that a credential covers; `*` for all. */
export type Access = Readonly<Record<string, 'read' | 'write'>>

export interface StoredReport {
  readonly state: SessionState
  readonly seq: number
  readonly nonce: string
  readonly depth: number
  /** Corrected by the device's offset. */
  readonly oldestMadeAtMs: number | null
  readonly byCollection: Readonly<Record<string, number>>
  readonly offsetMs: number | null
  readonly rttMs: number | null
  readonly atMs: number
}

export interface Device extends DeviceInfo {
  readonly id: string
  readonly fleetId: string
  readonly status: DeviceStatus
  readonly access: Access
  readonly enrolledAtMs: number
  /** Last authenticated request; null before the first. */
  readonly lastContactMs: number | null
  readonly lastSessionOkMs: number | null
  readonly report: StoredReport | null
}

export interface EnrollmentKey {
  readonly id: string
  readonly fleetId: string
  readonly name: string
  readonly hash: string
  readonly access: Access
  readonly createdAtMs: number
  readonly expiresAtMs: number | null
  readonly revokedAtMs: number | null
}

export interface DeviceFilter {
  readonly state: readonly SessionState[] | null
  readonly platform: string | null
  readonly appVersion: string | null
  readonly text: string | null
  /** Inferred offline: no contact since this time. */
  readonly silentBeforeMs: number
}

// ── sync: push and pull ───────────────────────────────────────────────────
/** What a group of pushes needs; streams are locked first, in order, then devices, in order. */
export interface PushPlan {
  readonly streams: readonly string[]
  readonly deviceIds: readonly string[]
  readonly requests: readonly { readonly deviceId: string; readonly requestId: string }[]
  readonly records: readonly { readonly collection: string; readonly recordId: string }[]
  readonly bases: readonly {
    readonly collection: string
    readonly recordId: string
    readonly version: number
  }[]
  /** Own ids and parents by `after`; ancestors of these are loaded too, at most 500 deep. */
  readonly mutationIds: readonly string[]
}

export interface StoredResponse {
  readonly deviceId: string
  readonly requestId: string
  /** SHA-256 over mutations and atomic, hex. */
  readonly requestHash: string
  readonly body: string
  readonly createdAtMs: number
}

export interface PushSnapshot {
  readonly fleet: Pick<Fleet, 'epoch' | 'configVersion'>
  readonly heads: ReadonlyMap<string, number>
  readonly devices: ReadonlyMap<string, Device>
  /** By `deviceId/requestId`. */
  readonly responses: ReadonlyMap<string, StoredResponse>
  readonly records: ReadonlyMap<RecordKey, RecordState>
  readonly bases: ReadonlyMap<string, JsonObject | null>
  readonly mutations: ReadonlyMap<string, KnownMutation>
}

export interface PushWrites {
  readonly committedAtMs: number
  readonly heads: ReadonlyMap<string, number>
  /** In version order per stream. */
  readonly changes: readonly (ChangeEffect & {
    readonly appVersion: string
    readonly correctedMadeAtMs: number
    readonly receivedAtMs: number
  })[]
  readonly responses: readonly StoredResponse[]
  readonly reports: readonly {
    readonly deviceId: string
    readonly appVersion: string
    readonly platform: Platform
    readonly report: StoredReport
  }[]
  /** Sessions that pushed; those whose report never comes become `abandoned` after 24 h. */
  readonly sessions: readonly { readonly sessionId: string; readonly deviceId: string }[]
  readonly events: readonly TelemetryEvent[]
  readonly audit: readonly AuditEntry[]
}

export interface PullRead {
  readonly collection: string
  readonly afterVersion: number
}

export interface PullPage {
  readonly epoch: number
  readonly heads: ReadonlyMap<string, number>
  /** Newest version of each record past its position, by collection in the order asked, then by version. */
  readonly records: readonly RecordState[]
  /** Position that each collection has reached with this page: its head, or the last version that fitted. */
  readonly reached: ReadonlyMap<string, number>
  readonly hasMore: boolean
}

/** A device's shown position: what it had at `previous`, it has at `version` now. */
export interface DeliveredRange extends MovedRange {
  /** Made by other devices and committed after the device's first snapshot was complete. */
  readonly changes: readonly { readonly committedAtMs: number; readonly madeAtMs: number }[]
}

export interface ChangeRow {
  readonly mutation: Mutation
  readonly deviceId: string
  readonly requestId: string
  readonly sessionId: string | null
  readonly status: string
  readonly result: EffectiveResult
  readonly version: number | null
  readonly correctedMadeAtMs: number
  readonly receivedAtMs: number
  readonly committedAtMs: number
}

// ── sessions, conflicts, dead letters ─────────────────────────────────────
export interface SessionRow extends Omit<SessionReport, 'startedAt' | 'endedAt'> {
  readonly fleetId: string
  readonly deviceId: string
  readonly deviceName: string
  readonly platform: Platform
  readonly appVersion: string
  /** Corrected by the offset that the device reported. */
  readonly startedAtMs: number
  readonly endedAtMs: number
  readonly offsetMs: number
  readonly receivedAtMs: number
  readonly illegalTransitions: number
  /** Made by the server from pushes whose report never came. */
  readonly inferred: boolean
}

export interface SessionFilter {
  readonly fromMs: number
  readonly toMs: number
  readonly deviceId: string | null
  readonly result: string | null
  readonly appVersion: string | null
  readonly platform: string | null
  readonly withConflicts: boolean
  readonly withDeadLetters: boolean
}

export interface ConflictRow extends ConflictEffect {
  readonly fleetId: string
  readonly mutationId: string
  readonly collection: string
  readonly recordId: string
  readonly deviceId: string
  readonly sessionId: string | null
  readonly status: 'resolved' | 'open'
  readonly createdAtMs: number
}

export type DeadLetterStatus = 'open' | 'replayed' | 'discarded'

export interface DeadLetterRow {
  readonly id: string
  readonly fleetId: string
  readonly mutation: Mutation
  readonly code: DeadLetterCode
  readonly detail: string
  readonly path: string | null
  readonly base: JsonObject | null
  readonly parentMutationId: string | null
  readonly deviceId: string
  readonly deviceName: string
  readonly sessionId: string | null
  readonly appVersion: string
  readonly madeAtMs: number
  readonly createdAtMs: number
  readonly status: DeadLetterStatus
  readonly attempts: number
  readonly lastReplay: {
    readonly atMs: number
    readonly status: string
    readonly detail: string | null
  } | null
}

export interface DeadLetterFilter {
  readonly status: DeadLetterStatus | null
  readonly code: string | null
  readonly collection: string | null
  readonly appVersion: string | null
  readonly deviceId: string | null
  readonly sessionId: string | null
}

// ── people ────────────────────────────────────────────────────────────────
export type Role = 'viewer' | 'operator' | 'admin'

export interface User {
  readonly id: string
  readonly email: string
  readonly name: string
  /** scrypt with its parameters; null when the user signs in by link only. */
  readonly passwordHash: string | null
  readonly disabled: boolean
  readonly createdAtMs: number
  /** By fleet id, or `*` for every fleet. */
  readonly roles: Readonly<Record<string, Role>>
}

export interface UserSession {
  readonly id: string
  readonly userId: string
  readonly createdAtMs: number
  readonly lastSeenMs: number
  readonly expiresAtMs: number
}

export interface OneTimeLink {
  readonly hash: string
  readonly kind: 'set_up' | 'sign_in'
  readonly userId: string | null
  readonly expiresAtMs: number
  readonly usedAtMs: number | null
}

export interface ApiKey {
  readonly id: string
  readonly name: string
  readonly hash: string
  readonly role: Role
  readonly fleetId: string | null
  readonly scopes: readonly string[]
  readonly createdAtMs: number
  readonly expiresAtMs: number | null
  readonly revokedAtMs: number | null
}
