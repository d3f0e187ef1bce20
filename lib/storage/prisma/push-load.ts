import { baseKey, recordKey } from '#lib/engine/types.ts'
import type { BaseState, ConflictClosure, KnownConflict, KnownMutation } from '#lib/engine/types.ts'
import type { JsonObject } from '#lib/kernel/json.ts'
import type { Mutation } from '#lib/protocol/mutation.ts'
import { ANCESTORS_MAX, basesBehind, basesOfChains, basesOfLives, conflictsBehind } from '../change-rows.ts'
import type { PushPlan, PushSnapshot, StoredResponse } from '../ports.ts'
import { FleetGone, PlanTooLarge } from '../ports.ts'
import { bigints, texts, uuids } from './arrays.ts'
import type { Send, Statement } from './database.ts'
import type { DeviceRow } from './device-row.ts'
import { DEVICE_COLUMNS, deviceOf } from './device-row.ts'
import type { RecordRow } from './record-row.ts'
import { crdtOf, RECORD_COLUMNS, recordOf } from './record-row.ts'
import { heldReads, joinedLogs, readsSince } from '../ot-reads.ts'
import { loadOtLog } from './ot-log.ts'
import { resultOf } from './result-row.ts'
import { originalText } from './storable-text.ts'
import { isLockTimeout, lockTimeout } from './storage-errors.ts'
import { fromJson, parsedJson, ms } from './values.ts'

const LOCK_HEAD: Statement = {
  name: 'push_lock_head',
  text: 'SELECT collection, version FROM stream_head WHERE fleet_id = $1 AND collection = $2 FOR UPDATE',
}
const READ_HEAD: Statement = {
  name: 'push_read_head',
  text: 'SELECT collection, version FROM stream_head WHERE fleet_id = $1 AND collection = $2',
}
const MAKE_HEADS: Statement = {
  name: 'push_make_heads',
  text: `INSERT INTO stream_head (fleet_id, collection, version)
    SELECT $1, c, 0 FROM unnest($2::text[]) c ORDER BY c ON CONFLICT DO NOTHING`,
}
const LOCK_DEVICES: Statement = {
  name: 'push_lock_devices',
  text: `SELECT ${DEVICE_COLUMNS}, d.letters_day, d.letters_count FROM device d
    WHERE d.fleet_id = $1 AND d.id = ANY ($2::uuid[]) ORDER BY d.id FOR UPDATE`,
}
const FLEET: Statement = {
  name: 'push_fleet',
  text: 'SELECT epoch, epoch_before, config_version FROM fleet WHERE id = $1',
}
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
export const RECORDS: Statement = {
  name: 'push_records',
  text: `SELECT ${RECORD_COLUMNS} FROM unnest($2::text[], $3::uuid[]) k(collection, record_id) CROSS JOIN LATERAL (SELECT * FROM record x
      WHERE x.fleet_id = $1 AND x.collection = k.collection AND x.record_id = k.record_id LIMIT 1) r`,
}
const BASES: Statement = {
  name: 'push_bases',
  text: `SELECT b.collection, b.record_id, b.version, b.data, b.schema_version, b.crdt
    FROM unnest($2::text[], $3::uuid[], $4::bigint[]) k(collection, record_id, version)
    CROSS JOIN LATERAL (SELECT * FROM record_base x WHERE x.fleet_id = $1 AND x.collection = k.collection
      AND x.record_id = k.record_id AND x.version = k.version LIMIT 1) b`,
}
/** Ancestors that one read takes. What is asked for itself doesn't count: of a push that is repeated it is in the log by now. */
const CHAIN_MUTATIONS_MAX = 20_000
/** Steps of all walks: more than the 501 that one decision may begin, of 501 steps each. */
const CHAIN_STEPS_MAX = 260_000
/**
 * From each id as many links by `after` up as are followed at most, whatever the others of its group need (PU4): what one
 * would not have alone, or had and would lose, is another result. Each id that is asked for begins a walk of its own and
 * so ends all others; where some meet, or go in a circle, UNION drops what was reached by as many links before.
 */
