import type { Client } from 'pg'

/** The four pillars of [fromMs, toMs), computed from the raw tables by plain SQL: no bucket, no sketch, no code of ours. */
export interface RawPillars {
  readonly upload: RawQuantiles
  readonly pushed: number
  readonly conflicts: number
  readonly byOutcome: Readonly<Record<string, number>>
  readonly sessions: { readonly total: number; readonly failed: number; readonly withConflict: number }
  /** By `from>to`, of sessions that ended in the interval. */
  readonly transitions: Readonly<Record<string, number>>
  readonly requests: { readonly total: number; readonly failed: number; readonly shed: number }
  readonly queue: {
    readonly depth: number
    readonly devices: number
    readonly pending: number
    readonly perDevice: RawQuantiles
    readonly oldestMadeAtMs: number | null
  }
}
/** Exact nearest-rank quantiles; null over nothing. */
export interface RawQuantiles {
  readonly count: number
  readonly p50: number | null
  readonly p95: number | null
  readonly p99: number | null
  readonly max: number | null
}

const WITHIN = (column: string): string =>
  `${column} >= to_timestamp($2 / 1000.0) AND ${column} < to_timestamp($3 / 1000.0)`
const AT = (value: string): string =>
  `percentile_disc(ARRAY[0.5, 0.95, 0.99, 1]) WITHIN GROUP (ORDER BY ${value})`

/** Committed is what every pull brings: what made a version (metrics.md, stages). */
const LAG = `
  SELECT count(*)::int AS pushed, count(version)::int AS count,
    (${AT('greatest(0, extract(epoch FROM committed_at - made_at) * 1000)')}
      FILTER (WHERE version IS NOT NULL))::float8[] AS at
  FROM change_log WHERE fleet_id = $1 AND ${WITHIN('committed_at')}`
const CONFLICTS = `
  SELECT outcome, count(*)::int AS count
  FROM conflict WHERE fleet_id = $1 AND ${WITHIN('created_at')} GROUP BY outcome`
const SESSIONS = `
  SELECT count(*)::int AS total,
    count(*) FILTER (WHERE result = 'failed')::int AS failed,
    count(*) FILTER (WHERE conflicts > 0)::int AS with_conflict
  FROM sync_session WHERE fleet_id = $1 AND ${WITHIN('ended_at')}`
const TRANSITIONS = `
  SELECT concat(t->>'from', '>', t->>'to') AS edge, count(*)::int AS count
  FROM sync_session, json_array_elements(transitions) AS t
  WHERE fleet_id = $1 AND ${WITHIN('ended_at')} GROUP BY edge`
/** Pushes that committed stand in their stored responses, every other answer in the requests counted per second. */
const REQUESTS = `
  WITH answered AS (
    SELECT c->>'statusClass' AS class, (c->>'count')::int AS count
    FROM telemetry_event, json_array_elements(payload->'counts') AS c
    WHERE fleet_id = $1 AND ${WITHIN('at')} AND payload->>'kind' = 'requests'
    UNION ALL
    SELECT '2xx', 1 FROM stored_response WHERE fleet_id = $1 AND ${WITHIN('created_at')}
  )
  SELECT coalesce(sum(count) FILTER (WHERE class <> 'shed'), 0)::int AS total,
    coalesce(sum(count) FILTER (WHERE class IN ('4xx', '5xx')), 0)::int AS failed,
    coalesce(sum(count) FILTER (WHERE class = 'shed'), 0)::int AS shed
  FROM answered`
/** As devices have last reported: compare it with a snapshot taken since. */
const QUEUE = `
  SELECT count(*)::int AS devices, coalesce(sum(depth), 0)::int AS depth, count(*) FILTER (WHERE depth > 0)::int AS pending,
    min(oldest) FILTER (WHERE depth > 0)::float8 AS oldest
  FROM (SELECT (report->>'depth')::int AS depth, (report->>'oldestMadeAtMs')::float8 AS oldest
    FROM device WHERE fleet_id = $1 AND status <> 'revoked') AS told`
const DEPTHS = `
  SELECT count(*)::int AS count, ${AT("(report->>'depth')::int")}::float8[] AS at
  FROM device WHERE fleet_id = $1 AND status <> 'revoked' AND report IS NOT NULL`

/** @param client connected as the owner, past row-level security */
export async function rawPillars(
  client: Client,
  fleetId: string,
  fromMs: number,
  toMs: number,
): Promise<RawPillars> {
  const within = [fleetId, fromMs, toMs]
  const lag = only((await client.query<QuantileRow & { pushed: number }>(LAG, within)).rows)
  const conflicts = await client.query<{ outcome: string; count: number }>(CONFLICTS, within)
  const sessions = await client.query<{ total: number; failed: number; with_conflict: number }>(
    SESSIONS,
    within,
  )
  const transitions = await client.query<{ edge: string; count: number }>(TRANSITIONS, within)
  const requests = await client.query<RawPillars['requests']>(REQUESTS, within)
  const queue = await client.query<{
    devices: number
    depth: number
    pending: number
    oldest: number | null
  }>(QUEUE, [fleetId])
  const depths = await client.query<QuantileRow>(DEPTHS, [fleetId])
  const session = only(sessions.rows)
  const waiting = only(queue.rows)
  return {
    upload: quantilesOf(lag),
    pushed: lag.pushed,
    conflicts: conflicts.rows.reduce((sum, { count }) => sum + count, 0),
    byOutcome: Object.fromEntries(conflicts.rows.map(({ outcome, count }) => [outcome, count])),
    sessions: { total: session.total, failed: session.failed, withConflict: session.with_conflict },
    transitions: Object.fromEntries(transitions.rows.map(({ edge, count }) => [edge, count])),
    requests: only(requests.rows),
    queue: {
      depth: waiting.depth,
      devices: waiting.devices,
      pending: waiting.pending,
      perDevice: quantilesOf(only(depths.rows)),
      oldestMadeAtMs: waiting.oldest,
    },
  }
}

interface QuantileRow {
  readonly count: number
  readonly at: readonly number[] | null
}

const quantilesOf = ({ count, at }: QuantileRow): RawQuantiles => ({
  count,
  p50: at?.[0] ?? null,
  p95: at?.[1] ?? null,
  p99: at?.[2] ?? null,
  max: at?.[3] ?? null,
})

function only<T>(rows: readonly T[]): T {
  const [row] = rows
  if (row === undefined) throw new Error('an aggregate has one row')
  return row
}
