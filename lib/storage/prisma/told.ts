import type { IngestPort, ToldLog, ToldSeries } from '../ports.ts'
import { FleetGone } from '../ports.ts'
import { floats, jsons, plainTexts, texts, uuids } from './arrays.ts'
import type { Database, Send, Statement } from './database.ts'
import { insertEvents } from './insert-events.ts'
import { originalText } from './storable-text.ts'
import { at, fromJson, ms, msOrNull } from './values.ts'

/** One export of a fleet at a time, so that bounds hold; a fleet that is being removed has none. */
const HOLD_FLEET: Statement = {
  name: 'ingest_hold_fleet',
  text: 'SELECT pg_advisory_xact_lock(hashtextextended($1::text, 1)) FROM fleet WHERE id = $1::uuid FOR KEY SHARE',
}
const SERIES_COLUMNS = 'id, source, gauge, start_at, at, heard_at, value'
const READ: Statement = {
  name: 'told_series_read',
  text: `SELECT ${SERIES_COLUMNS} FROM told_series WHERE fleet_id = $1 AND id = ANY ($2::uuid[])`,
}
const COUNT: Statement = {
  name: 'told_series_count',
  text: 'SELECT count(*) AS count FROM told_series WHERE fleet_id = $1',
}
const SAVE: Statement = {
  name: 'told_series_save',
  text: `INSERT INTO told_series (fleet_id, ${SERIES_COLUMNS})
    SELECT $1, k.id, k.source, k.gauge, to_timestamp(k.start_at / 1000), to_timestamp(k.at / 1000), to_timestamp(k.heard_at / 1000), k.value
    FROM unnest($2::uuid[], $3::text[], $4::text[], $5::float8[], $6::float8[], $7::float8[], $8::json[])
      k(${SERIES_COLUMNS})
    ON CONFLICT (fleet_id, id) DO UPDATE SET source = excluded.source, gauge = excluded.gauge,
      start_at = excluded.start_at, at = excluded.at, heard_at = excluded.heard_at, value = excluded.value`,
}
const GAUGES: Statement = {
  name: 'told_series_gauges',
  text: `SELECT ${SERIES_COLUMNS} FROM told_series WHERE fleet_id = $1 AND gauge IS NOT NULL AND heard_at >= $2 ORDER BY source, id`,
}

const LOG_COLUMNS = 'id, device_id, session_id, at, level, text, code'
const KEEP_LOGS: Statement = {
  name: 'told_log_keep',
  text: `INSERT INTO told_log (fleet_id, ${LOG_COLUMNS})
    SELECT $1, k.id, k.device_id, k.session_id, to_timestamp(k.at / 1000), k.level, k.text, k.code
    FROM unnest($2::uuid[], $3::uuid[], $4::uuid[], $5::float8[], $6::text[], $7::text[], $8::text[]) k(${LOG_COLUMNS})
    ON CONFLICT DO NOTHING RETURNING id`,
}
const DROP_LOGS: Statement = {
  name: 'told_log_drop',
  text: `DELETE FROM told_log WHERE fleet_id = $1 AND id IN (
    SELECT x.id FROM unnest($2::uuid[]) d(id) CROSS JOIN LATERAL (SELECT l.id FROM told_log l
      WHERE l.fleet_id = $1 AND l.device_id = d.id ORDER BY l.at DESC, l.id DESC OFFSET $3) x)`,
}
const logsBy = (column: 'device_id' | 'session_id'): Statement => ({
  name: `told_log_by_${column}`,
  text: `SELECT ${LOG_COLUMNS} FROM told_log WHERE fleet_id = $1 AND ${column} = $2 ORDER BY at DESC, id DESC LIMIT $3`,
})
const BY_DEVICE = logsBy('device_id')
const BY_SESSION = logsBy('session_id')

