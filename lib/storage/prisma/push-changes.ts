import { recordKey } from '#lib/engine/types.ts'
import { conflictPlaces } from '#lib/query/conflict-fields.ts'
import type { WrittenChange } from '../change-rows.ts'
import { causeOfChange, conflictRowOf, isLogged, replayOutcome } from '../change-rows.ts'
import type { PushWrites } from '../ports.ts'
import { StorageContention } from '../ports.ts'
import {
  bigints,
  booleans,
  documents,
  floats,
  ints,
  jsons,
  jsonsAsText,
  jsonTexts,
  plainTexts,
  texts,
  uuids,
} from './arrays.ts'
import type { Send, Statement } from './database.ts'
import { writeBases } from './push-bases.ts'
import { crdtToStore } from './record-row.ts'
import { resultToStore } from './result-row.ts'
import { storableText } from './storable-text.ts'
import { at, jsonText } from './values.ts'

/** What all mutations of a push share stands in arrays with an element a push, at index `push`. */
const LOG_COLUMNS = `unnest($2::uuid[], $3::text[], $4::bigint[], $5::uuid[], $6::text[], $7::text[], $8::json[],
    $9::float8[], $10::int[]) k(mutation_id, collection, version, after, status, mutation, result, made_at, push)`
const OF_PUSH = {
  appVersion: '($12::text[])[k.push]',
  receivedAt: 'to_timestamp(($13::float8[])[k.push] / 1000)',
  deviceId: '($14::uuid[])[k.push]',
  requestId: '($15::uuid[])[k.push]',
  sessionId: '($16::uuid[])[k.push]',
}
const LOG: Statement = {
  name: 'push_log',
  text: `INSERT INTO change_log (fleet_id, mutation_id, collection, version, after, status, mutation, result, made_at,
      device_id, request_id, session_id, app_version, received_at, committed_at)
    SELECT $1, k.mutation_id, k.collection, k.version, k.after, k.status, k.mutation, k.result,
      to_timestamp(k.made_at / 1000), ${OF_PUSH.deviceId}, ${OF_PUSH.requestId}, ${OF_PUSH.sessionId}, ${OF_PUSH.appVersion},
      ${OF_PUSH.receivedAt}, $11 FROM ${LOG_COLUMNS}`,
}
/** A replay that worked takes the place of the row that told of the letter (ID3), within its session. */
const RELOG: Statement = {
  name: 'push_relog',
  text: `UPDATE change_log c SET version = k.version, status = k.status, mutation = k.mutation,
      result = k.result, made_at = to_timestamp(k.made_at / 1000), app_version = ${OF_PUSH.appVersion},
      received_at = ${OF_PUSH.receivedAt}, committed_at = $11
    FROM ${LOG_COLUMNS} WHERE c.fleet_id = $1 AND c.mutation_id = k.mutation_id AND c.mutation_id = ANY ($2::uuid[])`,
}
/**
 * Two devices may name the same session and request: ids are the senders' own. The mutations of all pushes come as one
 * array, of which each takes its slice.
 */
const SESSION_PUSHES: Statement = {
  name: 'push_of_session',
  text: `INSERT INTO session_push (fleet_id, session_id, request_id, committed_at, mutation_ids)
    SELECT $1, s, r, $4, ($5::uuid[])[first:last] FROM unnest($2::uuid[], $3::uuid[], $6::int[], $7::int[]) k(s, r, first, last)
    ON CONFLICT (fleet_id, session_id, request_id) DO UPDATE SET mutation_ids = session_push.mutation_ids || excluded.mutation_ids`,
}
const INSERT_RECORDS = `INSERT INTO record (fleet_id, collection, record_id, version, deleted, data, hlc, device_id, version_vector, schema_version, crdt, ot, stamps, committed_at)
    SELECT $1, k.*, $14 FROM unnest($2::text[], $3::uuid[], $4::bigint[], $5::boolean[], $6::text[], $7::text[], $8::uuid[], $9::text[], $10::int[], $11::json[], $12::json[], $13::text[]) k`
