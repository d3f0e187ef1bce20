import { formatRound } from '#components/ui/format.ts'
import {
  problemsOf,
  type AlertRule,
  type Condition,
  type Family,
  type Grouping,
  type LimitName,
  type AlertCounter,
  type MeasureName,
} from '#lib/application/alerts/terms.ts'
import type { Severity } from '#lib/protocol/notice.ts'
import {
  fieldsOf,
  groupingsOf,
  isOfWindow,
  isShare,
  kindOf,
  measureIn,
  measuresOf,
  windowPath,
  windowsOf,
  type Draft,
} from './rule-fields.ts'
import { unitOf, type FigureUnit } from './rule-words.ts'

const PER_UNIT: Readonly<Record<FigureUnit, number>> = { minutes: 60_000, percent: 0.01, count: 1 }
/** Digits that a figure keeps, so that it comes back as it was typed. */
const DIGITS = 12

const typed = (value: number, unit: FigureUnit): string =>
  String(Number((value / PER_UNIT[unit]).toPrecision(DIGITS)))

/** What was typed, in the API's unit; NaN for what is no number. */
function meant(text: string | undefined, unit: FigureUnit): number {
  const trimmed = text?.trim() ?? ''
  const value = trimmed === '' ? NaN : Number((Number(trimmed) * PER_UNIT[unit]).toPrecision(DIGITS))
  return unit === 'minutes' ? Math.round(value) : value
}

/** Where a rule begins that somebody makes; each kind of condition has something to begin with. */
const BEGIN: Draft = {
  '/title': '',
  '/family': 'sync',
  '/severity': 'warning',
  '/groupBy': 'fleet',
  '/enabled': 'on',
  '/inhibitedBy': '',
  '/forMs': '10',
  '/keepFiringMs': '5',
  '/condition/kind': 'threshold',
  '/condition/measure': 'sessionFailures',
  '/condition/counter': 'requests',
  '/condition/comparison': 'above',
  '/condition/value/limit': '',
  '/condition/value': '5',
  '/condition/clear': '',
  '/condition/windowMs': '30',
  '/condition/minTraffic': '20',
  '/condition/minPart': '5',
  '/condition/perActivity/counter': '',
  '/condition/perActivity/factor': '1',
  '/condition/target': '99',
  '/condition/windows': '1',
  // The four pairs of Google's SRE workbook.
  ...windowPair(0, '14.4', '60', '5'),
  ...windowPair(1, '6', '360', '30'),
  ...windowPair(2, '3', '1440', '120'),
  ...windowPair(3, '1', '4320', '360'),
  '/condition/before/windowMs': '60',
  '/condition/before/atLeast': '100',
  '/condition/devicesMin': '5',
  '/condition/direction': 'below',
  '/condition/ratio': '30',
  '/condition/deviations': '4',
  '/condition/minimum': '200',
  '/condition/weeksMin': '3',
}

function windowPair(index: number, factor: string, long: string, short: string): Draft {
  return {
    [windowPath(index, 'factor')]: factor,
    [windowPath(index, 'longMs')]: long,
    [windowPath(index, 'shortMs')]: short,
  }
}

/** A rule as it stands in its fields; of none, one to begin with. Pure. */
export function draftOf(rule: AlertRule | null): Draft {
  if (rule === null) return BEGIN
  const { title, family, severity, groupBy, enabled, inhibitedBy, condition } = rule
  return {
    ...BEGIN,
    '/title': title,
    '/family': family,
    '/severity': severity,
    '/groupBy': groupBy,
    '/enabled': enabled ? 'on' : '',
    '/inhibitedBy': inhibitedBy.join(' '),
    '/forMs': typed(rule.forMs, 'minutes'),
    '/keepFiringMs': typed(rule.keepFiringMs, 'minutes'),
    '/condition/kind': condition.kind,
    ...draftOfCondition(condition),
  }
}

function draftOfCondition(condition: Condition): Draft {
  const figures = (): Draft => {
    const draft = { ...BEGIN, ...named(condition) }
    return Object.fromEntries(
      fieldsOf(draft).flatMap(({ path, unit }): [string, string][] => {
        const value = at(condition, path)
        return typeof value === 'number' ? [[path, typed(value, unit)]] : []
      }),
    )
  }
  return { ...named(condition), ...figures() }
}

/** What of a condition is no figure. */
function named(condition: Condition): Draft {
  const { kind } = condition
  switch (kind) {
    case 'threshold': {
      const { measure, comparison, value, perActivity } = condition
      return {
        '/condition/kind': kind,
        '/condition/measure': measure,
        '/condition/comparison': comparison,
        '/condition/value/limit': typeof value === 'number' ? '' : value.limit,
        '/condition/perActivity/counter': perActivity?.counter ?? '',
      }
    }
    case 'burn_rate':
      return {
        '/condition/kind': kind,
        '/condition/measure': condition.measure,
        '/condition/windows': String(condition.windows.length),
      }
    case 'absence':
      return { '/condition/kind': kind, '/condition/counter': condition.counter }
    case 'anomaly':
      return {
        '/condition/kind': kind,
        '/condition/counter': condition.counter,
        '/condition/direction': condition.direction,
      }
  }
}

/** What stands in a condition at a JSON Pointer of its rule. */
function at(condition: Condition, path: string): unknown {
  const [root, ...keys] = path.slice(1).split('/')
  if (root !== 'condition') return undefined
  return keys.reduce<unknown>(
    (value, key) =>
      typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[key] : undefined,
    condition,
  )
}

