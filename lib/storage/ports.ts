import type { EarlierStates } from '#lib/engine/texts-since.ts'
import type { RecordKey, RecordState } from '#lib/engine/types.ts'
import type { DeviceCommand, LetterNews } from '#lib/protocol/command.ts'
import type { JsonSchema } from '#lib/protocol/device.ts'
import type { TelemetryEvent } from '#lib/telemetry/events.ts'
import type { FacetCounts } from '#lib/query/facets.ts'
import type { LetterKey } from '#lib/query/letter-fields.ts'
import type { SessionKey } from '#lib/query/session-fields.ts'
import type { AccessPort } from './access-port.ts'
import type { AlertPort } from './alert-port.ts'
import type { AuditPort } from './audit-port.ts'
import type { BreakerPort } from './breaker-port.ts'
import type { ConflictPort } from './conflict-port.ts'
import type { DeadTokenPort } from './dead-token-port.ts'
import type { DevicePort } from './device-port.ts'
import type { FleetKeyPort } from './fleet-key-port.ts'
import type { IngestPort } from './ingest-port.ts'
import type { InvitationPort } from './invitation-port.ts'
import type { LabPort } from './lab-port.ts'
import type { LetterGroupPort } from './letter-group-port.ts'
import type { OperationPort } from './operation-port.ts'
import type { MaintenancePort, SettingPort } from './maintenance-port.ts'
import type { NotificationPort } from './notification-port.ts'
import type { ReleasePort } from './release-port.ts'
import type { RestorePort } from './restore-port.ts'
import type { ReviewPort } from './review-port.ts'
import type { SamplePort } from './sample-port.ts'
import type { SignalPort } from './signal-port.ts'
import type { ViewPort } from './view-port.ts'
import type {
  ChangeRow,
  DeliveredPositions,
  MutationStanding,
  PullPage,
  PullRead,
  PushPlan,
  PushSnapshot,
  PushWrites,
  RecordAt,
  StateRow,
  Tally,
  TallyRange,
} from './push-rows.ts'
import type {
  AuditEntry,
  Collection,
  DeadLetterRow,
  EnrollmentKey,
  Fleet,
  LetterFilter,
  ListedSession,
  Page,
  PageRequest,
  SessionFilter,
  SessionRow,
  UnreportedSession,
} from './rows.ts'
import type { TelemetryPort } from './telemetry-port.ts'

export type * from './access-port.ts'
export type * from './alert-port.ts'
export type * from './audit-port.ts'
export { NO_HEAD } from './audit-port.ts'
export type * from './breaker-port.ts'
export type * from './conflict-port.ts'
export type * from './dead-token-port.ts'
export type * from './device-port.ts'
export type * from './fleet-key-port.ts'
export type * from './ingest-port.ts'
export type * from './invitation-port.ts'
export type * from './lab-port.ts'
export type * from './letter-group-port.ts'
export type * from './operation-port.ts'
export type * from './maintenance-port.ts'
export type * from './notice.ts'
export type * from './notification-port.ts'
export type { Keep } from './partitions.ts'
export type * from './push-rows.ts'
export type * from './release-port.ts'
export type * from './restore-port.ts'
export type * from './review-port.ts'
export type * from './rows.ts'
export type * from './sample-port.ts'
export type * from './sign-in-port.ts'
export type * from './signal-port.ts'
export type * from './telemetry-port.ts'
export type * from './view-port.ts'

/**
 * What the application asks of a storage. Two implementations: PostgreSQL (storage/prisma) and memory.
 * Every method is one transaction. Times are Unix milliseconds; ids are UUID texts.
 * A database that cannot be reached throws StorageUnavailable; a violated uniqueness is a typed result.
 */
