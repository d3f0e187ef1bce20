import type { BulkRule } from '#lib/engine/conflict/rule-choice.ts'
import type {
  ItemOutcome,
  ItemState,
  LetterKind,
  OperationKind,
  OperationState,
} from '#lib/engine/operation-machine.ts'
import type { JsonObject } from '#lib/kernel/json.ts'
import type { ConflictKey } from '#lib/query/conflict-fields.ts'
import type { Filter } from '#lib/query/field.ts'
import type { LetterKey } from '#lib/query/letter-fields.ts'
import type { Page, PageRequest, PushPlan, PushSnapshot, PushTx } from './ports.ts'
import type { Platform } from '#lib/protocol/device.ts'
import type { AuditEntry, DeadLetterRow } from './rows.ts'

/** How an `edit` changes each member: a JSON Patch (RFC 6902), or the collection's up-migrations from a version on. */
export type OperationEdit =
  | { readonly patch: readonly JsonObject[] }
  | {
      /** The schema version that its operation is in truth of, whatever it says itself. */
      readonly upMigrateFrom: number
    }

/** Why an operation stands still. */
export interface OperationPause {
  readonly by: 'person' | 'failures' | 'stage' | 'breaker'
  readonly detail: string
  readonly atMs: number
}

export interface OutcomeCount {
  readonly outcome: ItemOutcome | 'later'
  readonly code: string | null
  readonly count: number
}

/** What a dry run said of an operation. `later`: it would get no lasting answer for the moment. */
export interface PreviewCounts {
  /** Members that it looked at, the first in their order; the rest is beyond its bound. */
  readonly looked: number
  readonly counts: readonly OutcomeCount[]
}

/** A bulk action over dead letters (decision 0060), or over conflicts where its kind is `resolve` (0075). Times in Unix ms. */
export interface OperationRow {
  readonly id: string
  readonly fleetId: string
  readonly kind: OperationKind
  /** The filter as it was asked, and as it chose: ages made times, poison left out. */
  readonly q: string
  readonly conditions: Filter<LetterKey> | Filter<ConflictKey>
  readonly edit: OperationEdit | null
  /** What decides each conflict of a `resolve`; null of any other kind. */
  readonly rule: BulkRule | null
  readonly reason: string
  /** SHA-256 over what was asked, hex: the same id again is the same operation only with it. */
  readonly requestHash: string
  readonly actor: AuditEntry['actor']
  readonly state: OperationState
  readonly pause: OperationPause | null
  readonly ratePerSecond: number
  /** Members that the filter took; `total` has those held behind them too. */
  readonly matched: number
  readonly total: number
  readonly done: number
  readonly skipped: number
  readonly errored: number
  /** Since it was started or resumed. */
  readonly runDone: number
  readonly runErrored: number
  readonly preview: PreviewCounts | null
  readonly createdAtMs: number
  readonly previewedAtMs: number | null
  readonly startedAtMs: number | null
  readonly endedAtMs: number | null
  /** No member runs before. */
  readonly nextAtMs: number
  /** How often in a row its next member got no lasting answer. */
  readonly waits: number
  readonly version: number
}

/** A member. `ordinal` is its place from 1, causes before effects of one device; null are what it has not yet. */
export interface OperationItem {
  readonly ordinal: number
  /** The dead letter's id; of an operation that decides conflicts, the conflict's. */
  readonly letterId: string
  readonly behind: string | null
  readonly state: ItemState
  readonly outcome: ItemOutcome | null
  readonly code: string | null
  readonly detail: string | null
  /** Of an edited form, or of a decision, that had its effect. */
  readonly mutationId: string | null
  readonly atMs: number | null
}

/** A member's fate, in the transaction of its effect. */
export type SettledItem = Pick<OperationItem, 'ordinal' | 'code' | 'detail' | 'mutationId'> & {
  readonly outcome: ItemOutcome
}

/** Which letters an operation takes: those of the conditions, and what is held behind them or was closed with them. */
export interface Membership {
  readonly kind: LetterKind
  readonly conditions: Filter<LetterKey>
  /** Poisoned letters that are held behind a member come along. */
  readonly withPoison: boolean
}

/** Conflicts that a `resolve` takes, in the order in which they are decided: found by its conditions, page by page. */
export interface ChosenConflicts {
  readonly kind: 'resolve'
  readonly conditions: Filter<ConflictKey>
  readonly ids: readonly string[]
}

export interface Members {
  readonly matched: number
  /** In the order in which they run. */
  readonly items: readonly Pick<OperationItem, 'ordinal' | 'letterId' | 'behind'>[]
}

/** What a new operation is judged by before it is written. */
export interface NewCounts {
  readonly matched: number
  readonly total: number
  /** Others of the fleet that have not ended. */
  readonly unfinished: number
}

export type NewOperation = Omit<OperationRow, 'matched' | 'total' | 'kind' | 'conditions'> &
  (Membership | ChosenConflicts)

