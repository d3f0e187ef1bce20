import {
  attemptsOf,
  breakerOf,
  labelName,
  stageOf,
  OTLP_METRICS,
  unitMsOf,
  whereOf,
  type Labels,
  type Meaning,
} from '../told/meanings.ts'
import type { PointsRead, ToldPoint, ToldValue } from '../told/point.ts'
import { rejections } from '../rejections.ts'
import type { Attributes } from './attributes.ts'
import { attributesOf, listOf, memberOf, textOf, unixMsOf } from './attributes.ts'
import { figureOf, isCumulative, isUntold, spreadOf } from './metric-values.ts'

/** Data points of one export; what is past them is rejected, and told. */
export const POINTS_MAX = 10_000

const SHAPES = ['gauge', 'sum', 'histogram', 'exponentialHistogram', 'summary'] as const
type Shape = (typeof SHAPES)[number]

interface Metric {
  readonly name: string
  readonly unit: string
  readonly shape: Shape
  readonly data: unknown
  readonly resource: Attributes
  readonly scope: string
}

/**
 * Figures of an ExportMetricsServiceRequest (docs/telemetry-in.md): those of our own names, and of engines whose names we know.
 * What can't be read is counted, with the first reason; an export without any of them is no failure.
 */
export function pointsOfMetrics(
  request: unknown,
  known: Readonly<Record<string, Meaning>> = OTLP_METRICS,
): PointsRead {
  const points: ToldPoint[] = []
  const { reject, told: rejected } = rejections()
  let seen = 0
  for (const metric of metricsOf(request)) {
    const meaning = Object.hasOwn(known, metric.name) ? known[metric.name] : undefined
    for (const data of listOf(metric.data, 'dataPoints')) {
      if (++seen > POINTS_MAX) reject(`more than ${POINTS_MAX} data points in one export`)
      else if (meaning === undefined) reject(unknownName(metric.name, known))
      else if (!isUntold(data)) {
        const point = pointOf(metric, meaning, data)
        if (typeof point === 'string') reject(`${metric.name}: ${point}`)
        else points.push(point)
      }
    }
  }
  return { points, ...rejected() }
}

const unknownName = (name: string, known: Readonly<Record<string, Meaning>>): string =>
  `${name.slice(0, 100)} is no metric that is read here; those are ${Object.keys(known).join(', ')}`

function* metricsOf(request: unknown): Generator<Metric> {
  for (const ofResource of listOf(request, 'resourceMetrics')) {
    const resource = attributesOf(memberOf(ofResource, 'resource'))
    for (const ofScope of listOf(ofResource, 'scopeMetrics')) {
      const scope = textOf(memberOf(ofScope, 'scope'), 'name') ?? ''
      for (const metric of listOf(ofScope, 'metrics')) {
        const shape = SHAPES.find((each) => memberOf(metric, each) !== undefined)
        if (shape === undefined) continue
        const [name, unit] = [textOf(metric, 'name') ?? '', textOf(metric, 'unit') ?? '']
        yield { name, unit, shape, data: memberOf(metric, shape), resource, scope }
      }
    }
  }
}

/** The point, or what is wrong with it. */
function pointOf(metric: Metric, meaning: Meaning, data: unknown): ToldPoint | string {
  const own = attributesOf(data)
  const labels = labelsOf(metric.resource, own)
  const atMs = unixMsOf(data, 'timeUnixNano')
  if (atMs === null) return 'a data point has no time'
  const told = valueOf(metric, meaning, data, labels)
  if (typeof told === 'string') return told
  const { name, scope, shape, resource } = metric
  return {
    series: JSON.stringify([name, shape, scope, sorted(resource), sorted(own)]),
    ...whereOf(labels),
    startMs: unixMsOf(data, 'startTimeUnixNano'),
    atMs,
    told,
  }
}

const labelsOf = (resource: Attributes, own: Attributes): Labels =>
  new Map([...resource, ...own].map(([name, value]) => [labelName(name), String(value)]))

const sorted = (attributes: Attributes): readonly (readonly [string, string | number])[] =>
  [...attributes].sort(([a], [b]) => (a < b ? -1 : 1))

function valueOf(metric: Metric, meaning: Meaning, data: unknown, labels: Labels): ToldValue | string {
  if (meaning.kind === 'lag') return lagOf(metric, meaning, data, labels)
  if (meaning.kind === 'attempts' || meaning.kind === 'count') return countOf(metric, meaning, data, labels)
  const value = standing(metric, data)
  if (typeof value === 'string') return value
  if (meaning.kind === 'breaker') return { kind: 'gauge', gauge: 'breaker', value: breakerOf(labels, value) }
  const unitMs = meaning.gauge === 'oldestAgeMs' ? unitMsOf(metric.unit) : 1
  if (unitMs === null) return `${metric.unit} is no unit of time`
  return { kind: 'gauge', gauge: meaning.gauge, value: Math.round(value * unitMs) }
}

/** The newest value of a gauge, or of a sum that goes up and down. */
function standing({ shape, data: metric }: Metric, data: unknown): number | string {
  const isSum = shape === 'sum'
  if (shape !== 'gauge' && !isSum) return 'it comes as a gauge, or as a sum that goes up and down'
  if (isSum && (memberOf(metric, 'isMonotonic') === true || isCumulative(metric) !== true))
    return 'a sum must be one that goes up and down, with cumulative temporality'
  const value = figureOf(data)
  return value === null || value < 0 ? 'a data point is no number of 0 or more' : value
}

function countOf(
  { shape, data: metric }: Metric,
  meaning: Extract<Meaning, { kind: 'attempts' | 'count' }>,
  data: unknown,
  labels: Labels,
): ToldValue | string {
  const cumulative = isCumulative(metric)
  if (shape !== 'sum' || memberOf(metric, 'isMonotonic') !== true) return 'it comes as a monotonic sum'
  if (cumulative === null) return 'the temporality is neither delta nor cumulative'
  const value = figureOf(data)
  if (value === null || value < 0) return 'a data point is no number of 0 or more'
  const counted =
    meaning.kind === 'attempts' ? attemptsOf(labels) : { counters: meaning.counters, code: null }
  return { kind: 'count', ...counted, cumulative, value: Math.round(value) }
}

function lagOf(
  { shape, unit, data: metric }: Metric,
  meaning: Extract<Meaning, { kind: 'lag' }>,
  data: unknown,
  labels: Labels,
): ToldValue | string {
  const unitMs = unitMsOf(unit)
  if (unitMs === null) return `${unit} is no unit of time`
  if (shape === 'gauge') {
    const value = figureOf(data)
    if (value === null) return 'a data point is no number'
    return { kind: 'gauge', gauge: 'lagMs', value: Math.max(0, Math.round(value * unitMs)) }
  }
  if (shape !== 'histogram' && shape !== 'exponentialHistogram') return 'it comes as a histogram or a gauge'
  const stage = stageOf(labels, meaning.stage)
  if (stage === null) return 'the stage is upload, delivery or visibility'
  const cumulative = isCumulative(metric)
  if (cumulative === null) return 'the temporality is neither delta nor cumulative'
  const spread = spreadOf(shape, data)
  return typeof spread === 'string' ? spread : { kind: 'spread', stage, cumulative, unitMs, spread }
}
