import type { JsonObject } from '#lib/kernel/json.ts'
import {
  CONFLICT_FACETS,
  CONFLICT_LOOK_MAX,
  isConflictIndexed,
  type ConflictKey,
} from '#lib/query/conflict-fields.ts'
import { NOBODY, UNKNOWN_VERSION } from '#lib/query/conflict-words.ts'
import type { FacetCounts } from '#lib/query/facets.ts'
import type { Filter } from '#lib/query/field.ts'
import type {
  ConflictFilter,
  ConflictGroups,
  ConflictPairs,
  ConflictRow,
  Page,
  PageRequest,
} from '../ports.ts'
import type { Database } from './database.ts'
import { readFacets } from './facet-sql.ts'
import { filterSql, SqlValues, type ListSql } from './filter-sql.ts'
import { membersOf } from './letter-list.ts'
import { pageOf } from './page.ts'
import { originalText } from './storable-text.ts'
import { at, fromJson, ms } from './values.ts'

/**
 * What lib/query/conflict-fields.ts calls places. A process of the release before writes none while it runs beside this one: they
 * are read from its fields as the migration does that filled the older rows.
 */
const PLACES = `CASE WHEN cardinality(c.places) > 0 THEN c.places
  WHEN json_array_length(c.fields) = 0 THEN ARRAY['none']
  WHEN c.fields::text ~ '\\\\u(0000|d[89a-f])' THEN ARRAY['record']
  ELSE ARRAY(SELECT DISTINCT CASE WHEN f = '' THEN 'record' ELSE f END FROM json_array_elements_text(c.fields) f) END`

/** Over `conflict c`. */
const CONFLICT_SQL: ListSql<ConflictKey> = {
  keys: {
    status: { kind: 'text', of: 'c.status' },
    collection: { kind: 'text', of: 'c.collection' },
    field: { kind: 'texts', of: `(${PLACES})` },
    version: { kind: 'text-or', of: `nullif(c.app_version, '')`, otherwise: UNKNOWN_VERSION },
    against: { kind: 'text-or', of: 'c.remote_app_version', otherwise: UNKNOWN_VERSION },
    strategy: { kind: 'text', of: 'c.strategy' },
    outcome: { kind: 'text', of: 'c.outcome' },
    kept: { kind: 'text', of: 'c.closed_kept' },
    assigned: { kind: 'text-or', of: 'c.assigned', otherwise: NOBODY },
    device: { kind: 'name', name: 'c.device_name', id: 'c.device_id' },
    record: { kind: 'id', of: 'c.record_id' },
    session: { kind: 'id', of: 'c.session_id' },
    id: { kind: 'id', of: 'c.id' },
    operation: { kind: 'id', of: 'c.id', among: membersOf('') },
    failed: { kind: 'id', of: 'c.id', among: membersOf(` AND i.state = 'errored'`) },
    skipped: { kind: 'id', of: 'c.id', among: membersOf(` AND i.state = 'skipped'`) },
    arose: { kind: 'time', of: 'c.created_at' },
  },
  words: ['c.device_name'],
}

export interface ConflictSqlRow extends Record<string, unknown> {
  readonly fleet_id: string
  readonly id: string
  readonly mutation_id: string
  readonly collection: string
  readonly record_id: string
  readonly device_id: string
  readonly device_name: string
  readonly app_version: string
  readonly remote_app_version: string | null
  readonly remote_version: number | null
  readonly session_id: string | null
  readonly strategy: string
  readonly outcome: string
  readonly fields: unknown
  readonly base: unknown
  readonly base_known: boolean
  readonly local: unknown
  readonly remote: unknown
  readonly result: unknown
  readonly resolution: unknown
  readonly status: string
  readonly schema_version: number | null
  readonly created_at: Date
  readonly closed_by: string | null
  readonly closed_kept: string | null
  readonly closed_version: number | null
  readonly closed_at: Date | null
  readonly assigned: string | null
  readonly note: string
  readonly desk_version: number
}

const orderOf = (sort: ConflictFilter['sort']) =>
  sort === 'newest' ? ({ way: 'DESC', behind: '<' } as const) : ({ way: 'ASC', behind: '>' } as const)

/**
 * Conflicts behind a cursor as `FROM … c WHERE …`: of those that an index finds, as many as are looked through (decision
 * 0054); the other conditions stand outside. `last` is the last one that is looked at, where there are that many.
 */
