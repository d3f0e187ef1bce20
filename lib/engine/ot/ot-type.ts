import type { Json } from '#lib/kernel/json.ts'
import type { Result } from '#lib/kernel/result.ts'
import type { PushWork } from '../push-work.ts'
import type { AppliedOp } from './before-applied.ts'

export type OtKind = 'text' | 'json'

/** Why an operation can't be taken. */
export type OtFailure =
  /** Not one of its kind. */
  | 'bad_op'
  /** More components, or nested deeper, than is taken. */
  | 'too_large'
  /** It means another document than the one it is applied to. */
  | 'does_not_fit'
  /** What stands at its path is not of its kind. */
  | 'kind_mismatch'
  /** The log no longer reaches back to its base, or the way from there is too long. */
  | 'unknown_revision'

/** Which of two operations on one document comes first where both insert at one place: the left one. */
export type Side = 'left' | 'right'

/**
 * A kind of operational transformation over a library that is loaded on demand. Operations are JSON in the library's
 * form; `parse` takes what comes from outside, everything else only what came out of `parse`, `transform` or `diff`.
 * Nothing throws, and time is bounded by the sizes that `parse` and the document allow.
 */
export interface OtType {
  readonly kind: OtKind
  parse(ops: Json): Result<Json, OtFailure>
  /** `undefined` stands for nothing at that place. */
  apply(value: Json | undefined, op: Json): Result<Json | undefined, OtFailure>
  /** What operations that all were applied once, in this order, make of a value: as `apply` one by one, asking less. */
  redo(value: Json | undefined, ops: readonly Json[]): Result<Json | undefined, OtFailure>
  /** `op` as it has to be once `other`, made on the same document, was applied (TP1). */
  transform(op: Json, other: Json, side: Side): Result<Json, OtFailure>
  /** One operation with the effect of both, the second made on what the first leaves. */
  compose(first: Json, second: Json): Result<Json, OtFailure>
  /** An operation that makes `after` of `before`; what it takes to find it is noted in `work`. */
  diff(before: Json | undefined, after: Json | undefined, work?: PushWork): Result<Json, OtFailure>
  /**
   * As `diff`, where these operations are the newest of what was done since, behind what no log has: what others did by
   * them is told, and only the rest is compared.
   */
  diffSince(
    before: Json | undefined,
    after: Json | undefined,
    applied: readonly AppliedOp[],
    work?: PushWork,
  ): Result<Json, OtFailure>
  /** As `diff`, of two lives of a record: nothing of `before` goes on in `after`, names of objects aside. */
  renew(before: Json | undefined, after: Json | undefined): Result<Json, OtFailure>
  /** Roughly how long `transform` of the two takes; 1 for two of one component each. */
  cost(op: Json, other: Json): number
}

/** Both kinds; null where an application has not loaded them. */
export type OtLibrary = Readonly<Record<OtKind, OtType>>
