import { formatCount, formatRound } from '#components/ui/format.ts'

/** As the API names them. */
export type ThresholdName =
  | 'lagWarnMs'
  | 'lagCriticalMs'
  | 'conflictWarn'
  | 'conflictFriction'
  | 'failureWarn'
  | 'failureBreaker'
  | 'queueWarn'
  | 'queueCritical'
  | 'oldestWarnMs'
  | 'conflictWaitMs'
export type ThresholdValues = Readonly<Partial<Record<ThresholdName, number>>>

type Unit = 'minutes' | 'percent' | 'changes'
export type ThresholdField = { name: ThresholdName; label: string; judges: string; unit: Unit }

/** What is judged of a collection as well as of a fleet: changes are told by collection. */
export const COLLECTION_FIELDS: readonly ThresholdField[] = [
  { name: 'lagWarnMs', label: 'Sync lag, warning', judges: 'upload lag p95', unit: 'minutes' },
  { name: 'lagCriticalMs', label: 'Sync lag, critical', judges: 'upload lag p95', unit: 'minutes' },
  { name: 'conflictWarn', label: 'Conflict rate, warning', judges: 'of pushed changes', unit: 'percent' },
  {
    name: 'conflictFriction',
    label: 'Conflict rate, friction',
    judges: 'of pushed changes',
    unit: 'percent',
  },
  { name: 'conflictWaitMs', label: 'Conflict overdue', judges: 'wait for a person', unit: 'minutes' },
]

/** Requests, and what waits on a device, are of the fleet as a whole. */
export const FLEET_FIELDS: readonly ThresholdField[] = [
  ...COLLECTION_FIELDS,
  { name: 'failureWarn', label: 'Failure rate, warning', judges: 'of requests', unit: 'percent' },
  { name: 'failureBreaker', label: 'Failure rate, critical', judges: 'of requests', unit: 'percent' },
  { name: 'queueWarn', label: 'Queue depth, warning', judges: 'on one device', unit: 'changes' },
  { name: 'queueCritical', label: 'Queue depth, critical', judges: 'on one device', unit: 'changes' },
  { name: 'oldestWarnMs', label: 'Oldest waiting change', judges: 'age, online devices', unit: 'minutes' },
]

const PER_UNIT: Readonly<Record<Unit, number>> = { minutes: 60_000, percent: 0.01, changes: 1 }
export const UNIT_WORDS: Readonly<Record<Unit, string>> = {
  minutes: 'minutes',
  percent: '%',
  changes: 'changes',
}
/** Digits that a typed figure keeps: rates and times come back as they were typed. */
const DIGITS = 12

/** As it stands in a field: 300000 ms is `5`, 0.02 is `2`. Pure. */
export const fieldValue = ({ unit }: ThresholdField, value: number): string =>
  String(Number((value / PER_UNIT[unit]).toPrecision(DIGITS)))

/** What was typed in the API's unit; null for an empty field, which is set here no more. Pure. */
export function typedValue({ unit }: ThresholdField, typed: string): number | null {
  if (typed.trim() === '') return null
  const value = Number((Number(typed) * PER_UNIT[unit]).toPrecision(DIGITS))
  return unit === 'minutes' ? Math.round(value) : value
}

/** In words: "5 min", "2 %", "100 changes". Pure. */
export function limitText(field: ThresholdField, value: number): string {
  if (field.unit === 'minutes') return formatRound(value)
  return field.unit === 'percent' ? `${fieldValue(field, value)} %` : `${formatCount(value)} changes`
}

/** "lag 10 min, conflicts 5 %" of those that a collection sets itself; null when it sets none. Pure. */
export function ownText(values: ThresholdValues): string | null {
  const set = FLEET_FIELDS.flatMap((field) => {
    const value = values[field.name]
    return value === undefined ? [] : [`${field.label.toLowerCase()} ${limitText(field, value)}`]
  })
  return set.length === 0 ? null : set.join(', ')
}
