import type { z } from 'zod'
import type { silenceInput } from '#lib/application/alerts/silences.ts'
import type { IncidentView } from '#lib/application/alerts/incidents.ts'

type Matcher = z.infer<typeof silenceInput>['matchers'][number]
export type SilenceScope = {
  readonly key: string
  readonly label: string
  readonly matchers: readonly Matcher[]
}

const is = (label: Matcher['label'], ...values: string[]): Matcher => ({ label, comparison: 'is', values })

/** What a silence from an incident may be of, the narrowest first. Pure. */
export function scopesOfSilence(
  alerts: IncidentView['alerts'],
  { appVersion, collection }: IncidentView['group'],
): readonly SilenceScope[] {
  const firing = alerts.filter(({ endedAtMs }) => endedAtMs === null)
  const rules = [...new Set(firing.map(({ rule }) => rule))].slice(0, 20)
  const scopes = [...new Set(firing.flatMap(({ group }) => group.scope ?? []))].slice(0, 20)
  const about = [
    ...(appVersion === undefined ? [] : [is('appVersion', appVersion)]),
    ...(collection === undefined ? [] : [is('collection', collection)]),
  ]
  // The breaker of the fleet, or of the engine, is about no part; that of a version has the version among its labels.
  const part = about.length > 0 || scopes.length === 0 ? about : [is('scope', ...scopes)]
  const name = [appVersion ?? [], collection ?? []].flat().join(', ')
  const ofRules = rules.length === 1 ? `Only ${rules[0]}` : `These ${rules.length} rules`
  return [
    ...(rules.length > 0 && part.length > 0
      ? [
          {
            key: 'both',
            label: `${ofRules}, for ${name === '' ? 'this part' : name}`,
            matchers: [is('rule', ...rules), ...part],
          },
        ]
      : []),
    ...(rules.length > 0
      ? [{ key: 'rules', label: `${ofRules}, for the whole fleet`, matchers: [is('rule', ...rules)] }]
      : []),
    ...(part.length > 0
      ? [{ key: 'part', label: `All rules, for ${name === '' ? 'this part' : name}`, matchers: part }]
      : []),
  ]
}
