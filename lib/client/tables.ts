import type { ClockSample } from '#lib/engine/clock-offset.ts'
import type { Json } from '#lib/kernel/json.ts'
import type { CrdtStates } from '#lib/protocol/crdt.ts'
import type { CollectionConfig, DeviceConfig } from '#lib/protocol/device.ts'
import type { Mutation, OtOperation } from '#lib/protocol/mutation.ts'
import type { WireRecord } from '#lib/protocol/push.ts'
import type { FULL_SYNC_REASONS, SESSION_RESULTS, SessionReport } from '#lib/protocol/session.ts'
import type { DotCount } from './device-dots.ts'
import { ReplicaError } from './errors.ts'
import type { QuietTime } from './quiet-time.ts'
import { isStoredRecord } from './record-shape.ts'
import type { StoreTx, Table } from './store.ts'

export type FullSyncReason = (typeof FULL_SYNC_REASONS)[number]

/** Who this device is. `fleetId`, `epoch` and `token` are null before it is enrolled. */
export interface Identity {
  readonly deviceId: string
  /** Kept until the answer has come, so that a lost one is repeated and not a second enrollment. */
  readonly enrollRequestId: string
  readonly fleetId: string | null
  readonly epoch: number | null
  readonly token: string | null
  /** The one before the last rotation: a server that is restored to before it knows this one alone. */
  readonly tokenBefore?: string | undefined
  readonly former?: Former | undefined
}

/**
 * After a fork: the id that this device had, and a token that proves it. Kept for good, since a restore may take the link, and the
 * ones before it too, since it may take this id with its token; at most FORMERS_MAX.
 */
export interface Former {
  readonly deviceId: string
  readonly token: string
  readonly former?: Former | undefined
}

/** How far the device has read. A mark names the snapshot of a collection that is under way. */
export interface Position {
  readonly token: string | null
  /** Why everything must be read anew; null when a delta will do (TK4). */
  readonly fullReason: FullSyncReason | null
  readonly marks: Readonly<Record<string, string>>
}

/** A push that was sent and not answered: the retry sends the same bytes (SM3, SM4). */
export interface InFlight {
  readonly requestId: string
  readonly mutationIds: readonly string[]
  readonly body: string
  /** Some of it may have had its effect already: its last answer was lost. */
  readonly unsure?: true | undefined
  /** Mutations of the batch that it was halved from: they are sent before anything else (SM8). */
  readonly rest?: readonly string[] | undefined
}

/** Commands by id: those done already, and those whose doing the server has not heard of. */
export interface CommandLog {
  readonly done: readonly string[]
  readonly toAcknowledge: readonly string[]
}

/** A command that needs a request of its own; acknowledged when that went well. */
export interface Errand {
  readonly id: string
  readonly type: 'rotate' | 'send_diagnostics'
}

export interface SessionLock {
  readonly owner: string
  readonly expiresAtMs: number
}

export interface SessionSummary {
  readonly sessionId: string
  readonly mode: 'delta' | 'full'
  readonly fullReason: FullSyncReason | null
  readonly startedAt: string
  readonly endedAt: string
  readonly result: (typeof SESSION_RESULTS)[number]
  readonly pushed: number
  readonly pulled: number
  readonly conflicts: number
  readonly deadLettered: number
  /** The last state, and each request's kind, status and code; the last ATTEMPTS_SUMMED_MAX of them. */
  readonly endedIn: string
  readonly attempts: readonly {
    readonly kind: string
    readonly status: number
    readonly code: string | null
  }[]
}

export interface Counts {
  /** Pending mutations by collection; absent is 0. */
  readonly outbox: Readonly<Record<string, number>>
  readonly acknowledged: number
  readonly refusals: number
}

interface Meta {
  identity: Identity
  /** The last token that the app gave, and this store took over. */
  givenToken: string
  position: Position
  hlc: string
  reportSeq: number
  config: DeviceConfig
  /** The config version that the last answer named. */
  configNamed: number
  clock: readonly ClockSample[]
  inFlight: InFlight
  counts: Counts
  nextPosition: number
  /** Where in the queue this session's changes begin: a copy of the store may have the earlier ones too. */
  sessionFrom: number
  /** At most so many mutations in the next push, and changes in the next page; absent is no bound of its own (SM8). */
  batchMax: number
  pageMax: number
  /** Until the next opening: the server has refused what they told. */
  plainReports: true
  commands: CommandLog
  errands: readonly Errand[]
  /** When the state hash was last told, or the device began to count. Raw device clock. */
  stateTold: number
  /** The place in the server's queue of full syncs, as the last pull told it. */
  resyncPlace: number
  dots: DotCount
  /** Paused by an operator's command: the device only says that it lives. */
  pausedByServer: boolean
  quiet: QuietTime
  /** The session under way, told as abandoned when the process ends in it. */
  openSession: SessionReport
  /** How many session reports were ever filed: their order. */
  reportsFiled: number
  /** The last sessions in short, for diagnostics; a report itself goes when the server has it. */
  lastSessions: readonly SessionSummary[]
  lock: SessionLock
  /** There are notes of what was heard from other devices. */
  hasHeard: boolean
}
export type MetaKey = keyof Meta

