import { baseKey, recordKey } from '#lib/engine/types.ts'
import type { KnownMutation } from '#lib/engine/types.ts'
import type { JsonObject } from '#lib/kernel/json.ts'
import { assert } from '#lib/kernel/result.ts'
import type { Mutation } from '#lib/protocol/mutation.ts'
import { ANCESTORS_MAX } from '../change-rows.ts'
import type { PushPlan, PushSnapshot, StoredResponse } from '../ports.ts'
import { bigints, texts, uuids } from './arrays.ts'
import type { Send, Statement } from './database.ts'
import type { DeviceRow } from './device-row.ts'
import { DEVICE_COLUMNS, deviceOf } from './device-row.ts'
import type { RecordRow } from './record-row.ts'
import { RECORD_COLUMNS, recordOf } from './record-row.ts'
import { resultOf } from './result-row.ts'
import { originalText } from './storable-text.ts'
import { fromJson, ms } from './values.ts'

const LOCK_HEADS: Statement = {
  name: 'push_lock_heads',
  text: `SELECT collection, version FROM stream_head WHERE fleet_id = $1 AND collection = ANY ($2::text[])
    ORDER BY collection FOR UPDATE`,
}
const MAKE_HEADS: Statement = {
  name: 'push_make_heads',
  text: `INSERT INTO stream_head (fleet_id, collection, version)
    SELECT $1, c, 0 FROM unnest($2::text[]) c ORDER BY c ON CONFLICT DO NOTHING`,
}
const LOCK_DEVICES: Statement = {
  name: 'push_lock_devices',
  text: `SELECT ${DEVICE_COLUMNS} FROM device d WHERE d.fleet_id = $1 AND d.id = ANY ($2::uuid[]) ORDER BY d.id FOR UPDATE`,
}
const FLEET: Statement = { name: 'push_fleet', text: 'SELECT epoch, config_version FROM fleet WHERE id = $1' }
/**
 * Keys first, then one row each: LATERAL with LIMIT leaves the planner no other order, whatever it believes of a
 * table's size when it plans (prisma/migrations, the keys that come last).
 */
const RESPONSES: Statement = {
  name: 'push_responses',
  text: `SELECT s.device_id, s.request_id, s.request_hash, s.body, s.created_at
    FROM unnest($2::uuid[], $3::uuid[]) k(device_id, request_id) CROSS JOIN LATERAL (SELECT * FROM stored_response x
      WHERE x.fleet_id = $1 AND x.device_id = k.device_id AND x.request_id = k.request_id LIMIT 1) s`,
}
const RECORDS: Statement = {
  name: 'push_records',
  text: `SELECT ${RECORD_COLUMNS} FROM unnest($2::text[], $3::uuid[]) k(collection, record_id) CROSS JOIN LATERAL (SELECT * FROM record x
      WHERE x.fleet_id = $1 AND x.collection = k.collection AND x.record_id = k.record_id LIMIT 1) r`,
}
const BASES: Statement = {
  name: 'push_bases',
  text: `SELECT b.collection, b.record_id, b.version, b.data
    FROM unnest($2::text[], $3::uuid[], $4::bigint[]) k(collection, record_id, version)
    CROSS JOIN LATERAL (SELECT * FROM record_base x WHERE x.fleet_id = $1 AND x.collection = k.collection
      AND x.record_id = k.record_id AND x.version = k.version LIMIT 1) b`,
}
/** UNION drops what was reached before, so that a chain is walked once and a circle ends. */
const MUTATIONS: Statement = {
  name: 'push_mutations',
  text: `WITH RECURSIVE chain(id, after) AS (
      SELECT c.mutation_id, c.after FROM change_log c WHERE c.fleet_id = $1 AND c.mutation_id = ANY ($2::uuid[])
      UNION
      SELECT c.mutation_id, c.after FROM chain CROSS JOIN LATERAL (
        SELECT * FROM change_log x WHERE x.fleet_id = $1 AND x.mutation_id = chain.after LIMIT 1) c
    ), near AS (SELECT id FROM chain LIMIT $3)
    SELECT c.mutation_id, c.payload_hash, c.device_id, c.mutation, c.result, c.version, l.status AS letter
    FROM near
    CROSS JOIN LATERAL (SELECT * FROM change_log x WHERE x.fleet_id = $1 AND x.mutation_id = near.id LIMIT 1) c
    LEFT JOIN LATERAL (SELECT * FROM dead_letter x WHERE x.fleet_id = $1 AND x.mutation_id = near.id LIMIT 1) l ON true`,
}

