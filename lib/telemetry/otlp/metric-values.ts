import type { Spread } from '../told/point.ts'
import { listOf, memberOf } from './attributes.ts'

/** Buckets of one histogram; the SDKs make 160 at most. */
export const BUCKETS_MAX = 400
/** A count past it is no count of syncs. */
export const COUNT_MAX = 1e12
const FLAG_NOT_RECORDED = 1

/** Whether a point says that there is no value. */
export const isUntold = (data: unknown): boolean =>
  ((Number(memberOf(data, 'flags') ?? 0) || 0) & FLAG_NOT_RECORDED) === FLAG_NOT_RECORDED

/** Null where neither is named: then what a point adds is not known. */
export function isCumulative(metric: unknown): boolean | null {
  const told = memberOf(metric, 'aggregationTemporality')
  if (told === 2 || told === 'AGGREGATION_TEMPORALITY_CUMULATIVE') return true
  return told === 1 || told === 'AGGREGATION_TEMPORALITY_DELTA' ? false : null
}

/** The number of a number's point; null for one that is none, or beyond what is counted. */
export function figureOf(data: unknown): number | null {
  const value = numberOf(memberOf(data, 'asInt') ?? memberOf(data, 'asDouble'))
  return value !== null && Math.abs(value) <= COUNT_MAX ? value : null
}

/** 64-bit numbers come as numbers or as texts. */
function numberOf(value: unknown): number | null {
  const number = typeof value === 'string' && /^-?\d{1,20}$/.test(value) ? Number(value) : value
  return typeof number === 'number' && Number.isFinite(number) ? number : null
}

/** How a histogram's values are spread, or what is wrong with it. */
export function spreadOf(shape: 'histogram' | 'exponentialHistogram', data: unknown): Spread | string {
  return shape === 'histogram' ? explicitOf(data) : exponentialOf(data)
}

function explicitOf(data: unknown): Spread | string {
  const bounds = listOf(data, 'explicitBounds').map(numberOf)
  const counts = countsOf(data)
  if (counts === null) return WRONG_COUNTS
  if (bounds.some((bound, i) => bound === null || bound <= (bounds[i - 1] ?? -Infinity)))
    return 'the bounds of a histogram are numbers that rise'
  if (counts.length !== bounds.length + 1 && counts.length !== 0)
    return 'a histogram has one count more than it has bounds'
  if (counts.length < 2) return 'a histogram without bounds tells no lag'
  return { kind: 'explicit', bounds: bounds as number[], counts }
}

/** Scales of the SDKs go from -10 to 20. */
const SCALE_BOUND = 40
const OFFSET_BOUND = 2 ** 31
const WRONG_COUNTS = `the counts of a histogram are at most ${BUCKETS_MAX} whole numbers of 0 or more`

function exponentialOf(data: unknown): Spread | string {
  const scale = numberOf(memberOf(data, 'scale') ?? 0)
  const offset = numberOf(memberOf(memberOf(data, 'positive'), 'offset') ?? 0)
  const zero = wholeOf(memberOf(data, 'zeroCount') ?? 0)
  const [counts, below] = [countsOf(memberOf(data, 'positive')), countsOf(memberOf(data, 'negative'))]
  if (counts === null || below === null || zero === null) return WRONG_COUNTS
  if (scale === null || !Number.isInteger(scale) || Math.abs(scale) > SCALE_BOUND)
    return `the scale of a histogram is a whole number from -${SCALE_BOUND} to ${SCALE_BOUND}`
  if (offset === null || !Number.isInteger(offset) || Math.abs(offset) > OFFSET_BOUND)
    return 'the offset of a histogram is a whole number of 32 bits'
  return { kind: 'exponential', scale, offset, counts, zero: below.reduce((sum, count) => sum + count, zero) }
}

function countsOf(value: unknown): readonly number[] | null {
  const list = listOf(value, 'bucketCounts')
  if (list.length > BUCKETS_MAX) return null
  const counts = list.map(wholeOf)
  return counts.some((count) => count === null) ? null : (counts as number[])
}

function wholeOf(value: unknown): number | null {
  const number = numberOf(value)
  return number !== null && Number.isInteger(number) && number >= 0 && number <= COUNT_MAX ? number : null
}
