import type { IncidentView } from '#lib/application/alerts/incidents.ts'
import type { Matcher } from '#lib/application/alerts/terms.ts'

const is = (label: Matcher['label'], values: readonly string[]): Matcher => ({
  label,
  comparison: 'is',
  values,
})
const VALUES_MAX = 20

/** What a silence from an incident begins with: the rules that fire, and the part that it is about. Pure. */
export function matchersOf(
  alerts: IncidentView['alerts'],
  { appVersion, collection }: IncidentView['group'],
): readonly Matcher[] {
  const firing = alerts.filter(({ endedAtMs }) => endedAtMs === null)
  const rules = [...new Set(firing.map(({ rule }) => rule))].slice(0, VALUES_MAX)
  const scopes = [...new Set(firing.flatMap(({ group }) => group.scope ?? []))].slice(0, VALUES_MAX)
  const part = [
    ...(appVersion === undefined ? [] : [is('appVersion', [appVersion])]),
    ...(collection === undefined ? [] : [is('collection', [collection])]),
  ]
  return [
    ...(rules.length === 0 ? [] : [is('rule', rules)]),
    // The breaker of the fleet, or of the engine, is about no part; that of a version has the version among its labels.
    ...(part.length > 0 || scopes.length === 0 ? part : [is('scope', scopes)]),
  ]
}
