import { carryShared, withParams } from '#components/ui/search-params.ts'
import type { DeadLetterDetail } from '#lib/application/dead-letters/get-dead-letter.ts'
import type { Filter } from '#lib/query/field.ts'
import { formatFilter } from '#lib/query/format-filter.ts'
import { asks, type LetterKey } from '#lib/query/letter-fields.ts'

/** Groups that the page lists, the largest first; the rest is counted. */
export const GROUPS_SHOWN_MAX = 50

export type Status = DeadLetterDetail['letter']['status']
export const STATUSES = ['open', 'replayed', 'discarded'] as const satisfies readonly Status[]

/** The one value that a filter asks of a key; null for none, and for several. Pure. */
export function askedOf(filter: Filter<LetterKey>, key: LetterKey): string | null {
  const found = filter.find((one) => one.kind === 'is' && one.key === key && !one.not)
  return found?.kind === 'is' && found.values.length === 1 ? (found.values[0] ?? null) : null
}

/** The group that an address is about: its letter's own, else the one that is asked for, else the largest. Pure. */
export function pickGroup(
  groups: readonly { readonly id: string }[],
  filter: Filter<LetterKey>,
  letter: Pick<DeadLetterDetail['letter'], 'groupId'> | null,
): string | null {
  if (letter !== null) return letter.groupId
  return filter.length === 0 ? (groups[0]?.id ?? null) : askedOf(filter, 'group')
}

/** The address of a group's letters of a status, or of one letter beside them, in the same fleet and range. Pure. */
export function lettersHref(
  query: string,
  { groupId, status = 'open' }: { readonly groupId: string | null; readonly status?: Status },
  letterId?: string,
): string {
  const path = letterId === undefined ? '/dead-letters' : `/dead-letters/${letterId}`
  const kept = new URL(carryShared(path, query), 'http://local.invalid').search
  const filter = [...(groupId === null ? [] : [asks('group', groupId)]), asks('status', status)]
  return withParams(path, kept, { q: groupId === null && status === 'open' ? null : formatFilter(filter) })
}
