import { OWN_SOURCE } from '#lib/protocol/ingest.ts'
import {
  DEVICE_FACET_ROWS_MAX,
  DEVICE_FACETS,
  type DeviceKey,
  type DeviceSort,
} from '#lib/query/device-fields.ts'
import type { FacetCounts } from '#lib/query/facets.ts'
import { silenceLimitMs } from '#lib/telemetry/connectivity.ts'
import type { DeviceFilter, DevicePage, DevicePageRequest } from '../ports.ts'
import type { Database } from './database.ts'
import type { DeviceRow } from './device-row.ts'
import { DEVICE_COLUMNS, deviceOf } from './device-row.ts'
import { readFacets } from './facet-sql.ts'
import { filterSql, SqlValues, type ListSql } from './filter-sql.ts'

/** Over `d` beside what `devicesWhere` joins to it. $2 is now. */
export const DEVICE_SQL: ListSql<DeviceKey> = {
  keys: {
    device: { kind: 'name', name: 'd.name', id: 'd.id' },
    state: { kind: 'text', of: 'p.state' },
    connectivity: { kind: 'text', of: 'p.connectivity' },
    version: { kind: 'text', of: 'd.app_version' },
    platform: { kind: 'text', of: 'd.platform' },
    source: { kind: 'text-or', of: 'd.source', otherwise: OWN_SOURCE },
    has: {
      kind: 'marks',
      marks: {
        waiting: `coalesce(d.status <> 'revoked' AND d.report_depth > 0, false)`,
        report: 'd.report_state IS NOT NULL',
        fork: 'cardinality(d.linked_ids) > 0',
        jump: 'd.clock_jumps IS NOT NULL',
      },
    },
    queue: { kind: 'number', of: 'd.report_depth' },
    pending: {
      kind: 'number',
      of: `CASE WHEN p.since_ms IS NOT NULL THEN greatest(0, $2::bigint - p.since_ms) END`,
    },
    contact: { kind: 'number', of: `CASE WHEN c.ms IS NOT NULL THEN greatest(0, $2::bigint - c.ms) END` },
    clock: { kind: 'number', of: 'abs(d.report_offset_ms)' },
  },
  words: ['d.name', 'd.id::text'],
}

/** As lib/storage/device-values.ts: lowest first, what is not known last. */
const LAST = Number.MAX_SAFE_INTEGER
const SORT_SQL: Readonly<Record<DeviceSort, { readonly of: string; readonly type: 'bigint' | 'text' }>> = {
  contact: { of: `coalesce(-c.ms, ${LAST})`, type: 'bigint' },
  pending: { of: `coalesce(p.since_ms, ${LAST})`, type: 'bigint' },
  queue: { of: `coalesce(-d.report_depth, ${LAST})`, type: 'bigint' },
  name: { of: 'lower(d.name) COLLATE "C"', type: 'text' },
}

/** The devices of a filter as `FROM … WHERE …`; the laterals have the rules of lib/telemetry/connectivity.ts. */
export function devicesWhere(fleetId: string, filter: DeviceFilter, values: SqlValues): string {
  const { nowMs, intervalMs, fromMs, toMs, conditions } = filter
  const fleet = values.add(fleetId)
  const now = `${values.add(nowMs)}::bigint`
  const silence = `${values.add(silenceLimitMs(intervalMs))}::bigint`
  const seen = 'coalesce(c.ms, 0)'
  const from = fromMs === null ? '' : ` AND ${seen} >= ${values.add(fromMs)}::bigint`
  const to = toMs === null ? '' : ` AND ${seen} < ${values.add(toMs)}::bigint`
  return `FROM device d
    CROSS JOIN LATERAL (SELECT (extract(epoch FROM d.last_contact_at) * 1000)::bigint AS ms) c
    CROSS JOIN LATERAL (SELECT CASE WHEN c.ms IS NULL THEN NULL WHEN ${now} - c.ms > ${silence} THEN 'offline'
      ELSE d.report_state END AS state,
      CASE WHEN d.report_depth > 0 THEN least(d.report_oldest_made_ms, d.report_at_ms) END AS least_ms) h
    CROSS JOIN LATERAL (SELECT
      CASE WHEN d.status <> 'active' THEN d.status ELSE coalesce(h.state, 'unheard') END AS state,
      CASE WHEN d.status = 'revoked' THEN NULL WHEN h.state IS NULL THEN 'unheard'
        WHEN h.state = 'offline' THEN 'offline' ELSE 'online' END AS connectivity,
      CASE WHEN d.status = 'revoked' OR c.ms IS NULL THEN NULL
        WHEN h.state = 'offline' THEN coalesce(CASE WHEN d.report_oldest_made_ms IS NOT NULL THEN h.least_ms END, c.ms)
        ELSE h.least_ms END AS since_ms) p
    WHERE d.fleet_id = ${fleet}${from}${to}${filterSql(conditions, DEVICE_SQL, values)}`
}

/** DevicePort.list */
export async function listDevices(
  database: Database,
  fleetId: string,
  filter: DeviceFilter,
  { sort, limit, after }: DevicePageRequest,
): Promise<DevicePage> {
  const values = new SqlValues()
  const where = devicesWhere(fleetId, filter, values)
  const { of, type } = SORT_SQL[sort]
  const behind = after
    ? `AND (${of}, d.id) > (${values.add(after.value)}::${type}, ${values.add(after.id)}::uuid)`
    : ''
  const text = `SELECT ${DEVICE_COLUMNS}, ${of} AS sort_value ${where} ${behind}
    ORDER BY ${of}, d.id LIMIT ${values.add(limit + 1)}`
  const rows = await database.oneOff<DeviceRow & { readonly sort_value: number | string }>(
    fleetId,
    text,
    values.all,
  )
  const shown = rows.slice(0, limit)
  const last = shown.at(-1)
  return {
    items: shown.map(deviceOf),
    next: last && rows.length > limit ? { value: last.sort_value, id: last.id } : null,
  }
}

/** DevicePort.facets */
export function readDeviceFacets(
  database: Database,
  fleetId: string,
  filter: DeviceFilter,
): Promise<FacetCounts<DeviceKey>> {
  return readFacets<DeviceKey>(database, fleetId, {
    sql: DEVICE_SQL,
    keys: DEVICE_FACETS,
    filter: filter.conditions,
    whereOf: (conditions, values) => ({
      from: devicesWhere(fleetId, { ...filter, conditions }, values),
      isCut: 'false',
    }),
    order: 'd.id',
    rowsMax: DEVICE_FACET_ROWS_MAX,
  })
}
