import type { GroupRow } from './pillar-view.ts'
import type { Grouping } from './search-params.ts'

export const GROUPING_WORDS: Readonly<Record<Grouping, { one: string; label: string }>> = {
  appVersion: { one: 'app version', label: 'App version' },
  platform: { one: 'platform', label: 'Platform' },
  collection: { one: 'collection', label: 'Collection' },
  source: { one: 'engine', label: 'Engine' },
}

/** The title of the table: which part stands out, or that none does. Pure. */
export function groupsSentence(rows: readonly GroupRow[], by: Grouping): string {
  const { one } = GROUPING_WORDS[by]
  if (rows.length === 0) return `Nothing is told by ${one} in this time`
  if (rows.length === 1) return `All of it is of one ${one}, ${rows[0]?.key}`
  const over = rows.filter(({ level }) => level === 'warn' || level === 'crit')
  if (over.length === 0) return `No ${one} is over a limit`
  if (over.length === rows.length) return `Every ${one} is over a limit`
  const names = over.map(({ key }) => key)
  const shown = names.length > 3 ? [...names.slice(0, 2), `${names.length - 2} more`] : names
  const last = shown.at(-1)
  const list = shown.length === 1 ? last : `${shown.slice(0, -1).join(', ')} and ${last}`
  return `${list} ${over.length === 1 ? 'is' : 'are'} over a limit, the others within`
}