export interface Storage {
  readonly fleets: FleetPort
  readonly collections: CollectionPort
  readonly devices: DevicePort
  readonly deadTokens: DeadTokenPort
  readonly enrollmentKeys: FleetKeyPort<EnrollmentKey>
  readonly ingest: IngestPort
  readonly releases: ReleasePort
  readonly restores: RestorePort
  readonly reviews: ReviewPort
  readonly samples: SamplePort
  readonly views: ViewPort
  readonly sync: SyncPort
  readonly sessions: SessionPort
  readonly conflicts: ConflictPort
  readonly lab: LabPort
  readonly deadLetters: DeadLetterPort
  readonly letterGroups: LetterGroupPort
  readonly operations: OperationPort
  readonly telemetry: TelemetryPort
  readonly access: AccessPort
  readonly invitations: InvitationPort
  readonly audit: AuditPort
  readonly maintenance: MaintenancePort
  readonly settings: SettingPort
  readonly breakers: BreakerPort
  readonly alerts: AlertPort
  readonly notifications: NotificationPort
  readonly signals: SignalPort
  /** Answers when the database does; used by /readyz. */
  ping(): Promise<void>
  close(): Promise<void>
}

/** Told apart by `code`, never by instanceof: Next evaluates modules more than once. */
export class StorageUnavailable extends Error {
  readonly code = 'storage_unavailable'
}

/**
 * A deadlock, a serialization failure, a mutation id that another has just taken or a lock that took too long: the same
 * work may succeed when it is repeated.
 */
export class StorageContention extends Error {
  readonly code = 'contention'
  /** Set when it waited for a lock as long as it may: of a collection's stream, or of something else. */
  readonly lockTimeout: LockTimeout | null

  constructor(message: string, options: ErrorOptions & { readonly lockTimeout?: LockTimeout } = {}) {
    super(message, options)
    this.lockTimeout = options.lockTimeout ?? null
  }
}

/** The fleet was removed while a request of it was under way: nothing is read or written for it. */
export class FleetGone extends Error {
  readonly code = 'fleet_gone'
}

/** What these mutations were made after is more than one read takes: fewer of them can be decided together. */
export class PlanTooLarge extends Error {
  readonly code = 'plan_too_large'
}

export interface LockTimeout {
  readonly collection: string | null
}

// ── fleets ────────────────────────────────────────────────────────────────
export interface FleetPort {
  create(fleet: Fleet, audit: AuditEntry): Promise<'created' | 'name_taken'>
  get(fleetId: string): Promise<Fleet | null>
  list(): Promise<readonly Fleet[]>
  /** Saves name and settings when the stored config version is `next.configVersion - 1`. */
  update(next: Fleet, audit: AuditEntry): Promise<'updated' | 'stale' | 'name_taken'>
  /**
   * Takes a fleet away in which every device is revoked: ends its API keys and the roles in it. What it held is left to
   * `maintenance.purgeRemovedFleets`; the audit log stays.
   */
  remove(
    fleetId: string,
    atMs: number,
    audit: AuditEntry,
  ): Promise<'removed' | 'unknown' | 'devices_enrolled'>
  /** Raises the epoch and the config version, as a restore does: each by one, or to what is named. */
  raiseEpoch(fleetId: string, audit: AuditEntry, atLeast?: number, configAtLeast?: number): Promise<number>
}

// ── collections ───────────────────────────────────────────────────────────
/** What decides which fields of a collection's letters are masked. */
export type Masking = Pick<Collection, 'name' | 'masked' | 'upMigrations'>

export interface CollectionPort {
  /** `being_removed` while there still is something of a former collection of that name. */
  create(collection: Collection, audit: AuditEntry): Promise<'created' | 'name_taken' | 'being_removed'>
  list(fleetId: string): Promise<readonly Collection[]>
  /** Of each collection, without its schema, which may be large. */
  maskings(fleetId: string): Promise<readonly Masking[]>
  get(fleetId: string, id: string): Promise<Collection | null>
  /** Saves when the stored version is `next.version - 1`; a new schemaVersion is kept beside the older ones. Raises configVersion. */
  update(next: Collection, audit: AuditEntry): Promise<'updated' | 'stale'>
  /**
   * Takes the collection of that version away, with its schemas, unless a conflict of it is open, and raises
   * configVersion. Its stream goes one on, all behind it purged, so that no token of before reads a later namesake. What
   * it held is left to `maintenance.purgeRemoved`; log, closed conflicts and dead letters stay.
   */
  remove(
    fleetId: string,
    id: string,
    version: number,
    audit: AuditEntry,
  ): Promise<'removed' | 'stale' | 'conflicts_open'>
  schemaVersions(
    fleetId: string,
    id: string,
  ): Promise<readonly { schemaVersion: number; schema: JsonSchema; createdAtMs: number }[]>
}

