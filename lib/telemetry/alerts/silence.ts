import type { Severity } from '#lib/protocol/notice.ts'
import type { AlertPerson } from './incident.ts'
import type { Family, GroupLabels } from './rule.ts'
import { subjectOf } from './subject.ts'

/** What a matcher may look at. */
export const MATCHED_LABELS = ['rule', 'severity', 'family', 'collection', 'appVersion', 'scope'] as const
export type MatchedLabel = (typeof MATCHED_LABELS)[number]

/** Plain comparisons: nobody's pattern runs each 15 s. A label that an alert hasn't is the empty text. */
export interface Matcher {
  readonly label: MatchedLabel
  readonly comparison: 'is' | 'is_not' | 'starts_with'
  /** Any of them; of `is_not` none. */
  readonly values: readonly string[]
}

/**
 * Nobody is told that something began that all matchers match, while it lasts. That it ended is always told. One whose start
 * lies ahead is a maintenance window. Times in Unix ms.
 */
export interface Silence {
  readonly id: string
  readonly fleetId: string
  readonly matchers: readonly Matcher[]
  readonly comment: string
  readonly startsAtMs: number
  readonly endsAtMs: number
  readonly by: AlertPerson
  readonly createdAtMs: number
  /** When somebody ended it before its time. */
  readonly endedAtMs: number | null
  readonly version: number
}

export type SilencePhase = 'ahead' | 'active' | 'over'

export function silencePhase({ startsAtMs, endsAtMs, endedAtMs }: Silence, nowMs: number): SilencePhase {
  if (endedAtMs !== null || nowMs >= endsAtMs) return 'over'
  return nowMs < startsAtMs ? 'ahead' : 'active'
}

export interface Matched {
  readonly rule: string
  readonly severity: Severity
  readonly family: Family
  readonly group: GroupLabels
}

export function isSilencedBy(silence: Silence, alert: Matched, nowMs: number): boolean {
  return silencePhase(silence, nowMs) === 'active' && silence.matchers.every((one) => matches(one, alert))
}

function matches({ label, comparison, values }: Matcher, alert: Matched): boolean {
  const { rule, severity, family, group } = alert
  const labels: Readonly<Partial<Record<MatchedLabel, string>>> = {
    ...subjectOf(group),
    ...group,
    rule,
    severity,
    family,
  }
  const value = labels[label] ?? ''
  if (comparison === 'starts_with') return values.some((start) => value.startsWith(start))
  return values.includes(value) === (comparison === 'is')
}
