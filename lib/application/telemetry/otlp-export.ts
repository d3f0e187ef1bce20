import type { Surroundings } from '../surroundings.ts'
import type { HistogramPoint, MetricPoint, MetricSeries } from './metric-series.ts'

export interface OtlpSettings {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly timeoutMs: number
  readonly resource: Readonly<Record<string, string>>
  /** When this process began to count. */
  readonly startedMs: number
}

type Deps = Pick<Surroundings, 'metrics' | 'clock' | 'log' | 'egress' | 'processId'>

/** AGGREGATION_TEMPORALITY_CUMULATIVE: an export that is lost is made good by the next. */
const CUMULATIVE = 2

/** Sends this process's metrics to an OTLP/HTTP receiver, as JSON. */
export class OtlpExport {
  private readonly deps: Deps
  private readonly settings: OtlpSettings
  private failing = false

  constructor(deps: Deps, settings: OtlpSettings) {
    this.deps = deps
    this.settings = settings
  }

  /** One export. Nothing is tried again: the next one tells the same counters, further on. */
  async send(): Promise<void> {
    const { metrics, clock, egress, log, processId } = this.deps
    const { url, headers, timeoutMs, resource, startedMs } = this.settings
    const request = otlpMetrics(await metrics.series(), {
      startedMs,
      nowMs: clock.now(),
      resource: { ...resource, 'service.instance.id': processId },
    })
    const answer = await egress.postJson({ url, headers, timeoutMs, body: JSON.stringify(request) })
    const failure = answer.ok ? refusal(answer.value.status) : answer.error
    // Once at each change: a receiver that is away for a day is one line.
    if (failure !== null && !this.failing) log.warn('metrics could not be sent by OTLP', { error: failure })
    if (failure === null && this.failing) log.info('metrics are sent by OTLP again')
    this.failing = failure !== null
  }
}

const refusal = (status: number): string | null =>
  status >= 200 && status < 300 ? null : `the receiver answered ${status}`

interface Told {
  readonly startedMs: number
  readonly nowMs: number
  readonly resource: Readonly<Record<string, string>>
}

/** An ExportMetricsServiceRequest in the JSON of OTLP 1: 64-bit numbers are texts, enums are numbers. */
export function otlpMetrics(series: readonly MetricSeries[], told: Told): object {
  const metrics = series.filter(({ points }) => points.length > 0).map((each) => metricJson(each, told))
  return {
    resourceMetrics: [
      {
        resource: { attributes: attributesOf(told.resource) },
        scopeMetrics: [{ scope: { name: 'tidemark' }, metrics }],
      },
    ],
  }
}

function metricJson({ definition, points }: MetricSeries, told: Told): object {
  const { stem, help, unit, kind } = definition
  const base = { name: stem, description: help, unit: unit === 'seconds' ? 's' : '1' }
  if (kind === 'gauge')
    return { ...base, gauge: { dataPoints: points.map((point) => valueJson(point, told)) } }
  const aggregationTemporality = CUMULATIVE
  const dataPoints = points.map((point) => ({
    startTimeUnixNano: nanos(told.startedMs),
    ...('bucketCounts' in point
      ? histogramJson(point, definition.buckets ?? [], told)
      : valueJson(point, told)),
  }))
  return kind === 'counter'
    ? { ...base, sum: { aggregationTemporality, isMonotonic: true, dataPoints } }
    : { ...base, histogram: { aggregationTemporality, dataPoints } }
}

const nanos = (ms: number): string => String(BigInt(Math.round(ms)) * 1_000_000n)

const attributesOf = (labels: Readonly<Record<string, string>>): object[] =>
  Object.entries(labels).map(([key, stringValue]) => ({ key, value: { stringValue } }))

const valueJson = (point: MetricPoint, { nowMs }: Told): object => ({
  attributes: attributesOf(point.labels),
  timeUnixNano: nanos(nowMs),
  asDouble: 'value' in point ? point.value : point.count,
})

const histogramJson = (
  { labels, count, sum, bucketCounts }: HistogramPoint,
  explicitBounds: readonly number[],
  { nowMs }: Told,
): object => ({
  attributes: attributesOf(labels),
  timeUnixNano: nanos(nowMs),
  count: String(count),
  sum,
  explicitBounds,
  bucketCounts: bucketCounts.map(String),
})