/** A record as the server last showed it. */
export interface ReplicaRecord extends WireRecord {
  /** The snapshot that it was last seen in. */
  readonly mark: string | null
  /** The server no longer has it; kept only while changes to it are pending. */
  readonly orphan: boolean
  /** An own document write may have moved its paths' revisions on: only the server can say (CS5). */
  readonly otUnsure?: true | undefined
  /**
   * CRDTs that another device handed over and the server has not shown, and their schema version: a preview that its
   * HeardNote ends. With version 0 the server shows no record yet.
   */
  readonly heard?: CrdtStates | undefined
  readonly heardVersion?: number | undefined
}

/** A change of another device that the server has not decided, as far as is known here. */
export interface AwaitedChange {
  readonly id: string
  readonly deviceId: string
}

/** From the first sync on: what its author had to send has come by the server, or comes by it later. */
export const HEARD_KEPT_MS = 86_400_000

/** When a record's `heard` ends (docs/decisions/0043). Without its note it ends as the server next shows the record. */
export interface HeardNote {
  /** The first sync since; from then on it has HEARD_KEPT_MS. Device clock. */
  readonly sinceMs?: number | undefined
  /** Changes that are in it, without those that the server has applied: with none it ends after the next pull. */
  readonly awaits: readonly AwaitedChange[]
  /** One of them won't come as it was handed over: it ends after the next pull, and is handed to nobody. */
  readonly isOver?: true | undefined
  /** Texts of the record as a server showed them that was restored since (TK6), and their schema version; till all is read anew. */
  readonly lost?: CrdtStates | undefined
  readonly lostVersion?: number | undefined
  /** Such texts are in it: nobody can tell what to wait for, they have their day. */
  readonly holdsLost?: true | undefined
}

/** What a change itself adds to a counter and takes away, by JSON Pointer: its totals tell the sum of all so far. */
export type Counted = Readonly<Record<string, readonly [up: number, down: number]>>

/** One pending change. Its place in the queue never changes. */
export interface OutboxEntry {
  readonly position: number
  readonly mutation: Mutation
  readonly bytes: number
  /** Requests that it went out with: from the first on it is immutable but for a new stamp (SM4, CS1). */
  readonly sends: number
  /** The server asked to wait with this one. Raw device clock. */
  readonly notBeforeMs: number | null
  /** When that was: a clock that stands before it was set back, and the wait is over. */
  readonly heldAtMs?: number | undefined
  /** What a gateway said to it by itself, alone: it waits for that to be over (SM9). */
  readonly problem?: string | undefined
  /** Which opening of the replica made it; absent when it came back after a restore. */
  readonly opening?: string | undefined
  /** The id of its own that the last change had which was joined to it: for what a copy of the store doesn't have (FK1). */
  readonly joinedAs?: string | undefined
  /** Of a CRDT change. */
  readonly counted?: Counted | undefined
  /** It had its effect under this id before the server was restored: it isn't made anew (FK3). */
  readonly restored?: true | undefined
  /** What it went out as, where it is shown as another operation by now: it may have had its effect as that (SM4). */
  readonly sentAs?: OtOperation | undefined
  /** Of a restored server all was read anew before this sending of it (SM5): a repeated answer to that one is no news. */
  readonly readBefore?: number | undefined
  /** The id that it had its effect under before the server was restored, and the version that it made: past all where it made none. */
  readonly made?: readonly [deviceId: string, version: number] | undefined
  /** The server had acknowledged it before: it is told so, to count what a restored one lacks (TK6). */
  readonly acknowledged?: true | undefined
  /** The server had it, and tells what became of it (CM3): no view has it. */
  readonly asked?: true | undefined
}

/** What a change needs besides itself to wait again as it did. */
export interface Place {
  readonly position: number
  readonly counted?: Counted | undefined
  /** Another id of this device, from before or after a fork, that it had its effect under. */
  readonly under?: string | undefined
  /** That it made of the record; none where it changed nothing. */
  readonly version?: number | undefined
}

export interface AcknowledgedEntry extends Place {
  readonly mutation: Mutation
  readonly acknowledgedAtMs: number
}

/** A person must decide; the device shows its own side meanwhile (CS6). */
export interface ConflictNotice {
  readonly conflictId: string
  readonly collection: string
  readonly recordId: string
  /** Ours, in order. */
  readonly mutations: readonly Mutation[]
  /** By mutation id: this may be the only copy that a restored server can have it from (TK6). */
  readonly places?: Readonly<Record<string, Place>>
  /** Theirs, as the server answered it, or a pull has told it since (CS12). */
  readonly record: WireRecord | null
  /** The version of theirs that ours met. */
  readonly met?: number | undefined
  readonly noticedAtMs: number
  /** The server told that it was decided; the pull that brings the decision closes the notice. */
  readonly decided?: true | undefined
  /** A person wrote to the record since, which may have been the decision: the next heartbeat asks. */
  readonly unsure?: true | undefined
}

