import { sessionCodes } from '#lib/telemetry/session-codes.ts'
import { sessionEvent } from '#lib/telemetry/session-event.ts'
import { inferredSession } from '../inferred-session.ts'
import type { SessionPort, SessionRow } from '../ports.ts'
import { FleetGone } from '../ports.ts'
import { sessionKey } from '../session-key.ts'
import { bigints, booleans, floats, ints, jsons, plainTexts, texts, uuids } from './arrays.ts'
import type { Database, Send, Statement } from './database.ts'
import type { DeviceRow } from './device-row.ts'
import { DEVICE_COLUMNS, deviceOf } from './device-row.ts'
import { insertEvents } from './insert-events.ts'
import { listSessions, readSessionFacets } from './session-list.ts'
import { extrasOf, sessionOf } from './session-row.ts'
import { storableText } from './storable-text.ts'
import { at, ms } from './values.ts'

const FLEET: Statement = { name: 'session_fleet', text: 'SELECT FROM fleet WHERE id = $1' }
/** `h.device_id` is neither `k.d` nor one of its ids from before or after a fork. */
const IS_OTHERS = `h.device_id <> k.d AND NOT EXISTS (
      SELECT FROM device v WHERE v.fleet_id = $1 AND v.id = k.d AND h.device_id = ANY (v.linked_ids))`
const CLAIM: Statement = {
  name: 'session_claim',
  text: `INSERT INTO session_index (fleet_id, session_id, received_at)
    SELECT $1, s, to_timestamp(r / 1000) FROM unnest($2::uuid[], $3::uuid[], $4::float8[]) k(s, d, r)
    WHERE NOT EXISTS (SELECT FROM open_session h WHERE h.fleet_id = $1 AND h.session_id = k.s AND ${IS_OTHERS})
    ORDER BY s ON CONFLICT DO NOTHING RETURNING session_id`,
}
/** Asked of the few that could not be claimed; by then it is committed what kept them from it. */
const OF_OTHERS: Statement = {
  name: 'session_of_others',
  text: `SELECT k.s AS session_id, k.d AS device_id FROM unnest($2::uuid[], $3::uuid[]) k(s, d)
    WHERE EXISTS (SELECT FROM open_session h WHERE h.fleet_id = $1 AND h.session_id = k.s AND ${IS_OTHERS})
      OR EXISTS (SELECT FROM session_index i JOIN sync_session h
        ON h.fleet_id = i.fleet_id AND h.received_at = i.received_at AND h.session_id = i.session_id
        WHERE i.fleet_id = $1 AND i.session_id = k.s AND ${IS_OTHERS})`,
}
const CLOSE: Statement = {
  name: 'session_close',
  text: `DELETE FROM open_session h USING unnest($2::uuid[], $3::uuid[]) k(s, d)
    WHERE h.fleet_id = $1 AND h.session_id = k.s AND NOT (${IS_OTHERS})`,
}
const INSERT: Statement = {
  name: 'session_insert',
  text: `INSERT INTO sync_session (fleet_id, session_id, device_id, device_name, platform, app_version, mode, result, started_at,
      ended_at, received_at, offset_ms, pushed, pulled, conflicts, dead_lettered, queue_depth_before, queue_depth_after,
      illegal_transitions, inferred, transitions, attempts, extras, codes, source, collections, lag_ms)
    SELECT $1, s, d, n, p, a, m, r, to_timestamp(t1 / 1000), to_timestamp(t2 / 1000), to_timestamp(t3 / 1000), n1, n2, n3, n4, n5,
      n6, n7, n8, i, j1, j2, j3, c::text[], e, coalesce(w.collections, '{}'), w.lag_ms
    FROM unnest($2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::float8[], $10::float8[],
      $11::float8[], $12::bigint[], $13::bigint[], $14::bigint[], $15::bigint[], $16::bigint[], $17::bigint[], $18::bigint[],
      $19::int[], $20::boolean[], $21::json[], $22::json[], $23::json[], $24::text[], $25::text[])
      k(s, d, n, p, a, m, r, t1, t2, t3, n1, n2, n3, n4, n5, n6, n7, n8, i, j1, j2, j3, c, e)
    CROSS JOIN LATERAL (SELECT array_agg(DISTINCT l.collection) AS collections,
        max(greatest(0, (extract(epoch FROM l.committed_at - l.made_at) * 1000)::bigint))
          FILTER (WHERE l.version IS NOT NULL) AS lag_ms
      FROM session_push p CROSS JOIN LATERAL unnest(p.mutation_ids) m(id)
        CROSS JOIN LATERAL (SELECT * FROM change_log x WHERE x.fleet_id = $1 AND x.mutation_id = m.id LIMIT 1) l
      WHERE p.fleet_id = $1 AND p.session_id = k.s AND (l.device_id = k.d OR EXISTS (
        SELECT FROM device v WHERE v.fleet_id = $1 AND v.id = k.d AND l.device_id = ANY (v.linked_ids)))) w`,
}
const LAST_OK: Statement = {
  name: 'session_last_ok',
  text: 'UPDATE device SET last_session_ok_at = greatest(last_session_ok_at, $3) WHERE fleet_id = $1 AND id = $2',
}
/** Rows that another process is inferring are left to it. */
const SILENT: Statement = {
  name: 'session_silent',
  text: `SELECT ${DEVICE_COLUMNS}, o.session_id, o.first_push_at, o.last_push_at, c.pushed, c.dead_lettered,
      (SELECT count(*) FROM conflict x
        WHERE x.fleet_id = $1 AND x.session_id = o.session_id AND x.device_id = o.device_id) AS conflicts
    FROM open_session o JOIN device d ON d.fleet_id = o.fleet_id AND d.id = o.device_id, LATERAL (
      SELECT count(*) AS pushed, count(*) FILTER (WHERE l.status = 'dead_lettered') AS dead_lettered
      FROM session_push p, unnest(p.mutation_ids) m(id),
        LATERAL (SELECT * FROM change_log x WHERE x.fleet_id = $1 AND x.mutation_id = m.id LIMIT 1) l
      WHERE p.fleet_id = $1 AND p.session_id = o.session_id AND l.device_id = o.device_id) c
    WHERE o.fleet_id = $1 AND o.first_push_at < $2 ORDER BY o.first_push_at, o.session_id LIMIT $3 FOR UPDATE OF o SKIP LOCKED`,
}

