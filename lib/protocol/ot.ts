import type { Json } from '#lib/kernel/json.ts'

/** What a path of a record holds under OT: its kind, and how many operations it has had. */
export interface OtState {
  readonly kind: 'text' | 'json'
  readonly revision: number
  /** In a deleted record what stood there, for what returns; left out where nothing did. */
  readonly was?: Json
}

/** By JSON Pointer. */
export type OtStates = Readonly<Record<string, OtState>>

/** A path as pulls carry it. `ops` are the operations since the token, one a revision; left out after compaction. */
export interface WireOtPath {
  readonly revision: number
  readonly ops?: readonly Json[] | undefined
}
