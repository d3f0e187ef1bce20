import { APP_VERSIONS_LIVE_MAX } from '#lib/protocol/limits.ts'
import type { SessionState } from '#lib/protocol/session-states.ts'
import { silenceLimitMs } from '#lib/telemetry/connectivity.ts'
import type { FleetNow, VersionNow } from '#lib/telemetry/fleet-now.ts'
import type { OldestPending } from '#lib/telemetry/overview.ts'
import type { Database, Statement } from './database.ts'
import { originalText } from './storable-text.ts'

const oldest = (of: string): string => `(SELECT json_build_object('deviceId', id, 'name', name, 'ageMs', age,
    'lowerBound', lower_bound) FROM live WHERE ${of} ORDER BY age DESC, id LIMIT 1)`

/**
 * As lib/telemetry/fleet-now.ts counts (a contract test holds them to each other), in one look at the fleet's devices:
 * `live` has the rules of connectivity.ts, `deviceState` and `pendingAge`. $2 is now, $3 the longest silence.
 */
const FLEET_NOW: Statement = {
  name: 'device_fleet_now',
  text: `WITH live AS MATERIALIZED (
      SELECT d.id, d.name, d.app_version, d.status = 'paused' AS paused, d.report_depth, c.contact_ms, s.state,
        d.report_state IS NOT NULL OR d.last_session_ok_at IS NOT NULL AS heard,
        c.silent AND d.report_state IS DISTINCT FROM 'offline' AS inferred,
        CASE WHEN c.contact_ms IS NULL THEN NULL
          WHEN s.state = 'offline' THEN greatest(coalesce(r.reported, $2::bigint - c.contact_ms), 0)
          WHEN d.report_depth > 0 THEN greatest(coalesce(r.reported, $2::bigint - d.report_at_ms), 0) END AS age,
        coalesce(s.state = 'offline', false) OR r.reported IS NULL AS lower_bound
      FROM device d
        CROSS JOIN LATERAL (SELECT ms AS contact_ms, $2::bigint - ms > $3::bigint AS silent
          FROM (SELECT (extract(epoch FROM d.last_contact_at) * 1000)::bigint AS ms) t) c
        CROSS JOIN LATERAL (SELECT CASE WHEN c.contact_ms IS NULL THEN NULL WHEN c.silent THEN 'offline'
          ELSE d.report_state END AS state) s
        CROSS JOIN LATERAL (SELECT CASE WHEN d.report_depth > 0 AND d.report_oldest_made_ms IS NOT NULL
          THEN $2::bigint - least(d.report_oldest_made_ms, d.report_at_ms) END AS reported) r
      WHERE d.fleet_id = $1 AND d.status <> 'revoked'
    )
    SELECT
      (SELECT json_agg(g) FROM (SELECT paused, state, count(*) AS devices, count(*) FILTER (WHERE heard) AS heard,
        count(*) FILTER (WHERE inferred) AS inferred, count(*) FILTER (WHERE report_depth > 0) AS waiting,
        max(contact_ms) AS "lastContactMs" FROM live GROUP BY 1, 2) g) AS groups,
      (SELECT json_agg(v) FROM (SELECT app_version AS "appVersion", count(*) AS devices,
        percentile_disc(0.95) WITHIN GROUP (ORDER BY age) FILTER (WHERE state IS DISTINCT FROM 'offline') AS "pendingAgeP95Ms",
        percentile_disc(0.95) WITHIN GROUP (ORDER BY age) FILTER (WHERE state = 'offline') AS "pendingAgeOfflineP95Ms"
        FROM live GROUP BY 1 ORDER BY 2 DESC, app_version COLLATE "C" DESC LIMIT ${APP_VERSIONS_LIVE_MAX}) v) AS versions,
      ${oldest('age IS NOT NULL')} AS oldest_pending,
      ${oldest('age IS NOT NULL AND report_depth > 0')} AS oldest_waiting`,
}

interface Group {
  readonly paused: boolean
  readonly state: SessionState | null
  readonly devices: number
  readonly heard: number
  readonly inferred: number
  readonly waiting: number
  readonly lastContactMs: number | null
}
interface Row extends Record<string, unknown> {
  readonly groups: readonly Group[] | null
  readonly versions: readonly VersionNow[] | null
  readonly oldest_pending: OldestPending | null
  readonly oldest_waiting: OldestPending | null
}

/** DevicePort.now */
export async function postgresFleetNow(
  database: Database,
  fleetId: string,
  nowMs: number,
  intervalMs: number,
): Promise<FleetNow> {
  const [row] = await database.one<Row>(fleetId, FLEET_NOW, [fleetId, nowMs, silenceLimitMs(intervalMs)])
  const groups = row?.groups ?? []
  const versions = (row?.versions ?? []).map((one) => ({ ...one, appVersion: originalText(one.appVersion) }))
  const sum = (of: readonly Group[], count: 'devices' | 'heard' | 'inferred'): number =>
    of.reduce((all, group) => all + group[count], 0)
  const free = groups.filter(({ paused }) => !paused)
  const byState = Object.fromEntries(free.flatMap(({ state, devices }) => (state ? [[state, devices]] : [])))
  const waitingByState = Object.fromEntries(
    free.flatMap(({ state, waiting }) => (state && waiting > 0 ? [[state, waiting]] : [])),
  )
  const contacts = groups.flatMap(({ lastContactMs }) => lastContactMs ?? [])
  return {
    versions,
    devices: {
      total: sum(groups, 'devices'),
      heard: sum(groups, 'heard'),
      neverHeard: sum(groups, 'devices') - sum(groups, 'heard'),
      byState,
      waitingByState,
      paused: sum(
        groups.filter(({ paused }) => paused),
        'heard',
      ),
      offline: byState['offline'] ?? 0,
      silent: sum(free, 'inferred'),
      lastContactMs: contacts.length === 0 ? null : Math.max(...contacts),
      oldestPending: named(row?.oldest_pending),
      oldestWaiting: named(row?.oldest_waiting),
    },
  }
}

const named = (oldest: OldestPending | null | undefined): OldestPending | null =>
  oldest ? { ...oldest, name: originalText(oldest.name) } : null
