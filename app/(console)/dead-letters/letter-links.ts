import { carryShared, withParams } from '#components/ui/search-params.ts'
import type { DeadLetterDetail } from '#lib/application/dead-letters/get-dead-letter.ts'
import { FILTER_LENGTH_MAX, isAmong, type Filter } from '#lib/query/field.ts'
import { formatFilter } from '#lib/query/format-filter.ts'
import type { LetterKey } from '#lib/query/letter-fields.ts'

/** Groups that the page lists, the largest first; the rest is counted. */
export const GROUPS_SHOWN_MAX = 50

export type Status = DeadLetterDetail['letter']['status']
export const STATUSES = ['open', 'replayed', 'discarded'] as const satisfies readonly Status[]

type Letters = Filter<LetterKey>

/** The one value that a filter asks of a key; null for none, and for several. Pure. */
export function askedOf(filter: Letters, key: LetterKey): string | null {
  const found = filter.find((one) => one.kind === 'is' && one.key === key && !one.not)
  return found?.kind === 'is' && found.values.length === 1 ? (found.values[0] ?? null) : null
}

/** Whether a filter says anything of a key. Pure. */
export const speaksOf = (filter: Letters, key: LetterKey): boolean =>
  filter.some((one) => one.kind !== 'words' && one.key === key)

/** A filter without what it says of a key. Pure. */
export const without = (filter: Letters, key: LetterKey): Letters =>
  filter.filter((one) => one.kind === 'words' || one.key !== key)

/** What the page shows for a filter: where it names no status, the letters that are open, as its groups do. Pure. */
export function withStatus(filter: Letters): Letters {
  if (speaksOf(filter, 'status')) return filter
  const open = [...filter, isAmong('status', 'open')]
  // One as long as a filter may be has no room for more.
  return formatFilter(open).length > FILTER_LENGTH_MAX ? filter : open
}

/** The group that an address is about: its letter's own, else the one that is asked for, else the largest. Pure. */
export function pickGroup(
  groups: readonly { readonly id: string }[],
  filter: Letters,
  letter: Pick<DeadLetterDetail['letter'], 'groupId'> | null,
): string | null {
  if (letter !== null) return letter.groupId
  return filter.length === 0 ? (groups[0]?.id ?? null) : askedOf(filter, 'group')
}

/** The letters that the page lists: those that the address asks for, else those of the group. Pure. */
export function listedLetters(filter: Letters, groupId: string | null, status: Status): Letters {
  if (filter.length > 0) return withStatus(filter)
  return [...(groupId === null ? [] : [isAmong('group', groupId)]), isAmong('status', status)]
}

/** The address of the letters of a filter, in the same fleet and range. Pure. */
export function filterHref(query: string, filter: Letters): string {
  const kept = new URL(carryShared('/dead-letters', query), 'http://local.invalid').search
  return withParams('/dead-letters', kept, { q: formatFilter(filter) })
}

/** The letters of one group among those that are asked for. Pure. */
export const groupHref = (query: string, filter: Letters, groupId: string): string =>
  filterHref(query, [isAmong('group', groupId), ...withStatus(without(filter, 'group'))])

/** One letter beside the list in which it stands: the same page of it, by the same filter. Pure. */
export function letterHref(query: string, listed: Letters, letterId: string): string {
  const path = `/dead-letters/${letterId}`
  const kept = new URL(carryShared(path, query), 'http://local.invalid').search
  const cursor = new URLSearchParams(query).get('cursor')
  return withParams(path, kept, { q: formatFilter(listed), cursor })
}

/** The address of a group's letters of a status, or of one letter beside them, in the same fleet and range. Pure. */
export function lettersHref(
  query: string,
  { groupId, status = 'open' }: { readonly groupId: string | null; readonly status?: Status },
  letterId?: string,
): string {
  const path = letterId === undefined ? '/dead-letters' : `/dead-letters/${letterId}`
  const kept = new URL(carryShared(path, query), 'http://local.invalid').search
  const filter = [...(groupId === null ? [] : [isAmong('group', groupId)]), isAmong('status', status)]
  return withParams(path, kept, { q: groupId === null && status === 'open' ? null : formatFilter(filter) })
}
