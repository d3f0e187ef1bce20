import type { Json, JsonObject } from '#lib/kernel/json.ts'
import type { VersionVector } from '#lib/kernel/version-vector.ts'
import type { CrdtStates } from '#lib/protocol/crdt.ts'
import type { JsonSchema, StrategyName, TieRule } from '#lib/protocol/device.ts'
import type { DeadLetterCode } from '#lib/protocol/error-codes.ts'
import type { Mutation } from '#lib/protocol/mutation.ts'
import type { EffectiveResult, MutationResult, Resolution } from '#lib/protocol/push.ts'
import type { BusinessRule, UpMigration } from '#lib/protocol/rules.ts'
import type { OtStates } from '#lib/protocol/ot.ts'
import type { ActingDevice } from './business-rules.ts'
import type { TextCrdt } from './crdt/text.ts'
import type { LoggedOp } from './ot/integrate.ts'
import type { OtLibrary } from './ot/ot-type.ts'
import type { PushDraft } from './push-draft.ts'

/** A collection's rules at one schema version, as the engine needs them. */
export interface CollectionRules {
  readonly name: string
  readonly strategy: StrategyName
  readonly fieldStrategies: Readonly<Record<string, StrategyName>>
  readonly tieRule: TieRule
  readonly schema: JsonSchema
  /** A quick yes for documents that fit (`compileAccept`), where many are judged; a device does without. */
  readonly accepts?: ((data: Json) => boolean) | null
  readonly schemaVersion: number
  readonly rules: readonly BusinessRule[]
  /** From older schema versions to this one (DL5). */
  readonly upMigrations: readonly UpMigration[]
  /** True when the fleet's own backend accepts or refuses what would be written (AU1). */
  readonly hasAuthority: boolean
}

/** A record as the authority holds it. `data` is null exactly when `deleted`. Times are Unix ms. */
export interface RecordState {
  readonly collection: string
  readonly recordId: string
  readonly version: number
  readonly deleted: boolean
  readonly data: JsonObject | null
  readonly hlc: string
  /** Who made this version. */
  readonly deviceId: string
  readonly versionVector: VersionVector
  readonly schemaVersion: number
  /** Its CRDTs by JSON Pointer; `data` holds what they read as. A deleted record keeps them, for edits that win over the delete. */
  readonly crdt: CrdtStates
  /** Of a record with CRDTs or under OT that was made anew over a deleted one: the version that began this life of it. */
  readonly life?: number | undefined
  /** Its paths under OT; left out when there are none. A deleted record keeps them. */
  readonly ot?: OtStates | undefined
  /** Of a record that is merged by field: when its fields were written, where that isn't `hlc`. */
  readonly stamps?: FieldStamps | undefined
}

/** Stamps by JSON Pointer; the root's is that of every field without one of its own. */
export type FieldStamps = Readonly<Record<string, string>>

/** An operation of one path of a record, in the authority's order. */
export interface PathOp extends LoggedOp {
  /** As the record named it under `schemaVersion`. */
  readonly path: string
  readonly schemaVersion: number
}

/** `collection/recordId`; collection names hold no slash. */
export type RecordKey = string
export const recordKey = (collection: string, recordId: string): RecordKey => `${collection}/${recordId}`

/** A mutation id that already had an effect (ID1), with what a child by `after` needs of it. */
export interface KnownMutation {
  readonly id: string
  readonly deviceId: string
  readonly mutation: Mutation
  readonly result: EffectiveResult
  /** Open while the dead letter waits; a replay is exempt from `duplicate` then (ID3). */
  readonly deadLetter: 'none' | 'open' | 'replayed' | 'discarded'
  /** Of that letter, open or closed: a mutation has one, which is opened again where it dies once more. Null for none. */
  readonly letterId: string | null
  /** The edited form that took its place, whose outcome its children go on from (AF4). */
  readonly replacedBy: string | null
}

