import type { AlertCounter, LimitName, Measure, PromqlOperands } from '#lib/telemetry/alerts/measures.ts'
import { measureOf, MEASURES } from '#lib/telemetry/alerts/measures.ts'
import type { AlertRule, BurnRateCondition, ThresholdCondition } from '#lib/telemetry/alerts/rule.ts'
import { METRICS } from '#lib/telemetry/metrics.ts'
import { limitOf } from './promql.ts'

/** How a rule stands in PromQL: over what, and by which labels. */
interface Scope {
  readonly operands: PromqlOperands
  readonly by: readonly string[]
}

/**
 * A rule of the console in PromQL; null where its figure does not stand on /metrics, or takes more than a moment's
 * series to tell (anomalies, absences).
 */
export function alertExpression({ condition, groupBy }: AlertRule): string | null {
  if (condition.kind === 'absence' || condition.kind === 'anomaly') return null
  const measure: Measure = measureOf(condition.measure)
  const operands = measure.promql
  if (operands === null) return null
  const label = operands.labels[groupBy]
  if (groupBy !== 'fleet' && label === undefined) return null
  const by = groupBy === 'scope' ? ['scope'] : label === undefined ? ['fleet'] : ['fleet', label]
  const scope = { operands, by }
  return condition.kind === 'burn_rate' ? burnRate(condition, scope) : threshold(condition, measure, scope)
}

const minutes = (ms: number): string => `${ms / 60_000}m`
const increased = (by: readonly string[], selector: string, windowMs: number): string =>
  `sum by (${by.join(', ')}) (increase(${selector}[${minutes(windowMs)}]))`

/** A part of a whole, where there is enough of both; nothing of nothing is not a number, and over no bound. */
function share(
  { operands, by }: Scope,
  { windowMs, minTraffic, minPart }: Pick<ThresholdCondition, 'windowMs' | 'minTraffic' | 'minPart'>,
): { readonly value: string; readonly enough: string } {
  const part = increased(by, operands.part, windowMs)
  const whole = increased(by, operands.whole ?? operands.part, windowMs)
  const least = [
    ...(minTraffic > 0 ? [` and ${whole} >= ${minTraffic}`] : []),
    ...(minPart > 0 ? [` and ${part} >= ${minPart}`] : []),
  ]
  return { value: `${part} / ${whole}`, enough: least.join('') }
}

function burnRate({ windows, target, minTraffic, minPart }: BurnRateCondition, scope: Scope): string {
  const each = windows.map(({ factor, longMs, shortMs }) => {
    // In a computer's numbers it is a little more than 0.144: no share lies between.
    const bound = Number((factor * (1 - target)).toPrecision(12))
    const long = share(scope, { windowMs: longMs, minTraffic, minPart })
    const short = share(scope, { windowMs: shortMs, minTraffic: 0, minPart: 0 })
    return `(${long.value} > ${bound} and ${short.value} > ${bound}${long.enough})`
  })
  return each.join(' or ')
}

function threshold(condition: ThresholdCondition, measure: Measure, scope: Scope): string {
  const { windowMs, comparison, value, perActivity } = condition
  const sign = comparison === 'above' ? '>' : '<'
  const unit = measure.kind === 'gauge' && measure.unit === 'ms' ? 1_000 : 1
  const bound = typeof value === 'number' ? String(value / unit) : limit(value.limit, scope.by)
  const { operands, by } = scope
  if (measure.kind === 'ratio') {
    const { value: figure, enough } = share(scope, condition)
    return `${figure} ${sign} ${bound}${enough}`
  }
  const figure =
    windowMs > 0
      ? increased(by, operands.part, windowMs)
      : `${operands.over} by (${by.join(', ')}) (${operands.part})`
  if (perActivity === null) return `${figure} ${sign} ${bound}`
  const activity = increased(by, selectorOf(perActivity.counter), windowMs)
  // Where nothing tells of activity, there is none.
  return `(${figure} ${sign} ${bound}) unless (${figure} <= ${perActivity.factor} * ${activity})`
}

/** As the leader tells it: `oldestWarnMs` is `oldest_warn`, in seconds. */
function limit(name: LimitName, by: readonly string[]): string {
  const isTime = name.endsWith('Ms')
  const told = name.replace(/Ms$/, '').replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
  return limitOf(isTime ? METRICS.thresholdSeconds : METRICS.thresholdFigure, told, by)
}

/** The series of a counter, as some measure names them. */
export function selectorOf(counter: AlertCounter): string {
  for (const measure of Object.values<Measure>(MEASURES)) {
    if (measure.promql === null) continue
    if (measure.kind === 'count' && measure.counter === counter) return measure.promql.part
    if (measure.kind !== 'ratio') continue
    if (measure.part === counter) return measure.promql.part
    if (measure.whole === counter && measure.promql.whole !== null) return measure.promql.whole
  }
  throw new Error(`no measure tells what ${counter} is on /metrics`)
}