/** Under the stream's lock nobody else makes one, and PostgreSQL takes a third longer where it must expect it. */
const NEW_RECORDS: Statement = { name: 'push_write_new_records', text: INSERT_RECORDS }
const RECORDS: Statement = {
  name: 'push_write_records',
  text: `${INSERT_RECORDS}
    ON CONFLICT (fleet_id, collection, record_id) DO UPDATE SET version = excluded.version, deleted = excluded.deleted,
      data = excluded.data, hlc = excluded.hlc, device_id = excluded.device_id, version_vector = excluded.version_vector,
      schema_version = excluded.schema_version, crdt = excluded.crdt, ot = excluded.ot, stamps = excluded.stamps, committed_at = excluded.committed_at`,
}
const CONFLICTS: Statement = {
  name: 'push_write_conflicts',
  text: `INSERT INTO conflict (fleet_id, id, mutation_id, collection, record_id, device_id, session_id, strategy, outcome, fields,
      base, base_known, local, remote, result, resolution, status, schema_version, remote_version, app_version, places, remote_stamps,
      device_name, remote_app_version, created_at)
    SELECT $1, k.id, k.mutation_id, k.collection, k.record_id, k.device_id, k.session_id, k.strategy, k.outcome, k.fields,
      k.base, k.base_known, k.local, k.remote, k.result, k.resolution, k.status, k.schema_version, k.remote_version, k.app_version,
      ARRAY(SELECT json_array_elements_text(k.places)), k.remote_stamps,
      coalesce((SELECT d.name FROM device d WHERE d.fleet_id = $1 AND d.id = k.device_id), ''),
      (SELECT l.app_version FROM change_log l
        WHERE l.fleet_id = $1 AND l.collection = k.collection AND l.version = k.remote_version), $23
    FROM unnest($2::uuid[], $3::uuid[], $4::text[], $5::uuid[], $6::uuid[], $7::uuid[], $8::text[], $9::text[],
      $10::json[], $11::json[], $12::boolean[], $13::json[], $14::json[], $15::json[], $16::json[], $17::text[], $18::int[],
      $19::bigint[], $20::text[], $21::json[], $22::json[])
      k(id, mutation_id, collection, record_id, device_id, session_id, strategy, outcome, fields, base, base_known, local, remote,
        result, resolution, status, schema_version, remote_version, app_version, places, remote_stamps)`,
}
/** Sent after the conflicts: one may be closed by a mutation of the same group. */
const CLOSE: Statement = {
  name: 'push_close_conflicts',
  text: `UPDATE conflict c SET status = 'resolved', result = k.result, closed_by = k.mutation_id, closed_kept = k.kept,
      closed_version = k.version, closed_at = $7
    FROM unnest($2::uuid[], $3::uuid[], $4::text[], $5::bigint[], $6::json[]) k(id, mutation_id, kept, version, result)
    WHERE c.fleet_id = $1 AND c.id = k.id AND c.id = ANY ($2::uuid[])`,
}
/** Under the stream's lock: behind all that waits already, whatever clocks say; what one write brings stands by its place. */
const HOLD: Statement = {
  name: 'push_hold_mutations',
  text: `WITH last AS MATERIALIZED (SELECT c, (SELECT max(h.held_at) FROM held_mutation h
        WHERE h.fleet_id = $1 AND h.conflict_id = k.c) AS held_at FROM (SELECT DISTINCT unnest($2::uuid[]) AS c) k)
    INSERT INTO held_mutation (fleet_id, conflict_id, mutation_id, held_at, place)
    SELECT $1, k.c, k.m, greatest($4, last.held_at + interval '1 millisecond'), k.n
    FROM unnest($2::uuid[], $3::uuid[]) WITH ORDINALITY k(c, m, n) JOIN last USING (c)`,
}
const RELEASE: Statement = {
  name: 'push_release_mutations',
  text: 'DELETE FROM held_mutation WHERE fleet_id = $1 AND conflict_id = ANY ($2::uuid[])',
}
/** What waited has its result now; the rest of its row tells of its arrival. */
const RELOG_RELEASED: Statement = {
  name: 'push_relog_released',
  text: `UPDATE change_log c SET version = k.version, status = k.status, result = k.result, committed_at = $6
    FROM unnest($2::uuid[], $3::bigint[], $4::text[], $5::json[]) k(mutation_id, version, status, result)
    WHERE c.fleet_id = $1 AND c.mutation_id = k.mutation_id AND c.mutation_id = ANY ($2::uuid[])`,
}
const LETTERS: Statement = {
  name: 'push_write_letters',
  text: `INSERT INTO dead_letter (fleet_id, id, mutation_id, mutation, collection, code, detail, path, base, parent_mutation_id,
      device_id, device_name, session_id, app_version, made_at, fingerprint, fingerprint_version, place, said, group_id, schema_version, created_at, status, attempts)
    SELECT $1, k.id, k.mutation_id, k.mutation, k.collection, k.code, k.detail, k.path, k.base, k.parent_id, k.device_id,
      coalesce(d.name, ''), k.session_id, k.app_version, to_timestamp(k.made_at / 1000),
      k.fingerprint, k.fingerprint_version, k.place, k.said, k.fingerprint, k.schema_version, $20, 'open', 0
    FROM unnest($2::uuid[], $3::uuid[], $4::json[], $5::text[], $6::text[], $7::json[], $8::json[], $9::json[], $10::uuid[],
      $11::uuid[], $12::uuid[], $13::text[], $14::float8[], $15::uuid[], $16::int[], $17::text[], $18::text[], $19::int[])
      k(id, mutation_id, mutation, collection, code, detail, path, base, parent_id, device_id, session_id, app_version, made_at,
        fingerprint, fingerprint_version, place, said, schema_version)
    LEFT JOIN device d ON d.fleet_id = $1 AND d.id = k.device_id`,
}
/**
 * Of what waited for a person: a letter of it that was replayed meanwhile is opened again, as by a replay that failed, and
 * that try was counted. A purge doesn't wait for the stream's lock: then it is made anew.
 */
