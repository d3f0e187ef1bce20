import { FACET_VALUES_MAX, splitFilter, type Facet, type FacetCounts } from '#lib/query/facets.ts'
import type { Filter } from '#lib/query/field.ts'
import type { Database } from './database.ts'
import { filterSql, SqlValues, type KeySql, type ListSql } from './filter-sql.ts'
import { originalText } from './storable-text.ts'

interface FacetList<Key extends string> {
  readonly sql: ListSql<Key>
  readonly keys: readonly Key[]
  readonly filter: Filter<Key>
  /** `FROM … WHERE …` of the rows of which these conditions hold, and whether there are rows that nobody looked at. */
  readonly whereOf: (
    conditions: Filter<Key>,
    values: SqlValues,
  ) => { readonly from: string; readonly isCut: string }
  /** The list's order, of which the first `rowsMax` are looked at. */
  readonly order: string
  readonly rowsMax: number
}

interface FacetRow extends Record<string, unknown> {
  readonly place: number
  readonly value: string | null
  readonly count: number
  /** Values there are, and rows that have them, listed or not; of the first row all rows that were found. */
  readonly values_all: number
  readonly count_all: number
  readonly is_cut: boolean
}

/**
 * As lib/query/facets.ts counts, in one look at the rows: each key's own conditions are a column of it. Rows that are alike in all of
 * them are counted once, together, and each key then adds up these few instead of all rows again.
 */
export async function readFacets<Key extends string>(
  database: Database,
  fleetId: string,
  { sql, keys, filter, whereOf, order, rowsMax }: FacetList<Key>,
): Promise<FacetCounts<Key>> {
  const { base, own } = splitFilter(filter, keys)
  const values = new SqlValues()
  const { from: rows, isCut } = whereOf(base, values)
  const columns = keys.map((key, i) => {
    return `${valueSql(sql.keys[key])} AS v${i}, (true${filterSql(own(key), sql, values)}) IS TRUE AS t${i}`
  })
  const max = values.add(rowsMax)
  const names = keys.map((_, i) => `v${i}, t${i}`).join(', ')
  const all = keys.map((_, i) => `t${i}`).join(' AND ')
  const counts = keys.map((key, i) => {
    const others = keys.flatMap((__, j) => (j === i ? [] : `t${j}`)).join(' AND ') || 'true'
    const from =
      sql.keys[key].kind === 'texts'
        ? `(SELECT unnest(v${i}) AS value, rows FROM base WHERE listed AND ${others}) e`
        : `(SELECT v${i} AS value, rows FROM base WHERE listed AND ${others}) e`
    return `(SELECT ${i} AS place, value, sum(rows)::bigint AS count, count(*) OVER () AS values_all,
        sum(sum(rows)) OVER ()::bigint AS count_all, false AS is_cut FROM ${from} WHERE value IS NOT NULL
      GROUP BY value ORDER BY sum(rows) DESC, value COLLATE "C" LIMIT ${FACET_VALUES_MAX})`
  })
  const text = `WITH base AS MATERIALIZED (SELECT ${names}, listed, count(*) AS rows FROM (
        SELECT ${columns.join(', ')}, row_number() OVER (ORDER BY ${order}) <= ${max}::bigint AS listed
          ${rows} ORDER BY ${order} LIMIT ${max}::bigint + 1) found GROUP BY ${names}, listed)
    SELECT -1 AS place, NULL AS value, coalesce(sum(rows) FILTER (WHERE listed AND ${all}), 0)::bigint AS count,
      0::bigint AS values_all, coalesce(sum(rows), 0)::bigint AS count_all,
      coalesce(sum(rows), 0) <= ${max}::bigint AND ${isCut} AS is_cut FROM base
    UNION ALL ${counts.join(' UNION ALL ')}`
  const counted = await database.oneOff<FacetRow>(fleetId, text, values.all)
  const whole = counted.find(({ place }) => place === -1)
  return {
    facets: keys.map((key, i) =>
      facetOf(
        key,
        counted.filter(({ place }) => place === i),
      ),
    ),
    matching: whole?.count ?? 0,
    capped: (whole?.count_all ?? 0) > rowsMax || whole?.is_cut === true,
  }
}

/** What is counted of a key; its words are our own, with no quote in them. */
function valueSql(key: KeySql): string {
  if (key.kind === 'text-or') return `coalesce(${key.of}, '${key.otherwise}')`
  return key.kind === 'text' || key.kind === 'texts' ? key.of : 'NULL'
}

function facetOf<Key extends string>(key: Key, rows: readonly FacetRow[]): Facet<Key> {
  const values = rows.map(({ value, count }) => ({ value: originalText(value ?? ''), count }))
  const [first] = rows
  const listed = values.reduce((sum, { count }) => sum + count, 0)
  const rest = first
    ? { values: first.values_all - rows.length, count: first.count_all - listed }
    : { values: 0, count: 0 }
  return { key, values, rest }
}
