import type { DevicePort } from '../ports.ts'
import { bigints, jsons, texts, uuids } from './arrays.ts'
import { clockJumpsSql } from './clock-jumps.ts'
import type { Database, Statement } from './database.ts'
import { postgresDeviceLife } from './device-life.ts'
import { listDevices, readDeviceFacets } from './device-list.ts'
import type { DeviceRow } from './device-row.ts'
import { DEVICE_COLUMNS, deviceOf } from './device-row.ts'
import { postgresEnrolling } from './enroll.ts'
import { postgresFleetNow } from './fleet-now.ts'
import { storableText } from './storable-text.ts'
import { at } from './values.ts'

const FIND_BY_TOKEN: Statement = {
  name: 'device_by_token',
  text: `SELECT ${DEVICE_COLUMNS} FROM device_token t
    CROSS JOIN LATERAL (SELECT * FROM device x WHERE x.fleet_id = $1 AND x.id = t.device_id LIMIT 1) d
    WHERE t.fleet_id = $1 AND t.hash = $2 AND (t.ends_at IS NULL OR t.ends_at > $3)`,
}
const GET: Statement = {
  name: 'device_get',
  text: `SELECT ${DEVICE_COLUMNS} FROM device d WHERE d.fleet_id = $1 AND d.id = $2`,
}
const COUNT_ENROLLED: Statement = {
  name: 'device_count_enrolled',
  text: `SELECT count(*) AS count FROM device WHERE fleet_id = $1 AND status <> 'revoked'`,
}
const BY_ID: Statement = {
  name: 'device_by_id',
  text: `SELECT ${DEVICE_COLUMNS} FROM device d
    WHERE d.fleet_id = $1 AND ($2::uuid IS NULL OR d.id > $2) ORDER BY d.id LIMIT $3`,
}
/** Of a report that is not the newest of its device nothing is kept. */
const newer = (column: string, value: string): string =>
  `${column} = CASE WHEN $6::bigint > coalesce(report_seq, -1) THEN ${value} ELSE ${column} END`
/** Writes nothing when the report says that the device was forked (lib/storage/report-order.ts). */
const TOUCH: Statement = {
  name: 'device_touch',
  text: `UPDATE device SET app_version = $3, platform = $4, last_contact_at = greatest(last_contact_at, $5),
      ${newer('report_state', '$7::text')}, ${newer('report_nonce', '$8::text')},
      ${newer('clock_jumps', clockJumpsSql('$10::bigint', '$11::bigint', '$12::bigint'))},
      ${newer('report', '$9::json')}, ${newer('report_offset_ms', '$10::bigint')}, ${newer('report_rtt_ms', '$11::bigint')},
      ${newer('report_at_ms', '$12::bigint')}, ${newer('report_depth', '$13::bigint')},
      ${newer('report_oldest_made_ms', '$14::bigint')},
      report_seq = greatest(report_seq, $6::bigint)
    WHERE fleet_id = $1 AND id = $2 AND EXISTS (SELECT FROM fleet f WHERE f.id = $1)
      AND ($6::bigint IS NULL OR $6::bigint > coalesce(report_seq, -1) OR ($6::bigint = report_seq AND $8::text = report_nonce))
    RETURNING id`,
}
/** Of reports that differ from the kept one in no more than these columns; devices in order, as pushes lock them. */
const TOUCH_QUIET: Statement = {
  name: 'device_touch_quiet',
  text: `UPDATE device SET report = k.report, report_seq = k.seq, report_nonce = k.nonce,
      report_offset_ms = k.offset_ms, report_rtt_ms = k.rtt_ms, report_at_ms = k.at_ms,
      last_contact_at = greatest(last_contact_at, to_timestamp(k.at_ms / 1000.0))
    FROM unnest($2::uuid[], $3::bigint[], $4::text[], $5::json[], $6::bigint[], $7::text[], $8::bigint[], $9::bigint[], $10::bigint[])
      k(device_id, seq_before, nonce_before, report, seq, nonce, offset_ms, rtt_ms, at_ms)
    WHERE fleet_id = $1 AND device.id = k.device_id AND report_seq = k.seq_before AND report_nonce = k.nonce_before
    RETURNING device.id`,
}
/** A removed fleet's devices are rows for a while still. */
const IS_THERE: Statement = {
  name: 'device_is_there',
  text: 'SELECT FROM device d JOIN fleet f ON f.id = d.fleet_id WHERE d.fleet_id = $1 AND d.id = $2',
}

export function postgresDevices(database: Database): DevicePort {
  const rows = async (fleetId: string, statement: Statement, values: readonly unknown[]) =>
    (await database.one<DeviceRow>(fleetId, statement, values)).map(deviceOf)
  return {
    findByToken: async (fleetId, tokenHash, nowMs) =>
      (await rows(fleetId, FIND_BY_TOKEN, [fleetId, tokenHash, at(nowMs)]))[0] ?? null,
    get: async (fleetId, id) => (await rows(fleetId, GET, [fleetId, id]))[0] ?? null,
    countEnrolled: async (fleetId) => {
      const [row] = await database.one<{ count: number }>(fleetId, COUNT_ENROLLED, [fleetId])
      return row?.count ?? 0
    },
    byId: (fleetId, afterId, limit) => rows(fleetId, BY_ID, [fleetId, afterId, limit]),
    now: (fleetId, nowMs, intervalMs) => postgresFleetNow(database, fleetId, nowMs, intervalMs),
    list: (fleetId, filter, page) => listDevices(database, fleetId, filter, page),
    facets: (fleetId, filter) => readDeviceFacets(database, fleetId, filter),
    touch: async (fleetId, deviceId, { atMs, appVersion, platform, report }) => {
      const told = report
        ? [
            report.seq,
            report.state,
            storableText(report.nonce),
            JSON.stringify(report),
            report.offsetMs,
            report.rttMs,
            report.atMs,
            report.depth,
            report.oldestMadeAtMs,
          ]
        : Array.from({ length: 9 }, () => null)
      const values = [fleetId, deviceId, storableText(appVersion), platform, at(atMs), ...told]
      if ((await database.one(fleetId, TOUCH, values)).length === 1) return 'ok'
      return (await database.one(fleetId, IS_THERE, [fleetId, deviceId])).length === 1 ? 'forked' : 'unknown'
    },
    touchQuiet: async (fleetId, contacts) => {
      const rows = contacts.toSorted((a, b) => (a.deviceId < b.deviceId ? -1 : 1))
      const reports = rows.map(({ report }) => report)
      const touched = await database.one<{ id: string }>(fleetId, TOUCH_QUIET, [
        fleetId,
        uuids(rows.map(({ deviceId }) => deviceId)),
        bigints(rows.map(({ before }) => before.seq)),
        texts(rows.map(({ before }) => before.nonce)),
        jsons(reports),
        bigints(reports.map(({ seq }) => seq)),
        texts(reports.map(({ nonce }) => nonce)),
        bigints(reports.map(({ offsetMs }) => offsetMs)),
        bigints(reports.map(({ rttMs }) => rttMs)),
        bigints(reports.map(({ atMs }) => atMs)),
      ])
      return new Set(touched.map(({ id }) => id))
    },
    ...postgresDeviceLife(database),
    ...postgresEnrolling(database),
  }
}