const LETTERS_AGAIN: Statement = {
  name: 'push_write_letters_again',
  text: `${LETTERS.text}
    ON CONFLICT (fleet_id, mutation_id) DO UPDATE SET status = 'open', edited_as = NULL, told_status = NULL, replayed_at = $20,
      last_replay = json_build_object('atMs', $21::float8, 'status', 'dead_lettered', 'detail', excluded.detail)`,
}
const CLOSE_LETTER: Statement = {
  name: 'push_close_letter',
  text: `UPDATE dead_letter SET status = $3, last_replay = $4, edited_as = $5, replayed_at = $6, attempts = attempts + 1
    WHERE fleet_id = $1 AND id = $2 AND status = 'open' RETURNING id`,
}

const LINK_EDITED: Statement = {
  name: 'push_link_edited',
  text: 'UPDATE change_log SET replaced_by = $3 WHERE fleet_id = $1 AND mutation_id = $2',
}

/** The statement looks these up itself. */
const TOLD_BY_TABLES = { deviceName: '', remoteAppVersion: null }

/** Sends the effects of a group of pushes: log, records, bases, conflicts, dead letters. */
export function writeChanges(send: Send, fleetId: string, writes: PushWrites): Promise<unknown>[] {
  const { changes, committedAtMs } = writes
  const committed = at(committedAtMs)
  const sent: Promise<unknown>[] = []
  const some = <T>(rows: readonly T[], statement: Statement, values: (rows: readonly T[]) => unknown[]) => {
    if (rows.length > 0) sent.push(send(statement, [fleetId, ...values(rows)]))
  }
  const replays = changes.filter((change) => change.replayOf !== null)
  const released = changes.filter((change) => change.releasedBy !== null)
  const fresh =
    replays.length + released.length === 0
      ? changes
      : changes.filter((change) => change.replayOf === null && change.releasedBy === null)
  const edits = replays.filter((change) => change.editOf !== null && isLogged(change))
  some(edits.length === 0 ? fresh : [...fresh, ...edits], LOG, (rows) => {
    const pushes = pushesOf(rows)
    return [...logValues(rows, pushes, committed), ...senderValues(pushes.first)]
  })
  some(
    replays.filter((row) => row.editOf === null && row.result.status !== 'dead_lettered'),
    RELOG,
    (rows) => logValues(rows, pushesOf(rows), committed),
  )
  some(released, RELOG_RELEASED, (rows) => [
    uuids(rows.map((row) => row.incoming.mutation.id)),
    bigints(rows.map((row) => row.record?.version ?? null)),
    texts(rows.map((row) => row.result.status)),
    jsonTexts(rows.map((row) => resultToStore(row.result, row.record?.version ?? null))),
    committed,
  ])
  some(sessionPushes(fresh), SESSION_PUSHES, (rows) => {
    let last = 0
    const lasts = rows.map(({ mutationIds }) => (last += mutationIds.length))
    return [
      uuids(rows.map((row) => row.sessionId)),
      uuids(rows.map((row) => row.requestId)),
      committed,
      uuids(rows.flatMap((row) => row.mutationIds)),
      ints(rows.map(({ mutationIds }, i) => (lasts[i] as number) - mutationIds.length + 1)),
      ints(lasts),
    ]
  })
  sent.push(...writeBases(send, fleetId, changes, committed))
  const { made, changed } = newestRecords(changes)
  some(made, NEW_RECORDS, (rows) => [...recordValues(rows), committed])
  some(changed, RECORDS, (rows) => [...recordValues(rows), committed])
  some(
    changes.flatMap((row) => conflictRowOf(fleetId, row, TOLD_BY_TABLES, committedAtMs) ?? []),
    CONFLICTS,
    (rows) => [
      uuids(rows.map((row) => row.id)),
      uuids(rows.map((row) => row.mutationId)),
      texts(rows.map((row) => row.collection)),
      uuids(rows.map((row) => row.recordId)),
      uuids(rows.map((row) => row.deviceId)),
      uuids(rows.map((row) => row.sessionId)),
      texts(rows.map((row) => row.strategy)),
      texts(rows.map((row) => row.outcome)),
      jsons(rows.map((row) => row.fields)),
      documents(rows.map((row) => row.base)),
      booleans(rows.map((row) => row.baseKnown)),
      jsons(rows.map((row) => row.local)),
      documents(rows.map((row) => row.remote)),
      documents(rows.map((row) => row.result)),
      jsons(rows.map((row) => row.resolution)),
      texts(rows.map((row) => row.status)),
      ints(rows.map((row) => row.schemaVersion)),
      bigints(rows.map((row) => row.remoteVersion)),
      texts(rows.map((row) => row.appVersion)),
      jsons(rows.map((row) => conflictPlaces(row.fields).map(storableText))),
      jsons(rows.map((row) => row.remoteStamps ?? null)),
      committed,
    ],
  )
  some(
    changes.filter((row) => row.heldBy !== null),
    HOLD,
    (rows) => [
      uuids(rows.map((row) => row.heldBy)),
      uuids(rows.map((row) => row.incoming.mutation.id)),
      committed,
    ],
  )
  const closures = changes.flatMap((row) => row.closes ?? [])
  some(closures, CLOSE, (rows) => [
    uuids(rows.map((row) => row.conflictId)),
    uuids(rows.map((row) => row.mutationId)),
    texts(rows.map((row) => row.kept)),
    bigints(rows.map((row) => row.version)),
    jsons(rows.map((row) => row.data)),
    committed,
  ])
  some(closures, RELEASE, (rows) => [uuids(rows.map((row) => row.conflictId))])
  some(
    fresh.filter((row) => row.deadLetter !== null),
    LETTERS,
    (rows) => [...letterValues(rows), committed],
  )
  for (const { editOf, incoming } of edits)
    sent.push(send(LINK_EDITED, [fleetId, editOf, incoming.mutation.id]))
  for (const change of replays) sent.push(closeLetter(send, fleetId, change, committedAtMs))
  // Behind those: what a replay of this group left waiting may have died in it, too.
  some(
    released.filter((row) => row.deadLetter !== null),
    LETTERS_AGAIN,
    (rows) => [...letterValues(rows), committed, committedAtMs],
  )
  return sent
}