export const MUTATIONS: Statement = {
  name: 'push_mutations',
  text: `WITH RECURSIVE chain(id, after, replaced_by, links, asked) AS (
      SELECT c.mutation_id, c.after, c.replaced_by, 0, true FROM change_log c WHERE c.fleet_id = $1 AND c.mutation_id = ANY ($2::uuid[])
      UNION
      SELECT c.mutation_id, c.after, c.replaced_by, chain.links + k.link, false
      FROM chain CROSS JOIN LATERAL (VALUES (chain.after, 1), (chain.replaced_by, 0)) k(id, link)
      CROSS JOIN LATERAL (SELECT * FROM change_log x WHERE x.fleet_id = $1 AND x.mutation_id = k.id LIMIT 1) c
      WHERE chain.links + k.link <= $3 AND k.id NOT IN (SELECT unnest($2::uuid[]))
    ), steps AS MATERIALIZED (SELECT id FROM chain WHERE NOT asked LIMIT ${CHAIN_STEPS_MAX}),
    ancestors AS (SELECT DISTINCT id FROM steps LIMIT ${CHAIN_MUTATIONS_MAX + 1}),
    near AS (SELECT id FROM ancestors UNION ALL SELECT DISTINCT unnest($2::uuid[]))
    SELECT (SELECT count(*) FROM steps) = ${CHAIN_STEPS_MAX} AS cut, c.mutation_id, c.device_id, c.mutation, c.result, c.version, c.replaced_by, l.status AS letter, l.id AS letter_id
    FROM near
    CROSS JOIN LATERAL (SELECT * FROM change_log x WHERE x.fleet_id = $1 AND x.mutation_id = near.id LIMIT 1) c
    LEFT JOIN LATERAL (SELECT * FROM dead_letter x WHERE x.fleet_id = $1 AND x.mutation_id = near.id LIMIT 1) l ON true`,
}
const LINKED: Statement = {
  name: 'push_linked',
  text: 'SELECT d.id, d.linked_ids FROM device d WHERE d.fleet_id = $1 AND d.id = ANY ($2::uuid[])',
}
const CONFLICTS: Statement = {
  name: 'push_conflicts',
  text: `SELECT c.id, c.collection, c.record_id, c.device_id, c.local, c.schema_version, c.result, c.status, c.closed_by, c.closed_kept, c.closed_version,
      ARRAY(SELECT h.mutation_id::text FROM held_mutation h WHERE h.fleet_id = $1 AND h.conflict_id = c.id
        ORDER BY h.held_at, h.place) AS held
    FROM unnest($2::uuid[]) k(id) CROSS JOIN LATERAL (SELECT * FROM conflict x WHERE x.fleet_id = $1 AND x.id = k.id LIMIT 1) c`,
}

interface ConflictRow extends Record<string, unknown> {
  readonly id: string
  readonly collection: string
  readonly record_id: string
  readonly device_id: string
  readonly local: unknown
  readonly schema_version: number | null
  readonly result: unknown
  readonly status: string
  readonly closed_by: string | null
  readonly closed_kept: string | null
  readonly closed_version: number | null
  readonly held: readonly string[]
}
const TRIES: Statement = {
  name: 'push_tries',
  text: `SELECT t.mutation_id, t.tries FROM unnest($2::uuid[]) k(id) CROSS JOIN LATERAL (SELECT * FROM failed_try x
      WHERE x.fleet_id = $1 AND x.mutation_id = k.id LIMIT 1) t`,
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
  readonly data: string | null
  readonly schema_version: number
  readonly crdt: unknown
}
interface MutationRow extends Record<string, unknown> {
  readonly cut: boolean
  readonly mutation_id: string
  readonly device_id: string
  readonly mutation: string
  readonly result: unknown
  readonly version: number | null
  readonly letter: string | null
  readonly letter_id: string | null
  readonly replaced_by: string | null
}
interface LinkedRow extends Record<string, unknown> {
  readonly id: string
  readonly linked_ids: readonly string[]
}
interface LockedDeviceRow extends DeviceRow {
  readonly letters_day: number
  readonly letters_count: number
}
type HeadRow = { collection: string; version: number }

/** `read`: for a look that writes nothing; a stream that nobody wrote to has no row then, and is at 0. */
type LoadMode = 'lock' | 'read'

/**
 * Locks and reads in one round trip: the statements go out together, and since each has its own snapshot, those
 * behind the locks see what was committed before them.
 */
export async function loadPush(
  send: Send,
  fleetId: string,
  plan: PushPlan,
  mode: LoadMode = 'lock',
): Promise<PushSnapshot> {
  const snapshot = await readAll(send, fleetId, plan, mode)
  if (mode === 'read' || plan.streams.every((name) => snapshot.heads.has(name)))
    return withBases(send, fleetId, plan, await withConflicts(send, fleetId, plan, snapshot))
  await send(MAKE_HEADS, [fleetId, texts(plan.streams)])
  const made = await readAll(send, fleetId, plan)
  return withBases(send, fleetId, plan, await withConflicts(send, fleetId, plan, made))
}

