import type { Result } from '#lib/kernel/result.ts'
import type { TextState } from '#lib/protocol/crdt.ts'

/**
 * Collaborative text. Yjs does it (text-yjs.ts), and is passed in: the server imports that module, a device loads it
 * when it meets the first text, so that nothing else carries Yjs (docs/decisions).
 */
export interface TextCrdt {
  /** The state of an update that came from outside: well-formed, plain text only, of bounded work. */
  check(change: { readonly update: string }): Result<TextState, 'bad_update'>
  /** Both updates in one. Commutative, associative and idempotent in what it reads. */
  merge(a: TextState, b: TextState): Result<TextState, 'bad_update'>
  read(state: TextState): Result<string, 'bad_update'>
  /**
   * The delta that makes `base` (null: nothing) read `next`, by the writer that `seed` names: equal seeds make equal
   * deltas. `other_root` when the text lies in several root types.
   */
  edit(
    base: TextState | null,
    next: string,
    seed: string,
  ): Result<TextState, 'bad_update' | 'other_root' | 'too_large'>
  /** False when `delta` writes to another root type than the text has: nobody would see it. */
  sharesRoot(state: TextState, delta: TextState): boolean
}