interface ResponseRow extends Record<string, unknown> {
  readonly device_id: string
  readonly request_id: string
  readonly request_hash: string
  readonly body: string
  readonly created_at: Date
}
interface BaseRow extends Record<string, unknown> {
  readonly collection: string
  readonly record_id: string
  readonly version: number
  readonly data: unknown
}
interface MutationRow extends Record<string, unknown> {
  readonly mutation_id: string
  readonly payload_hash: string
  readonly device_id: string
  readonly mutation: unknown
  readonly result: unknown
  readonly version: number | null
  readonly letter: string | null
}
type HeadRow = { collection: string; version: number }

/**
 * Locks and reads in one round trip: the statements go out together, and since each has its own snapshot, those
 * behind the locks see what was committed before them (decision 2).
 */
export async function loadPush(send: Send, fleetId: string, plan: PushPlan): Promise<PushSnapshot> {
  const snapshot = await readAll(send, fleetId, plan)
  if (plan.streams.every((name) => snapshot.heads.has(name))) return snapshot
  await send(MAKE_HEADS, [fleetId, texts(plan.streams)])
  return readAll(send, fleetId, plan)
}

async function readAll(send: Send, fleetId: string, plan: PushPlan): Promise<PushSnapshot> {
  const { streams, deviceIds, requests, records, bases, mutationIds } = plan
  const some = <R extends Record<string, unknown>>(
    keys: readonly unknown[],
    statement: Statement,
    values: unknown[],
  ) => (keys.length === 0 ? Promise.resolve([]) : send<R>(statement, [fleetId, ...values]))
  const [heads, devices, fleets, responses, recordRows, baseRows, mutations] = await Promise.all([
    some<HeadRow>(streams, LOCK_HEADS, [texts(streams)]),
    some<DeviceRow>(deviceIds, LOCK_DEVICES, [uuids(deviceIds)]),
    send<{ epoch: number; config_version: number }>(FLEET, [fleetId]),
    some<ResponseRow>(requests, RESPONSES, [
      uuids(requests.map((r) => r.deviceId)),
      uuids(requests.map((r) => r.requestId)),
    ]),
    some<RecordRow>(records, RECORDS, [
      texts(records.map((r) => r.collection)),
      uuids(records.map((r) => r.recordId)),
    ]),
    some<BaseRow>(bases, BASES, [
      texts(bases.map((b) => b.collection)),
      uuids(bases.map((b) => b.recordId)),
      bigints(bases.map((b) => b.version)),
    ]),
    some<MutationRow>(mutationIds, MUTATIONS, [uuids(mutationIds), mutationIds.length + ANCESTORS_MAX]),
  ])
  const fleet = fleets[0]
  assert(fleet, `fleet ${fleetId} exists`)
  return {
    fleet: { epoch: fleet.epoch, configVersion: fleet.config_version },
    heads: new Map(heads.map((row) => [originalText(row.collection), row.version])),
    devices: new Map(devices.map((row) => [row.id, deviceOf(row)])),
    responses: new Map(responses.map((row) => [`${row.device_id}/${row.request_id}`, responseOf(row)])),
    records: new Map(
      recordRows.map(recordOf).map((record) => [recordKey(record.collection, record.recordId), record]),
    ),
    bases: new Map(
      baseRows.map((row) => [
        baseKey(originalText(row.collection), row.record_id, row.version),
        fromJson<JsonObject | null>(row.data),
      ]),
    ),
    mutations: new Map(mutations.map((row) => [row.mutation_id, knownOf(row)])),
  }
}

const responseOf = (row: ResponseRow): StoredResponse => ({
  deviceId: row.device_id,
  requestId: row.request_id,
  requestHash: row.request_hash,
  body: row.body,
  createdAtMs: ms(row.created_at),
})

const knownOf = (row: MutationRow): KnownMutation => ({
  id: row.mutation_id,
  payloadHash: row.payload_hash,
  deviceId: row.device_id,
  mutation: fromJson<Mutation>(row.mutation),
  result: resultOf(row),
  deadLetter: (row.letter ?? 'none') as KnownMutation['deadLetter'],
})