/** Only what comes late of a life that is over, or behind a write on an older base, takes this way more. */
async function withBases(
  send: Send,
  fleetId: string,
  plan: PushPlan,
  snapshot: PushSnapshot,
): Promise<PushSnapshot> {
  const { records, mutations } = snapshot
  const ofChains = basesOfChains(plan, records, mutations)
  const asked = [...basesOfLives(plan, records), ...ofChains]
  if (asked.length === 0) return snapshot
  const reads = readsSince(ofChains, records)
  const [bases, { otLog }] = await Promise.all([
    send<BaseRow>(BASES, [fleetId, ...keysOfBases(asked)]),
    loadOtLog(send, fleetId, reads.length === 0 ? [] : [reads]),
  ])
  return {
    ...snapshot,
    bases: new Map([...snapshot.bases, ...bases.map(baseOf)]),
    otLog: joinedLogs(snapshot.otLog, otLog),
  }
}

/** Few pushes meet a conflict that a person must decide: only those take this way more. */
async function withConflicts(
  send: Send,
  fleetId: string,
  plan: PushPlan,
  snapshot: PushSnapshot,
): Promise<PushSnapshot> {
  const ids = [...new Set([...plan.conflictIds, ...conflictsBehind(snapshot.mutations.values())])]
  if (ids.length === 0) return snapshot
  const rows = await send<ConflictRow>(CONFLICTS, [fleetId, uuids(ids)])
  const conflicts = new Map(rows.map((row) => [row.id, conflictOf(row)]))
  const held = rows.flatMap((row) => row.held)
  const waiting =
    held.length === 0
      ? []
      : whole(held, await send<MutationRow>(MUTATIONS, [fleetId, uuids(held), ANCESTORS_MAX]))
  const mutations = new Map([
    ...snapshot.mutations,
    ...waiting.map((row) => [row.mutation_id, knownOf(row)] as const),
  ])
  const asked = basesBehind(mutations.values())
  const holders = [...new Set(held.flatMap((id) => mutations.get(id)?.deviceId ?? []))]
  const late = heldReads(held.flatMap((id) => mutations.get(id)?.mutation ?? []))
  const [bases, linked, otLog] = await Promise.all([
    asked.length === 0 ? [] : send<BaseRow>(BASES, [fleetId, ...keysOfBases(asked)]),
    holders.length === 0 ? [] : send<LinkedRow>(LINKED, [fleetId, uuids(holders)]),
    late.length === 0 ? {} : loadOtLog(send, fleetId, [...plan.otReads, late]),
  ])
  return {
    ...snapshot,
    mutations,
    conflicts,
    bases: new Map([...snapshot.bases, ...bases.map(baseOf)]),
    linked: new Map([...snapshot.linked, ...linked.map(linkedOf)]),
    ...otLog,
  }
}

/** @throws PlanTooLarge when there may be more of them */
function whole(asked: readonly string[], rows: readonly MutationRow[]): readonly MutationRow[] {
  const isOver = (): boolean => {
    const ids = new Set(asked)
    return rows.filter((row) => !ids.has(row.mutation_id)).length > CHAIN_MUTATIONS_MAX
  }
  if (rows[0]?.cut || (rows.length > CHAIN_MUTATIONS_MAX && isOver()))
    throw new PlanTooLarge('the chains of these mutations are more than one read takes')
  return rows
}

const keysOfBases = (bases: PushPlan['bases']) => [
  texts(bases.map((b) => b.collection)),
  uuids(bases.map((b) => b.recordId)),
  bigints(bases.map((b) => b.version)),
]

const baseOf = (row: BaseRow): [string, BaseState] => [
  baseKey(originalText(row.collection), row.record_id, row.version),
  {
    data: parsedJson<JsonObject | null>(row.data),
    schemaVersion: row.schema_version,
    crdt: crdtOf(row.crdt),
  },
]