/** What a person made of a conflict (CS6). */
export interface ConflictClosure {
  readonly conflictId: string
  /** The mutation that closed it. */
  readonly mutationId: string
  /** The device whose side it was. */
  readonly deviceId: string
  readonly kept: 'mine' | 'theirs' | 'merged'
  /** The record as the decision left it. */
  readonly version: number
  readonly data: JsonObject | null
}

/** A conflict as far as closing it, and those that wait behind it, are concerned. */
export interface KnownConflict {
  readonly id: string
  readonly collection: string
  readonly recordId: string
  readonly deviceId: string
  /** The device's side, under `schemaVersion`. */
  readonly local: JsonObject | null
  readonly schemaVersion: ConflictEffect['schemaVersion']
  readonly status: 'open' | 'resolved'
  /** Null while it is open, and when it settled by itself. */
  readonly closure: ConflictClosure | null
  /** Mutations that were answered with this conflict and wait for it, in the order of their arrival. */
  readonly held: readonly string[]
}

/** A document as somebody saw it, with its CRDTs. */
export interface SeenDocument {
  readonly data: JsonObject | null
  readonly crdt: CrdtStates
  /** What own writes left as plain values on the device, which has yet to hear that another's typing made texts of them. */
  readonly plain?: CrdtStates | undefined
}

/** The document at one version; unknown when retention took it, say, which counts as concurrent in every field. */
export type BaseDocument = ({ readonly kind: 'known' } & SeenDocument) | { readonly kind: 'unknown' }

/** A document with the schema version that it was written under. */
export interface BaseState extends SeenDocument {
  readonly schemaVersion: number
}

/** What the fleet's own backend said of a mutation, for the record as it saw it (AU1). */
export type AuthorityVerdict =
  | { readonly kind: 'accepted'; readonly recordVersion: number }
  | { readonly kind: 'refused'; readonly recordVersion: number; readonly message: string }
  | { readonly kind: 'unavailable'; readonly detail: string }
  /** Not asked, since its breaker is open or the push was out of time. */
  | { readonly kind: 'shed'; readonly retryAfterMs: number; readonly outOfTime?: true }

/** A mutation with what the edge knows of it. */
export interface IncomingMutation {
  readonly mutation: Mutation
  /** The mutation's JSON as it came, in UTF-8; null where it never was a text. */
  readonly text: Uint8Array | null
  /** Bytes of the mutation's JSON; over 256 KiB it is `too_large`. */
  readonly bytes: number
  /** First key that the contract doesn't name, when there is one. */
  readonly unknownField: string | null
}

export interface IncomingPush {
  readonly deviceId: string
  /** Other ids of this device, from before and after a fork. */
  readonly linkedIds?: readonly string[] | undefined
  readonly requestId: string
  readonly sessionId: string | null
  readonly atomic: boolean
  readonly mutations: readonly IncomingMutation[]
  /** True for a person at the desk, who decided on the record as it is now; it may return from a deletion. */
  readonly byDesk: boolean
  /** Who made them; of a replay, the letter's device. */
  readonly device: ActingDevice
  /** By mutation id, for those whose collection has an authority that was asked. */
  readonly verdicts: ReadonlyMap<string, AuthorityVerdict>
  /** Set when an open dead letter runs again: the mutation keeps its id (ID3). */
  readonly replayOf: string | null
  /** The letter's own mutation id when it runs in an edited form, under a new id (ID3). */
  readonly editOf: string | null
  /** Whoever wrote that form had the record as it stands before them; an operation over many letters hasn't. */
  readonly isOfToday?: boolean
  /** Collections that a breaker keeps shut: nothing of theirs is loaded, their mutations are `shed`. In ms. */
  readonly shed?: ReadonlyMap<string, number>
}

