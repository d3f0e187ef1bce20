import { formatCount, formatRound, plural } from '#components/ui/format.ts'
import type { StatusKind } from '#components/ui/status.tsx'
import type { RuleView } from '#lib/application/alerts/list-rules.ts'
import {
  measureOf,
  nounOf,
  type AlertRule,
  type AlertStatus,
  type Bound,
  type Condition,
  type Grouping,
  type GroupLabels,
  type LimitName,
  type Measure,
} from '#lib/application/alerts/terms.ts'
import { nameOfScope } from '#lib/application/breakers/scopes.ts'
import type { Severity } from '#lib/protocol/notice.ts'
import { wholePercent } from '../../breakers/breaker-words.ts'
import { FLEET_FIELDS } from '../../settings/thresholds/threshold-fields.ts'

export const SEVERITY_KINDS: Readonly<Record<Severity, StatusKind>> = {
  info: 'unk',
  warning: 'warn',
  critical: 'crit',
}
export const SEVERITY_WORDS: Readonly<Record<Severity, string>> = {
  info: 'info: can wait',
  warning: 'warning: is looked at within the day',
  critical: 'critical: wakes people',
}
export const ORIGIN_WORDS: Readonly<Record<RuleView['origin'], string>> = {
  shipped: 'shipped',
  changed: 'changed here',
  own: 'this fleet’s own',
}
export const GROUPING_WORDS: Readonly<Record<Grouping, string>> = {
  fleet: 'the fleet as a whole',
  collection: 'each collection by itself',
  version: 'each app version by itself',
  scope: 'each breaker by itself',
}

type Limits = Readonly<Record<LimitName, number>>

/** What a rule fires on, in words and with its bound as the fleet has it. Pure. */
export function conditionText(condition: Condition, limits: Limits): string {
  switch (condition.kind) {
    case 'threshold':
      return thresholdText(condition, limits)
    case 'burn_rate': {
      const { target, windows } = condition
      const words = windows.map(
        ({ factor, longMs, shortMs }) =>
          `over ${wholePercent(factor * (1 - target))} in ${formatRound(longMs)} and in ${formatRound(shortMs)}`,
      )
      return `share ${wordsOf(measureOf(condition.measure))}: ${words.join(', or ')} (${windows.map(({ factor }) => `${factor}×`).join(' and ')} the ${wholePercent(1 - target)} that may)`
    }
    case 'absence': {
      const { counter, windowMs, before, devicesMin } = condition
      return `no ${nounOf(counter)} in ${formatRound(windowMs)}, after ${formatCount(before.atLeast)} or more in the ${formatRound(before.windowMs)} before, with ${plural(devicesMin, 'device')} or more still there`
    }
    case 'anomaly': {
      const { counter, windowMs, direction, ratio, deviations } = condition
      return `${nounOf(counter)} in ${formatRound(windowMs)} ${direction === 'above' ? 'over' : 'under'} ${wholePercent(ratio)} of the same time in past weeks, and ${deviations} deviations off`
    }
  }
}

type ThresholdCondition = Extract<Condition, { kind: 'threshold' }>

function thresholdText(condition: ThresholdCondition, limits: Limits): string {
  const measure = measureOf(condition.measure)
  const { comparison, value, windowMs, perActivity } = condition
  const over = windowMs === 0 ? '' : ` in ${formatRound(windowMs)}`
  const bound = boundText(value, measure, limits)
  if (measure.kind === 'gauge' && measure.unit === 'flag') return `the ${measure.noun}`
  if (measure.kind === 'gauge' && measure.unit === 'ms')
    return `${measure.noun} ${comparison === 'above' ? 'over' : 'under'} ${bound}`
  if (measure.kind === 'ratio' || measure.kind === 'share')
    return `${comparison === 'above' ? 'over' : 'under'} ${bound} ${measure.words}${over}`
  const more = comparison === 'above' ? 'more than' : 'fewer than'
  const scaled =
    perActivity === null
      ? ''
      : `, ${comparison === 'above' ? 'and' : 'or'} ${more} ${wholePercent(perActivity.factor)} of ${nounOf(perActivity.counter)}`
  return `${more} ${bound} ${measure.noun}s ${measure.words}${over}${scaled}`
}

const wordsOf = (measure: Measure): string => (measure.words === '' ? measure.noun : measure.words)

function boundText(bound: Bound, measure: Measure, limits: Limits): string {
  return typeof bound === 'number'
    ? figureText(bound, measure)
    : `${figureText(limits[bound.limit], measure)} (threshold “${limitLabel(bound.limit)}”)`
}

export const limitLabel = (limit: LimitName): string =>
  FLEET_FIELDS.find(({ name }) => name === limit)?.label ?? limit

/** What figures of a measure are counted in. */
export type FigureUnit = 'percent' | 'minutes' | 'count'
export function unitOf(measure: Measure): FigureUnit {
  if (measure.kind === 'ratio' || measure.kind === 'share') return 'percent'
  return measure.kind === 'gauge' && measure.unit === 'ms' ? 'minutes' : 'count'
}

