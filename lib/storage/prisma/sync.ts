import { assert } from '#lib/kernel/result.ts'
import type { Mutation } from '#lib/protocol/mutation.ts'
import type { ChangeRow, MutationStanding, PushTx, PushWrites, SyncPort } from '../ports.ts'
import { texts, uuids } from './arrays.ts'
import type { Commit, Database, Flush, Send, Statement } from './database.ts'
import { deliver } from './deliver.ts'
import { admitFullSync, fullSyncTurn } from './full-sync.ts'
import { pullPage } from './pull.ts'
import { originalText, storableText } from './storable-text.ts'
import { tally } from './tally.ts'
import { loadPush, RECORDS } from './push-load.ts'
import { closesLetters, writePush } from './push-write.ts'
import { ReadChanges } from './read-changes.ts'
import type { RecordRow } from './record-row.ts'
import { RECORD_COLUMNS, recordOf } from './record-row.ts'
import { resultOf } from './result-row.ts'
import { stateAt } from './state-at.ts'
import { statesAt } from './states-at.ts'
import { ms, parsedJson } from './values.ts'

const GET_RECORD: Statement = {
  name: 'record_get',
  text: `SELECT ${RECORD_COLUMNS} FROM record r WHERE r.fleet_id = $1 AND r.collection = $2 AND r.record_id = $3`,
}
const OF_SESSION: Statement = {
  name: 'change_of_session',
  text: `SELECT c.mutation_id, c.mutation, c.device_id, c.request_id, c.session_id, c.status, c.result, c.version, c.made_at, c.received_at, c.committed_at
    FROM (SELECT DISTINCT unnest(mutation_ids) AS id FROM session_push WHERE fleet_id = $1 AND session_id = $2) m
    CROSS JOIN LATERAL (SELECT * FROM change_log x WHERE x.fleet_id = $1 AND x.mutation_id = m.id LIMIT 1) c
    ORDER BY c.committed_at, c.mutation_id LIMIT $3`,
}

const VERSIONS: Statement = {
  name: 'record_versions',
  text: `SELECT r.collection, r.record_id, r.version, r.deleted FROM unnest($2::text[], $3::uuid[]) k(collection, record_id)
    CROSS JOIN LATERAL (SELECT * FROM record x
      WHERE x.fleet_id = $1 AND x.collection = k.collection AND x.record_id = k.record_id LIMIT 1) r`,
}
interface VersionRow extends Record<string, unknown> {
  readonly collection: string
  readonly record_id: string
  readonly version: number | bigint
  readonly deleted: boolean
}
const STANDING_OF: Statement = {
  name: 'change_standing',
  text: `SELECT c.mutation_id, c.collection, c.status, l.status AS letter
    FROM change_log c LEFT JOIN dead_letter l ON l.fleet_id = c.fleet_id AND l.mutation_id = c.mutation_id
    WHERE c.fleet_id = $1 AND c.mutation_id = ANY ($2::uuid[])`,
}

interface StandingRow extends Record<string, unknown> {
  readonly mutation_id: string
  readonly collection: string
  readonly status: MutationStanding['status']
  readonly letter: MutationStanding['letter']
}

interface LogRow extends Record<string, unknown> {
  readonly mutation_id: string
  readonly mutation: string
  readonly device_id: string
  readonly request_id: string
  readonly session_id: string | null
  readonly status: string
  readonly result: unknown
  readonly version: number | null
  readonly made_at: Date
  readonly received_at: Date
  readonly committed_at: Date
}

/** A push's part of a transaction; the last write commits it where it may. */
export function pushTx(
  send: Send,
  fleetId: string,
  commit: Commit = () => undefined,
  flush: Flush = () => undefined,
): PushTx {
  let heads: ReadonlyMap<string, number> | null = null
  // Until all of a write was sent, which it is at once or never.
  let isWhole = true
  let closes = false
  const sendAll = (writes: PushWrites): Promise<unknown> => {
    assert(heads, 'a push loads before it writes')
    assert(isWhole, 'what was to be written before was sent')
    closes ||= closesLetters(writes)
    const before = heads
    heads = new Map([...before, ...writes.heads])
    isWhole = false
    const sent = writePush(send, fleetId, before, writes)
    isWhole = true
    return sent
  }
  return {
    load: async (plan) => {
      const snapshot = await loadPush(send, fleetId, plan)
      heads = snapshot.heads
      return snapshot
    },
    write: async (writes) => {
      const written = sendAll(writes)
      // The storage works on these while the next pushes are decided, within the same turn.
      flush()
      await written
    },
    writeLast: async (writes) => {
      // Throws where not all was sent: then nothing is committed.
      const written = sendAll(writes)
      if (!closes) commit()
      flush()
      await written
    },
  }
}

export function postgresSync(database: Database): SyncPort {
  const read = new ReadChanges()
  return {
    transact: (fleetId, work) =>
      database.inFleetHot(fleetId, (send, commit, flush) => work(pushTx(send, fleetId, commit, flush))),
    pull: (fleetId, reads, bounds) => pullPage(database, fleetId, reads, bounds),
    tally: (fleetId, ranges) => tally(database, fleetId, ranges),
    deliver: (fleetId, delivery) =>
      database.inFleetHot(fleetId, (send, commit) => deliver(send, commit, fleetId, delivery, read)),
    stateAt: (fleetId, collection, version, most) => stateAt(database, fleetId, collection, version, most),
    statesAt: (fleetId, places) => statesAt(database, fleetId, places),
    admitFullSync: (fleetId, deviceId, pace) => admitFullSync(database, fleetId, deviceId, pace),
    fullSyncTurn: (fleetId, deviceId, nowMs) => fullSyncTurn(database, fleetId, deviceId, nowMs),
    getRecord: async (fleetId, collection, recordId) => {
      const [row] = await database.one<RecordRow>(fleetId, GET_RECORD, [
        fleetId,
        storableText(collection),
        recordId,
      ])
      return row ? recordOf(row) : null
    },
    getRecords: async (fleetId, keys) => {
      const values = [
        fleetId,
        texts(keys.map((key) => key.collection)),
        uuids(keys.map((key) => key.recordId)),
      ]
      return (await database.one<RecordRow>(fleetId, RECORDS, values)).map(recordOf)
    },
    versionsOf: async (fleetId, keys) => {
      const values = [
        fleetId,
        texts(keys.map((key) => key.collection)),
        uuids(keys.map((key) => key.recordId)),
      ]
      return (await database.one<VersionRow>(fleetId, VERSIONS, values)).map((row) => ({
        collection: originalText(row.collection),
        recordId: row.record_id,
        version: Number(row.version),
        deleted: row.deleted,
      }))
    },
    standingOf: async (fleetId, mutationIds) =>
      (await database.one<StandingRow>(fleetId, STANDING_OF, [fleetId, uuids(mutationIds)])).map((row) => ({
        mutationId: row.mutation_id,
        collection: row.collection,
        status: row.status,
        letter: row.letter,
      })),
    changesOfSession: async (fleetId, sessionId, limit) =>
      (await database.one<LogRow>(fleetId, OF_SESSION, [fleetId, sessionId, limit])).map(changeOf),
  }
}

const changeOf = (row: LogRow): ChangeRow => ({
  mutation: parsedJson<Mutation>(row.mutation),
  deviceId: row.device_id,
  requestId: row.request_id,
  sessionId: row.session_id,
  status: row.status,
  result: resultOf(row),
  version: row.version,
  correctedMadeAtMs: ms(row.made_at),
  receivedAtMs: ms(row.received_at),
  committedAtMs: ms(row.committed_at),
})
