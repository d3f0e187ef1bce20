import type { AlertCounter, Grouping, LimitName, MeasureName } from './measures.ts'
import type { Severity } from '#lib/protocol/notice.ts'

/** What belongs into one incident when it is about the same part of the fleet. */
export const FAMILIES = ['sync', 'devices', 'work', 'breaker', 'server'] as const
export type Family = (typeof FAMILIES)[number]

/** A number, or a limit as the fleet (or its collection) has it set. */
export type Bound = number | { readonly limit: LimitName }

/** A figure against a bound. */
export interface ThresholdCondition {
  readonly kind: 'threshold'
  readonly measure: MeasureName
  /** Of what adds up over time; 0 of what stands at a moment. */
  readonly windowMs: number
  readonly comparison: 'above' | 'below'
  readonly value: Bound
  /** While it fires, this bound holds instead: nearer to what is well. Null for the same one. */
  readonly clear: number | null
  /** Of a part of a whole: what the whole must be at least, and the part. */
  readonly minTraffic: number
  readonly minPart: number
  /** The bound is also at least so much of this, over the same window: more activity, more of the rest. */
  readonly perActivity: { readonly counter: AlertCounter; readonly factor: number } | null
}

/** Google's SRE workbook, "Alerting on SLOs", 6: the budget burns `factor` times too fast over both windows. */
export interface BurnWindow {
  readonly factor: number
  readonly longMs: number
  readonly shortMs: number
}
export interface BurnRateCondition {
  readonly kind: 'burn_rate'
  readonly measure: MeasureName
  /** The share that has to go well, below 1: 0.99. */
  readonly target: number
  /** Any one of them is enough. */
  readonly windows: readonly BurnWindow[]
  /** Of the long window. */
  readonly minTraffic: number
  readonly minPart: number
}

/** Nothing comes, of what came before. */
export interface AbsenceCondition {
  readonly kind: 'absence'
  readonly counter: AlertCounter
  readonly windowMs: number
  /** It counts as having come when so much did in the time before. */
  readonly before: { readonly windowMs: number; readonly atLeast: number }
  /** So many devices must still be there: a version that everybody left is not silent. */
  readonly devicesMin: number
}

/** Against the same stretch of the week in the weeks before: their median, and how far they lie from it. */
export interface AnomalyCondition {
  readonly kind: 'anomaly'
  readonly counter: AlertCounter
  readonly windowMs: number
  readonly direction: 'above' | 'below'
  /** Of the median absolute deviation, made comparable with a standard deviation. */
  readonly deviations: number
  /** And so many times the median, or below so much of it. */
  readonly ratio: number
  /** Under this both now and in the median nothing is said. */
  readonly minimum: number
  /** Of ANOMALY_WEEKS so many must be known. */
  readonly weeksMin: number
}

export type Condition = ThresholdCondition | BurnRateCondition | AbsenceCondition | AnomalyCondition

/** One rule as typed data. `forMs` and `keepFiringMs` mean what `for` and `keep_firing_for` do in Prometheus. */
export interface AlertRule {
  /** Lower-case words with hyphens; names its runbook too. */
  readonly name: string
  readonly title: string
  readonly family: Family
  readonly severity: Severity
  readonly groupBy: Grouping
  readonly condition: Condition
  readonly forMs: number
  readonly keepFiringMs: number
  readonly enabled: boolean
  /** Rules that hold this one's tongue while they fire for the same part of the fleet, or for all of it. */
  readonly inhibitedBy: readonly string[]
}

export const ANOMALY_WEEKS = 4
export const WEEK_MS = 7 * 86_400_000

/** What an alert is about; without any label it is the fleet as a whole. */
export type GroupLabel = 'collection' | 'appVersion' | 'scope'
export type GroupLabels = Readonly<Partial<Record<GroupLabel, string>>>

const LABEL_OF = {
  fleet: null,
  collection: 'collection',
  version: 'appVersion',
  scope: 'scope',
} as const satisfies Record<Grouping, GroupLabel | null>

export function labelsOf(groupBy: Grouping, key: string): GroupLabels {
  const label = LABEL_OF[groupBy]
  return label === null ? {} : { [label]: key }
}

/** The part that labels name, as `labelsOf` has it; null where they don't name one of that grouping. */
export function keyOfLabels(groupBy: Grouping, group: GroupLabels): string | null {
  const label = LABEL_OF[groupBy]
  return label === null ? '' : (group[label] ?? null)
}
