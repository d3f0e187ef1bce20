import type { JsonObject } from '#lib/kernel/json.ts'
import type { Mutation } from '#lib/protocol/mutation.ts'
import type { BaseDocument, CollectionRules, RecordState } from '../types.ts'

/** What a strategy may look at besides base, current record and mutation. */
export interface ConflictContext extends Pick<CollectionRules, 'strategy' | 'fieldStrategies' | 'tieRule'> {
  /** The document as the device has it; null when it deleted the record. */
  readonly local: JsonObject | null
}

/** What becomes of a concurrent mutation. `fields` are JSON Pointers of what both sides changed. */
export type ConflictDecision =
  /** Both sides say the same: nothing to decide. */
  | { readonly kind: 'same' }
  | { readonly kind: 'local'; readonly fields: readonly string[] }
  | { readonly kind: 'remote'; readonly fields: readonly string[] }
  | { readonly kind: 'merge'; readonly data: JsonObject; readonly fields: readonly string[] }
  | { readonly kind: 'person'; readonly strategy: 'fww' | 'manual'; readonly fields: readonly string[] }

/** A conflict strategy: pure, deterministic, without a throw on any JSON (CS8). */
export type Strategy = (
  base: BaseDocument,
  current: RecordState,
  mutation: Mutation,
  context: ConflictContext,
) => ConflictDecision
