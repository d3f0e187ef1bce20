import type { Point } from '#components/charts/prepare.ts'
import type { SessionSegment } from '#components/charts/prepare-lanes.ts'
import { HOUR_MS, MINUTE_MS, NOW_MS } from './specimen.ts'

export const BUCKET_MS = 10 * MINUTE_MS
export const DAY = { fromMs: NOW_MS - 24 * HOUR_MS, toMs: NOW_MS, bucketMs: BUCKET_MS }
const BUCKETS = 144

/** A day of values, the same each time: a wave with some noise, from `low` to `high`. */
export const wave = (low: number, high: number, phase = 0): readonly Point[] =>
  Array.from({ length: BUCKETS }, (_, n) => {
    const share = (Math.sin(n / 22 + phase) + Math.sin(n * 7.3 + phase) * 0.2 + 1.2) / 2.4
    // Rounded: engines differ in the last digits of a sine, and the server's page has to be the browser's.
    return { t: DAY.fromMs + n * BUCKET_MS, value: Number((low + (high - low) * share).toFixed(6)) }
  })

/** The same with nothing known from one bucket to another. */
export const withGap = (points: readonly Point[], from: number, to: number): readonly Point[] =>
  points.map((point, n) => (n >= from && n < to ? { ...point, value: null } : point))

/** The same with one value far above the rest. */
export const withPeak = (points: readonly Point[], at: number, value: number): readonly Point[] =>
  points.map((point, n) => (n === at ? { ...point, value } : point))

export const LAG_MARKS = [
  { t: NOW_MS - 5 * HOUR_MS, letter: 'R', word: 'release 2.4.1' },
  { t: NOW_MS - 2 * HOUR_MS, letter: 'O', word: 'override' },
]

const START_MS = NOW_MS - 2 * MINUTE_MS
export const SEGMENTS: readonly SessionSegment[] = [
  { state: 'scanning', startMs: START_MS, ms: 400 },
  { state: 'pushing', startMs: START_MS + 400, ms: 31_000, tone: 'held', note: '503' },
  { state: 'shed', startMs: START_MS + 31_400, ms: 60_000, tone: 'held' },
  { state: 'pushing', startMs: START_MS + 91_400, ms: 8_000, tone: 'crit', note: '504' },
  { state: 'backoff', startMs: START_MS + 99_400, ms: null },
]
