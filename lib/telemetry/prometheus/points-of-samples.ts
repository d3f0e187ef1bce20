import { COUNT_MAX } from '../otlp/metric-values.ts'
import { POINTS_MAX } from '../otlp/points-of-metrics.ts'
import { rejections } from '../rejections.ts'
import type { Labels } from '../told/meanings.ts'
import { attemptsOf, breakerOf, stageOf, whereOf } from '../told/meanings.ts'
import type { PointsRead, ToldPoint, ToldValue } from '../told/point.ts'
import type { Sampled } from './names.ts'
import { PROMETHEUS_METRICS } from './names.ts'
import { spreadsOf } from './spreads.ts'

/** One value of one series, whichever way Prometheus' formats brought it. */
export interface Sample {
  readonly name: string
  readonly labels: Labels
  readonly value: number
  readonly atMs: number
}

interface Reading {
  /** Tells series of one place from those of another that call themselves alike. */
  readonly place: string
  /** Whether the buckets of a histogram come together, as on a page; by remote write they travel apart. */
  readonly whole: boolean
}

/**
 * Figures among samples (docs/telemetry-in.md): names of our own, and of engines whose names we know. Values that say that a
 * series has ended tell nothing.
 */
export function pointsOfSamples(samples: Iterable<Sample>, { place, whole }: Reading): PointsRead {
  const points: ToldPoint[] = []
  const buckets: Sample[] = []
  const { reject, told: rejected } = rejections()
  let seen = 0
  for (const sample of samples) {
    const { name, value } = sample
    if (++seen > POINTS_MAX) reject(`more than ${POINTS_MAX} samples at once`)
    else if (isBucket(name)) {
      if (whole) buckets.push(sample)
      else
        reject(
          `${name}: the buckets of a histogram are read from a page or by OTLP, where they come together`,
        )
    } else if (isSumOfHistogram(name)) continue
    else if (!Object.hasOwn(PROMETHEUS_METRICS, name))
      reject(`${name.slice(0, 100)} is no metric that is read here`)
    else if (!Number.isNaN(value)) {
      const told = toldOf(sample, PROMETHEUS_METRICS[name] as Sampled)
      if (typeof told === 'string') reject(`${name}: ${told}`)
      else points.push(pointOf(sample, place, told))
    }
  }
  for (const { sample, spread } of spreadsOf(buckets)) {
    const stage = stageOf(sample.labels, undefined)
    if (stage === null) reject(`${sample.name}: the stage is upload, delivery or visibility`)
    else {
      const told = { kind: 'spread', stage, cumulative: true, unitMs: 1_000, spread } as const
      points.push(pointOf(sample, place, told))
    }
  }
  return { points, ...rejected() }
}

/** Whether a sample of this name tells anything. */
export const isRead = (name: string): boolean => isBucket(name) || Object.hasOwn(PROMETHEUS_METRICS, name)

/** The one histogram that is read, in seconds. */
const HISTOGRAM = 'sync_lag_seconds'
const isBucket = (name: string): boolean => name === `${HISTOGRAM}_bucket`
const isSumOfHistogram = (name: string): boolean =>
  name === `${HISTOGRAM}_sum` || name === `${HISTOGRAM}_count`

const pointOf = ({ name, labels, atMs }: Sample, place: string, told: ToldValue): ToldPoint => ({
  series: JSON.stringify([place, name, [...labels].sort(([a], [b]) => (a < b ? -1 : 1))]),
  ...whereOf(labels),
  startMs: null,
  atMs,
  told,
})

function toldOf({ labels, value }: Sample, { meaning, scale = 1 }: Sampled): ToldValue | string {
  const scaled = Math.round(value * scale)
  if (!(value >= 0) || scaled > COUNT_MAX) return 'a value is no number of 0 or more'
  if (meaning.kind === 'gauge') return { kind: 'gauge', gauge: meaning.gauge, value: scaled }
  if (meaning.kind === 'lag') return { kind: 'gauge', gauge: 'lagMs', value: scaled }
  if (meaning.kind === 'breaker') return { kind: 'gauge', gauge: 'breaker', value: breakerOf(labels, value) }
  const counted =
    meaning.kind === 'attempts' ? attemptsOf(labels) : { counters: meaning.counters, code: null }
  return { kind: 'count', ...counted, cumulative: true, value: scaled }
}