async function readAll(
  send: Send,
  fleetId: string,
  plan: PushPlan,
  mode: LoadMode = 'lock',
): Promise<PushSnapshot> {
  const { streams, deviceIds, requests, records, bases, mutationIds, triesOf, linksOf } = plan
  const some = <R extends Record<string, unknown>>(
    keys: readonly unknown[],
    statement: Statement,
    values: unknown[],
  ) => (keys.length === 0 ? Promise.resolve([]) : send<R>(statement, [fleetId, ...values]))
  // In the order given, a statement each: one that cannot be locked in time then names its collection (BR2).
  const ofHead = mode === 'lock' ? LOCK_HEAD : READ_HEAD
  const locks = streams.map((name) => send<HeadRow>(ofHead, [fleetId, name]))
  const [heads, devices, fleets, responses, recordRows, baseRows, mutations, tries, linked, otLog] =
    await Promise.all([
      Promise.all(locks).then((rows) => rows.flat()),
      some<LockedDeviceRow>(deviceIds, LOCK_DEVICES, [uuids(deviceIds)]),
      send<{ epoch: number; epoch_before: number | null; config_version: number }>(FLEET, [fleetId]),
      some<ResponseRow>(requests, RESPONSES, [
        uuids(requests.map((r) => r.deviceId)),
        uuids(requests.map((r) => r.requestId)),
      ]),
      some<RecordRow>(records, RECORDS, [
        texts(records.map((r) => r.collection)),
        uuids(records.map((r) => r.recordId)),
      ]),
      some<BaseRow>(bases, BASES, keysOfBases(bases)),
      some<MutationRow>(mutationIds, MUTATIONS, [uuids(mutationIds), ANCESTORS_MAX]),
      some<{ mutation_id: string; tries: number }>(triesOf, TRIES, [uuids(triesOf)]),
      some<LinkedRow>(linksOf, LINKED, [uuids(linksOf)]),
      loadOtLog(send, fleetId, plan.otReads),
    ]).catch(async (error: unknown) => {
      throw (await stuckLock(streams, locks)) ?? error
    })
  const fleet = fleets[0]
  if (!fleet) throw new FleetGone(`fleet ${fleetId} was removed`)
  return {
    fleet: {
      epoch: fleet.epoch,
      epochBefore: fleet.epoch_before ?? undefined,
      configVersion: fleet.config_version,
    },
    heads: new Map(heads.map((row) => [originalText(row.collection), row.version])),
    devices: new Map(devices.map((row) => [row.id, deviceOf(row)])),
    responses: new Map(responses.map((row) => [`${row.device_id}/${row.request_id}`, responseOf(row)])),
    records: new Map(
      recordRows.map(recordOf).map((record) => [recordKey(record.collection, record.recordId), record]),
    ),
    bases: new Map(baseRows.map(baseOf)),
    mutations: new Map(whole(mutationIds, mutations).map((row) => [row.mutation_id, knownOf(row)])),
    conflicts: new Map(),
    linked: new Map(linked.map(linkedOf)),
    failedTries: new Map(tries.map((row) => [row.mutation_id, row.tries])),
    letterDays: new Map(devices.map((row) => [row.id, { day: row.letters_day, count: row.letters_count }])),
    ...otLog,
  }
}

/** The lock that ran out of time, when it was one of a stream: every statement behind it fails with its error. */
async function stuckLock(streams: readonly string[], locks: readonly Promise<unknown>[]): Promise<unknown> {
  const settled = await Promise.allSettled(locks)
  const place = settled.findIndex((outcome) => outcome.status === 'rejected' && isLockTimeout(outcome.reason))
  const outcome = settled[place]
  const collection = streams[place]
  if (outcome?.status !== 'rejected' || collection === undefined) return null
  return lockTimeout(outcome.reason, collection)
}

const linkedOf = (row: LinkedRow): [string, readonly string[]] => [row.id, row.linked_ids]

const responseOf = (row: ResponseRow): StoredResponse => ({
  deviceId: row.device_id,
  requestId: row.request_id,
  requestHash: row.request_hash,
  body: row.body,
  createdAtMs: ms(row.created_at),
})

function conflictOf(row: ConflictRow): KnownConflict {
  const {
    id,
    record_id: recordId,
    device_id: deviceId,
    closed_by: mutationId,
    closed_version: version,
    held,
  } = row
  const closure =
    mutationId === null || version === null
      ? null
      : {
          conflictId: id,
          mutationId,
          deviceId,
          kept: row.closed_kept as ConflictClosure['kept'],
          version,
          data: fromJson<JsonObject | null>(row.result),
        }
  return {
    id,
    collection: originalText(row.collection),
    recordId,
    deviceId,
    local: fromJson<JsonObject | null>(row.local),
    schemaVersion: row.schema_version,
    status: row.status as KnownConflict['status'],
    closure,
    held,
  }
}

const knownOf = (row: MutationRow): KnownMutation => ({
  id: row.mutation_id,
  deviceId: row.device_id,
  mutation: parsedJson<Mutation>(row.mutation),
  result: resultOf(row),
  deadLetter: (row.letter ?? 'none') as KnownMutation['deadLetter'],
  letterId: row.letter_id,
  replacedBy: row.replaced_by,
})