/** Over the sessions that wait for their report, which are those of a day. */
const UNREPORTED: Statement = {
  name: 'session_unreported',
  text: `SELECT o.session_id, o.first_push_at, o.last_push_at,
      (SELECT count(*)::int FROM session_push p CROSS JOIN LATERAL unnest(p.mutation_ids) m(id)
        CROSS JOIN LATERAL (SELECT x.device_id FROM change_log x WHERE x.fleet_id = $1 AND x.mutation_id = m.id LIMIT 1) l
        WHERE p.fleet_id = $1 AND p.session_id = o.session_id AND l.device_id = o.device_id) AS pushed
    FROM open_session o WHERE o.fleet_id = $1 AND o.device_id = $2 AND o.first_push_at >= $3
    ORDER BY o.first_push_at DESC, o.session_id DESC LIMIT $4`,
}

interface UnreportedRow extends Record<string, unknown> {
  readonly session_id: string
  readonly first_push_at: Date
  readonly last_push_at: Date
  readonly pushed: number
}
interface SilentRow extends DeviceRow {
  readonly session_id: string
  readonly first_push_at: Date
  readonly last_push_at: Date
  readonly pushed: number
  readonly dead_lettered: number
  readonly conflicts: number
}

export function postgresSessions(database: Database): SessionPort {
  return {
    store: (fleetId, rows, events) =>
      database.inFleetHot(fleetId, async (send) => {
        if ((await send(FLEET, [fleetId])).length === 0) throw new FleetGone(`fleet ${fleetId} was removed`)
        const { stored, ofOthers } = await storeSessions(send, fleetId, rows)
        const told = events.filter(
          ({ payload }) => payload.kind !== 'session' || stored.has(sessionKey(payload)),
        )
        await insertEvents(send, fleetId, told)
        return rows.map((row) => {
          const key = sessionKey(row)
          if (stored.delete(key)) return 'stored'
          return ofOthers.has(key) ? 'other_device' : 'duplicate'
        })
      }),
    list: (fleetId, filter, page) => listSessions(database, fleetId, filter, page),
    facets: (fleetId, filter) => readSessionFacets(database, fleetId, filter),
    get: (fleetId, sessionId) =>
      database.prismaInFleet(fleetId, async (tx) => {
        const found = await tx.sessionIndex.findUnique({
          where: { fleetId_sessionId: { fleetId, sessionId } },
        })
        if (!found) return null
        const { receivedAt } = found
        const key = { fleetId_receivedAt_sessionId: { fleetId, receivedAt, sessionId } }
        const row = await tx.syncSession.findUnique({ where: key })
        return row && sessionOf(row)
      }),
    unreported: async (fleetId, deviceId, sinceMs, limit) => {
      const values = [fleetId, deviceId, at(sinceMs), limit]
      return (await database.one<UnreportedRow>(fleetId, UNREPORTED, values)).map((row) => ({
        sessionId: row.session_id,
        firstPushMs: ms(row.first_push_at),
        lastPushMs: ms(row.last_push_at),
        pushed: row.pushed,
      }))
    },
    inferAbandoned: (fleetId, beforeMs, nowMs, limit) =>
      database.inFleetHot(fleetId, async (send) => {
        const silent = await send<SilentRow>(SILENT, [fleetId, at(beforeMs), limit])
        const rows = silent.map((row) => inferredSession(deviceOf(row), silentOf(row), nowMs))
        const { stored } = await storeSessions(send, fleetId, rows)
        const made = rows.filter((row) => stored.has(sessionKey(row)))
        await insertEvents(send, fleetId, made.map(sessionEvent))
        return made.length
      }),
  }
}

