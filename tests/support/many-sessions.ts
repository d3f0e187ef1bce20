import type { Client } from 'pg'

export interface ManySessions {
  readonly fleetId: string
  readonly sessions: number
  readonly devices: number
  /** The last one ended then, Unix ms; they are spread evenly over `days` before. */
  readonly endMs: number
  readonly days: number
}

const BATCH = 50_000
/** Collections, versions and codes come up as often as their shares say; the last ones are rare. */
const ROW = `SELECT $1::uuid, to_timestamp($4::float8 / 1000 - ($3::bigint - i) * $5::float8 / 1000) AS ended,
    md5('s' || i)::uuid AS session_id, md5('d' || d)::uuid AS device_id, 'DFW-' || lpad(d::text, 5, '0') AS device_name,
    (ARRAY['ios','android','android','windows'])[1 + d % 4] AS platform,
    CASE WHEN r < 700 THEN '2.4.1' WHEN r < 950 THEN '2.4.0' WHEN r < 999 THEN '2.3.' || (r % 30) ELSE '1.9.9' END AS version,
    CASE WHEN f < 30 THEN 'failed' WHEN f < 32 THEN 'abandoned' ELSE 'ok' END AS result, i, r, f
  FROM generate_series($2::bigint, $3::bigint) i, LATERAL (SELECT (hashint8(i) & 2147483647) % $6 AS d,
    (hashint8(i + 7) & 2147483647) % 1000 AS r, (hashint8(i * 3) & 2147483647) % 1000 AS f) h`
const INSERT = `INSERT INTO sync_session (fleet_id, session_id, device_id, device_name, platform, app_version, mode, result,
    started_at, ended_at, received_at, offset_ms, pushed, pulled, conflicts, dead_lettered, queue_depth_before,
    queue_depth_after, illegal_transitions, inferred, transitions, attempts, extras, codes, collections, lag_ms)
  SELECT $1::uuid, session_id, device_id, device_name, platform, version, CASE WHEN r < 5 THEN 'full' ELSE 'delta' END, result,
    ended - (200 + r * CASE WHEN r > 990 THEN 60 ELSE 2 END) * interval '1 ms', ended, ended + interval '1 s', 40,
    f % 4, r % 50, CASE WHEN f % 100 = 1 THEN 1 ELSE 0 END, CASE WHEN f % 200 = 3 THEN 1 ELSE 0 END, f % 4,
    CASE WHEN r > 995 THEN 150 ELSE 0 END, CASE WHEN f = 999 THEN 1 ELSE 0 END, result = 'abandoned',
    '[{"from":"idle","event":"start","to":"scanning","at":"2026-06-15T11:59:58.000Z"},{"from":"scanning","event":"found","to":"pushing","at":"2026-06-15T11:59:58.010Z"},{"from":"pushing","event":"done","to":"pulling","at":"2026-06-15T11:59:58.100Z"},{"from":"pulling","event":"done","to":"idle","at":"2026-06-15T11:59:58.200Z"}]',
    '[{"kind":"push","startedAt":"2026-06-15T11:59:58.010Z","durationMs":80,"status":200},{"kind":"pull","startedAt":"2026-06-15T11:59:58.100Z","durationMs":60,"status":200}]',
    '{}', CASE WHEN result = 'failed' THEN ARRAY[CASE WHEN r < 3 THEN 'token_expired' WHEN r < 500 THEN 'timeout' ELSE 'breaker_open' END] ELSE '{}' END,
    CASE WHEN f % 4 = 0 THEN '{}' WHEN r < 2 THEN ARRAY['photos'] WHEN r < 600 THEN ARRAY['reports'] ELSE ARRAY['reports','notes'] END,
    CASE WHEN f % 4 = 0 THEN NULL WHEN r > 992 THEN 600000 + r ELSE r END
  FROM (${ROW}) s`

/**
 * Writes sessions straight into the table, as a fleet of such devices would have left them: the same rows for the same
 * numbers. The partitions of the days must be there; `client` owns the tables.
 */
export async function writeManySessions(
  client: Pick<Client, 'query'>,
  { fleetId, sessions, devices, endMs, days }: ManySessions,
): Promise<void> {
  const apartMs = (days * 86_400_000) / sessions
  for (let from = 1; from <= sessions; from += BATCH) {
    const to = Math.min(sessions, from + BATCH - 1)
    const lastMs = endMs - (sessions - to) * apartMs
    await client.query(INSERT, [fleetId, from, to, lastMs, apartMs, devices])
  }
  await client.query('VACUUM (ANALYZE) sync_session')
}
