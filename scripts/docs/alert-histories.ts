import type { AlertCounter, AlertGauge, Grouping, Measure } from '#lib/telemetry/alerts/measures.ts'
import { measureOf } from '#lib/telemetry/alerts/measures.ts'
import { replayRule } from '#lib/telemetry/alerts/replay-rule.ts'
import type { AlertRule } from '#lib/telemetry/alerts/rule.ts'
import type { FleetSeries } from '#lib/telemetry/alerts/series.ts'
import { DEFAULT_THRESHOLDS, type Thresholds } from '#lib/telemetry/thresholds.ts'
import { alertExpression, selectorOf } from './alert-expression.ts'
import { alertName } from './alert-rules.ts'

/** What happened to one part of one fleet, in steps: as our evaluator reads it, and as Prometheus scrapes it. */
export interface History {
  /** Names the fleet, or the scope of a breaker. */
  readonly name: string
  readonly counters: Readonly<Partial<Record<AlertCounter, readonly number[]>>>
  readonly gauges: Readonly<Partial<Record<AlertGauge, readonly number[]>>>
}

export interface PromtoolTest {
  readonly interval: string
  readonly input_series: readonly { readonly series: string; readonly values: string }[]
  readonly alert_rule_test: readonly {
    readonly eval_time: string
    readonly alertname: string
    readonly exp_alerts: readonly {
      readonly exp_labels: Readonly<Record<string, string>>
      readonly exp_annotations?: Readonly<Record<string, string>>
    }[]
  }[]
}

const PART: Readonly<Record<Grouping, string>> = {
  fleet: '',
  collection: 'orders',
  version: '2.4.1',
  scope: '',
}

/**
 * One rule over some histories: what is scraped, and what fires at each step by our own evaluator. In Prometheus the first
 * sample stands at time 0 and counts nothing, so step `i` of ours is its step `i + 1`.
 * @param annotations of the fleets that fire, where the rule has some
 * @param everyStep false: one in ten, and none beside where something begins or ends: versions of Prometheus differ there
 */
export function promtoolTest(
  rule: AlertRule,
  histories: readonly History[],
  stepMs: number,
  {
    annotations,
    everyStep,
  }: {
    readonly annotations: (name: string) => Readonly<Record<string, string>> | undefined
    readonly everyStep: boolean
  },
): PromtoolTest {
  const firing = histories.map((history) => firingSteps(rule, history, stepMs))
  const steps = Math.max(...firing.map(({ length }) => length))
  const minutesOf = (step: number): string => `${((step + 1) * stepMs) / 60_000}m`
  const at = (step: number): string => firing.map((own) => (own[step] === true ? '1' : '0')).join('')
  const isCalm = (step: number): boolean => [-2, -1, 1, 2].every((near) => at(step + near) === at(step))
  const told = Array.from({ length: steps }, (_, step) => step).filter(
    (step) => everyStep || (step % 10 === 9 && step < steps - 2 && isCalm(step)),
  )
  return {
    interval: `${stepMs / 1_000}s`,
    input_series: [
      ...histories.flatMap((history) => inputSeries(rule, history, steps)),
      ...limitSeries(rule, histories, steps),
    ],
    alert_rule_test: told.map((step) => ({
      eval_time: minutesOf(step),
      alertname: alertName(rule.name),
      exp_alerts: histories.flatMap(({ name }, n) => {
        if (firing[n]?.[step] !== true) return []
        const notes = annotations(name)
        const labels = { ...labelsOf(rule, name), severity: rule.severity, rule: rule.name }
        return [{ exp_labels: labels, ...(notes && { exp_annotations: notes }) }]
      }),
    })),
  }
}