/** The draft with one thing changed, and what no more fits to that put right. Pure. */
export function changed(draft: Draft, path: string, value: string): Draft {
  const next = { ...draft, [path]: value }
  const measures = measuresOf(kindOf(next))
  const measure = next['/condition/measure'] as MeasureName
  const fit = measures.includes(measure) ? next : { ...next, '/condition/measure': measures[0] ?? measure }
  const isOther = path === '/condition/measure' || path === '/condition/kind'
  const bound = isOther && unitOf(measureIn(fit)) !== unitOf(measureIn(draft)) ? FRESH_BOUND : {}
  const groups = groupingsOf(fit)
  const groupBy = groups.find((one) => one === fit['/groupBy']) ?? groups[0] ?? 'fleet'
  return { ...fit, ...bound, '/groupBy': groupBy }
}
/** A bound of percents is none of minutes. */
const FRESH_BOUND: Draft = { '/condition/value/limit': '', '/condition/value': '', '/condition/clear': '' }

/** The rule that was typed; what is no number in it is NaN. Pure. */
export function ruleOf(draft: Draft, name: string): AlertRule {
  const text = (path: string): string => draft[path]?.trim() ?? ''
  return {
    name,
    title: text('/title'),
    family: text('/family') as Family,
    severity: text('/severity') as Severity,
    groupBy: text('/groupBy') as Grouping,
    condition: conditionOf(draft),
    forMs: meant(draft['/forMs'], 'minutes'),
    keepFiringMs: meant(draft['/keepFiringMs'], 'minutes'),
    enabled: draft['/enabled'] === 'on',
    inhibitedBy: text('/inhibitedBy')
      .split(/[\s,]+/)
      .filter((one) => one !== ''),
  }
}

function conditionOf(draft: Draft): Condition {
  const figure = (name: string, unit: FigureUnit): number => meant(draft[`/condition/${name}`], unit)
  const kind = kindOf(draft)
  const measure = draft['/condition/measure'] as MeasureName
  const counter = draft['/condition/counter'] as AlertCounter
  const minimums = { minTraffic: figure('minTraffic', 'count'), minPart: figure('minPart', 'count') }
  switch (kind) {
    case 'threshold':
      return thresholdOf(draft, measure, minimums)
    case 'burn_rate': {
      const windows = Array.from({ length: windowsOf(draft) }, (_, index) => ({
        factor: meant(draft[windowPath(index, 'factor')], 'count'),
        longMs: meant(draft[windowPath(index, 'longMs')], 'minutes'),
        shortMs: meant(draft[windowPath(index, 'shortMs')], 'minutes'),
      }))
      return { kind, measure, target: figure('target', 'percent'), windows, ...minimums }
    }
    case 'absence':
      return {
        kind,
        counter,
        windowMs: figure('windowMs', 'minutes'),
        before: {
          windowMs: figure('before/windowMs', 'minutes'),
          atLeast: figure('before/atLeast', 'count'),
        },
        devicesMin: figure('devicesMin', 'count'),
      }
    case 'anomaly':
      return {
        kind,
        counter,
        windowMs: figure('windowMs', 'minutes'),
        direction: draft['/condition/direction'] === 'above' ? 'above' : 'below',
        deviations: figure('deviations', 'count'),
        ratio: figure('ratio', 'percent'),
        minimum: figure('minimum', 'count'),
        weeksMin: figure('weeksMin', 'count'),
      }
  }
}

type Minimums = { readonly minTraffic: number; readonly minPart: number }

function thresholdOf(draft: Draft, name: MeasureName, minimums: Minimums): Condition {
  const measure = measureIn(draft)
  const unit = unitOf(measure)
  const isFlag = measure.kind === 'gauge' && measure.unit === 'flag'
  const limit = draft['/condition/value/limit'] ?? ''
  const clear = draft['/condition/clear']?.trim() ?? ''
  const counter = draft['/condition/perActivity/counter'] ?? ''
  const own = meant(draft['/condition/value'], unit)
  return {
    kind: 'threshold',
    measure: name,
    // Of what is so or not the bound is between both.
    comparison: isFlag || draft['/condition/comparison'] === 'above' ? 'above' : 'below',
    value: isFlag ? 0 : limit === '' ? own : { limit: limit as LimitName },
    clear: isFlag || clear === '' ? null : meant(clear, unit),
    windowMs: isOfWindow(measure) ? meant(draft['/condition/windowMs'], 'minutes') : 0,
    ...(isShare(measure) ? minimums : { minTraffic: 0, minPart: 0 }),
    perActivity:
      measure.kind === 'count' && counter !== ''
        ? {
            counter: counter as AlertCounter,
            factor: meant(draft['/condition/perActivity/factor'], 'percent'),
          }
        : null,
  }
}

/** What keeps a draft from being a rule, by the place where it is wrong. Pure. */
export function problemsOfDraft(draft: Draft, name: string): Readonly<Record<string, string>> {
  const missing = fieldsOf(draft)
    .filter(({ path, optional }) => !(optional && draft[path]?.trim() === ''))
    .filter(({ path }) => !Number.isFinite(meant(draft[path], 'count')))
    .map(({ path }) => ({ path, message: 'must be a number' }))
  const untitled = draft['/title']?.trim() === '' ? [{ path: '/title', message: 'must be said' }] : []
  const all = [...untitled, ...missing, ...problemsOf(ruleOf(draft, name))]
  // Of several at one place the first one is the plainest.
  return Object.fromEntries(all.toReversed().map(({ path, message }) => [path, inMinutes(message)]))
}

/** The API's bounds are in ms, the fields in minutes. */
const inMinutes = (message: string): string =>
  message.replace(
    /from (\d+) to (\d+) ms/,
    (_, min: string, max: string) =>
      `from ${min === '0' ? '0' : formatRound(Number(min))} to ${formatRound(Number(max))}`,
  )