/** A member as it stands, with what its device is known to run on. */
export interface MemberLetter {
  readonly letter: DeadLetterRow
  readonly platform: Platform | null
}
export type MemberLetters = ReadonlyMap<string, MemberLetter>

/** One consistent look for a dry run: it locks nothing and writes nothing (DL13). */
export interface OperationSnapshot {
  members(membership: Membership, max: number): Promise<Members>
  /** Pending ones of an operation, behind an ordinal. */
  pending(
    operationId: string,
    afterOrdinal: number,
    limit: number,
  ): Promise<readonly Pick<OperationItem, 'ordinal' | 'letterId' | 'behind'>[]>
  letters(ids: readonly string[]): Promise<MemberLetters>
  load(plan: PushPlan): Promise<PushSnapshot>
}

/** What one transaction of a running operation leaves behind. */
export interface OperationStep {
  readonly items: readonly SettledItem[]
  readonly row: OperationRow
  /** Of letters that were closed: what came to be held behind them since becomes a member (DL3). */
  readonly settledMutationIds: readonly string[]
  readonly withPoison: boolean
  readonly audit: readonly AuditEntry[]
}

/** A transaction that holds the operation: no other process works on it meanwhile. */
export interface OperationTx {
  readonly row: OperationRow
  /** The database's clock, which every process shares. */
  readonly nowMs: number
  readonly push: Pick<PushTx, 'load' | 'write'>
  next(limit: number): Promise<readonly OperationItem[]>
  letters(ids: readonly string[]): Promise<MemberLetters>
  /** Closes those that are open, each with the letter whose discard took it along; the ids of those it closed. */
  discard(
    rows: readonly { readonly id: string; readonly behind: string | null }[],
    atMs: number,
  ): Promise<ReadonlySet<string>>
  /** Opens those that were discarded at `sinceMs` or later; their ids. */
  restore(ids: readonly string[], sinceMs: number): Promise<ReadonlySet<string>>
  /** Gives every pending member this fate; how many. */
  skipRest(outcome: ItemOutcome, code: string | null): Promise<number>
  /** Once, as the last. How many members were added. */
  settle(step: OperationStep): Promise<number>
}

export interface ItemFilter {
  readonly state: ItemState | null
  readonly outcome: ItemOutcome | null
}

export interface WorkingOperation {
  readonly fleetId: string
  readonly id: string
}

export interface PurgedOperations {
  readonly items: number
  readonly operations: number
}

/** Bulk actions over dead letters (ports.ts). */
export interface OperationPort {
  /**
   * Freezes its members and writes it, in one transaction. Where the id is taken the operation that has it is answered as it
   * stands, and nothing is written. `accept` is told the counts before anything is written; a throw of it is the caller's
   * refusal. More than `max` members are told as `max` + 1.
   */
  create(
    operation: NewOperation,
    max: number,
    accept: (counts: NewCounts) => void,
    audit: AuditEntry,
  ): Promise<{ readonly row: OperationRow; readonly isNew: boolean }>
  get(fleetId: string, id: string): Promise<OperationRow | null>
  /** Newest first. */
  list(fleetId: string, page: PageRequest): Promise<Page<OperationRow>>
  /** Members behind an ordinal, in order. */
  items(
    fleetId: string,
    id: string,
    filter: ItemFilter,
    afterOrdinal: number,
    limit: number,
  ): Promise<readonly OperationItem[]>
  outcomes(fleetId: string, id: string): Promise<readonly OutcomeCount[]>
  /**
   * Those that work is to be done for, running or cancelling, of all fleets in one statement: at most `most`, of each fleet its
   * oldest before its second oldest. None of a kind that this release does not know: a newer one works on it.
   */
  working(most: number): Promise<readonly WorkingOperation[]>
  /** Those that were made and never started, whose last dry run, or else their creation, was before; the oldest first. */
  unstarted(fleetId: string, beforeMs: number, limit: number): Promise<readonly string[]>
  /** Another text whenever something of the fleet's operations has changed. */
  mark(fleetId: string): Promise<string>
  /** Changes one as it then is, waiting for a transaction that holds it; null where there is none. A throw is a refusal. */
  change(
    fleetId: string,
    id: string,
    change: (row: OperationRow) => { readonly row: OperationRow; readonly audit: AuditEntry | null },
  ): Promise<OperationRow | null>
  /**
   * Deletes at most `limit` members of operations that ended before `beforeMs`, the oldest first, and each operation with the
   * last of its members, with an entry for it. Letters stay, and so do their own entries.
   */
  purge(
    fleetId: string,
    beforeMs: number,
    limit: number,
    auditOf: (operation: OperationRow) => AuditEntry,
  ): Promise<PurgedOperations>
  /** Takes hold of one that is running or cancelling, or answers null where another process has it. */
  hold<T>(fleetId: string, id: string, work: (tx: OperationTx) => Promise<T>): Promise<T | null>
  /** A look of a dry run. */
  look<T>(fleetId: string, work: (snapshot: OperationSnapshot) => Promise<T>): Promise<T>
}
