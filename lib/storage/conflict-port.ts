import type { ConflictClosure, ConflictEffect } from '#lib/engine/types.ts'
import type { ConflictKey, ConflictSort, ConflictStatus, KeptSide } from '#lib/query/conflict-fields.ts'
import type { FacetCounts } from '#lib/query/facets.ts'
import type { Filter } from '#lib/query/field.ts'
import type { AuditEntry } from './rows.ts'
import type { Page, PageRequest } from './ports.ts'

export type { ConflictStatus } from '#lib/query/conflict-fields.ts'

/** What people say of a conflict. */
export interface DeskNote {
  /** A person or a team; null for nobody. */
  readonly assigned: string | null
  readonly note: string
  /** Raised by each change of the two. */
  readonly version: number
}

export interface ConflictRow extends ConflictEffect {
  readonly fleetId: string
  readonly mutationId: string
  readonly collection: string
  readonly recordId: string
  readonly deviceId: string
  /** As the device was called when it arose. */
  readonly deviceName: string
  /** Of the device whose change met the conflict; '' in a row of a release before it was kept. */
  readonly appVersion: string
  /** Of whoever had written what it met; null where that isn't known. */
  readonly remoteAppVersion: string | null
  readonly sessionId: string | null
  readonly status: ConflictStatus
  readonly createdAtMs: number
  /** How a person closed it; null while it is open, and for one that settled by itself. */
  readonly closure:
    | (Pick<ConflictClosure, 'mutationId' | 'kept' | 'version'> & { readonly atMs: number })
    | null
  readonly desk: DeskNote
}

/** Conditions are `frozen`. */
export interface ConflictFilter {
  readonly conditions: Filter<ConflictKey>
  readonly sort: ConflictSort
  /** How many are looked through; CONFLICT_LOOK_MAX without. */
  readonly lookMax?: number
}

/** Conflicts of one collection over one field between two app versions. One over two fields is in two groups. */
export interface ConflictGroup {
  readonly collection: string
  /** A JSON Pointer, or one of the words of lib/query/conflict-fields.ts. */
  readonly place: string
  readonly appVersion: string
  readonly remoteAppVersion: string | null
  readonly count: number
  readonly devices: number
  readonly oldestAtMs: number
  readonly newestAtMs: number
}

export interface ConflictGroups {
  /** Most conflicts first. */
  readonly groups: readonly ConflictGroup[]
  /** All there are, those past the limit among them. */
  readonly total: number
}

/** Conflicts between two app versions, the device's first. Each conflict is in one pair. */
export interface ConflictPair {
  /** '' where it isn't known. */
  readonly appVersion: string
  readonly remoteAppVersion: string | null
  readonly count: number
}
export interface ConflictPairs {
  /** Most conflicts first. */
  readonly pairs: readonly ConflictPair[]
  /** All there are, and the conflicts in them, those past the limit among them. */
  readonly total: number
  readonly conflicts: number
  /** There are more conflicts than were looked through. */
  readonly capped: boolean
}

/** One side of a conflict as the change log tells it. Times in Unix ms. */
export interface ConflictSide {
  readonly mutationId: string
  readonly deviceId: string
  /** As it is called now; null for one that is gone, and for the desk. */
  readonly deviceName: string | null
  readonly appVersion: string
  readonly hlc: string
  /** Corrected by the device's offset. */
  readonly madeAtMs: number
  readonly committedAtMs: number
  /** How far the device's clock was off when it made it; null where it didn't say. */
  readonly offsetMs: number | null
}
/** Null where the change log has it no more. */
export interface ConflictSides {
  readonly local: ConflictSide | null
  readonly remote: ConflictSide | null
}

/** How long people took for those that they closed. */
export interface SettleTimes {
  readonly count: number
  readonly p50Ms: number | null
  readonly p95Ms: number | null
  readonly kept: Readonly<Record<KeptSide, number>>
}

/** Conflicts, who lost what, and what people say and made of them (ports.ts). */
export interface ConflictPort {
  /**
   * In the filter's order. A page looks through CONFLICT_LOOK_MAX conflicts: it may hold fewer than its limit, or none, and
   * still have a `next`.
   */
  list(fleetId: string, filter: ConflictFilter, page: PageRequest): Promise<Page<ConflictRow>>
  /** Of the first CONFLICT_LOOK_MAX in its order. */
  facets(fleetId: string, filter: ConflictFilter): Promise<FacetCounts<ConflictKey>>
  /** Of the first CONFLICT_LOOK_MAX in its order. */
  groups(fleetId: string, filter: ConflictFilter, limit: number): Promise<ConflictGroups>
  /** Of the first CONFLICT_LOOK_MAX in its order. */
  pairs(fleetId: string, filter: ConflictFilter, limit: number): Promise<ConflictPairs>
  get(fleetId: string, id: string): Promise<ConflictRow | null>
  ofSession(fleetId: string, sessionId: string): Promise<readonly ConflictRow[]>
  countOpen(fleetId: string): Promise<number>
  /** Who made each side, by conflict id; a conflict that is not there has no entry. */
  sides(fleetId: string, ids: readonly string[]): Promise<ReadonlyMap<string, ConflictSides>>
  /** Of those that people closed in [fromMs, toMs). */
  settleTimes(fleetId: string, fromMs: number, toMs: number): Promise<SettleTimes>
  /** Changes what people say of one, as it then is; null where there is none. A throw of `change` is a refusal. */
  annotate(
    fleetId: string,
    id: string,
    change: (row: ConflictRow) => { readonly desk: DeskNote; readonly audit: AuditEntry },
  ): Promise<ConflictRow | null>
}
