/** What pages need of rules and silences: their types, choices and checks. Light enough for the browser. */
export { problemsOf, type RuleProblem } from '#lib/telemetry/alerts/check-rule.ts'
export {
  ALERT_COUNTERS,
  MEASURE_NAMES,
  measureOf,
  type AlertCounter,
  type Grouping,
  type LimitName,
  type Measure,
  type MeasureName,
} from '#lib/telemetry/alerts/measures.ts'
export { nounOf } from '#lib/telemetry/alerts/describe.ts'
export { ANOMALY_WEEKS, FAMILIES } from '#lib/telemetry/alerts/rule.ts'
export type { AlertRule, Bound, Condition, Family, GroupLabels } from '#lib/telemetry/alerts/rule.ts'
export { MATCHED_LABELS, type MatchedLabel, type Matcher } from '#lib/telemetry/alerts/silence.ts'
export type { SilencePhase } from '#lib/telemetry/alerts/silence.ts'
export type { AlertStatus } from '#lib/telemetry/alerts/tracker.ts'
