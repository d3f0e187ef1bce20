import type { JsonObject } from '#lib/kernel/json.ts'
import { LETTER_POISON_REPLAYS } from '#lib/protocol/limits.ts'
import type { Mutation } from '#lib/protocol/mutation.ts'
import type { FacetCounts } from '#lib/query/facets.ts'
import type { Filter } from '#lib/query/field.ts'
import {
  isIndexed,
  LETTER_FACET_ROWS_MAX,
  LETTER_FACETS,
  LETTER_LOOK_MAX,
  PAYLOAD_UNREAD,
  type LetterKey,
} from '#lib/query/letter-fields.ts'
import type { DeadLetterRow, LetterFilter, Page, PageRequest } from '../ports.ts'
import type { Database } from './database.ts'
import { readFacets } from './facet-sql.ts'
import { filterSql, SqlValues, type ListSql } from './filter-sql.ts'
import { pageOf } from './page.ts'
import { originalText } from './storable-text.ts'
import { at, fromJson, ms, msOrNull } from './values.ts'

const POISONED = `(l.status = 'open' AND l.attempts >= ${LETTER_POISON_REPLAYS})`
/** Ids of letters' groups that end at those asked for: one that is merged into another has no letters of its own. */
const endingAt = (
  ids: string,
): string => `SELECT g.id FROM letter_group g WHERE g.fleet_id = $1 AND g.root_id = ANY (${ids})
  UNION SELECT k.id FROM unnest(${ids}) k(id) WHERE NOT EXISTS (
    SELECT FROM letter_group g WHERE g.fleet_id = $1 AND g.id = k.id AND g.root_id <> g.id)`

/** Ids of operations' members by what became of them. */
export const membersOf =
  (states: string) =>
  (ids: string): string =>
    `SELECT i.letter_id FROM operation_item i WHERE i.fleet_id = $1 AND i.operation_id = ANY (${ids})${states}`

/**
 * What was said, where it can repeat no value of a masked field: a search would find by trial what nobody is shown (DL20). Of a
 * collection that is not there all is masked.
 */
const SAID = `(CASE WHEN l.code IN (${PAYLOAD_UNREAD.map((code) => `'${code}'`).join(', ')}) OR l.collection IN (
  SELECT c.name FROM collection c WHERE c.fleet_id = $1 AND json_array_length(c.masked) = 0) THEN l.said ELSE '' END)`

/** Over `dead_letter l`, in a statement whose first value is the fleet. */
export const LETTER_SQL: ListSql<LetterKey> = {
  keys: {
    status: { kind: 'text', of: 'l.status' },
    code: { kind: 'text', of: 'l.code' },
    collection: { kind: 'text', of: 'l.collection' },
    version: { kind: 'text', of: 'l.app_version' },
    device: { kind: 'name', name: 'l.device_name', id: 'l.device_id' },
    id: { kind: 'id', of: 'l.id' },
    group: { kind: 'id', of: 'l.group_id', among: endingAt },
    session: { kind: 'id', of: 'l.session_id' },
    operation: { kind: 'id', of: 'l.id', among: membersOf('') },
    failed: { kind: 'id', of: 'l.id', among: membersOf(` AND i.state = 'errored'`) },
    skipped: { kind: 'id', of: 'l.id', among: membersOf(` AND i.state = 'skipped'`) },
    rule: { kind: 'text', of: `(CASE WHEN l.code = 'rule_violation' THEN l.place END)` },
    path: { kind: 'text', of: `(CASE WHEN l.code <> 'rule_violation' THEN l.place END)` },
    replayed: { kind: 'number', of: 'l.attempts' },
    poison: { kind: 'marks', marks: { yes: POISONED, no: `NOT ${POISONED}` } },
    made: { kind: 'time', of: 'l.made_at' },
    seen: { kind: 'time', of: 'l.created_at' },
  },
  words: ['l.device_name', `coalesce(l.place, '')`, SAID],
}

/** A letter with the group that it is in, by the names of its row here; it goes on with `WHERE`. */
export const LETTERS = `SELECT l.fleet_id, l.id, l.mutation, l.code, l.detail, l.path, l.base, l.parent_mutation_id, l.device_id,
    l.device_name, l.session_id, l.app_version, l.made_at, l.created_at, l.status, l.attempts, l.last_replay, l.discarded_at,
    l.discarded_with, l.edited_as, l.fingerprint, l.fingerprint_version, l.place, l.said,
    coalesce(m.root_id, l.group_id) AS group_id
  FROM dead_letter l LEFT JOIN letter_group m ON m.fleet_id = l.fleet_id AND m.id = l.group_id`

export interface LetterSqlRow extends Record<string, unknown> {
  readonly fleet_id: string
  readonly id: string
  readonly mutation: unknown
  readonly code: string
  readonly detail: unknown
  readonly path: unknown
  readonly base: unknown
  readonly parent_mutation_id: string | null
  readonly device_id: string
  readonly device_name: string
  readonly session_id: string | null
  readonly app_version: string
  readonly made_at: Date
  readonly created_at: Date
  readonly status: string
  readonly attempts: number
  readonly last_replay: unknown
  readonly discarded_at: Date | null
  readonly discarded_with: string | null
  readonly edited_as: string | null
  readonly fingerprint: string
  readonly fingerprint_version: number
  readonly place: string | null
  readonly said: string
  readonly group_id: string
}

