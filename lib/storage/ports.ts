import type { ConflictEffect, KnownMutation, RecordKey, RecordState, ChangeEffect } from '#lib/engine/types.ts'
import type { Json, JsonObject } from '#lib/kernel/json.ts'
import type { DeviceInfo, JsonSchema, Platform, StrategyName, TieRule } from '#lib/protocol/device.ts'
import type { DeadLetterCode } from '#lib/protocol/error-codes.ts'
import type { Mutation } from '#lib/protocol/mutation.ts'
import type { EffectiveResult } from '#lib/protocol/push.ts'
import type { SessionState } from '#lib/protocol/report.ts'
import type { SessionReport } from '#lib/protocol/session.ts'
import type { Bucket, BucketKey, Tier } from '#lib/rollups/bucket.ts'
import type { TelemetryEvent } from '#lib/telemetry/events.ts'
import type { Thresholds } from '#lib/telemetry/thresholds.ts'

/**
 * What the application asks of a storage. Two implementations: PostgreSQL (storage/prisma) and memory.
 * Every method is one transaction. Times are Unix milliseconds; ids are UUID texts.
 * A database that cannot be reached throws StorageUnavailable; a violated uniqueness is a typed result.
 */
export interface Storage {
  readonly fleets: FleetPort
  readonly collections: CollectionPort
  readonly devices: DevicePort
  readonly sync: SyncPort
  readonly sessions: SessionPort
  readonly conflicts: ConflictPort
  readonly deadLetters: DeadLetterPort
  readonly telemetry: TelemetryPort
  readonly access: AccessPort
  readonly audit: AuditPort
  readonly maintenance: MaintenancePort
  /** Answers when the database does; used by /readyz. */
  ping(): Promise<void>
  close(): Promise<void>
}

/** Told apart by `code`, never by instanceof: Next evaluates modules more than once. */
export class StorageUnavailable extends Error {
  readonly code = 'storage_unavailable'
}

