import { createLoader, parseAsString, parseAsStringLiteral } from 'nuqs/server'
import { RANGE_DEFAULT, RANGES } from '#components/shell/ranges.ts'

/** The query of a page as Next passes it. */
export type PageQuery = Promise<Record<string, string | string[] | undefined>>
export type PageProps = { searchParams: PageQuery }
export type ItemProps = PageProps & { params: Promise<{ id: string }> }

/** What every page understands: the fleet, and the time range of what it shows. */
export const SHARED = {
  fleet: parseAsString,
  range: parseAsStringLiteral(RANGES).withDefault(RANGE_DEFAULT),
}
/** A list: its filter, and where its page starts. */
export const LIST = { ...SHARED, q: parseAsString.withDefault(''), cursor: parseAsString }

export const loadShared = createLoader(SHARED)
export const loadList = createLoader(LIST)

/** The query as text, for links that keep it; the first of equal names. */
export async function queryText(search: PageQuery): Promise<string> {
  const params = new URLSearchParams()
  for (const [name, value] of Object.entries(await search)) {
    const first = Array.isArray(value) ? value[0] : value
    if (first !== undefined) params.set(name, first)
  }
  return params.toString()
}
