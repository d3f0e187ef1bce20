import type {
  BaseState,
  ChangeEffect,
  KnownConflict,
  KnownMutation,
  PathOp,
  RecordKey,
  RecordState,
} from '#lib/engine/types.ts'
import type { LoadPlan } from '#lib/engine/load-plan.ts'
import type { RecordTexts } from '#lib/engine/wire-record.ts'
import type { Json, JsonObject } from '#lib/kernel/json.ts'
import type { Platform } from '#lib/protocol/device.ts'
import type { Mutation } from '#lib/protocol/mutation.ts'
import type { EffectiveResult } from '#lib/protocol/push.ts'
import type { TelemetryEvent } from '#lib/telemetry/events.ts'
import type { MovedRange } from './delivery-slice.ts'
import type { AuditEntry, DeadLetterStatus, Device, Fleet, StoredReport } from './rows.ts'

/** What pushes and pulls move through the ports (ports.ts). Times are Unix milliseconds; ids are UUID texts. */

/** What a group of pushes needs; streams are locked first, in order, then devices, in order. */
export interface PushPlan extends LoadPlan {
  readonly deviceIds: readonly string[]
  readonly requests: readonly { readonly deviceId: string; readonly requestId: string }[]
  /** Mutations that may fail for the moment, whose tries so far count (DL4). */
  readonly triesOf: readonly string[]
  /** Devices whose changes run without a push of theirs: those of letters. Those of changes that are held are found. */
  readonly linksOf: readonly string[]
}

/** Dead letters of a device on one Unix day. */
export interface LetterDay {
  readonly day: number
  readonly count: number
}

export interface StoredResponse {
  readonly deviceId: string
  readonly requestId: string
  /** SHA-256 over the ids and stamps of its mutations and `atomic`, hex. */
  readonly requestHash: string
  /** What the log doesn't have of its answer (decision 0039). */
  readonly body: string
  readonly createdAtMs: number
}

export interface PushSnapshot {
  readonly fleet: Pick<Fleet, 'epoch' | 'epochBefore' | 'configVersion'>
  readonly heads: ReadonlyMap<string, number>
  readonly devices: ReadonlyMap<string, Device>
  /** By `deviceId/requestId`. */
  readonly responses: ReadonlyMap<string, StoredResponse>
  readonly records: ReadonlyMap<RecordKey, RecordState>
  readonly bases: ReadonlyMap<string, BaseState>
  readonly mutations: ReadonlyMap<string, KnownMutation>
  readonly conflicts: ReadonlyMap<string, KnownConflict>
  /** By record, each path's in order. */
  readonly otLog: ReadonlyMap<RecordKey, readonly PathOp[]>
  /** Mutations whose read of it was cut by what else their push reads. */
  readonly otUnread: ReadonlySet<string>
  /** By device id, its other ids, of those in `linksOf` and of what is held behind the conflicts. */
  readonly linked: ReadonlyMap<string, readonly string[]>
  readonly failedTries: ReadonlyMap<string, number>
  /** By device id: the last day on which it made dead letters. */
  readonly letterDays: ReadonlyMap<string, LetterDay>
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
  /** Tries that failed for the moment, with their number so far; those of a device beyond its bound are forgotten. */
  readonly failedTries: readonly {
    readonly mutationId: string
    readonly deviceId: string
    readonly tries: number
    /** It counts only where the last one that did is so long ago, ms; without it always. */
    readonly spacedMs?: number
  }[]
  /** Mutations that were tried before and have an effect now. */
  readonly endedTries: readonly string[]
  readonly letterDays: readonly (LetterDay & { readonly deviceId: string })[]
}

export interface PullRead {
  readonly collection: string
  readonly afterVersion: number
  /** Up to which version the reader holds all, where it is known to (TK9): operations under OT are told from there. */
  readonly heldVersion?: number
}

/** A record, and a version of its collection. */
export interface RecordAt {
  readonly collection: string
  readonly recordId: string
  readonly version: number
}

/** The versions past `afterVersion`, up to `upTo`. */
export interface TallyRange extends PullRead {
  readonly upTo: number
}

/** An operation under OT as a pull reads it. */
export interface PulledOp {
  readonly path: string
  readonly revision: number
  readonly ops: Json
  /** The one before it is in the log too: nothing was compacted between. */
  readonly follows: boolean
}

export interface PullPage {
  /** By record: operations since the position, in order; absent for one that is read from the start. */
  readonly otOps: ReadonlyMap<RecordKey, readonly PulledOp[]>
  readonly epoch: number
  readonly heads: ReadonlyMap<string, number>
  /** The newest version of a tombstone that was purged: who read less far has missed a delete. Absent is 0. */
  readonly purged: ReadonlyMap<string, number>
  /** Newest version of each record past its position, by collection in the order asked, then by version. */
  readonly records: readonly RecordTexts[]
  /** Position that each collection has reached with this page: its head, or the last version that fitted. */
  readonly reached: ReadonlyMap<string, number>
  readonly hasMore: boolean
}

export interface Tally extends Pick<PullPage, 'epoch' | 'heads' | 'purged'> {
  /** How many records stand in each range, tombstones included. */
  readonly records: ReadonlyMap<string, number>
}

/** One live record at a version, for the state hash. */
export interface StateRow {
  readonly recordId: string
  readonly version: number
  readonly data: JsonObject
}

/** A device's shown position: what it had at `previous`, it has at `version` now. */
export interface DeliveredRange extends MovedRange {
  /** Made by other devices and committed after the device's first snapshot was complete. */
  readonly changes: readonly { readonly committedAtMs: number; readonly madeAtMs: number }[]
}

/** What a device shows to have received. */
export interface DeliveredPositions {
  readonly deviceId: string
  /** Of its fleet, under which it was brought this. */
  readonly epoch: number
  /** Where it stands, by collection. */
  readonly positions: ReadonlyMap<string, number>
  /** Where it is thought to have stood: saves a look where it is right. */
  readonly before: ReadonlyMap<string, number>
  /** Collections whose first snapshot is complete. */
  readonly firstComplete: readonly string[]
  readonly atMs: number
  readonly describe: (ranges: readonly DeliveredRange[]) => readonly TelemetryEvent[]
}

/** How a mutation stands by now; `letter` is that of one that died. */
export interface MutationStanding {
  readonly mutationId: string
  readonly collection: string
  readonly status: string
  readonly letter: DeadLetterStatus | null
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