export interface DeadLetterNotice {
  readonly deadLetterId: string
  readonly code: string
  readonly detail: string
  /** JSON Pointer of the field that is at fault, where it is one and the server told it. */
  readonly path?: string | undefined
  readonly mutation: Mutation
  readonly noticedAtMs: number
}

/** A change that the server will not take and does not remember: kept here, and reported. */
export interface LocalRefusal {
  readonly code: string
  readonly detail: string
  readonly mutation: Mutation
  readonly noticedAtMs: number
}

/** What a damaged store lost, and what goes on (SDK4). */
export interface RecoveryNotice {
  readonly noticedAtMs: number
  /** Own changes that still wait. */
  readonly pendingKept: number
  /** Records of own changes that are lost, as far as they are known; at most LOST_CHANGES_TOLD_MAX. */
  readonly changesLost: readonly { readonly collection: string; readonly recordId: string }[]
  readonly mayHaveLostMore: boolean
  /** Conflicts, dead letters and refusals. */
  readonly noticesLost: number
  /** The device no longer knew who it was, and is another one now. */
  readonly isNewIdentity: boolean
  /** The file of the broken store; null when it was mended in place. */
  readonly setAside: string | null
}

/** Holds because every value was written as this type, by this code, under this key. */
export const storedAs = <T>(value: Json): T => value as unknown as T
const asJson = (value: object | string | number | boolean): Json => value as Json

/** The mark of a collection's full sync that runs; one may have the name of what every object inherits. */
export async function markOf(tx: StoreTx, collection: string): Promise<string | null> {
  const { marks } = (await getMeta(tx, 'position')) ?? NO_POSITION
  return Object.hasOwn(marks, collection) ? (marks[collection] ?? null) : null
}

export async function getMeta<K extends MetaKey>(tx: StoreTx, key: K): Promise<Meta[K] | null> {
  const value = await tx.get('meta', key)
  return value === undefined ? null : storedAs<Meta[K]>(value)
}

export const configOf = async (tx: StoreTx, collection: string): Promise<CollectionConfig | undefined> =>
  (await getMeta(tx, 'config'))?.collections.find(({ name }) => name === collection)

export async function setMeta<K extends MetaKey>(tx: StoreTx, key: K, value: Meta[K] | null): Promise<void> {
  await (value === null ? tx.remove('meta', key) : tx.put('meta', key, asJson(value)))
}

export async function getRow<T>(tx: StoreTx, table: Table, key: string): Promise<T | null> {
  const value = await tx.get(table, key)
  return value === undefined ? null : storedAs<T>(value)
}

export const putRow = (tx: StoreTx, table: Table, key: string, row: object): Promise<void> =>
  tx.put(table, key, asJson(row))

/** A replica has one from its opening on: a store without was emptied while it was open. */
export async function identityOf(tx: StoreTx): Promise<Identity> {
  const identity = await getMeta(tx, 'identity')
  if (!identity) throw new ReplicaError('store_corrupt', 'meta identity')
  return identity
}

export const SCAN_PAGE = 500

/** Every row of a prefix in key order, a page at a time, until `visit` answers false. */
export async function eachRow<T>(
  tx: StoreTx,
  table: Table,
  prefix: string,
  visit: (row: T, key: string) => Promise<boolean> | boolean,
): Promise<void> {
  let after: string | undefined
  for (;;) {
    const page = await tx.scan(table, { prefix, limit: SCAN_PAGE, ...(after === undefined ? {} : { after }) })
    for (const { key, value } of page) if (!(await visit(storedAs<T>(value), key))) return
    after = page.at(-1)?.key
    if (page.length < SCAN_PAGE) return
  }
}

export async function allRows<T>(
  tx: StoreTx,
  table: Table,
  prefix: string,
  limit: number,
): Promise<readonly T[]> {
  const rows: T[] = []
  await eachRow<T>(tx, table, prefix, (row) => rows.push(row) < limit)
  return rows
}

export const recordRowKey = (collection: string, recordId: string): string => `${collection}/${recordId}`
export const positionKey = (position: number): string => position.toString().padStart(15, '0')

export const getRecord = async (
  tx: StoreTx,
  collection: string,
  recordId: string,
): Promise<ReplicaRecord | null> => {
  const key = recordRowKey(collection, recordId)
  const value = await tx.get('records', key)
  return value === undefined ? null : asRecord(key, value)
}

/** A record that is none is damage: only the server can say what it was. */
export function asRecord(key: string, value: Json): ReplicaRecord {
  if (!isStoredRecord(key)(value)) throw new ReplicaError('store_corrupt', `records ${key}`)
  return storedAs<ReplicaRecord>(value)
}

export const NO_POSITION: Position = { token: null, fullReason: 'first', marks: {} }
export const NO_COUNTS: Counts = { outbox: {}, acknowledged: 0, refusals: 0 }

/** Everything is read anew with the next session, for this reason (TK4); the outbox is not touched. */
export const startOver = (tx: StoreTx, fullReason: FullSyncReason): Promise<void> =>
  setMeta(tx, 'position', { token: null, fullReason, marks: {} })
