import { carryShared, withParams } from '#components/ui/search-params.ts'
import type { conflictGroups } from '#lib/application/conflicts/list-conflicts.ts'
import type { ConflictKey, ConflictSort } from '#lib/query/conflict-fields.ts'
import { UNKNOWN_VERSION } from '#lib/query/conflict-words.ts'
import { FILTER_LENGTH_MAX, isAmong, type Filter } from '#lib/query/field.ts'
import { formatFilter } from '#lib/query/format-filter.ts'

export type Group = Awaited<ReturnType<typeof conflictGroups>>['groups'][number]
type Conflicts = Filter<ConflictKey>

/** What makes a group. */
const GROUP_KEYS = ['collection', 'field', 'version', 'against'] as const satisfies readonly ConflictKey[]

const speaksOf = (filter: Conflicts, key: ConflictKey): boolean =>
  filter.some((one) => one.kind !== 'words' && one.key === key)

/** The one value that a filter asks of a key; null for none, and for several. */
function askedOf(filter: Conflicts, key: ConflictKey): string | null {
  const found = filter.filter((one) => one.kind === 'is' && one.key === key)
  const [only] = found
  if (found.length !== 1 || only?.kind !== 'is' || only.not) return null
  return only.values.length === 1 ? (only.values[0] ?? null) : null
}

/** What the page shows for a filter: where it names no status, the conflicts that wait for a person. Pure. */
export function withStatus(filter: Conflicts): Conflicts {
  if (speaksOf(filter, 'status')) return filter
  const open = [...filter, isAmong<ConflictKey>('status', 'open')]
  // One as long as a filter may be has no room for more.
  return formatFilter(open).length > FILTER_LENGTH_MAX ? filter : open
}

/** What a group is under the keys of the filter. Pure. */
export const valuesOf = (group: Group): Readonly<Record<(typeof GROUP_KEYS)[number], string>> => ({
  collection: group.collection,
  field: group.place,
  version: group.appVersion === '' ? UNKNOWN_VERSION : group.appVersion,
  against: group.remoteAppVersion ?? UNKNOWN_VERSION,
})

/** Whether a filter is about one group as a whole. Pure. */
export const isOfGroup = (filter: Conflicts): boolean =>
  GROUP_KEYS.every((key) => askedOf(filter, key) !== null)

/** Whether a filter is about this group. Pure. */
export function isCurrent(filter: Conflicts, group: Group): boolean {
  const values = valuesOf(group)
  return GROUP_KEYS.every((key) => askedOf(filter, key) === values[key])
}

/** A filter without what names a group, where it names one as a whole: what the groups beside the list are of. Pure. */
export const withoutGroup = (filter: Conflicts): Conflicts =>
  isOfGroup(filter)
    ? filter.filter((one) => one.kind === 'words' || !GROUP_KEYS.some((key) => key === one.key))
    : filter

/** The address of the conflicts of a filter, in the same fleet, range and order. Pure. */
export function conflictsHref(query: string, filter: Conflicts): string {
  const kept = new URL(carryShared('/conflicts', query), 'http://local.invalid').search
  const sort = new URLSearchParams(query).get('sort')
  const q = filter.length === 0 ? null : formatFilter(filter)
  return withParams('/conflicts', kept, { q, sort })
}

/** The conflict rate of one collection, in the same fleet and time. Pure. */
export const pillarOfHref = (query: string, collection: string): string =>
  withParams(
    '/pillars/conflicts',
    new URL(carryShared('/pillars/conflicts', query), 'http://local.invalid').search,
    { collection },
  )

/** The same list in another order, from its beginning. Pure. */
export const sortHref = (query: string, sort: ConflictSort): string =>
  withParams('/conflicts', query, { sort: sort === 'waiting' ? null : sort, cursor: null })

/** The conflicts of one group among those that are asked for; of the one that is shown, the way out. Pure. */
export function groupHref(query: string, filter: Conflicts, group: Group): string {
  const others = withoutGroup(filter)
  if (isCurrent(filter, group)) return conflictsHref(query, others)
  const values = valuesOf(group)
  const own = GROUP_KEYS.map((key) => isAmong<ConflictKey>(key, values[key]))
  const named = others.filter((one) => one.kind === 'words' || !GROUP_KEYS.some((key) => key === one.key))
  return conflictsHref(query, [...own, ...named])
}

/** What stays of an address on the way between a list and one of its conflicts. */
const keptOf = (query: string) => {
  const params = new URLSearchParams(query)
  return { q: params.get('q'), sort: params.get('sort') }
}

/** One conflict of a list, with the list's filter and order for the way back and on. Pure. */
export function conflictHref(query: string, id: string): string {
  const path = `/conflicts/${id}`
  const kept = new URL(carryShared(path, query), 'http://local.invalid').search
  return withParams(path, kept, keptOf(query))
}

/** The list that one came from. Pure. */
export const backHref = (query: string): string =>
  withParams(
    '/conflicts',
    new URL(carryShared('/conflicts', query), 'http://local.invalid').search,
    keptOf(query),
  )

/** Those of a filter that wait for a person: what one goes on with. Pure. */
export function openOf(filter: Conflicts): string {
  const open = [
    ...filter.filter((one) => one.kind === 'words' || one.key !== 'status'),
    isAmong<ConflictKey>('status', 'open'),
  ]
  const q = formatFilter(open)
  return q.length > FILTER_LENGTH_MAX ? formatFilter(filter) : q
}