/** Of each step whether the rule fires at its end, by our evaluator. */
export function firingSteps(rule: AlertRule, history: History, stepMs: number): readonly boolean[] {
  const part = { by: rule.groupBy, key: rule.groupBy === 'scope' ? history.name : PART[rule.groupBy] }
  const { counters, gauges } = history
  const series: FleetSeries = {
    fromMs: 0,
    stepMs,
    parts: [{ ...part, counters, gauges }],
    limits: () => LIMITS,
  }
  return replayRule(rule, series).steps.map(({ statuses }) => statuses[part.key] === 'firing')
}

const LIMITS: Thresholds = DEFAULT_THRESHOLDS

function labelsOf({ groupBy, condition }: AlertRule, name: string): Readonly<Record<string, string>> {
  if (groupBy === 'scope') return { scope: name }
  const measure: Measure | null = 'measure' in condition ? measureOf(condition.measure) : null
  const label = measure?.promql?.labels[groupBy]
  return { fleet: name, ...(label === undefined ? {} : { [label]: PART[groupBy] }) }
}

/** What a counter counts among others: of those, only the rest has a series of its own. */
const WITHIN: Readonly<Partial<Record<AlertCounter, AlertCounter>>> = {
  requests: 'failures',
  sessions: 'failedSessions',
  pushed: 'deadLettered',
}

/** The series that the expression asks for, each under labels that its selector takes. */
function inputSeries(rule: AlertRule, { name, counters, gauges }: History, steps: number) {
  const labels = labelsOf(rule, name)
  const cumulated = Object.entries(counters).map(([counter, values]) => {
    const inner = counters[WITHIN[counter as AlertCounter] ?? 'rejectedCredentials'] ?? []
    return {
      series: seriesOf(selectorOf(counter as AlertCounter), labels),
      values: notation(sums(values.map((value, step) => value - (inner[step] ?? 0)))),
    }
  })
  const measure: Measure | null = 'measure' in rule.condition ? measureOf(rule.condition.measure) : null
  const unit = measure?.kind === 'gauge' && measure.unit === 'ms' ? 1_000 : 1
  const standing = Object.values(gauges).map((values) => ({
    series: seriesOf(measure?.promql?.part ?? '', labels),
    values: `_ ${notation(values.slice(0, steps).map((value) => value / unit))}`,
  }))
  return [...cumulated, ...standing]
}

/** `0` before the first step, then what has come by the end of each. */
function sums(values: readonly number[]): readonly number[] {
  let sum = 0
  return [0, ...values.map((value) => (sum += value))]
}

/** promtool's: runs of equal steps are written once. */
function notation(values: readonly number[]): string {
  const parts: string[] = []
  for (let from = 0; from < values.length;) {
    const first = values[from] ?? 0
    const step = (values[from + 1] ?? first) - first
    let to = from + 1
    while (to < values.length && (values[to] ?? 0) - (values[to - 1] ?? 0) === step) to += 1
    const times = to - from - 1
    parts.push(times === 0 ? String(first) : `${first}${step < 0 ? '' : '+'}${step}x${times}`)
    from = to
  }
  return parts.join(' ')
}

/** A selector's own labels, so that it takes the series: of several words the first, of what it excludes another. */
function seriesOf(selector: string, labels: Readonly<Record<string, string>>): string {
  const [, metric = selector, matchers = ''] = /^([a-z_]+)(?:\{(.*)\})?$/.exec(selector) ?? []
  const own = [...matchers.matchAll(/([a-z_]+)(=~|!=|=)"([^"]*)"/g)].map(
    ([, label = '', sign, value = '']) =>
      [label, sign === '!=' ? '2xx' : (value.split('|')[0] ?? '')] as const,
  )
  const all = Object.entries({ ...Object.fromEntries(own), ...labels })
  return `${metric}{${all.map(([label, value]) => `${label}="${value}"`).join(',')}}`
}

