import type { Result } from '#lib/kernel/result.ts'
import type { TextState } from '#lib/protocol/crdt.ts'
import type { TextEdits } from '../replaced-range.ts'

/** A writer's number in one text, and how many units it has written there under it. */
export interface TextWriter {
  readonly client: number
  readonly clock: number
}

/**
 * Collaborative text. Yjs does it (text-yjs.ts), and is passed in: the server imports that module, a device loads it
 * when it meets the first text, so that nothing else carries Yjs (docs/decisions).
 */
export interface TextCrdt {
  /** The state of an update that came from outside: well-formed, plain text only, of bounded work. */
  check(change: { readonly update: string }): Result<TextState, 'bad_update'>
  /** The same of a whole text, which has as many parts as were ever typed: bounded by whoever bounds its characters. */
  checkWhole(state: { readonly update: string }): Result<TextState, 'bad_update'>
  /** Both updates in one. Commutative, associative and idempotent in what it reads. */
  merge(a: TextState, b: TextState): Result<TextState, 'bad_update'>
  read(state: TextState): Result<string, 'bad_update'>
  /**
   * The delta that makes `base` (null: nothing) read `next`, or that does these edits in it, place by place (all in one
   * range where `base` reads otherwise than they begin), by a writer whose number `seed` makes: equal seeds make equal deltas. `own` is a writer that goes on,
   * if `base` holds all that it wrote and no more under its number.
   */
  edit(
    base: TextState | null,
    next: string | TextEdits,
    seed: string,
    own?: TextWriter,
  ): Result<TextState, 'bad_update' | 'other_root' | 'too_large'>
  /** The delta that brings `then` to what it has become; null where `now` doesn't hold all of it, or a part of either waits. */
  since(then: TextState, now: TextState): TextState | null
  /**
   * The delta that does in `onto`, which reads as `was`, all that was done from `was` to `is`, place by place: what lies
   * between two places stays. By a writer whose number `seed` makes.
   */
  carry(was: TextState, is: TextState, onto: TextState, seed: string): Result<TextState, 'bad_update'>
  /** Who wrote an edit, as it can go on from there; null for one that only deletes. */
  writerOf(edit: TextState): TextWriter | null
  /** Whether the state has all that was written in `part`, nothing of it waiting for an earlier part. */
  holds(state: TextState, part: TextState): boolean
  /** Whether a part of it can't be seen, since it stands on one that isn't there. */
  waits(state: TextState): boolean
  /** Whether both are states of one text: a part of one writer is in both, or nothing is in one of them. */
  meets(a: TextState, b: TextState): boolean
  /**
   * The delta that says in `base` what the edits `own` wrote and only `whole` shows, as it stands on what `base` doesn't
   * have: behind the nearest character before it that `base` still shows; of another text than `base` is, at the places
   * that read alike. It takes back the former parts: nothing is seen
   * twice where what they stand on comes later. Null for nothing.
   */
  restate(
    whole: TextState,
    base: TextState,
    own: readonly TextState[],
    seed: string,
  ): Result<TextState | null, 'bad_update'>
  /**
   * What would be lost without a trace: `other_root` when `delta` writes to another root type than the text has, so
   * that nobody would see it; `client_reused` when it says otherwise what a writer's number stands for in `state`.
   */
  clash(state: TextState, delta: TextState): 'bad_update' | 'other_root' | 'client_reused' | null
}
