import pg from 'pg'
import type { Platform } from '#lib/protocol/device.ts'
import type { Bucket } from '#lib/rollups/bucket.ts'
import { fold } from '#lib/rollups/fold.ts'
import type { Storage } from '#lib/storage/ports.ts'
import type { TelemetryEvent } from '#lib/telemetry/events.ts'
import { writeManySessions } from '#tests/support/many-sessions.ts'

interface FilledHistory {
  readonly fleetId: string
  readonly sessions: number
  readonly endMs: number
}

export const HISTORY_DAYS = 14
const DEVICES = 2_000
const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
/** Buckets written by one statement. */
const SAVE_MAX = 2_000

/** What each session's rows tell the rollups: its own event, and that of the push that it made. */
const TOLD = `SELECT session_id, device_id, platform, app_version, mode, result, conflicts, collections, lag_ms, pushed,
    extract(epoch FROM ended_at) * 1000 AS ended, extract(epoch FROM ended_at - started_at) * 1000 AS took
  FROM sync_session WHERE fleet_id = $1 AND ended_at >= to_timestamp($2::float8 / 1000) AND ended_at < to_timestamp($3::float8 / 1000)
    AND received_at >= to_timestamp($2::float8 / 1000) AND received_at < to_timestamp($3::float8 / 1000 + 86400)`
const SAVE = `INSERT INTO rollup (fleet_id, tier, start, collection, platform, app_version, counters, sketches, gauges, gauges_at)
  SELECT $1, * FROM unnest($2::text[], $3::timestamptz[], $4::text[], $5::text[], $6::text[], $7::json[], $8::json[], $9::json[], $10::timestamptz[])`

interface ToldRow {
  readonly session_id: string
  readonly device_id: string
  readonly platform: Platform
  readonly app_version: string
  readonly mode: 'delta' | 'full'
  readonly result: 'ok' | 'failed' | 'abandoned'
  readonly conflicts: string
  readonly collections: readonly string[]
  readonly lag_ms: string | null
  readonly pushed: string
  readonly ended: string
  readonly took: string
}

/** A fleet whose sessions of two weeks are in the database, with the buckets that folding would have left of them. */
export async function fillHistory(
  storage: Storage,
  databaseUrl: string,
  fleetId: string,
  sessions: number,
): Promise<FilledHistory> {
  const endMs = Math.floor(Date.now() / HOUR_MS) * HOUR_MS
  await storage.maintenance.ensurePartitions(endMs - (HISTORY_DAYS + 1) * DAY_MS, HISTORY_DAYS + 3)
  const client = new pg.Client({ connectionString: databaseUrl })
  await client.connect()
  try {
    const many = { fleetId, sessions, devices: DEVICES, endMs, days: HISTORY_DAYS }
    await writeManySessions(client, many)
    for (let hour = 0; hour < HISTORY_DAYS * 24; hour++) {
      const fromMs = endMs - (HISTORY_DAYS * 24 - hour) * HOUR_MS
      const { rows } = await client.query<ToldRow>(TOLD, [fleetId, fromMs, fromMs + HOUR_MS])
      await save(client, fleetId, fold(new Map(), rows.flatMap(eventsOf)))
    }
    await client.query('VACUUM (ANALYZE) rollup')
  } finally {
    await client.end()
  }
  return { fleetId, sessions, endMs }
}

/** The events of a session: as long as it took, and the changes that it pushed, each with the session's longest lag. */
function eventsOf(row: ToldRow): readonly TelemetryEvent[] {
  const atMs = Math.floor(Number(row.ended))
  const source = { deviceId: row.device_id, platform: row.platform, appVersion: row.app_version }
  const lagMs = row.lag_ms === null ? null : Number(row.lag_ms)
  const session: TelemetryEvent = {
    id: `session/${row.session_id}`,
    atMs,
    payload: {
      kind: 'session',
      ...source,
      sessionId: row.session_id,
      result: row.result,
      mode: row.mode,
      fullReason: null,
      durationMs: Math.round(Number(row.took)),
      withConflict: Number(row.conflicts) > 0,
      illegalTransitions: 0,
      transitions: { 'idle>scanning': 1, 'scanning>pushing': 1, 'pushing>pulling': 1, 'pulling>idle': 1 },
    },
  }
  if (lagMs === null) return [session]
  const conflicts =
    Number(row.conflicts) > 0 ? [{ strategy: 'lww', outcome: 'remote' as const, fields: ['status'] }] : []
  const collections = Object.fromEntries(
    row.collections.map((name) => [
      name,
      { results: { applied: 1 }, conflicts, uploadLagMs: [lagMs], clamped: 0, deadLetterCodes: {} },
    ]),
  )
  const id = row.session_id
  return [
    session,
    {
      id: `push/${id}`,
      atMs,
      payload: { kind: 'push', ...source, requestId: id, sessionId: id, collections },
    },
  ]
}

async function save(client: pg.Client, fleetId: string, buckets: readonly Bucket[]): Promise<void> {
  for (let i = 0; i < buckets.length; i += SAVE_MAX) {
    const part = buckets.slice(i, i + SAVE_MAX)
    await client.query(SAVE, [
      fleetId,
      part.map(({ key }) => key.tier),
      part.map(({ key }) => new Date(key.startMs)),
      part.map(({ key }) => key.collection),
      part.map(({ key }) => key.platform),
      part.map(({ key }) => key.appVersion),
      part.map(({ counters }) => JSON.stringify(counters)),
      part.map(({ sketches }) => JSON.stringify(sketches)),
      part.map(({ gauges }) => JSON.stringify(gauges)),
      part.map(({ gaugesAtMs }) => new Date(gaugesAtMs)),
    ])
  }
}
