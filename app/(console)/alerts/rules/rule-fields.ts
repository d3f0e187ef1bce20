import {
  ANOMALY_WEEKS,
  measureOf,
  MEASURE_NAMES,
  type Condition,
  type Grouping,
  type LimitName,
  type Measure,
  type MeasureName,
} from '#lib/application/alerts/terms.ts'
import { capitalised } from '#components/ui/format.ts'
import { FLEET_FIELDS } from '../../settings/thresholds/threshold-fields.ts'
import { unitOf, type FigureUnit } from './rule-words.ts'

/** What is typed of a rule, by the place that the API names (JSON Pointer). */
export type Draft = Readonly<Record<string, string>>

/** A figure to be typed. */
export interface RuleField {
  readonly path: string
  readonly label: string
  readonly unit: FigureUnit
  readonly hint?: string
  /** May be left empty. */
  readonly optional?: true
}

export const KIND_WORDS: Readonly<Record<Condition['kind'], string>> = {
  threshold: 'a figure is over or under a bound',
  burn_rate: 'too much fails for a target, in a long and a short window',
  absence: 'nothing comes any more',
  anomaly: 'a count is far from that of past weeks',
}
export const WINDOWS_MAX = 4
export const windowPath = (index: number, name: 'factor' | 'longMs' | 'shortMs'): string =>
  `/condition/windows/${index}/${name}`
export const windowsOf = (draft: Draft): number => Number(draft['/condition/windows'])

export const kindOf = (draft: Draft): Condition['kind'] => draft['/condition/kind'] as Condition['kind']
export const measureIn = (draft: Draft): Measure => measureOf(draft['/condition/measure'] as MeasureName)
export const isOfWindow = ({ kind }: Measure): boolean => kind === 'ratio' || kind === 'count'
export const isShare = ({ kind }: Measure): boolean => kind === 'ratio' || kind === 'share'
const isFlag = (measure: Measure): boolean => measure.kind === 'gauge' && measure.unit === 'flag'

/** What a measure is called in a list of choices. Pure. */
export function measureLabel(measure: Measure): string {
  if (isShare(measure)) return capitalised(`share ${measure.words}`)
  return capitalised(measure.words === '' ? measure.noun : `${measure.noun}s ${measure.words}`)
}

/** The measures that a condition of this kind can be about. Pure. */
export const measuresOf = (kind: Condition['kind']): readonly MeasureName[] =>
  kind === 'burn_rate' ? MEASURE_NAMES.filter((name) => measureOf(name).kind === 'ratio') : MEASURE_NAMES

/** The parts that a condition can look at each by itself. Pure. */
export const groupingsOf = (draft: Draft): readonly Grouping[] =>
  'measure' === subjectOf(draft) ? measureIn(draft).groupings : ['fleet', 'collection', 'version']
const subjectOf = (draft: Draft): 'measure' | 'counter' =>
  kindOf(draft) === 'threshold' || kindOf(draft) === 'burn_rate' ? 'measure' : 'counter'

const LIMIT_UNITS = { minutes: 'minutes', percent: 'percent', changes: 'count' } as const

/** Thresholds of the fleet that are counted as the measure is. Pure. */
export const limitsFor = (
  measure: Measure,
): readonly { readonly name: LimitName; readonly label: string }[] =>
  isFlag(measure) ? [] : FLEET_FIELDS.filter(({ unit }) => LIMIT_UNITS[unit] === unitOf(measure))

const MINIMUM = { path: '/condition/minTraffic', unit: 'count' } as const
const minimums = ({ noun }: { readonly noun: string }): readonly RuleField[] => [
  { ...MINIMUM, label: `With at least so many ${noun}s`, hint: 'of fewer nothing is said' },
  { path: '/condition/minPart', label: `And at least so many bad ones`, unit: 'count' },
]
const WINDOW: RuleField = { path: '/condition/windowMs', label: 'Counted over', unit: 'minutes' }

/** The figures that a condition of the draft's kind has, in their order; windows of a burn rate apart. Pure. */
export function conditionFields(draft: Draft): readonly RuleField[] {
  switch (kindOf(draft)) {
    case 'threshold':
      return thresholdFields(draft)
    case 'burn_rate':
      return [
        { path: '/condition/target', label: 'That has to go well', unit: 'percent' },
        ...minimums(measureIn(draft)),
      ]
    case 'absence':
      return [
        { ...WINDOW, label: 'None for' },
        { path: '/condition/before/atLeast', label: 'Though at least so many came', unit: 'count' },
        { path: '/condition/before/windowMs', label: 'In the time before', unit: 'minutes' },
        { path: '/condition/devicesMin', label: 'And so many devices are still there', unit: 'count' },
      ]
    case 'anomaly':
      return [
        WINDOW,
        {
          path: '/condition/ratio',
          label: 'Share of what is usual',
          unit: 'percent',
          hint: draft['/condition/direction'] === 'above' ? '100 or more' : 'under 100',
        },
        { path: '/condition/deviations', label: 'And so many deviations off', unit: 'count' },
        { path: '/condition/minimum', label: 'With at least so many', unit: 'count', hint: 'now or usually' },
        {
          path: '/condition/weeksMin',
          label: 'Past weeks that must be known',
          unit: 'count',
          hint: `1 to ${ANOMALY_WEEKS}`,
        },
      ]
  }
}

function thresholdFields(draft: Draft): readonly RuleField[] {
  const measure = measureIn(draft)
  if (isFlag(measure)) return []
  const unit = unitOf(measure)
  const scaled = measure.kind === 'count' && draft['/condition/perActivity/counter'] !== ''
  return [
    ...(draft['/condition/value/limit'] === ''
      ? [{ path: '/condition/value', label: 'Bound', unit } as const]
      : []),
    ...(isOfWindow(measure) ? [WINDOW] : []),
    ...(isShare(measure) ? minimums(measure) : []),
    ...(scaled
      ? [{ path: '/condition/perActivity/factor', label: 'Share of it', unit: 'percent' } as const]
      : []),
    {
      path: '/condition/clear',
      label: draft['/condition/comparison'] === 'above' ? 'Well again at or under' : 'Well again at or over',
      unit,
      hint: 'empty: at the same bound',
      optional: true,
    },
  ]
}

export const windowFields = (index: number): readonly RuleField[] => [
  { path: windowPath(index, 'factor'), label: `Times too fast, ${index + 1}`, unit: 'count' },
  { path: windowPath(index, 'longMs'), label: `Long window ${index + 1}`, unit: 'minutes' },
  { path: windowPath(index, 'shortMs'), label: `Short window ${index + 1}`, unit: 'minutes' },
]

export const TIME_FIELDS: readonly RuleField[] = [
  { path: '/forMs', label: 'Fires once it is so for', unit: 'minutes', hint: '0: at once' },
  { path: '/keepFiringMs', label: 'Ends once it is well for', unit: 'minutes', hint: '0: at once' },
]

/** All figures that the draft has. Pure. */
export const fieldsOf = (draft: Draft): readonly RuleField[] => [
  ...conditionFields(draft),
  ...(kindOf(draft) === 'burn_rate'
    ? Array.from({ length: windowsOf(draft) }, (_, index) => windowFields(index)).flat()
    : []),
  ...TIME_FIELDS,
]
