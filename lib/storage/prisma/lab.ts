import type { LabReport, LabRunState, LabWeights } from '#lib/engine/lab/lab-report.ts'
import type { FieldStamps } from '#lib/engine/types.ts'
import type { JsonObject } from '#lib/kernel/json.ts'
import type { LabConflict, LabInput, LabPort, LabRun } from '../ports.ts'
import { insertAudit } from './audit.ts'
import type { Database, Statement } from './database.ts'
import { pageOf } from './page.ts'
import { originalText, storableText } from './storable-text.ts'
import { at, fromJson, ms } from './values.ts'

const COUNT: Statement = {
  name: 'lab_count',
  text: `SELECT count(*) AS count FROM (SELECT FROM conflict
    WHERE fleet_id = $1 AND collection = $2 AND created_at >= $3 AND created_at < $4 LIMIT $5) c`,
}
/** Each side is the change that made it: the device's by its id, the other by the version that it made. */
const CONFLICTS: Statement = {
  name: 'lab_conflicts',
  text: `SELECT c.id, c.record_id, c.base, c.base_known, c.local, c.remote, c.remote_version, c.remote_stamps, c.schema_version,
      c.created_at, m.device_id AS local_device, m.mutation::json->>'hlc' AS local_hlc, m.made_at AS local_made,
      t.device_id AS remote_device, t.mutation::json->>'hlc' AS remote_hlc, t.made_at AS remote_made
    FROM (SELECT * FROM conflict WHERE fleet_id = $1 AND collection = $2 AND created_at >= $3 AND created_at < $4
      AND ($6::timestamptz IS NULL OR (created_at, id) < ($6, $7)) ORDER BY created_at DESC, id DESC LIMIT $5) c
    LEFT JOIN change_log m ON m.fleet_id = $1 AND m.mutation_id = c.mutation_id
    LEFT JOIN change_log t ON t.fleet_id = $1 AND t.collection = $2 AND t.version = c.remote_version
    ORDER BY c.created_at DESC, c.id DESC`,
}
/** One begins at a time in a fleet, so that the bounds hold. */
const LOCK: Statement = {
  name: 'lab_lock',
  text: 'SELECT pg_advisory_xact_lock(hashtextextended($1::text, 9))',
}
const LOSE: Statement = {
  name: 'lab_lose',
  text: `UPDATE lab_run SET state = 'failed', problem = $3, ended_at = $4 WHERE fleet_id = $1 AND state = 'running' AND told_at < $2`,
}
const RUNNING: Statement = {
  name: 'lab_running',
  text: `SELECT count(*) AS count FROM lab_run WHERE fleet_id = $1 AND state = 'running'`,
}
const INSERT: Statement = {
  name: 'lab_insert',
  text: `INSERT INTO lab_run (fleet_id, id, collection_id, input, state, looked, total, actor_kind, actor_id, actor_name, created_at, told_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
}
const TRIM: Statement = {
  name: 'lab_trim',
  text: `DELETE FROM lab_run WHERE fleet_id = $1 AND collection_id = $2 AND id IN (SELECT id FROM lab_run
    WHERE fleet_id = $1 AND collection_id = $2 ORDER BY created_at DESC, id DESC OFFSET $3)`,
}
const TELL: Statement = {
  name: 'lab_tell',
  text: `UPDATE lab_run SET looked = $3, told_at = $4 WHERE fleet_id = $1 AND id = $2 AND state = 'running' RETURNING id`,
}
const END: Statement = {
  name: 'lab_end',
  text: `UPDATE lab_run SET state = $3, problem = $4, report = $5, ended_at = $6, told_at = $6
    WHERE fleet_id = $1 AND id = $2 AND state = 'running' RETURNING id`,
}
const COLUMNS =
  'fleet_id, id, collection_id, input, state, looked, total, problem, actor_kind, actor_id, actor_name, created_at, told_at, ended_at'
const LIST: Statement = {
  name: 'lab_list',
  text: `SELECT ${COLUMNS} FROM lab_run WHERE fleet_id = $1 AND ($2::uuid IS NULL OR collection_id = $2)
    AND created_at >= $3 AND created_at < $4 AND ($6::timestamptz IS NULL OR (created_at, id) < ($6, $7))
    ORDER BY created_at DESC, id DESC LIMIT $5`,
}
const GET: Statement = {
  name: 'lab_get',
  text: `SELECT ${COLUMNS}, report FROM lab_run WHERE fleet_id = $1 AND id = $2`,
}
const WEIGHTS: Statement = {
  name: 'lab_weights',
  text: 'SELECT weights, version FROM lab_weights WHERE fleet_id = $1 AND collection_id = $2',
}
const SET_WEIGHTS: Statement = {
  name: 'lab_set_weights',
  text: `INSERT INTO lab_weights AS w (fleet_id, collection_id, weights, version) SELECT $1, $2, $4, $3::int + 1
    WHERE $3 = 0 OR EXISTS (SELECT FROM lab_weights WHERE fleet_id = $1 AND collection_id = $2)
    ON CONFLICT (fleet_id, collection_id) DO UPDATE SET weights = $4, version = $3::int + 1 WHERE w.version = $3 RETURNING version`,
}

interface ConflictSqlRow extends Record<string, unknown> {
  readonly id: string
  readonly record_id: string
  readonly base: unknown
  readonly base_known: boolean
  readonly local: unknown
  readonly remote: unknown
  readonly remote_version: number | null
  readonly remote_stamps: unknown
  readonly schema_version: number | null
  readonly created_at: Date
  readonly local_device: string | null
  readonly local_hlc: string | null
  readonly local_made: Date | null
  readonly remote_device: string | null
  readonly remote_hlc: string | null
  readonly remote_made: Date | null
}

interface RunSqlRow extends Record<string, unknown> {
  readonly fleet_id: string
  readonly id: string
  readonly collection_id: string
  readonly input: unknown
  readonly state: string
  readonly looked: number
  readonly total: number
  readonly problem: string | null
  readonly actor_kind: string
  readonly actor_id: string
  readonly actor_name: string
  readonly created_at: Date
  readonly told_at: Date
  readonly ended_at: Date | null
  readonly report?: unknown
}

export function postgresLab(database: Database): LabPort {
  return {
    count: async (fleetId, { collection, fromMs, toMs }, max) => {
      const values = [fleetId, storableText(collection), at(fromMs), at(toMs), max]
      const [row] = await database.one<{ count: number }>(fleetId, COUNT, values)
      return row?.count ?? 0
    },
    conflicts: async (fleetId, { collection, fromMs, toMs }, { cursor, limit }) => {
      const range = [fleetId, storableText(collection), at(fromMs), at(toMs), limit + 1]
      const values = [...range, cursor && at(cursor.atMs), cursor && cursor.id]
      const rows = await database.one<ConflictSqlRow>(fleetId, CONFLICTS, values)
      return pageOf(rows.map(conflictOf), ({ createdAtMs, id }) => ({ atMs: createdAtMs, id }), limit)
    },
    begin: (run, { kept, atOnce, goneBeforeMs, lost }, audit) =>
      database.inFleet(run.fleetId, async (send) => {
        await send(LOCK, [run.fleetId])
        await send(LOSE, [run.fleetId, at(goneBeforeMs), lost, at(run.createdAtMs)])
        const [running] = await send<{ count: number }>(RUNNING, [run.fleetId])
        if ((running?.count ?? 0) >= atOnce) return 'busy'
        await send(INSERT, [
          run.fleetId,
          run.id,
          run.collectionId,
          JSON.stringify(run.input),
          run.state,
          run.looked,
          run.total,
          run.actor.kind,
          storableText(run.actor.id),
          storableText(run.actor.name),
          at(run.createdAtMs),
          at(run.toldAtMs),
        ])
        await send(TRIM, [run.fleetId, run.collectionId, kept])
        await insertAudit(send, audit)
        return 'begun'
      }),
    tell: async (fleetId, id, { looked, atMs }) =>
      (await database.one(fleetId, TELL, [fleetId, id, looked, at(atMs)])).length > 0,
    end: (fleetId, id, { state, problem, report, atMs }, audit) =>
      database.inFleet(fleetId, async (send) => {
        const text = report && JSON.stringify(report)
        const ended = await send(END, [fleetId, id, state, problem, text, at(atMs)])
        if (ended.length > 0 && audit) await insertAudit(send, audit)
        return ended.length > 0
      }),
    list: async (fleetId, { collectionId, fromMs, toMs }, { cursor, limit }) => {
      const asked = [fleetId, collectionId, at(fromMs), at(toMs), limit + 1]
      const values = [...asked, cursor && at(cursor.atMs), cursor && cursor.id]
      const rows = await database.one<RunSqlRow>(fleetId, LIST, values)
      return pageOf(rows.map(runOf), ({ createdAtMs, id }) => ({ atMs: createdAtMs, id }), limit)
    },
    get: async (fleetId, id) => {
      const [row] = await database.one<RunSqlRow>(fleetId, GET, [fleetId, id])
      return row ? { ...runOf(row), report: fromJson<LabReport | null>(row.report) } : null
    },
    weights: async (fleetId, collectionId) => {
      const [row] = await database.one<{ weights: unknown; version: number }>(fleetId, WEIGHTS, [
        fleetId,
        collectionId,
      ])
      return row ? { weights: fromJson<LabWeights>(row.weights), version: row.version } : null
    },
    setWeights: (fleetId, collectionId, { version, weights }, audit) =>
      database.inFleet(fleetId, async (send) => {
        const values = [fleetId, collectionId, version, JSON.stringify(weights)]
        const [row] = await send<{ version: number }>(SET_WEIGHTS, values)
        if (!row) return 'stale'
        await insertAudit(send, audit)
        return { weights, version: row.version }
      }),
  }
}

const conflictOf = (row: ConflictSqlRow): LabConflict => ({
  id: row.id,
  recordId: row.record_id,
  base: fromJson<JsonObject | null>(row.base),
  baseKnown: row.base_known,
  local: fromJson<JsonObject | null>(row.local),
  remote: fromJson<JsonObject | null>(row.remote),
  remoteVersion: row.remote_version,
  schemaVersion: row.schema_version,
  createdAtMs: ms(row.created_at),
  localSide: sideOf(row.local_device, row.local_hlc, row.local_made),
  remoteSide: sideOf(row.remote_device, row.remote_hlc, row.remote_made),
  remoteStamps: fromJson<FieldStamps | null>(row.remote_stamps),
})

const sideOf = (deviceId: string | null, hlc: string | null, made: Date | null): LabConflict['localSide'] =>
  deviceId !== null && hlc !== null && made !== null ? { deviceId, hlc, madeAtMs: ms(made) } : null

const runOf = (row: RunSqlRow): LabRun => ({
  id: row.id,
  fleetId: row.fleet_id,
  collectionId: row.collection_id,
  input: fromJson<LabInput>(row.input),
  state: row.state as LabRunState,
  looked: row.looked,
  total: row.total,
  problem: row.problem,
  actor: { kind: row.actor_kind, id: originalText(row.actor_id), name: originalText(row.actor_name) },
  createdAtMs: ms(row.created_at),
  toldAtMs: ms(row.told_at),
  endedAtMs: row.ended_at && ms(row.ended_at),
})
