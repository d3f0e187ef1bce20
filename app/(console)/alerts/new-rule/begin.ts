import { carryShared, withParams } from '#components/ui/search-params.ts'
import type { LimitName, MeasureName } from '#lib/application/alerts/terms.ts'
import type { PillarParams, PillarPath } from '../../pillars/search-params.ts'
import { changed, draftOf } from '../rules/rule-draft.ts'
import { groupingsOf, type Draft } from '../rules/rule-fields.ts'
import { NEW_RULE_PATH } from '../rules/rule-links.ts'

export const PARTS = ['fleet', 'collection', 'version'] as const
type PartBy = (typeof PARTS)[number]

/** What an alert on a pillar is about: the figure that its limits judge. Lag is told of what arrives; what doesn't arrive waits. */
const OF_PILLAR: Readonly<Record<PillarPath, { measure: MeasureName; limit: LimitName; title: string }>> = {
  lag: { measure: 'pendingAge', limit: 'oldestWarnMs', title: 'Changes wait for long' },
  conflicts: { measure: 'conflictRate', limit: 'conflictWarn', title: 'Changes collide' },
  failures: { measure: 'requestFailures', limit: 'failureWarn', title: 'Requests fail' },
  queue: { measure: 'queueDepth', limit: 'queueWarn', title: 'Queues are long' },
}

/** A rule to begin with that is about a pillar, part by part where its figure is known so. Pure. */
export function draftOn(pillar: PillarPath, by: PartBy): Draft {
  const { measure, limit, title } = OF_PILLAR[pillar]
  const of = changed(draftOf(null), '/condition/measure', measure)
  return {
    ...of,
    '/title': title,
    '/condition/value/limit': limit,
    ...(groupingsOf(of).some((one) => one === by) ? { '/groupBy': by } : {}),
  }
}

/** To a rule about a pillar; a page of one collection or version asks for each by itself. Pure. */
export function alertHref(
  pillar: PillarPath,
  query: string,
  { collection, version }: Pick<PillarParams, 'collection' | 'version'>,
): string {
  const by: PartBy = collection !== null ? 'collection' : version !== null ? 'version' : 'fleet'
  const [path = '', kept = ''] = carryShared(NEW_RULE_PATH, query).split('?')
  return withParams(path, kept, { on: pillar, by: by === 'fleet' ? null : by })
}
