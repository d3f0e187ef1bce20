import { OWN_SOURCE } from '#lib/protocol/ingest.ts'
import type { FacetCounts } from '#lib/query/facets.ts'
import {
  isByDeviceId,
  SESSION_FACET_ROWS_MAX,
  SESSION_FACETS,
  sessionLook,
  type SessionKey,
} from '#lib/query/session-fields.ts'
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
 * The newest sessions of a range behind a cursor, as many as are looked through, as `FROM … s WHERE …`. The conditions
 * stand outside: row-level security keeps most of them from any index, so that a filter which fits nothing would read
 * the whole range (decision 0054). A device's own sessions come from an index, however far back. A session is received
 * once it has ended, within what clocks are moved by, so that the days before the range are not looked at.
 */
function lookedAt(
  fleetId: string,
  { fromMs, toMs, conditions, lookMax }: SessionFilter,
  cursor: PageRequest['cursor'],
  values: SqlValues,
): { readonly looked: string; readonly last: string } {
  const fleet = values.add(fleetId)
  const range = `s.fleet_id = ${fleet} AND s.ended_at >= ${values.add(at(fromMs))} AND s.ended_at < ${values.add(at(toMs))}
    AND s.received_at >= ${values.add(at(Math.max(0, fromMs - DAY_MS)))}`
  const behind = cursor
    ? ` AND (s.ended_at, s.session_id) < (${values.add(at(cursor.atMs))}::timestamptz, ${values.add(cursor.id)}::uuid)`
    : ''
  const indexed = filterSql(conditions.filter(isByDeviceId), SESSION_SQL, values)
  const rows = `FROM sync_session s WHERE ${range}${behind}${indexed} ORDER BY s.ended_at DESC, s.session_id DESC`
  const max = values.add(lookMax ?? sessionLook(conditions))
  return {
    looked: `(SELECT * ${rows} LIMIT ${max}::bigint) s WHERE true${filterSql(conditions, SESSION_SQL, values)}`,
    last: `(SELECT s.received_at, s.session_id, s.ended_at ${rows} OFFSET ${max}::bigint - 1 LIMIT 1)`,
  }
}

type ListedRow = SyncSession & Record<string, unknown> & { readonly isEnd: boolean }

/**
 * SessionPort.list: the page's places from an index first, then those rows alone with their JSON. Where too few were
 * found, the last one that was looked at comes behind them: the next page begins there.
 */
export async function listSessions(
  database: Database,
  fleetId: string,
  filter: SessionFilter,
  { cursor, limit }: PageRequest,
): Promise<Page<ListedSession>> {
  const values = new SqlValues()
  const { looked, last } = lookedAt(fleetId, filter, cursor, values)
  const text = `WITH found AS MATERIALIZED (SELECT s.received_at, s.session_id, s.ended_at FROM ${looked}
      ORDER BY s.ended_at DESC, s.session_id DESC LIMIT ${values.add(limit + 1)})
    SELECT ${COLUMNS}, k.is_end AS "isEnd" FROM (SELECT *, false AS is_end FROM found
      UNION ALL SELECT *, true FROM ${last} e WHERE (SELECT count(*) FROM found) <= ${values.add(limit)}::bigint) k
    CROSS JOIN LATERAL (SELECT * FROM sync_session x
      WHERE x.fleet_id = $1 AND x.received_at = k.received_at AND x.session_id = k.session_id LIMIT 1) s
    ORDER BY k.is_end, s.ended_at DESC, s.session_id DESC`
  const rows = await database.oneOff<ListedRow>(fleetId, text, values.all)
  const found = rows.filter(({ isEnd }) => !isEnd).map(listedOf)
  const end = rows.find(({ isEnd }) => isEnd)
  const page = pageOf(found, (row) => ({ atMs: row.endedAtMs, id: row.sessionId }), limit)
  return end ? { ...page, next: { atMs: end.endedAt.getTime(), id: end.sessionId } } : page
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
    whereOf: (conditions, values) => {
      const { looked, last } = lookedAt(fleetId, { ...filter, conditions }, null, values)
      return { from: `FROM ${looked}`, isCut: `EXISTS ${last}` }
    },
    order: 's.ended_at DESC, s.session_id DESC',
    rowsMax: SESSION_FACET_ROWS_MAX,
  })
}
