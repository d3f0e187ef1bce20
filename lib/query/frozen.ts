import { unreachable } from '#lib/kernel/result.ts'
import type { Comparison, Filter } from './field.ts'

/**
 * A filter with its ages made times, as of `nowMs`: what storage is asked, and what an operation keeps, so that its range
 * stays where it was when it is run later. Written out it is a filter again. Pure.
 */
export const frozen = <Key extends string>(filter: Filter<Key>, nowMs: number): Filter<Key> =>
  filter.map((one) =>
    one.kind === 'age'
      ? { kind: 'within', key: one.key, not: one.not, ...rangeOf(one.comparison, nowMs - one.ageMs) }
      : one,
  )

/** Whole milliseconds; younger than an age is later than its time. */
function rangeOf(
  comparison: Comparison,
  atMs: number,
): { readonly fromMs: number | null; readonly toMs: number | null } {
  switch (comparison) {
    case '<':
      return { fromMs: atMs + 1, toMs: null }
    case '<=':
      return { fromMs: atMs, toMs: null }
    case '>':
      return { fromMs: null, toMs: atMs }
    case '>=':
      return { fromMs: null, toMs: atMs + 1 }
    case '=':
      return { fromMs: atMs, toMs: atMs + 1 }
    default:
      return unreachable(comparison)
  }
}