/** Values of RELOG, which are the first ones of LOG. */
function logValues(rows: readonly WrittenChange[], pushes: Pushes, committedAt: unknown): unknown[] {
  return [
    uuids(rows.map((row) => row.incoming.mutation.id)),
    texts(rows.map((row) => row.incoming.mutation.collection)),
    bigints(rows.map((row) => row.record?.version ?? null)),
    uuids(rows.map((row) => row.incoming.mutation.after ?? null)),
    plainTexts(rows.map((row) => row.result.status)),
    plainTexts(rows.map(({ incoming }) => incoming.text ?? jsonText(incoming.mutation))),
    jsonTexts(rows.map((row) => resultToStore(row.result, row.record?.version ?? null))),
    floats(rows.map((row) => row.correctedMadeAtMs)),
    ints(pushes.places),
    committedAt,
    texts(pushes.first.map((row) => row.appVersion)),
    floats(pushes.first.map((row) => row.receivedAtMs)),
  ]
}

const senderValues = (pushes: readonly WrittenChange[]): unknown[] => [
  uuids(pushes.map((row) => row.deviceId)),
  uuids(pushes.map((row) => row.requestId)),
  uuids(pushes.map((row) => row.sessionId)),
]

interface Pushes {
  /** One change of each push. */
  readonly first: readonly WrittenChange[]
  /** Of each change the place of its push there, from 1. */
  readonly places: readonly number[]
}

