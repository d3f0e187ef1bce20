import { createLoader, createParser, parseAsString, parseAsStringLiteral } from 'nuqs/server'
import { RANGE_DEFAULT, RANGES } from '#components/shell/ranges.ts'
import { isCursor } from '#lib/application/page.ts'

/** The query of a page as Next passes it. */
export type PageQuery = Promise<Record<string, string | string[] | undefined>>
export type PageProps = { searchParams: PageQuery }
export type ItemProps = PageProps & { params: Promise<{ id: string }> }

/** One of some words, which stand beside it for whoever wrote another one. */
export const oneOf = <const T extends string>(values: readonly T[], otherwise: NoInfer<T>) => ({
  ...parseAsStringLiteral(values).withDefault(otherwise as Extract<T, string> & {}),
  choices: values,
})

/** Where a page of a list begins; what is no cursor begins at the first one. */
export const pageCursor = createParser({
  parse: (text) => (isCursor(text) ? text : null),
  serialize: (text: string) => text,
})

/** What every page understands: the fleet, and the time range of what it shows. */
export const SHARED = {
  fleet: parseAsString,
  range: oneOf(RANGES, RANGE_DEFAULT),
}
/** A list: its filter, and where its page starts. */
export const LIST = { ...SHARED, q: parseAsString.withDefault(''), cursor: pageCursor }

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
