import { carryShared, withParams } from '#components/ui/search-params.ts'
import type { OverviewAnswer } from '#lib/application/pillars/overview.ts'
import { formatFilter } from '#lib/query/format-filter.ts'
import { incidentHref } from '../alerts/incident-links.ts'
import { breakerHref } from '../breakers/breaker-links.ts'

type Target = NonNullable<OverviewAnswer['verdict']['step']>['target']

/** A list with these `key:value` filters, in the same fleet and range; null filters are left out. Pure. */
export function listHref(
  path: string,
  query: string,
  filters: Readonly<Record<string, string | null>>,
): string {
  const filter = Object.entries(filters).flatMap(([key, value]) =>
    value === null ? [] : [{ kind: 'is' as const, key, not: false, values: [value] }],
  )
  const kept = new URL(carryShared(path, query), 'http://local.invalid')
  return withParams(path, kept.search, { q: formatFilter(filter) })
}

/** The open letters of a group; null for those of all. Pure. */
export const deadLettersHref = (query: string, group: string | null): string =>
  group === null
    ? carryShared('/dead-letters', query)
    : listHref('/dead-letters', query, { group, status: 'open' })

/** The address of a verdict's next step. Pure. */
export function stepHref(target: Target, query: string): string {
  switch (target.page) {
    case 'dead-letters':
      return deadLettersHref(query, target.group)
    case 'pillar':
      return withParams(`/pillars/${target.pillar}`, carryShared('', query).slice(1), {
        collection: target.collection,
      })
    case 'sessions':
      return listHref('/sessions', query, { result: target.result, version: target.appVersion })
    case 'breaker':
      return breakerHref(query, target.scope)
    case 'incident':
      return incidentHref(query, target.id)
    case 'devices':
      return listHref('/devices', query, { state: target.state, has: target.has, version: target.appVersion })
  }
}