/** Changes of one push mostly stand together: its key is made once then. */
function pushesOf(rows: readonly WrittenChange[]): Pushes {
  const first: WrittenChange[] = []
  const known = new Map<string, number>()
  let last: WrittenChange | null = null
  let place = 0
  const places = rows.map((row) => {
    if (last?.deviceId === row.deviceId && last.requestId === row.requestId) return place
    last = row
    const key = `${row.deviceId}/${row.requestId}`
    place = known.get(key) ?? first.push(row)
    known.set(key, place)
    return place
  })
  return { first, places }
}

type Written = NonNullable<WrittenChange['record']>

/**
 * Of a record that changed more than once in the group, only the newest version is current. One that was there may have
 * been purged since it was loaded, so that it is not simply updated.
 */
function newestRecords(changes: readonly WrittenChange[]): { made: Written[]; changed: Written[] } {
  const made = new Map<string, Written>()
  const changed = new Map<string, Written>()
  for (const { record, replaced } of changes) {
    if (!record) continue
    const key = recordKey(record.collection, record.recordId)
    if (replaced === null || made.has(key)) made.set(key, record)
    else changed.set(key, record)
  }
  return { made: [...made.values()], changed: [...changed.values()] }
}

const recordValues = (rows: readonly Written[]): unknown[] => [
  texts(rows.map((row) => row.collection)),
  uuids(rows.map((row) => row.recordId)),
  bigints(rows.map((row) => row.version)),
  booleans(rows.map((row) => row.deleted)),
  jsonsAsText(rows.map((row) => row.data)),
  texts(rows.map((row) => row.hlc)),
  uuids(rows.map((row) => row.deviceId)),
  jsonsAsText(rows.map((row) => row.versionVector)),
  ints(rows.map((row) => row.schemaVersion)),
  jsons(rows.map((row) => crdtToStore(row.crdt, row.life))),
  jsons(rows.map((row) => row.ot ?? null)),
  jsonsAsText(rows.map((row) => row.stamps ?? null)),
]

function letterValues(rows: readonly WrittenChange[]): unknown[] {
  const causes = rows.map(causeOfChange)
  return [
    uuids(rows.map((row) => row.deadLetter?.id ?? null)),
    uuids(rows.map((row) => row.incoming.mutation.id)),
    jsons(rows.map((row) => row.incoming.mutation)),
    texts(rows.map((row) => row.incoming.mutation.collection)),
    texts(rows.map((row) => row.deadLetter?.code ?? null)),
    jsons(rows.map((row) => row.deadLetter?.detail ?? null)),
    jsons(rows.map((row) => row.deadLetter?.path ?? null)),
    jsons(rows.map((row) => row.deadLetter?.base ?? null)),
    uuids(rows.map((row) => row.deadLetter?.parentMutationId ?? null)),
    uuids(rows.map((row) => row.deviceId)),
    uuids(rows.map((row) => row.sessionId)),
    texts(rows.map((row) => row.appVersion)),
    floats(rows.map((row) => row.correctedMadeAtMs)),
    uuids(causes.map((cause) => cause.fingerprint)),
    ints(causes.map((cause) => cause.fingerprintVersion)),
    texts(causes.map((cause) => cause.place)),
    texts(causes.map((cause) => cause.said)),
    ints(rows.map((row) => row.incoming.mutation.schemaVersion)),
  ]
}

interface SessionPush {
  readonly sessionId: string
  readonly requestId: string
  readonly mutationIds: string[]
}

function sessionPushes(changes: readonly WrittenChange[]): SessionPush[] {
  const pushes = new Map<string, SessionPush>()
  let last: SessionPush | undefined
  for (const { sessionId, requestId, incoming } of changes) {
    if (sessionId === null) continue
    if (!last || last.sessionId !== sessionId || last.requestId !== requestId) {
      const key: string = `${sessionId}/${requestId}`
      last = pushes.get(key) ?? { sessionId, requestId, mutationIds: [] }
      pushes.set(key, last)
    }
    last.mutationIds.push(incoming.mutation.id)
  }
  return [...pushes.values()]
}

async function closeLetter(send: Send, fleetId: string, change: WrittenChange, atMs: number): Promise<void> {
  const { status, lastReplay, editedAs } = replayOutcome(change, atMs)
  const values = [fleetId, change.replayOf, status, JSON.stringify(lastReplay), editedAs, at(atMs)]
  const closed = await send(CLOSE_LETTER, values)
  // A discard doesn't wait for the stream's lock: the next try finds the letter closed.
  if (closed.length === 0) throw new StorageContention(`dead letter ${change.replayOf} is open no more`)
}
