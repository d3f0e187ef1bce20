import type { Fields, Filter } from './field.ts'
import { matchesFilter, type RowReader } from './matches-filter.ts'

export interface FacetValueCount {
  readonly value: string
  readonly count: number
}

/** How many rows have each value of a key, most frequent first; each counted as if the key were not asked for. */
export interface Facet<Key extends string = string> {
  readonly key: Key
  readonly values: readonly FacetValueCount[]
  /** Of the values that are not listed: how many there are, and the rows that have them. */
  readonly rest: { readonly values: number; readonly count: number }
}

export interface FacetCounts<Key extends string = string> {
  readonly facets: readonly Facet<Key>[]
  /** Rows of which all conditions hold, of those looked at. */
  readonly matching: number
  /** There are more rows than were looked at: the first of the list's order, up to its bound. */
  readonly capped: boolean
}

export const FACET_VALUES_MAX = 20

/** A filter by whether its conditions are on keys that are counted. Pure. */
export function splitFilter<Key extends string>(
  filter: Filter<Key>,
  keys: readonly Key[],
): { readonly base: Filter<Key>; readonly own: (key: Key) => Filter<Key> } {
  const keyOf = (one: Filter<Key>[number]): Key | null => (one.kind === 'words' ? null : one.key)
  const isCounted = (one: Filter<Key>[number]): boolean => keys.some((key) => key === keyOf(one))
  return {
    base: filter.filter((one) => !isCounted(one)),
    own: (key) => filter.filter((one) => keyOf(one) === key),
  }
}

/**
 * Counts facets over rows in the list's order, of which `base` of the filter holds (`splitFilter`), at most `rowsMax` of
 * them. The same is done in SQL (lib/storage/prisma/facet-sql.ts). Pure.
 */
export function countFacets<Row, Key extends string>(
  rows: readonly Row[],
  rowsMax: number,
  filter: Filter<Key>,
  keys: readonly Key[],
  fields: Fields<Key>,
  reader: RowReader<Row, Key>,
): FacetCounts<Key> {
  const { own } = splitFilter(filter, keys)
  const looked = rows.slice(0, rowsMax)
  const isTaken = (row: Row, but: Key | null): boolean =>
    keys.every((key) => key === but || matchesFilter(row, own(key), fields, reader))
  return {
    facets: keys.map((key) =>
      facetOf(
        key,
        looked.filter((row) => isTaken(row, key)),
        reader,
      ),
    ),
    matching: looked.filter((row) => isTaken(row, null)).length,
    capped: rows.length > rowsMax,
  }
}

function facetOf<Row, Key extends string>(
  key: Key,
  rows: readonly Row[],
  reader: RowReader<Row, Key>,
): Facet<Key> {
  const counts = new Map<string, number>()
  for (const row of rows) {
    const value = reader.values[key](row)
    for (const one of Array.isArray(value) ? new Set(value as readonly string[]) : [])
      counts.set(one, (counts.get(one) ?? 0) + 1)
  }
  const all = [...counts].map(([value, count]) => ({ value, count }))
  all.sort((a, b) => b.count - a.count || (a.value < b.value ? -1 : 1))
  const others = all.slice(FACET_VALUES_MAX)
  const count = others.reduce((sum, one) => sum + one.count, 0)
  return { key, values: all.slice(0, FACET_VALUES_MAX), rest: { values: others.length, count } }
}