// ── sync: push and pull ───────────────────────────────────────────────────
export interface PushTx {
  load(plan: PushPlan): Promise<PushSnapshot>
  /** May be called again before the first call has ended: writes take effect in the order of the calls, all or none. */
  write(writes: PushWrites): Promise<void>
  /** The last one: it may be committed with it, so nothing is sent after it and the work must not fail once it stands. */
  writeLast(writes: PushWrites): Promise<void>
}

/** Of one look at a collection. */
export interface StateBounds {
  readonly records: number
  /** Of their documents, as JSON. */
  readonly bytes: number
}

export interface SyncPort {
  /**
   * Runs `work` in one transaction; where others were in its way it throws `code: 'contention'` (StorageContention). Its
   * `load` throws PlanTooLarge, and may be asked for less then.
   */
  transact<T>(fleetId: string, work: (tx: PushTx) => Promise<T>): Promise<T>
  pull(
    fleetId: string,
    reads: readonly PullRead[],
    bounds: { limit: number; maxBytes: number },
  ): Promise<PullPage>
  /** Where these streams stand, and how many records each range holds, of one snapshot. */
  tally(fleetId: string, ranges: readonly TallyRange[]): Promise<Tally>
  /**
   * Moves a device's shown positions forward (never back) and appends the events that `describe` makes of the ranges,
   * in one transaction, at most `DELIVERED_VERSIONS_MAX` versions on; with `more` it is to be called again. The last
   * call marks the collections of `firstComplete`, whose first snapshot is now complete.
   */
  deliver(fleetId: string, delivery: DeliveredPositions): Promise<{ readonly more: boolean }>
  /** Of each record its newest replaced document that is not newer than the version; none where it was deleted by then, or has been since. */
  statesAt(fleetId: string, places: readonly RecordAt[]): Promise<ReadonlyMap<RecordKey, EarlierStates>>
  /** Live records as they were at `version`, by record id; null when there are more, or larger in all, than `most`. */
  stateAt(
    fleetId: string,
    collection: string,
    version: number,
    most: StateBounds,
  ): Promise<readonly StateRow[] | null>
  /**
   * The device's turn for a full sync (TK7), one queue a fleet for all processes: `admitAtMs` is when it may start,
   * `place` how many come before it. The same device keeps its place, for `graceMs` past its turn.
   */
  admitFullSync(
    fleetId: string,
    deviceId: string,
    pace: { nowMs: number; intervalMs: number; burst: number; graceMs: number },
  ): Promise<{ readonly admitAtMs: number; readonly place: number }>
  /** The turn that it has, without taking one; null for a device that stands in no line. */
  fullSyncTurn(
    fleetId: string,
    deviceId: string,
    nowMs: number,
  ): Promise<{ readonly admitAtMs: number; readonly place: number } | null>
  getRecord(fleetId: string, collection: string, recordId: string): Promise<RecordState | null>
  /** Those of these records that exist, as of now and without a lock. */
  getRecords(
    fleetId: string,
    keys: readonly { readonly collection: string; readonly recordId: string }[],
  ): Promise<readonly RecordState[]>
  /** The same without their documents: for a list. */
  versionsOf(
    fleetId: string,
    keys: readonly { readonly collection: string; readonly recordId: string }[],
  ): Promise<readonly RecordVersion[]>
  /** What stands in the change log of these mutations, those that it has; each once. */
  standingOf(fleetId: string, mutationIds: readonly string[]): Promise<readonly MutationStanding[]>
  /** The change log of one session, oldest first, bounded. */
  changesOfSession(fleetId: string, sessionId: string, limit: number): Promise<readonly ChangeRow[]>
}

// ── sessions, conflicts, dead letters ─────────────────────────────────────
/** `other_device`: the id is that of another device's session, and nothing happened. */
export type SessionOutcome = 'stored' | 'duplicate' | 'other_device'

