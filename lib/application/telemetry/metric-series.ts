import type { MetricObjectWithValues, MetricValue, MetricValueWithName } from 'prom-client'
import type { MetricDefinition } from '#lib/telemetry/metrics.ts'
import { METRICS } from '#lib/telemetry/metrics.ts'

/** One declared name with what this process knows of it now. */
export interface MetricSeries {
  readonly definition: MetricDefinition
  readonly points: readonly MetricPoint[]
}
export type MetricPoint = ValuePoint | HistogramPoint

interface Labelled {
  readonly labels: Readonly<Record<string, string>>
}
export interface ValuePoint extends Labelled {
  readonly value: number
}
export interface HistogramPoint extends Labelled {
  readonly count: number
  readonly sum: number
  /** How many were in each bucket, and in the last one beyond all bounds; not summed up. */
  readonly bucketCounts: readonly number[]
}

const DEFINITIONS: ReadonlyMap<string, MetricDefinition> = new Map(
  Object.values<MetricDefinition>(METRICS).map((definition) => [definition.name, definition]),
)

/** Reads the registry's own form; names that Tidemark didn't declare (those of the Node process) are left out. */
export function seriesOf(read: readonly MetricObjectWithValues<MetricValue<string>>[]): MetricSeries[] {
  return read.flatMap(({ name, values }) => {
    const definition = DEFINITIONS.get(name)
    if (!definition) return []
    const points = definition.kind === 'histogram' ? histograms(definition, values) : values.map(valuePoint)
    return [{ definition, points }]
  })
}

const textLabels = (labels: MetricValue<string>['labels']): Record<string, string> =>
  Object.fromEntries(Object.entries(labels).map(([name, value]) => [name, String(value)]))

const valuePoint = ({ labels, value }: MetricValue<string>): ValuePoint => ({
  labels: textLabels(labels),
  value,
})

function histograms(
  { name, buckets = [] }: MetricDefinition,
  values: readonly MetricValueWithName<string>[],
): HistogramPoint[] {
  const found = new Map<string, { labels: Record<string, string>; sum: number; upTo: Map<string, number> }>()
  for (const { labels, value, metricName } of values) {
    const { le, ...own } = textLabels(labels)
    const key = JSON.stringify(own)
    const one = found.get(key) ?? { labels: own, sum: 0, upTo: new Map<string, number>() }
    found.set(key, one)
    if (le !== undefined) one.upTo.set(le, value)
    else if (metricName === `${name}_sum`) one.sum = value
  }
  return [...found.values()].map(({ labels, sum, upTo }) => {
    const cumulative = [...buckets.map(String), '+Inf'].map((bound) => upTo.get(bound) ?? 0)
    const bucketCounts = cumulative.map((count, i) => count - (cumulative[i - 1] ?? 0))
    return { labels, sum, count: cumulative.at(-1) ?? 0, bucketCounts }
  })
}