interface StoredSessions {
  readonly stored: Set<string>
  readonly ofOthers: ReadonlySet<string>
}

/** Stores the sessions whose ids are new, each once, and tells which ids are those of other devices, all by `sessionKey`. */
async function storeSessions(
  send: Send,
  fleetId: string,
  all: readonly SessionRow[],
): Promise<StoredSessions> {
  const first = [...new Map(all.toReversed().map((row) => [row.sessionId, row])).values()]
  const keys = (rows: readonly SessionRow[]) => [
    uuids(rows.map((row) => row.sessionId)),
    uuids(rows.map((row) => row.deviceId)),
  ]
  const received = floats(first.map((row) => row.receivedAtMs))
  const claims = await send<{ session_id: string }>(CLAIM, [fleetId, ...keys(first), received])
  const claimed = new Set(claims.map((row) => row.session_id))
  const rows = first.filter((row) => claimed.has(row.sessionId))
  const others = all.filter((row) => !rows.includes(row))
  const lastOk = new Map<string, number>()
  for (const { result, deviceId, endedAtMs } of rows) {
    if (result === 'ok') lastOk.set(deviceId, Math.max(endedAtMs, lastOk.get(deviceId) ?? 0))
  }
  await Promise.all([
    send(CLOSE, [fleetId, ...keys(first)]),
    rows.length > 0 ? send(INSERT, [fleetId, ...insertValues(rows)]) : null,
    ...[...lastOk].map(([deviceId, endedAtMs]) => send(LAST_OK, [fleetId, deviceId, at(endedAtMs)])),
  ])
  const strangers =
    others.length === 0
      ? []
      : await send<{ session_id: string; device_id: string }>(OF_OTHERS, [fleetId, ...keys(others)])
  return {
    stored: new Set(rows.map(sessionKey)),
    ofOthers: new Set(
      strangers.map((row) => sessionKey({ sessionId: row.session_id, deviceId: row.device_id })),
    ),
  }
}

const insertValues = (rows: readonly SessionRow[]): unknown[] => [
  uuids(rows.map((row) => row.sessionId)),
  uuids(rows.map((row) => row.deviceId)),
  texts(rows.map((row) => row.deviceName)),
  texts(rows.map((row) => row.platform)),
  texts(rows.map((row) => row.appVersion)),
  texts(rows.map((row) => row.mode)),
  texts(rows.map((row) => row.result)),
  floats(rows.map((row) => row.startedAtMs)),
  floats(rows.map((row) => row.endedAtMs)),
  floats(rows.map((row) => row.receivedAtMs)),
  bigints(rows.map((row) => row.offsetMs)),
  bigints(rows.map((row) => row.pushed)),
  bigints(rows.map((row) => row.pulled)),
  bigints(rows.map((row) => row.conflicts)),
  bigints(rows.map((row) => row.deadLettered)),
  bigints(rows.map((row) => row.queueDepthBefore)),
  bigints(rows.map((row) => row.queueDepthAfter)),
  ints(rows.map((row) => row.illegalTransitions)),
  booleans(rows.map((row) => row.inferred)),
  jsons(rows.map((row) => row.transitions)),
  jsons(rows.map((row) => row.attempts)),
  jsons(rows.map(extrasOf)),
  plainTexts(rows.map((row) => textArray(sessionCodes(row)))),
  texts(rows.map((row) => row.source ?? null)),
]

/** An array of texts as one text, since `unnest` takes arrays of arrays apart. */
const textArray = (values: readonly string[]): string =>
  `{${values.map((value) => `"${storableText(value).replaceAll(/["\\]/g, (char) => `\\${char}`)}"`).join(',')}}`

const silentOf = (row: SilentRow) => ({
  sessionId: row.session_id,
  firstPushMs: ms(row.first_push_at),
  lastPushMs: ms(row.last_push_at),
  pushed: row.pushed,
  conflicts: row.conflicts,
  deadLettered: row.dead_lettered,
})
