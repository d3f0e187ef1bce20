import { createLoader, createParser, parseAsString, parseAsStringLiteral } from 'nuqs/server'
import { RANGE_DEFAULT, RANGES } from '#components/shell/ranges.ts'
import { instant, isCursor } from '#lib/application/page.ts'

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

/** An end of a stretch of time, as the API takes it too. */
const pageInstant = {
  ...createParser({
    parse: (text) => instant.safeParse(text).data ?? null,
    serialize: (ms: number) => new Date(ms).toISOString(),
  }),
  choices: ['a time like 2026-11-26T14:05:00Z'],
}

/** What every page understands: the fleet, and the time of what it shows, up to now or between two ends. */
export const SHARED = {
  fleet: parseAsString,
  range: oneOf(RANGES, RANGE_DEFAULT),
  from: pageInstant,
  to: pageInstant,
}
/** Where a page of a list starts. */
export const PAGED = { ...SHARED, cursor: pageCursor }
/** A list with its filter. */
export const LIST = { ...SHARED, q: parseAsString.withDefault(''), cursor: pageCursor }

export const loadShared = createLoader(SHARED)
export const loadPaged = createLoader(PAGED)
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