/** A deadlock, a serialization failure or a lock that took too long: the same work may succeed when it is repeated. */
export class StorageContention extends Error {
  readonly code = 'contention'
}

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
  readonly actor: { readonly kind: 'user' | 'key' | 'device' | 'system'; readonly id: string; readonly name: string }
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
export interface FleetPort {
  create(fleet: Fleet, audit: AuditEntry): Promise<'created' | 'name_taken'>
  get(fleetId: string): Promise<Fleet | null>
  list(): Promise<readonly Fleet[]>
  /** Raises the epoch, as a restore does. */
  raiseEpoch(fleetId: string, audit: AuditEntry): Promise<number>
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
export interface CollectionPort {
  create(collection: Collection, audit: AuditEntry): Promise<'created' | 'name_taken'>
  list(fleetId: string): Promise<readonly Collection[]>
  get(fleetId: string, id: string): Promise<Collection | null>
  /** Saves when the stored version is `next.version - 1`; a new schemaVersion is kept beside the older ones. Raises configVersion. */
  update(next: Collection, audit: AuditEntry): Promise<'updated' | 'stale'>
  schemaVersions(fleetId: string, id: string): Promise<readonly { schemaVersion: number; schema: JsonSchema; createdAtMs: number }[]>
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
export interface DevicePort {
  createEnrollmentKey(key: EnrollmentKey, audit: AuditEntry): Promise<void>
  listEnrollmentKeys(fleetId: string): Promise<readonly EnrollmentKey[]>
  findEnrollmentKey(fleetId: string, hash: string): Promise<EnrollmentKey | null>
  /**
   * One enrollment per requestId within 24 h: a repeat replaces the token of the same device.
   * An id that another request enrolled is `taken`.
   */
  enroll(input: { device: Device; tokenHash: string; requestId: string; keyId: string; nowMs: number }, audit: AuditEntry): Promise<'enrolled' | 'repeated' | 'taken'>
  /** The device that this request enrolled in the last 24 h: a repeat that names no id of its own is that device. */
  findEnrolled(fleetId: string, requestId: string, nowMs: number): Promise<string | null>
  /** Null for a token that was never issued or has ended. */
  findByToken(fleetId: string, tokenHash: string, nowMs: number): Promise<Device | null>
  /** Adds a token; the older ones end at `oldEndsMs`. */
  rotateToken(fleetId: string, deviceId: string, tokenHash: string, nowMs: number, oldEndsMs: number, audit: AuditEntry): Promise<void>
  get(fleetId: string, id: string): Promise<Device | null>
  /** By last contact, newest first; devices never seen last. */
  list(fleetId: string, filter: DeviceFilter, page: PageRequest): Promise<Page<Device>>
  /** Every device of the fleet in the little form that gauges need. */
  all(fleetId: string): Promise<readonly Device[]>
  /** Contact outside a push: report when there is one, app version and platform as last named. `forked` when seq went back or came twice with another nonce; nothing is written then. */
  touch(fleetId: string, deviceId: string, contact: { atMs: number; appVersion: string; platform: Platform; report: StoredReport | null }): Promise<'ok' | 'forked' | 'unknown'>
  setStatus(fleetId: string, deviceId: string, status: DeviceStatus, audit: AuditEntry): Promise<boolean>
}

// ── sync: push and pull ───────────────────────────────────────────────────
/** What a group of pushes needs; streams are locked first, in order, then devices, in order. */
export interface PushPlan {
  readonly streams: readonly string[]
  readonly deviceIds: readonly string[]
  readonly requests: readonly { readonly deviceId: string; readonly requestId: string }[]
  readonly records: readonly { readonly collection: string; readonly recordId: string }[]
  readonly bases: readonly { readonly collection: string; readonly recordId: string; readonly version: number }[]
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
  readonly changes: readonly (ChangeEffect & { readonly appVersion: string; readonly correctedMadeAtMs: number; readonly receivedAtMs: number })[]
  readonly responses: readonly StoredResponse[]
  readonly reports: readonly { readonly deviceId: string; readonly appVersion: string; readonly platform: Platform; readonly report: StoredReport }[]
  /** Sessions that pushed; those whose report never comes become `abandoned` after 24 h. */
  readonly sessions: readonly { readonly sessionId: string; readonly deviceId: string }[]
  readonly events: readonly TelemetryEvent[]
  readonly audit: readonly AuditEntry[]
}
export interface PushTx {
  load(plan: PushPlan): Promise<PushSnapshot>
  write(writes: PushWrites): Promise<void>
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
export interface DeliveredRange {
  readonly collection: string
  readonly previous: number
  readonly version: number
  /** Made by other devices and committed after the device's first snapshot was complete. */
  readonly changes: readonly { readonly committedAtMs: number; readonly madeAtMs: number }[]
}
export interface SyncPort {
  /** Runs `work` in one transaction; a deadlock or serialization failure throws `code: 'contention'`. */
  transact<T>(fleetId: string, work: (tx: PushTx) => Promise<T>): Promise<T>
  pull(fleetId: string, reads: readonly PullRead[], bounds: { limit: number; maxBytes: number }): Promise<PullPage>
  /** Moves a device's shown positions forward (never back) and appends the events that `describe` makes of the ranges, in one transaction. `firstComplete` marks collections whose first snapshot is now complete. */
  deliver(
    fleetId: string,
    deviceId: string,
    positions: ReadonlyMap<string, number>,
    firstComplete: readonly string[],
    atMs: number,
    describe: (ranges: readonly DeliveredRange[]) => readonly TelemetryEvent[],
  ): Promise<void>
  getRecord(fleetId: string, collection: string, recordId: string): Promise<RecordState | null>
  /** The change log of one session, oldest first, bounded. */
  changesOfSession(fleetId: string, sessionId: string, limit: number): Promise<readonly ChangeRow[]>
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
export interface SessionPort {
  /** One outcome a row, in order; a session id known in the fleet is a duplicate and changes nothing. */
  store(fleetId: string, rows: readonly SessionRow[], events: readonly TelemetryEvent[]): Promise<readonly ('stored' | 'duplicate')[]>
  list(fleetId: string, filter: SessionFilter, page: PageRequest): Promise<Page<SessionRow>>
  get(fleetId: string, sessionId: string): Promise<SessionRow | null>
  /** Turns pushes without a report since `beforeMs` into inferred, abandoned sessions; at most `limit`. */
  inferAbandoned(fleetId: string, beforeMs: number, nowMs: number, limit: number): Promise<number>
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
export interface ConflictPort {
  ofSession(fleetId: string, sessionId: string): Promise<readonly ConflictRow[]>
  countOpen(fleetId: string): Promise<number>
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
  readonly lastReplay: { readonly atMs: number; readonly status: string; readonly detail: string | null } | null
}
export interface DeadLetterFilter {
  readonly status: DeadLetterStatus | null
  readonly code: string | null
  readonly collection: string | null
  readonly appVersion: string | null
  readonly deviceId: string | null
  readonly sessionId: string | null
}
export interface DeadLetterPort {
  list(fleetId: string, filter: DeadLetterFilter, page: PageRequest): Promise<Page<DeadLetterRow>>
  get(fleetId: string, id: string): Promise<DeadLetterRow | null>
  /** Letters held behind this mutation, oldest first, bounded. */
  heldBy(fleetId: string, mutationId: string, limit: number): Promise<readonly DeadLetterRow[]>
  countOpen(fleetId: string): Promise<number>
  /** Open ones by code and app version. */
  openByCause(fleetId: string): Promise<readonly { code: string; appVersion: string; collection: string; detail: string; count: number; devices: number; newestAtMs: number }[]>
  /** Closes an open letter; false when it is not open. */
  discard(fleetId: string, id: string, atMs: number, audit: AuditEntry): Promise<boolean>
}

// ── telemetry ─────────────────────────────────────────────────────────────
export interface TelemetryPort {
  append(fleetId: string, events: readonly TelemetryEvent[]): Promise<void>
  /**
   * Exactly-once folding: takes the next committed events past the fold position, hands them with the
   * buckets they touch to `fold`, saves what it returns and the new position, in one transaction.
   */
  foldNext(
    fleetId: string,
    limit: number,
    keysOf: (events: readonly TelemetryEvent[]) => readonly BucketKey[],
    fold: (buckets: ReadonlyMap<string, Bucket>, events: readonly TelemetryEvent[]) => readonly Bucket[],
  ): Promise<{ readonly folded: number; readonly more: boolean }>
  /** Replaces the buckets of [fromMs, toMs) by folding its already folded events again. */
  refold(
    fleetId: string,
    fromMs: number,
    toMs: number,
    fold: (buckets: ReadonlyMap<string, Bucket>, events: readonly TelemetryEvent[]) => readonly Bucket[],
  ): Promise<number>
  /** Commit time of the oldest event that is not folded yet; null when none waits. */
  oldestUnfoldedMs(fleetId: string): Promise<number | null>
  buckets(fleetId: string, tier: Tier, fromMs: number, toMs: number): Promise<readonly Bucket[]>
  /** Oldest change that an active device has not shown to hold; null when all have all. */
  oldestUndeliveredMs(fleetId: string, activeSinceMs: number): Promise<number | null>
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
export interface AccessPort {
  countAdmins(): Promise<number>
  createUser(user: User, audit: AuditEntry): Promise<'created' | 'email_taken'>
  /** The first administrator: uses up the link and creates the user in one transaction, once. */
  claimSetUp(linkHash: string, user: User, nowMs: number, audit: AuditEntry): Promise<'created' | 'gone'>
  findUserByEmail(email: string): Promise<User | null>
  getUser(id: string): Promise<User | null>
  listUsers(): Promise<readonly User[]>
  updateUser(user: User, audit: AuditEntry): Promise<boolean>
  createLink(link: OneTimeLink): Promise<void>
  /** Uses up a live sign-in link, once. */
  useLink(hash: string, nowMs: number): Promise<OneTimeLink | null>
  createSession(session: UserSession, audit: AuditEntry): Promise<void>
  /** The live session with its user, null once idle for `idleMs`; moves `lastSeenMs` at most once a minute. */
  findSession(id: string, nowMs: number, idleMs: number): Promise<{ session: UserSession; user: User } | null>
  endSession(id: string, audit: AuditEntry): Promise<void>
  createApiKey(key: ApiKey, audit: AuditEntry): Promise<void>
  findApiKey(hash: string, nowMs: number): Promise<ApiKey | null>
  listApiKeys(): Promise<readonly ApiKey[]>
}
export interface AuditPort {
  append(entry: AuditEntry): Promise<void>
  list(filter: { fleetId: string | null; action: string | null }, page: PageRequest): Promise<Page<AuditEntry>>
}

// ── housekeeping ──────────────────────────────────────────────────────────
export interface MaintenancePort {
  /** Takes or renews the named lease until `untilMs`; false when another process holds it. */
  holdLease(name: string, holder: string, nowMs: number, untilMs: number): Promise<boolean>
  /** Creates the day partitions from yesterday to `aheadDays` on. */
  ensurePartitions(nowMs: number, aheadDays: number): Promise<void>
  /** Drops day partitions of events and sessions older than these, and expired rows of the rest in bounded batches. */
  applyRetention(nowMs: number, keep: { eventsMs: number; sessionsMs: number }, batch: number): Promise<{ dropped: readonly string[]; deleted: number }>
  /** Rows that fell into a default partition: an alarm, since no partition covered their day. */
  strayRows(): Promise<number>
}
