import type { DeadLetterCause } from './overview.ts'

/** Causes that are read one by one: a defective app that puts another place into every letter makes as many causes. */
export const OPEN_CAUSES_MAX = 1_000

/** Open dead letters by cause. */
export interface OpenCauses {
  /** Most frequent first, bounded. */
  readonly causes: readonly DeadLetterCause[]
  /** What is past the bound, by code. */
  readonly left: Readonly<Record<string, CauseTotals>>
}
export interface CauseTotals {
  readonly causes: number
  readonly letters: number
}

/** All of them, those past the bound among them. */
export function totalsOf({ causes, left }: OpenCauses): CauseTotals {
  const past = Object.values(left)
  return {
    causes: past.reduce((sum, one) => sum + one.causes, causes.length),
    letters: past.reduce(
      (sum, one) => sum + one.letters,
      causes.reduce((sum, { count }) => sum + count, 0),
    ),
  }
}

/** Open letters of each code. */
export function openByCode({ causes, left }: OpenCauses): Readonly<Record<string, number>> {
  const byCode = new Map(Object.entries(left).map(([code, { letters }]) => [code, letters]))
  for (const { code, count } of causes) byCode.set(code, (byCode.get(code) ?? 0) + count)
  return Object.fromEntries(byCode)
}
