import type { Json } from '#lib/kernel/json.ts'

/** What a path of a record holds under OT: its kind, and how many operations it has had. */
export interface OtState {
  readonly kind: 'text' | 'json'
  readonly revision: number
  /** In a deleted record what stood there, for what returns; left out where nothing did. */
  readonly was?: Json
  /** Absent where the fleet was never restored before its newest operation. */
  readonly since?: OtEpoch
}

/** What a restored server has made of a path anew: an older epoch's revisions may name something else there. */
export interface OtEpoch {
  readonly epoch: number
  /** The one before it; absent where that is the number before. */
  readonly before?: number
  /** Up to this one revisions are of the backup, and mean the same in the epoch before. */
  readonly revision: number
  /** The only device that has written there since; null where several have. */
  readonly by: string | null
}

/** By JSON Pointer. */
export type OtStates = Readonly<Record<string, OtState>>

/** A path as pulls carry it. `ops` are the newest operations, one a revision, from the token or before it; left out after compaction. */
export interface WireOtPath {
  readonly revision: number
  readonly kind?: OtState['kind'] | undefined
  readonly ops?: readonly Json[] | undefined
}