/** What the engine may look at: everything that was loaded under the streams' locks. */
export interface PushWorld {
  readonly nowMs: number
  readonly epoch: number
  /** The one before the last restore; absent where there was none, or nobody noted it: then the number before. */
  readonly epochBefore?: number | undefined
  readonly collections: ReadonlyMap<string, CollectionRules>
  /** Head version per collection; the next version is head + 1. */
  readonly heads: ReadonlyMap<string, number>
  readonly records: ReadonlyMap<RecordKey, RecordState>
  /** By `collection/recordId@version`. Versions equal to the current record's are not listed. */
  readonly bases: ReadonlyMap<string, BaseState>
  readonly mutations: ReadonlyMap<string, KnownMutation>
  /** Those that mutations and their parents name. */
  readonly conflicts: ReadonlyMap<string, KnownConflict>
  /** By device, its other ids from before and after a fork: of those whose changes run without a push of theirs. */
  readonly linked: ReadonlyMap<string, readonly string[]>
  /** Tries that failed for the moment so far, by mutation id (DL4); absent when none did. */
  readonly failedTries: ReadonlyMap<string, number>
  /** Null where OT isn't loaded. */
  readonly ot: OtLibrary | null
  /** Operations by record, in order: those after what the mutations were made on. */
  readonly otLog: ReadonlyMap<RecordKey, readonly PathOp[]>
  /** Mutations for which not all was read that they need: it is more than one push may read (PU7). */
  readonly unread: ReadonlySet<string>
  /** Collaborative text; null where it isn't loaded, which no server is. */
  readonly text: TextCrdt | null
}

export const baseKey = (collection: string, recordId: string, version: number): string =>
  `${collection}/${recordId}@${version}`

/** One mutation that had an effect, for the change log. */
export interface ChangeEffect {
  readonly incoming: IncomingMutation
  readonly deviceId: string
  readonly requestId: string
  readonly sessionId: string | null
  readonly result: EffectiveResult
  /** Present when it made a version. */
  readonly record: RecordState | null
  /** The version that this one replaced, kept as a base for merges. */
  readonly replaced: RecordState | null
  readonly conflict: ConflictEffect | null
  readonly deadLetter: DeadLetterEffect | null
  readonly replayOf: string | null
  /** Operations that it added to paths under OT. */
  readonly otOps: readonly PathOp[]
  /** The conflict behind which it waits. */
  readonly heldBy: string | null
  /** The conflict for which it waited; its row in the log changes, no new one is made. */
  readonly releasedBy: string | null
  /** Present when it closed a conflict. */
  readonly closes: ConflictClosure | null
  readonly editOf: string | null
}

/** CS7: who lost what. */
export interface ConflictEffect {
  readonly id: string
  readonly strategy: StrategyName
  readonly outcome: 'local' | 'remote' | 'merge' | 'manual'
  readonly fields: readonly string[]
  /** Of the sides; what a person's decision makes `result` is of the day's. Null in a row of a release before it was kept. */
  readonly schemaVersion: number | null
  readonly base: JsonObject | null
  readonly baseKnown: boolean
  readonly local: JsonObject | null
  readonly remote: JsonObject | null
  /** The record's version that `remote` is; 0 where there was none, null in a row of a release before it was kept. */
  readonly remoteVersion: number | null
  /** When the fields of `remote` were written, where that isn't its own stamp; for a replay of what was decided (lab). */
  readonly remoteStamps?: FieldStamps | undefined
  readonly result: JsonObject | null
  readonly resolution: Resolution | null
}

export interface DeadLetterEffect {
  readonly id: string
  readonly code: DeadLetterCode
  readonly detail: string
  /** JSON Pointer into the document that was refused, when one place is to blame. */
  readonly path: string | null
  readonly base: JsonObject | null
  readonly parentMutationId: string | null
}

/** What a push does: either everything stands, or (atomic) nothing but the would-be results. */
export type PushDecision =
  | {
      readonly kind: 'committed'
      readonly results: readonly MutationResult[]
      readonly effects: readonly ChangeEffect[]
      /** The effects as they lie over the world that was looked at. */
      readonly draft: PushDraft
    }
  | { readonly kind: 'aborted'; readonly results: readonly MutationResult[]; readonly effects: readonly [] }

export type SchemaIssue = { readonly path: string; readonly message: string }
export type SchemaCheck =
  | { readonly ok: true }
  | { readonly ok: false; readonly issues: readonly SchemaIssue[] }