function lookedAt(
  fleetId: string,
  { conditions, sort, lookMax }: ConflictFilter,
  cursor: PageRequest['cursor'],
  values: SqlValues,
): { readonly looked: string; readonly last: string; readonly order: string } {
  const { way, behind } = orderOf(sort)
  const order = `c.created_at ${way}, c.id ${way}`
  const fleet = values.add(fleetId)
  const after = cursor
    ? ` AND (c.created_at, c.id) ${behind} (${values.add(at(cursor.atMs))}::timestamptz, ${values.add(cursor.id)}::uuid)`
    : ''
  const indexed = filterSql(conditions.filter(isConflictIndexed), CONFLICT_SQL, values)
  const rows = `FROM conflict c WHERE c.fleet_id = ${fleet}${after}${indexed} ORDER BY ${order}`
  const max = values.add(lookMax ?? CONFLICT_LOOK_MAX)
  const rest = conditions.filter((one) => !isConflictIndexed(one))
  return {
    looked: `(SELECT c.* ${rows} LIMIT ${max}::bigint) c WHERE true${filterSql(rest, CONFLICT_SQL, values)}`,
    last: `(SELECT c.id, c.created_at ${rows} OFFSET ${max}::bigint - 1 LIMIT 1)`,
    order,
  }
}

/** ConflictPort.list */
export async function listConflicts(
  database: Database,
  fleetId: string,
  filter: ConflictFilter,
  { cursor, limit }: PageRequest,
): Promise<Page<ConflictRow>> {
  const values = new SqlValues()
  const { looked, last, order } = lookedAt(fleetId, filter, cursor, values)
  const text = `WITH found AS MATERIALIZED (SELECT c.id, c.created_at FROM ${looked}
      ORDER BY ${order} LIMIT ${values.add(limit + 1)})
    SELECT c.*, k.is_end FROM (SELECT id, false AS is_end FROM found
      UNION ALL SELECT e.id, true FROM ${last} e WHERE (SELECT count(*) FROM found) <= ${values.add(limit)}::bigint) k
    CROSS JOIN LATERAL (SELECT * FROM conflict x WHERE x.fleet_id = $1 AND x.id = k.id LIMIT 1) c
    ORDER BY k.is_end, ${order}`
  const rows = await database.oneOff<ConflictSqlRow & { readonly is_end: boolean }>(fleetId, text, values.all)
  const found = rows.filter((row) => !row.is_end).map(conflictOf)
  const end = rows.find((row) => row.is_end)
  const page = pageOf(found, (row) => ({ atMs: row.createdAtMs, id: row.id }), limit)
  return end ? { ...page, next: { atMs: ms(end.created_at), id: end.id } } : page
}

/** ConflictPort.facets */
export function readConflictFacets(
  database: Database,
  fleetId: string,
  filter: ConflictFilter,
): Promise<FacetCounts<ConflictKey>> {
  const { way } = orderOf(filter.sort)
  return readFacets<ConflictKey>(database, fleetId, {
    sql: CONFLICT_SQL,
    keys: CONFLICT_FACETS,
    filter: filter.conditions,
    whereOf: (conditions: Filter<ConflictKey>, values) => {
      const { looked, last } = lookedAt(fleetId, { ...filter, conditions }, null, values)
      return { from: `FROM ${looked}`, isCut: `EXISTS ${last}` }
    },
    order: `c.created_at ${way}, c.id ${way}`,
    rowsMax: filter.lookMax ?? CONFLICT_LOOK_MAX,
  })
}

interface GroupSqlRow extends Record<string, unknown> {
  readonly collection: string
  readonly place: string
  readonly app_version: string
  readonly remote_app_version: string | null
  readonly count: number
  readonly devices: number
  readonly oldest: Date
  readonly newest: Date
  readonly total: number
}

