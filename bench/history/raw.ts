import type { SessionFilter } from '#lib/storage/ports.ts'
import { filterSql, SqlValues } from '#lib/storage/prisma/filter-sql.ts'
import { SESSION_SQL } from '#lib/storage/prisma/session-list.ts'

const RANGE = 'fleet_id = $1 AND ended_at >= $2 AND ended_at < $3 AND received_at >= $2'
const STEP = 'floor(extract(epoch FROM ended_at) / $4::int)'
const overAll = (figures: string): string =>
  `SELECT ${STEP} AS step, ${figures} FROM sync_session WHERE ${RANGE} GROUP BY GROUPING SETS ((), (${STEP}))`
const quantiles = (of: string): string =>
  `count(${of}), percentile_disc(ARRAY[0.5, 0.95, 0.99, 1]) WITHIN GROUP (ORDER BY ${of})`

const LAG = overAll(quantiles('lag_ms'))
const CONFLICTS = overAll('count(*), count(*) FILTER (WHERE conflicts > 0)')
const FAILURES = overAll(`count(*), count(*) FILTER (WHERE result = 'failed')`)
const QUEUE = overAll(quantiles('queue_depth_after'))

/** What the pillars tell, asked of the sessions' rows: a session's longest lag, its end, its conflicts and its queue. */
export const RAW_PILLARS = {
  lag: [LAG],
  conflicts: [CONFLICTS],
  failures: [FAILURES],
  queue: [QUEUE],
  overview: [LAG, CONFLICTS, FAILURES, QUEUE],
} as const

/** A page as if nothing bounded it: the same conditions over all of the range. */
export function rawListOf({ conditions }: SessionFilter): string {
  const values = new SqlValues()
  const literal = filterSql(conditions, SESSION_SQL, values).replaceAll(/\$(\d+)/g, (_, n: string) =>
    quoted(values.all[Number(n) - 1]),
  )
  return `SELECT s.received_at, s.session_id FROM sync_session s
    WHERE s.fleet_id = $1 AND s.ended_at >= $2 AND s.ended_at < $3 AND s.received_at >= $2 ${literal}
    ORDER BY s.ended_at DESC, s.session_id DESC LIMIT 51`
}

const quoted = (value: unknown): string =>
  Array.isArray(value) ? `ARRAY[${value.map(quoted).join(', ')}]` : `'${String(value).replaceAll("'", "''")}'`
