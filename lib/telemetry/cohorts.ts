import type { Share } from './pillars.ts'

/** A figure with the range that it lies in at 95 %. Rates from 0 to 1, times in ms. */
export interface Estimate {
  readonly value: number
  readonly low: number
  readonly high: number
}

/** What the difference of two cohorts says: `alike` is no proof that they are equal, but that nothing tells them apart. */
export type CohortVerdict = 'worse' | 'better' | 'alike' | 'unk'

export const COHORT_MEASURES = [
  'uploadLag',
  'conflicts',
  'failures',
  'failedSessions',
  'deadLetters',
] as const
export type CohortMeasure = (typeof COHORT_MEASURES)[number]

/** One measure of one cohort. */
export interface CohortFigure {
  /** Null when there are too few to say. */
  readonly estimate: Estimate | null
  /** How many it is of: changes, requests or sessions. */
  readonly of: number
}

/** One measure of cohort `a` beside cohort `b`. */
export interface CohortRow {
  readonly measure: CohortMeasure
  readonly a: CohortFigure
  readonly b: CohortFigure
  /** a - b; null when one of the two is not known. */
  readonly difference: Estimate | null
  /** Of `a`: every measure here is better when it is lower. */
  readonly verdict: CohortVerdict
}

/** Two app versions in the same stretch of time. */
export interface CohortAnswer {
  readonly fromMs: number
  readonly toMs: number
  /** Null where fewer than two app versions are known. */
  readonly a: string | null
  readonly b: string | null
  /** Those that were heard in this time, the most heard first, at most 20. */
  readonly versions: readonly string[]
  readonly rows: readonly CohortRow[]
}

/** Under this many nothing is said of a cohort: the interval would be as wide as the scale. */
export const COHORT_MIN = 20

/** Standard normal deviate of a two-sided 95 %. */
const Z = 1.959_963_984_540_054

/**
 * A share with Wilson's score interval, which stays within 0 and 1 and says something of 0 out of n.
 * Null under `COHORT_MIN`. (E. B. Wilson, JASA 22, 1927.)
 */
export function estimateShare({ part, whole }: Pick<Share, 'part' | 'whole'>): Estimate | null {
  if (whole < COHORT_MIN) return null
  const p = Math.min(part, whole) / whole
  const z2 = Z * Z
  const middle = p + z2 / (2 * whole)
  const half = Z * Math.sqrt((p * (1 - p)) / whole + z2 / (4 * whole * whole))
  const scale = 1 + z2 / whole
  // Rounding may put a border a hair beyond the share that it belongs to.
  return {
    value: p,
    low: Math.min(p, Math.max(0, (middle - half) / scale)),
    high: Math.max(p, Math.min(1, (middle + half) / scale)),
  }
}

/**
 * A quantile with the interval between the two order statistics whose ranks lie 1.96 standard deviations of the binomial
 * around its own: of whatever distribution. Null under `COHORT_MIN`.
 * @param at the nearest-rank quantile of the same values
 */
export function estimateQuantile(
  q: number,
  count: number,
  at: (q: number) => number | null,
): Estimate | null {
  if (count < COHORT_MIN) return null
  const half = Z * Math.sqrt(count * q * (1 - q))
  const rank = (n: number): number => Math.min(count, Math.max(1, n)) / count
  const [value, low, high] = [
    at(q),
    at(rank(Math.floor(count * q - half))),
    at(rank(Math.ceil(count * q + half) + 1)),
  ]
  return value === null || low === null || high === null ? null : { value, low, high }
}

/**
 * a - b with its interval, from each one's own (MOVER; of shares it is Newcombe's method 10). The two must be
 * independent of each other. (R. G. Newcombe, Statistics in Medicine 17, 1998; G. Y. Zou and A. Donner, ibid. 27, 2008.)
 */
export function differenceOf(a: Estimate, b: Estimate): Estimate {
  const value = a.value - b.value
  return {
    value,
    low: value - Math.hypot(a.value - a.low, b.high - b.value),
    high: value + Math.hypot(a.high - a.value, b.value - b.low),
  }
}

/** Compares one measure of two cohorts. Pure. */
export function cohortRow(measure: CohortMeasure, a: CohortFigure, b: CohortFigure): CohortRow {
  const difference = a.estimate && b.estimate && differenceOf(a.estimate, b.estimate)
  return { measure, a, b, difference, verdict: verdictOf(difference) }
}

function verdictOf(difference: Estimate | null): CohortVerdict {
  if (difference === null) return 'unk'
  if (difference.low > 0) return 'worse'
  return difference.high < 0 ? 'better' : 'alike'
}
