import type { MetricDefinition } from '#lib/telemetry/metrics.ts'

/** The window of recorded rates: five scrapes of a minute, or twenty of the usual 15 s. */
export const WINDOW = '5m'

const selector = (name: string, matchers: readonly string[]): string =>
  matchers.length === 0 ? name : `${name}{${matchers.join(',')}}`

/** A counter's rate a second, summed over processes. */
export const rateBy = (
  { name }: MetricDefinition,
  by: readonly string[],
  matchers: readonly string[] = [],
  window = WINDOW,
): string => `sum by (${by.join(', ')}) (rate(${selector(name, matchers)}[${window}]))`

/** A quantile of a histogram over all processes. Exact at the bounds of its buckets, guessed between them. */
export const quantileBy = (
  { name }: MetricDefinition,
  quantile: number,
  by: readonly string[],
  matchers: readonly string[] = [],
  window = WINDOW,
): string =>
  `histogram_quantile(${quantile}, sum by (${[...by, 'le'].join(', ')}) (rate(${selector(`${name}_bucket`, matchers)}[${window}])))`

/** A gauge that the leader alone tells, or the worst of what processes tell. */
export const worstBy = (
  { name }: MetricDefinition,
  by: readonly string[],
  matchers: readonly string[] = [],
): string => `max by (${by.join(', ')}) (${selector(name, matchers)})`

/** What the leader tells of the limits that a fleet or a collection sets, or the defaults: to compare with. */
export const limitOf = (metric: MetricDefinition, limit: string, by: readonly string[]): string => {
  const whole = by.includes('collection') ? [] : ['collection="*"']
  return `on (${by.join(', ')}) ${worstBy(metric, by, [...whole, `limit="${limit}"`])}`
}