/** What is counted itself, where a condition is about no measure. */
const COUNTED: Measure = {
  kind: 'count',
  counter: 'requests',
  noun: '',
  words: '',
  groupings: [],
  promql: null,
}
export const measureOfRule = ({ condition }: Pick<AlertRule, 'condition'>): Measure =>
  'measure' in condition ? measureOf(condition.measure) : COUNTED

/** A figure of a measure, without its noun. Pure. */
export function figureText(value: number, measure: Measure): string {
  const unit = unitOf(measure)
  if (unit === 'percent') return wholePercent(value)
  return unit === 'minutes' ? formatRound(value) : formatCount(value)
}

/** "for 10 min", "at once". Pure. */
export const forText = ({ forMs }: Pick<AlertRule, 'forMs'>): string =>
  forMs === 0 ? 'at once' : `for ${formatRound(forMs)}`

/** The part of a fleet that something is about. Pure. */
export function partText({ collection, appVersion, scope }: GroupLabels): string {
  if (collection !== undefined) return `collection ${collection}`
  if (appVersion !== undefined) return `version ${appVersion}`
  return scope === undefined ? 'the fleet' : `breaker ${nameOfScope(scope)}`
}

type Part = RuleView['parts'][number]
const GRAVEST: readonly AlertStatus[] = ['firing', 'no_data', 'pending']

/** How a rule stands, worst part first. Pure. */
export function stateOfRule({ rule, parts }: Pick<RuleView, 'rule' | 'parts'>): {
  readonly kind: StatusKind
  readonly word: string
  /** The parts that make it so. */
  readonly parts: readonly Part[]
} {
  if (!rule.enabled) return { kind: 'held', word: 'off', parts: [] }
  const status = GRAVEST.find((one) => parts.some((part) => part.status === one))
  const worst = parts.filter((part) => part.status === status)
  if (status === 'firing') return { kind: SEVERITY_KINDS[rule.severity], word: 'fires', parts: worst }
  if (status === 'no_data') return { kind: 'unk', word: 'not known', parts: worst }
  if (status === 'pending') return { kind: 'warn', word: 'over its bound', parts: worst }
  return { kind: 'ok', word: 'well', parts: [] }
}

/** "version 2.4.1, collection orders and 2 more". Pure. */
export function partsText(parts: readonly Pick<Part, 'group'>[]): string {
  const names = parts.map(({ group }) => partText(group))
  return names.length <= 3
    ? names.join(', ')
    : `${names.slice(0, 2).join(', ')} and ${formatCount(names.length - 2)} more`
}

/** What the list says in a sentence; of a search it speaks only of what was found. Pure. */
export function rulesSentence(rules: readonly RuleView[], q: string): string {
  if (q !== '') return `${plural(rules.length, 'rule')} ${rules.length === 1 ? 'matches' : 'match'} “${q}”`
  const on = rules.filter(({ rule }) => rule.enabled)
  const firing = on.filter(({ parts }) => parts.some(({ status }) => status === 'firing')).length
  const watch = `${plural(on.length, 'rule')} ${on.length === 1 ? 'watches' : 'watch'} this fleet`
  return `${watch}; ${firing === 0 ? 'none fires' : `${formatCount(firing)} ${firing === 1 ? 'fires' : 'fire'}`}`
}

/** What was made of them here. Pure. */
export function rulesEvidence(rules: readonly RuleView[]): string {
  const count = (origin: RuleView['origin']): number => rules.filter((one) => one.origin === origin).length
  const off = rules.filter(({ rule }) => !rule.enabled).length
  const said = [
    [count('shipped'), 'as shipped'],
    [count('changed'), 'changed here'],
    [count('own'), 'of this fleet’s own'],
    [off, 'off'],
  ] as const
  const some = said.filter(([of]) => of > 0).map(([of, word]) => `${formatCount(of)} ${word}`)
  return `Each is looked at every 15 s.${some.length === 0 ? '' : ` ${some.join(', ')}.`}`
}

const STATUS_WORDS: Readonly<Record<AlertStatus, { kind: StatusKind; word: string }>> = {
  inactive: { kind: 'ok', word: 'well' },
  pending: { kind: 'warn', word: 'over its bound, not for long enough' },
  firing: { kind: 'crit', word: 'fires' },
  no_data: { kind: 'unk', word: 'its figure is not known' },
}
/** How it stands for one part. Pure. */
export const statusOfPart = ({ status }: Pick<Part, 'status'>): { kind: StatusKind; word: string } =>
  STATUS_WORDS[status]

/** What one rule's page says in a sentence. Pure. */
export function ruleSentence(view: Pick<RuleView, 'rule' | 'parts'>): string {
  const { rule } = view
  const { word, parts } = stateOfRule(view)
  if (!rule.enabled) return `${rule.title}: this rule is off`
  if (parts.length === 0) return `${rule.title}: nothing is over its bound`
  const of = rule.groupBy === 'fleet' ? '' : ` for ${partsText(parts)}`
  return `${rule.title}: ${word === 'not known' ? `its figure is not known${of}` : `${word}${of}`}`
}