/** ConflictPort.groups */
export async function readConflictGroups(
  database: Database,
  fleetId: string,
  filter: ConflictFilter,
  limit: number,
): Promise<ConflictGroups> {
  const values = new SqlValues()
  const { looked } = lookedAt(fleetId, filter, null, values)
  const text = `SELECT g.*, count(*) OVER () AS total FROM (
      SELECT f.collection, p.place, f.app_version, f.remote_app_version, count(*) AS count,
        count(DISTINCT f.device_id) AS devices, min(f.created_at) AS oldest, max(f.created_at) AS newest
      FROM (SELECT c.collection, ${PLACES} AS places, c.app_version, c.remote_app_version, c.device_id, c.created_at FROM ${looked}) f
      CROSS JOIN LATERAL unnest(f.places) p(place) GROUP BY 1, 2, 3, 4) g
    ORDER BY g.count DESC, g.collection COLLATE "C", g.place COLLATE "C", g.app_version COLLATE "C",
      g.remote_app_version COLLATE "C" NULLS FIRST LIMIT ${values.add(limit)}`
  const rows = await database.oneOff<GroupSqlRow>(fleetId, text, values.all)
  return {
    groups: rows.map((row) => ({
      collection: originalText(row.collection),
      place: originalText(row.place),
      appVersion: originalText(row.app_version),
      remoteAppVersion: row.remote_app_version === null ? null : originalText(row.remote_app_version),
      count: row.count,
      devices: row.devices,
      oldestAtMs: ms(row.oldest),
      newestAtMs: ms(row.newest),
    })),
    total: rows[0]?.total ?? 0,
  }
}

interface PairSqlRow extends Record<string, unknown> {
  readonly app_version: string
  readonly remote_app_version: string | null
  /** Null where there is no pair. */
  readonly count: number | null
  readonly total: number | null
  readonly conflicts: number | null
  readonly capped: boolean
}

/** ConflictPort.pairs */
export async function readConflictPairs(
  database: Database,
  fleetId: string,
  filter: ConflictFilter,
  limit: number,
): Promise<ConflictPairs> {
  const values = new SqlValues()
  const { looked, last } = lookedAt(fleetId, filter, null, values)
  const text = `SELECT e.capped, g.* FROM (SELECT EXISTS ${last} AS capped) e
    LEFT JOIN (SELECT p.*, count(*) OVER () AS total, sum(p.count) OVER ()::bigint AS conflicts FROM (
      SELECT c.app_version, c.remote_app_version, count(*) AS count FROM ${looked} GROUP BY 1, 2) p) g ON true
    ORDER BY g.count DESC, g.app_version COLLATE "C", g.remote_app_version COLLATE "C" NULLS FIRST
    LIMIT ${values.add(limit)}`
  const rows = await database.oneOff<PairSqlRow>(fleetId, text, values.all)
  return {
    pairs: rows.flatMap(({ app_version: own, remote_app_version: remote, count }) =>
      count === null
        ? []
        : [
            {
              appVersion: originalText(own),
              remoteAppVersion: remote === null ? null : originalText(remote),
              count,
            },
          ],
    ),
    total: rows[0]?.total ?? 0,
    conflicts: rows[0]?.conflicts ?? 0,
    capped: rows[0]?.capped ?? false,
  }
}

export const conflictOf = (row: ConflictSqlRow): ConflictRow => ({
  id: row.id,
  fleetId: row.fleet_id,
  mutationId: row.mutation_id,
  collection: originalText(row.collection),
  recordId: row.record_id,
  deviceId: row.device_id,
  deviceName: originalText(row.device_name),
  appVersion: originalText(row.app_version),
  remoteAppVersion: row.remote_app_version === null ? null : originalText(row.remote_app_version),
  sessionId: row.session_id,
  strategy: row.strategy as ConflictRow['strategy'],
  outcome: row.outcome as ConflictRow['outcome'],
  fields: fromJson<readonly string[]>(row.fields),
  base: fromJson<JsonObject | null>(row.base),
  schemaVersion: row.schema_version,
  baseKnown: row.base_known,
  local: fromJson<JsonObject | null>(row.local),
  remote: fromJson<JsonObject | null>(row.remote),
  remoteVersion: row.remote_version,
  result: fromJson<JsonObject | null>(row.result),
  resolution: fromJson<ConflictRow['resolution']>(row.resolution),
  status: row.status as ConflictRow['status'],
  createdAtMs: ms(row.created_at),
  closure: closureOf(row),
  desk: {
    assigned: row.assigned === null ? null : originalText(row.assigned),
    note: originalText(row.note),
    version: row.desk_version,
  },
})

function closureOf(row: ConflictSqlRow): ConflictRow['closure'] {
  if (row.closed_by === null || row.closed_at === null) return null
  return {
    mutationId: row.closed_by,
    kept: row.closed_kept as NonNullable<ConflictRow['closure']>['kept'],
    version: row.closed_version ?? 0,
    atMs: ms(row.closed_at),
  }
}
