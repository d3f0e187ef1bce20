import { OWN_SOURCE } from '#lib/protocol/ingest.ts'
import type { FacetCounts } from '#lib/query/facets.ts'
import { SESSION_FACET_ROWS_MAX, SESSION_FACETS, type SessionKey } from '#lib/query/session-fields.ts'
import type { ListedSession, Page, PageRequest, SessionFilter } from '../ports.ts'
import type { Database } from './database.ts'
import { readFacets } from './facet-sql.ts'
import { filterSql, SqlValues, type ListSql } from './filter-sql.ts'
import type { SyncSession } from './generated/client.ts'
import { pageOf } from './page.ts'
import { sessionOf } from './session-row.ts'
import { originalText } from './storable-text.ts'
import { at } from './values.ts'

const DAY_MS = 86_400_000

export const SESSION_SQL: ListSql<SessionKey> = {
  keys: {
    device: { kind: 'name', name: 's.device_name', id: 's.device_id' },
    collection: { kind: 'texts', of: 's.collections' },
    version: { kind: 'text', of: 's.app_version' },
    platform: { kind: 'text', of: 's.platform' },
    source: { kind: 'text-or', of: 's.source', otherwise: OWN_SOURCE },
    result: { kind: 'text', of: 's.result' },
    mode: { kind: 'text', of: 's.mode' },
    code: { kind: 'texts', of: 's.codes' },
    has: {
      kind: 'marks',
      marks: {
        conflict: 's.conflicts > 0',
        dead: 's.dead_lettered > 0',
        defect: 's.illegal_transitions > 0',
        report: 'NOT s.inferred',
      },
    },
    took: {
      kind: 'number',
      of: 'CASE WHEN NOT s.inferred THEN (extract(epoch FROM s.ended_at - s.started_at) * 1000)::bigint END',
    },
    lag: { kind: 'number', of: 's.lag_ms' },
    queue: { kind: 'number', of: 's.queue_depth_after' },
    pushed: { kind: 'number', of: 's.pushed' },
    pulled: { kind: 'number', of: 's.pulled' },
  },
  words: ['s.device_name'],
}

/** By the names of Prisma's row. */
const COLUMNS = `s.fleet_id AS "fleetId", s.session_id AS "sessionId", s.device_id AS "deviceId", s.device_name AS "deviceName",
  s.platform, s.app_version AS "appVersion", s.mode, s.result, s.started_at AS "startedAt", s.ended_at AS "endedAt",
  s.received_at AS "receivedAt", s.offset_ms AS "offsetMs", s.pushed, s.pulled, s.conflicts,
  s.dead_lettered AS "deadLettered", s.queue_depth_before AS "queueDepthBefore", s.queue_depth_after AS "queueDepthAfter",
  s.illegal_transitions AS "illegalTransitions", s.inferred, s.transitions, s.attempts, s.extras, s.codes, s.collections,
  s.lag_ms AS "lagMs", s.source`

/**
 * The sessions of a filter as `FROM … WHERE …` over `s`. A session is received once it has ended, within what clocks are
 * moved by, so that the days before the range are not looked at.
 */
export function sessionsWhere(fleetId: string, filter: SessionFilter, values: SqlValues): string {
  const { fromMs, toMs, conditions } = filter
  const fleet = values.add(fleetId)
  const from = values.add(at(fromMs))
  const received = values.add(at(Math.max(0, fromMs - DAY_MS)))
  return `FROM sync_session s WHERE s.fleet_id = ${fleet} AND s.ended_at >= ${from} AND s.ended_at < ${values.add(at(toMs))}
    AND s.received_at >= ${received}${filterSql(conditions, SESSION_SQL, values)}`
}

/** SessionPort.list: the page's places from an index first, then those rows alone with their JSON. */
export async function listSessions(
  database: Database,
  fleetId: string,
  filter: SessionFilter,
  page: PageRequest,
): Promise<Page<ListedSession>> {
  const values = new SqlValues()
  const where = sessionsWhere(fleetId, filter, values)
  const { cursor, limit } = page
  const behind = cursor
    ? `AND (s.ended_at, s.session_id) < (${values.add(at(cursor.atMs))}::timestamptz, ${values.add(cursor.id)}::uuid)`
    : ''
  const text = `SELECT ${COLUMNS} FROM (
      SELECT s.received_at, s.session_id ${where} ${behind}
      ORDER BY s.ended_at DESC, s.session_id DESC LIMIT ${values.add(limit + 1)}) k
    CROSS JOIN LATERAL (SELECT * FROM sync_session x
      WHERE x.fleet_id = $1 AND x.received_at = k.received_at AND x.session_id = k.session_id LIMIT 1) s
    ORDER BY s.ended_at DESC, s.session_id DESC`
  const rows = (await database.oneOff<SyncSession & Record<string, unknown>>(fleetId, text, values.all)).map(
    listedOf,
  )
  return pageOf(rows, (row) => ({ atMs: row.endedAtMs, id: row.sessionId }), limit)
}

const listedOf = (row: SyncSession): ListedSession => ({
  ...sessionOf(row),
  collections: row.collections.map(originalText),
  lagMs: row.lagMs === null ? null : Number(row.lagMs),
})

/** SessionPort.facets */
export function readSessionFacets(
  database: Database,
  fleetId: string,
  filter: SessionFilter,
): Promise<FacetCounts<SessionKey>> {
  return readFacets<SessionKey>(database, fleetId, {
    sql: SESSION_SQL,
    keys: SESSION_FACETS,
    filter: filter.conditions,
    whereOf: (conditions, values) => sessionsWhere(fleetId, { ...filter, conditions }, values),
    order: 's.ended_at DESC, s.session_id DESC',
    rowsMax: SESSION_FACET_ROWS_MAX,
  })
}