/** What the leader tells of limits, where the expression compares with one. */
function limitSeries(rule: AlertRule, histories: readonly History[], steps: number) {
  const expression = alertExpression(rule) ?? ''
  const [, metric = '', matchers = ''] = /(tidemark_threshold_[a-z]+)\{([^}]*)\}/.exec(expression) ?? []
  if (metric === '') return []
  const [, limit = ''] = /limit="([a-z_]+)"/.exec(matchers) ?? []
  const camel = limit.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())
  const isTime = metric.endsWith('seconds')
  const value = LIMITS[`${camel}${isTime ? 'Ms' : ''}` as keyof Thresholds] / (isTime ? 1_000 : 1)
  return histories.map(({ name }) => {
    const labels = labelsOf(rule, name)
    const collection = labels['collection'] ?? '*'
    return {
      series: `${metric}{fleet="${name}",collection="${collection}",limit="${limit}"}`,
      values: `${value}x${steps}`,
    }
  })
}

type Random = () => number

/** How a phase goes, as a multiple of what the rule allows. */
const MILD = [0, 0.5, 0.9, 1.1, 2, 20]
const PHASE_STEPS = { min: 4, max: 40 }

/**
 * What may happen to a rule's figure: phases that are well, bad, or close to the bound on either side, with traffic that
 * comes and goes. The same for the same random numbers.
 * @internal for the test against promtool
 */
export function randomHistory(rule: AlertRule, name: string, steps: number, random: Random): History {
  const between = (min: number, max: number): number => min + Math.floor(random() * (max - min + 1))
  const phases: number[] = []
  while (phases.length < steps) {
    const level = MILD[between(0, MILD.length - 1)] ?? 0
    phases.push(...Array<number>(between(PHASE_STEPS.min, PHASE_STEPS.max)).fill(level))
  }
  return historyOf(rule, name, phases.slice(0, steps), () => (random() < 0.1 ? 0 : between(1, 200)), random)
}

/** What happens where each step has a level: 1 is what the rule allows at most. */
export function historyOf(
  rule: AlertRule,
  name: string,
  levels: readonly number[],
  traffic: () => number,
  random: Random,
): History {
  const { condition } = rule
  if (condition.kind !== 'threshold' && condition.kind !== 'burn_rate')
    throw new Error(`${rule.name} has no twin on /metrics`)
  const measure: Measure = measureOf(condition.measure)
  const rough = (value: number): number => Math.floor(value) + (random() < value % 1 ? 1 : 0)
  if (measure.kind === 'ratio') {
    const bound = boundOf(rule)
    const whole = levels.map(traffic)
    const part = whole.map((all, step) => Math.min(all, rough(all * bound * (levels[step] ?? 0))))
    return { name, counters: { [measure.part]: part, [measure.whole]: whole }, gauges: {} }
  }
  const bound = boundOf(rule)
  if (measure.kind === 'count') {
    const perStep = condition.kind === 'threshold' ? STEPS_IN_WINDOW : 1
    const activity = condition.kind === 'threshold' ? condition.perActivity?.counter : undefined
    const counted = levels.map((level) => rough((bound * level) / perStep))
    const around = activity && { [activity]: counted.map((count) => count + traffic()) }
    return { name, counters: { [measure.counter]: counted, ...around }, gauges: {} }
  }
  const gauge = measure.kind === 'gauge' ? measure.gauge : measure.part
  const isFlag = measure.kind === 'gauge' && measure.unit === 'flag'
  const values = levels.map((level) => (isFlag ? Number(level > 1) : Math.round(bound * level)))
  return { name, counters: {}, gauges: { [gauge]: values } }
}

/** Of the windows of counts, which are ten minutes and more in steps of one. */
const STEPS_IN_WINDOW = 10

function boundOf({ condition }: AlertRule): number {
  if (condition.kind === 'burn_rate')
    return Math.min(...condition.windows.map(({ factor }) => factor)) * (1 - condition.target)
  if (condition.kind !== 'threshold') return 0
  return typeof condition.value === 'number' ? condition.value : LIMITS[condition.value.limit]
}