interface SeriesRow extends Record<string, unknown> {
  readonly id: string
  readonly source: string
  readonly gauge: ToldSeries['gauge']
  readonly start_at: Date | null
  readonly at: Date
  readonly heard_at: Date
  readonly value: unknown
}
interface LogRow extends Record<string, unknown> {
  readonly id: string
  readonly device_id: string
  readonly session_id: string | null
  readonly at: Date
  readonly level: ToldLog['level']
  readonly text: string
  readonly code: string | null
}

/** @throws FleetGone */
export async function holdFleet(send: Send, fleetId: string): Promise<void> {
  if ((await send(HOLD_FLEET, [fleetId])).length === 0) throw new FleetGone(`fleet ${fleetId} was removed`)
}

/** The part of the port that keeps what is told beside sessions. */
export const postgresTold = (
  database: Database,
): Pick<IngestPort, 'moveSeries' | 'gauges' | 'storeLogs' | 'logs'> => ({
  moveSeries: (fleetId, ids, max, work) =>
    database.inFleet(fleetId, async (send) => {
      await holdFleet(send, fleetId)
      const known = (await send<SeriesRow>(READ, [fleetId, uuids(ids)])).map(seriesOf)
      const [row] = await send<{ count: number }>(COUNT, [fleetId])
      const room = Math.max(0, max - Number(row?.count ?? 0))
      const { series, events } = work(new Map(known.map((one) => [one.id, one])), room)
      if (series.length > 0) await send(SAVE, [fleetId, ...seriesValues(series)])
      await insertEvents(send, fleetId, events)
    }),
  gauges: async (fleetId, sinceMs) =>
    (await database.one<SeriesRow>(fleetId, GAUGES, [fleetId, at(sinceMs)])).map(seriesOf),
  storeLogs: (fleetId, logs, perDeviceMax) =>
    database.inFleet(fleetId, async (send) => {
      await holdFleet(send, fleetId)
      const stored = await send(KEEP_LOGS, [fleetId, ...logValues(logs)])
      const devices = uuids([...new Set(logs.map(({ deviceId }) => deviceId))])
      if (stored.length > 0) await send(DROP_LOGS, [fleetId, devices, perDeviceMax])
      return stored.length
    }),
  logs: async (fleetId, of, limit) => {
    const [statement, id] = 'deviceId' in of ? [BY_DEVICE, of.deviceId] : [BY_SESSION, of.sessionId]
    return (await database.one<LogRow>(fleetId, statement, [fleetId, id, limit])).map(logOf)
  },
})

const seriesOf = (row: SeriesRow): ToldSeries => ({
  id: row.id,
  source: originalText(row.source),
  gauge: row.gauge,
  startMs: msOrNull(row.start_at),
  atMs: ms(row.at),
  heardMs: ms(row.heard_at),
  value: fromJson<ToldSeries['value']>(row.value),
})

const seriesValues = (series: readonly ToldSeries[]): readonly Buffer[] => [
  uuids(series.map(({ id }) => id)),
  texts(series.map(({ source }) => source)),
  plainTexts(series.map(({ gauge }) => gauge)),
  floats(series.map(({ startMs }) => startMs)),
  floats(series.map(({ atMs }) => atMs)),
  floats(series.map(({ heardMs }) => heardMs)),
  jsons(series.map(({ value }) => value)),
]

const logOf = (row: LogRow): ToldLog => ({
  id: row.id,
  deviceId: row.device_id,
  sessionId: row.session_id,
  atMs: ms(row.at),
  level: row.level,
  text: originalText(row.text),
  code: row.code === null ? null : originalText(row.code),
})

const logValues = (logs: readonly ToldLog[]): readonly Buffer[] => [
  uuids(logs.map(({ id }) => id)),
  uuids(logs.map(({ deviceId }) => deviceId)),
  uuids(logs.map(({ sessionId }) => sessionId)),
  floats(logs.map(({ atMs }) => atMs)),
  plainTexts(logs.map(({ level }) => level)),
  texts(logs.map(({ text }) => text)),
  texts(logs.map(({ code }) => code)),
]
