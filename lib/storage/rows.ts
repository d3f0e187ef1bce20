import type { Json, JsonObject } from '#lib/kernel/json.ts'
import type { JsonSchema, Platform, StrategyName, TieRule } from '#lib/protocol/device.ts'
import type { DeadLetterCode } from '#lib/protocol/error-codes.ts'
import type { Mutation } from '#lib/protocol/mutation.ts'
import type { BusinessRule, UpMigration } from '#lib/protocol/rules.ts'
import type { SessionReport } from '#lib/protocol/session.ts'
import type { Filter } from '#lib/query/field.ts'
import type { LetterKey, LetterStatus } from '#lib/query/letter-fields.ts'
import type { SessionKey } from '#lib/query/session-fields.ts'
import type { Thresholds } from '#lib/telemetry/thresholds.ts'

/** The rows, filters and messages of the ports (ports.ts). Times are Unix milliseconds; ids are UUID texts. */

export type * from './device-rows.ts'

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
  /** Requests a minute and process; absent: the server's own bounds. */
  readonly rateLimits?: { readonly devicePerMinute: number; readonly fleetPerMinute: number } | undefined
  /** The pace of full syncs that need more than a page; absent: the server's own. */
  readonly fullSyncs?: { readonly perMinute: number; readonly burst: number } | undefined
  /** Overrides of breakers that meet more devices than these need a second person (BR4); absent: the server's own number. */
  readonly secondPersonAbove?: number | undefined
  /** Those that the fleet sets itself; absent: none. */
  readonly thresholds?: Partial<Thresholds> | undefined
}

export interface Fleet {
  readonly id: string
  readonly name: string
  readonly epoch: number
  /** The one before a restore raised it; absent where none has. */
  readonly epochBefore?: number | undefined
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
  readonly rules: readonly BusinessRule[]
  readonly upMigrations: readonly UpMigration[]
  readonly authority: Authority | null
  /** Fields that dead letters show masked, as JSON Pointers (DL20). */
  readonly masked: readonly string[]
  readonly createdAtMs: number
  readonly updatedAtMs: number
}

/** The fleet's own backend, which accepts or refuses what would be written. */
export interface Authority {
  readonly url: string
  readonly timeoutMs: number
  /** Names the key that signs; another one makes another key. The key itself is derived and never stored. */
  readonly keyId: string
}

// ── sessions, conflicts, dead letters ─────────────────────────────────────
/** What engines of others may leave out of a session. */
export const SESSION_FIGURES = [
  'pushed',
  'pulled',
  'conflicts',
  'deadLettered',
  'queueDepthBefore',
  'queueDepthAfter',
] as const
/** Null: not reported, which is no zero. The reference engine reports all. */
export type SessionFigures = Readonly<Record<(typeof SESSION_FIGURES)[number], number | null>>

export interface SessionRow
  extends
    Omit<SessionReport, 'startedAt' | 'endedAt' | 'stateToken' | 'mode' | keyof SessionFigures>,
    SessionFigures {
  readonly mode: SessionReport['mode'] | null
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
  /** The engine of others that it ran on, as the ingest key names it. */
  readonly source?: string
}

/** A session beside what the server knows of its pushes. */
export interface ListedSession extends SessionRow {
  /** Of the changes that it pushed, by name. */
  readonly collections: readonly string[]
  /** The longest upload lag of a change that it pushed; null when none of them was committed. */
  readonly lagMs: number | null
}

/** What the server saw of a session that nobody has told of yet. */
export interface UnreportedSession {
  readonly sessionId: string
  readonly firstPushMs: number
  readonly lastPushMs: number
  /** Changes that had an effect. */
  readonly pushed: number
}

/** Sessions that ended in [fromMs, toMs) and of which the conditions hold. */
export interface SessionFilter {
  readonly fromMs: number
  readonly toMs: number
  readonly conditions: Filter<SessionKey>
  /** Sessions that are looked through at most; left out, as `sessionLook` says. */
  readonly lookMax?: number
}

export type DeadLetterStatus = LetterStatus

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
  readonly discardedAtMs: number | null
  /** The letter whose discard took this one along; null when it was discarded by itself. */
  readonly discardedWith: string | null
  /** The mutation that it became when it was replayed in an edited form. */
  readonly editedAs: string | null
  /** Of its cause, by the version that it was written with (lib/protocol/letter-fingerprint.ts). */
  readonly fingerprint: string
  readonly fingerprintVersion: number
  readonly place: string | null
  readonly said: string
  /** That of its fingerprint, but for what people merged and split off. */
  readonly groupId: string
}

export interface LetterFilter {
  readonly conditions: Filter<LetterKey>
  /** How many are looked through; LETTER_LOOK_MAX without. */
  readonly lookMax?: number
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
  /** Set by removal alone, Unix ms: who is only disabled, with a role or without, may be enabled again. */
  readonly removedAtMs: number | null
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
  /** When somebody last showed who they are in it; 0 where a sign-in provider did not say. */
  readonly provedAtMs: number
  readonly how: 'password' | 'link' | 'oidc'
  /** Where it was begun, and the browser as it calls itself, cut off. */
  readonly address: string | null
  readonly userAgent: string | null
}

/** Who a user is at a sign-in provider: one at each. */
export interface UserIdentity {
  readonly issuer: string
  readonly subject: string
  readonly userId: string
  readonly createdAtMs: number
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
  /** Within a minute; null for one that was never used. */
  readonly lastUsedMs: number | null
  readonly lastUsedAddress: string | null
}

/**
 * What becomes of a row, made of the row as it stands under its lock, so that two changes at once don't undo each other.
 * A throw is the caller's refusal: nothing is written then.
 */
export interface RowChange<T> {
  readonly next: T
  readonly audit: AuditEntry
}