/**
 * Letters behind a cursor as `FROM … l WHERE …`: of those that an index finds, as many as are looked through (decision
 * 0054); the other conditions stand outside. `last` is the last one that is looked at, where there are that many.
 */
function lookedAt(
  fleetId: string,
  { conditions, lookMax }: LetterFilter,
  cursor: PageRequest['cursor'],
  values: SqlValues,
): { readonly looked: string; readonly last: string } {
  const fleet = values.add(fleetId)
  const behind = cursor
    ? ` AND (l.created_at, l.id) < (${values.add(at(cursor.atMs))}::timestamptz, ${values.add(cursor.id)}::uuid)`
    : ''
  const indexed = filterSql(conditions.filter(isIndexed), LETTER_SQL, values)
  const rows = `FROM dead_letter l WHERE l.fleet_id = ${fleet}${behind}${indexed} ORDER BY l.created_at DESC, l.id DESC`
  const max = values.add(lookMax ?? LETTER_LOOK_MAX)
  const rest = conditions.filter((one) => !isIndexed(one))
  return {
    looked: `(SELECT l.* ${rows} LIMIT ${max}::bigint) l WHERE true${filterSql(rest, LETTER_SQL, values)}`,
    last: `(SELECT l.id, l.created_at ${rows} OFFSET ${max}::bigint - 1 LIMIT 1)`,
  }
}

/** DeadLetterPort.list */
export async function listLetters(
  database: Database,
  fleetId: string,
  filter: LetterFilter,
  { cursor, limit }: PageRequest,
): Promise<Page<DeadLetterRow>> {
  const values = new SqlValues()
  const { looked, last } = lookedAt(fleetId, filter, cursor, values)
  const text = `WITH found AS MATERIALIZED (SELECT l.id, l.created_at FROM ${looked}
      ORDER BY l.created_at DESC, l.id DESC LIMIT ${values.add(limit + 1)})
    SELECT x.*, k.is_end FROM (SELECT id, false AS is_end FROM found
      UNION ALL SELECT e.id, true FROM ${last} e WHERE (SELECT count(*) FROM found) <= ${values.add(limit)}::bigint) k
    CROSS JOIN LATERAL (${LETTERS} WHERE l.fleet_id = $1 AND l.id = k.id) x
    ORDER BY k.is_end, x.created_at DESC, x.id DESC`
  const rows = await database.oneOff<LetterSqlRow & { readonly is_end: boolean }>(fleetId, text, values.all)
  const found = rows.filter((row) => !row.is_end).map(letterOf)
  const end = rows.find((row) => row.is_end)
  const page = pageOf(found, (row) => ({ atMs: row.createdAtMs, id: row.id }), limit)
  return end ? { ...page, next: { atMs: ms(end.created_at), id: end.id } } : page
}

/** DeadLetterPort.facets */
export function readLetterFacets(
  database: Database,
  fleetId: string,
  filter: LetterFilter,
): Promise<FacetCounts<LetterKey>> {
  return readFacets<LetterKey>(database, fleetId, {
    sql: LETTER_SQL,
    keys: LETTER_FACETS,
    filter: filter.conditions,
    whereOf: (conditions: Filter<LetterKey>, values) => {
      const { looked, last } = lookedAt(fleetId, { ...filter, conditions }, null, values)
      return { from: `FROM ${looked}`, isCut: `EXISTS ${last}` }
    },
    order: 'l.created_at DESC, l.id DESC',
    rowsMax: LETTER_FACET_ROWS_MAX,
  })
}

export const letterOf = (row: LetterSqlRow): DeadLetterRow => ({
  id: row.id,
  fleetId: row.fleet_id,
  mutation: fromJson<Mutation>(row.mutation),
  code: row.code as DeadLetterRow['code'],
  detail: fromJson<string>(row.detail),
  path: fromJson<string | null>(row.path),
  base: fromJson<JsonObject | null>(row.base),
  parentMutationId: row.parent_mutation_id,
  deviceId: row.device_id,
  deviceName: originalText(row.device_name),
  sessionId: row.session_id,
  appVersion: originalText(row.app_version),
  madeAtMs: ms(row.made_at),
  createdAtMs: ms(row.created_at),
  status: row.status as DeadLetterRow['status'],
  attempts: row.attempts,
  lastReplay: fromJson<DeadLetterRow['lastReplay']>(row.last_replay),
  discardedAtMs: msOrNull(row.discarded_at),
  discardedWith: row.discarded_with,
  editedAs: row.edited_as,
  fingerprint: row.fingerprint,
  fingerprintVersion: row.fingerprint_version,
  place: row.place === null ? null : originalText(row.place),
  said: originalText(row.said),
  groupId: row.group_id,
})