export interface SessionPort {
  /**
   * One outcome a row, in order; what isn't stored changes nothing. A session id is that device's which named it first, in
   * a push or a report; a device may tell of what it did under its linked ids.
   */
  store(
    fleetId: string,
    rows: readonly SessionRow[],
    events: readonly TelemetryEvent[],
  ): Promise<readonly SessionOutcome[]>
  /** By their end, newest first. */
  /**
   * Newest first. A page looks through a bounded number of sessions (`sessionLook`): it may hold fewer than its limit,
   * or none, and still have a `next`.
   */
  list(fleetId: string, filter: SessionFilter, page: PageRequest): Promise<Page<ListedSession>>
  /** Of its newest SESSION_FACET_ROWS_MAX, of as many as a page looks through. */
  facets(fleetId: string, filter: SessionFilter): Promise<FacetCounts<SessionKey>>
  get(fleetId: string, sessionId: string): Promise<SessionRow | null>
  /** Sessions of a device that pushed since `sinceMs` and whose report has not come yet: newest first, at most `limit`. */
  unreported(
    fleetId: string,
    deviceId: string,
    sinceMs: number,
    limit: number,
  ): Promise<readonly UnreportedSession[]>
  /** Turns pushes without a report since `beforeMs` into inferred, abandoned sessions; at most `limit`. */
  inferAbandoned(fleetId: string, beforeMs: number, nowMs: number, limit: number): Promise<number>
}

/** The entry of one letter: the one that is meant, or one that goes along with it. */
export type LetterAudit = (letterId: string) => AuditEntry

export interface PurgedLetters {
  readonly replayed: number
  readonly discarded: number
}

export type RecordVersion = Pick<RecordState, 'collection' | 'recordId' | 'version' | 'deleted'>

export interface NewsOrder {
  readonly nowMs: number
  readonly expiresAtMs: number
  /** Makes the id of each command. */
  readonly ids: () => string
}

export type ClosedLetter = Pick<DeadLetterRow, 'id'> & { readonly status: LetterNews }

export interface DeadLetterPort {
  /**
   * Newest first. A page looks through LETTER_LOOK_MAX letters: it may hold fewer than its limit, or none, and still have
   * a `next`. The conditions are `frozen`.
   */
  list(fleetId: string, filter: LetterFilter, page: PageRequest): Promise<Page<DeadLetterRow>>
  /** Of its newest LETTER_FACET_ROWS_MAX, of as many as a page looks through. */
  facets(fleetId: string, filter: LetterFilter): Promise<FacetCounts<LetterKey>>
  get(fleetId: string, id: string): Promise<DeadLetterRow | null>
  /** Open letters held behind this mutation, however far down: parents before children, then oldest first; bounded. */
  heldBy(fleetId: string, mutationId: string, limit: number): Promise<readonly DeadLetterRow[]>
  countOpen(fleetId: string): Promise<number>
  /** Open ones of each code. */
  countOpenByCode(fleetId: string): Promise<Readonly<Record<string, number>>>
  /**
   * Closes an open letter, and those of `heldIds` that are open, with it; their ids without its own, or null when it is not
   * open. Each has an entry of its own in the audit log.
   */
  discard(
    fleetId: string,
    id: string,
    heldIds: readonly string[],
    atMs: number,
    auditOf: LetterAudit,
  ): Promise<readonly string[] | null>
  /** Opens a letter discarded at `sinceMs` or later, and those that were discarded with it; the ids of these, or null. */
  restore(
    fleetId: string,
    id: string,
    sinceMs: number,
    auditOf: LetterAudit,
  ): Promise<readonly string[] | null>
  /** Deletes at most `limit` letters that were closed before `beforeMs`, the oldest first, with an entry of what went. */
  purge(
    fleetId: string,
    beforeMs: number,
    limit: number,
    auditOf: (purged: PurgedLetters) => AuditEntry,
  ): Promise<PurgedLetters>
  /**
   * Devices of closed letters that they were not told of, with their commands, or none where one is revoked or gone; at most
   * `limit`, behind an id, in order.
   */
  untold(
    fleetId: string,
    afterDeviceId: string | null,
    limit: number,
  ): Promise<readonly { readonly deviceId: string; readonly commands: readonly DeviceCommand[] }[]>
  /**
   * Adds news of its closed letters to a device's commands, oldest first, as far as there is room, and notes that they were
   * told, in one transaction (CM4). Of a device that is revoked or gone all count as told. Those that were told now, oldest first.
   */
  tell(fleetId: string, deviceId: string, order: NewsOrder): Promise<readonly ClosedLetter[]>
  /** Deletes one closed letter; false when it is open, or not there. */
  purgeOne(fleetId: string, id: string, audit: AuditEntry): Promise<boolean>
}
