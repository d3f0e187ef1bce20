import type { OtRead } from '#lib/engine/load-plan.ts'
import type { PathOp, RecordKey, RecordState } from '#lib/engine/types.ts'
import { recordKey } from '#lib/engine/types.ts'
import type { Json } from '#lib/kernel/json.ts'
import { OT_LOAD_BYTES_MAX, OT_LOAD_MAX, OT_LOG_MAX, OT_PAGE_MAX } from '../change-rows.ts'
import { slotsOf, toldAfter, unreadOf } from '../ot-reads.ts'
import type { PulledOp, PullRead, PushSnapshot, PushWrites } from '../ports.ts'
import { bigints, ints, jsons, texts, uuids } from './arrays.ts'
import type { Database, Send, Statement } from './database.ts'
import { originalText } from './storable-text.ts'
import { fromJson } from './values.ts'

const READ = `SELECT x.collection, x.record_id, x.path, x.revision, x.schema_version, x.version, x.mutation_id, x.ops, x.made
        FROM ot_op x WHERE x.fleet_id = $1 AND x.collection = k.collection AND x.record_id = k.record_id
          AND x.revision > k.after_revision AND x.version > k.after_version`
/**
 * In both reads what is stored of operations, which is less, is summed up first: nothing is unpacked that can't fit.
 * Of one push. Each slot takes its newest operations, slot by slot, until there are as many as a push may read; those past
 * its bytes come without what they are.
 */
const LOAD: Statement = {
  name: 'push_ot_log',
  text: `WITH found AS (
      SELECT k.place, CASE WHEN k.path IS NULL THEN o.version ELSE o.revision END AS at, o.*
      FROM unnest($2::text[], $3::uuid[], $4::text[], $5::int[], $6::int[], $7::bigint[], $8::bigint[])
        WITH ORDINALITY k(collection, record_id, path, schema_after, schema_up_to, after_revision, after_version, place)
      CROSS JOIN LATERAL (
        (${READ} AND k.path IS NOT NULL AND x.path = k.path AND x.schema_version > k.schema_after
          AND x.schema_version <= k.schema_up_to ORDER BY x.revision DESC LIMIT ${OT_LOAD_MAX})
        UNION ALL
        (${READ} AND k.path IS NULL ORDER BY x.version DESC LIMIT ${OT_LOAD_MAX})) o
      LIMIT ${OT_LOAD_MAX} + 1
    ), packed AS (SELECT f.*, sum(pg_column_size(ops) + pg_column_size(made)) OVER (ORDER BY place, at DESC, path) AS bytes FROM found f),
    measured AS (
      SELECT p.*, sum(CASE WHEN bytes > ${OT_LOAD_BYTES_MAX} THEN bytes ELSE octet_length(ops::text) + octet_length(made::text) END)
        OVER (ORDER BY place, at DESC, path) > ${OT_LOAD_BYTES_MAX} AS over FROM packed p
    )
    SELECT place::int - 1 AS slot, over, collection, record_id, path, revision, schema_version, version, mutation_id,
      CASE WHEN NOT over THEN ops END AS ops, CASE WHEN NOT over THEN made END AS made
    FROM measured ORDER BY place, at DESC, path`,
}
const WRITE: Statement = {
  name: 'push_write_ot_ops',
  text: `INSERT INTO ot_op (fleet_id, collection, record_id, path, revision, schema_version, version, mutation_id, ops, made)
    SELECT $1, k.* FROM unnest($2::text[], $3::uuid[], $4::text[], $5::bigint[], $6::int[], $7::bigint[], $8::uuid[], $9::json[], $10::json[]) k`,
}
/** In their order, as many as a page tells; those past its bytes come without what they are. */
const PULLED: Statement = {
  name: 'pull_ot_ops',
  text: `WITH found AS (
      SELECT k.place, k.collection, k.record_id, o.* FROM unnest($2::text[], $3::uuid[], $4::bigint[], $5::bigint[])
        WITH ORDINALITY k(collection, record_id, after_version, version, place)
      CROSS JOIN LATERAL (SELECT x.path, x.revision, x.ops FROM ot_op x WHERE x.fleet_id = $1 AND x.collection = k.collection
        AND x.record_id = k.record_id AND x.version > k.after_version AND x.version <= k.version
        ORDER BY x.path, x.revision LIMIT ${OT_LOG_MAX} + 1) o
      LIMIT ${OT_PAGE_MAX} + 1
    ), packed AS (SELECT f.*, sum(pg_column_size(f.ops)) OVER (ORDER BY place, path, revision) AS bytes FROM found f),
    measured AS (
      SELECT p.*, sum(CASE WHEN bytes > $6::bigint THEN bytes ELSE octet_length(ops::text) END) OVER (ORDER BY place, path, revision) > $6 AS over
      FROM packed p
    )
    SELECT o.place::int - 1 AS place, o.path, o.revision, o.over, CASE WHEN NOT o.over THEN o.ops END AS ops,
      NOT o.over AND EXISTS (SELECT 1 FROM ot_op p WHERE p.fleet_id = $1 AND p.collection = o.collection
        AND p.record_id = o.record_id AND p.path = o.path AND p.revision = o.revision - 1) AS follows
    FROM measured o ORDER BY o.place, o.path, o.revision`,
}

interface OpRow extends Record<string, unknown> {
  readonly slot: number
  readonly over: boolean
  readonly collection: string
  readonly record_id: string
  readonly path: string
  readonly revision: number
  readonly schema_version: number
  readonly version: number
  readonly mutation_id: string
  readonly ops: unknown
  readonly made: unknown
}
interface PulledRow extends Record<string, unknown> {
  readonly place: number
  readonly path: string
  readonly revision: number
  readonly over: boolean
  readonly ops: unknown
  readonly follows: boolean
}

/** Each operation once, whoever needs it; and whose reads were cut. */
export async function loadOtLog(
  send: Send,
  fleetId: string,
  pushes: readonly (readonly OtRead[])[],
): Promise<Pick<PushSnapshot, 'otLog' | 'otUnread'>> {
  const loaded = await Promise.all(pushes.map((reads) => loadReads(send, fleetId, reads)))
  const rows = loaded.flatMap((push) => push.rows)
  // A version of a stream has one operation of a path.
  const each = new Map(rows.map((row) => [`${row.collection} ${row.version} ${row.path}`, row]))
  const ordered = [...each.values()].sort((a, b) =>
    a.path < b.path ? -1 : a.path > b.path ? 1 : a.revision - b.revision,
  )
  const otLog = byRecord(ordered, (row): PathOp => ({
    path: originalText(row.path),
    revision: row.revision,
    schemaVersion: row.schema_version,
    version: row.version,
    mutationId: row.mutation_id,
    ops: unwrapped(row.ops),
    made: unwrapped(row.made),
  }))
  return { otLog, otUnread: new Set(loaded.flatMap((push) => push.unread)) }
}

async function loadReads(send: Send, fleetId: string, reads: readonly OtRead[]) {
  const slots = slotsOf(reads)
  const rows = await send<OpRow>(LOAD, [
    fleetId,
    texts(slots.map((slot) => slot.collection)),
    uuids(slots.map((slot) => slot.recordId)),
    texts(slots.map((slot) => slot.path)),
    ints(slots.map((slot) => slot.schemaAfter)),
    ints(slots.map((slot) => slot.schemaUpTo)),
    bigints(slots.map((slot) => slot.afterRevision)),
    bigints(slots.map((slot) => slot.afterVersion)),
  ])
  return { rows: rows.filter(({ over }) => !over), unread: unreadOf(reads, slots, rows) }
}

/** An operation of JSON may be `null`, which a column would not tell from nothing: it is kept in a list. */
const unwrapped = (stored: unknown): Json => (fromJson<readonly Json[]>(stored)[0] ?? null) as Json

export function writeOtOps(send: Send, fleetId: string, { changes }: PushWrites): Promise<unknown>[] {
  const rows = changes.flatMap(({ otOps, incoming }) =>
    otOps.map((op) => ({ ...op, ...placeOf(incoming.mutation) })),
  )
  if (rows.length === 0) return []
  const values = [
    texts(rows.map((row) => row.collection)),
    uuids(rows.map((row) => row.recordId)),
    texts(rows.map((row) => row.path)),
    bigints(rows.map((row) => row.revision)),
    ints(rows.map((row) => row.schemaVersion)),
    bigints(rows.map((row) => row.version)),
    uuids(rows.map((row) => row.mutationId)),
    jsons(rows.map((row) => [row.ops])),
    jsons(rows.map((row) => [row.made])),
  ]
  return [send(WRITE, [fleetId, ...values])]
}

const placeOf = ({ collection, recordId }: { readonly collection: string; readonly recordId: string }) => ({
  collection,
  recordId,
})

/** What a pull tells of the records of its page that it doesn't read from the start, in as many bytes again as its records may have. */
export async function pulledOps(
  database: Database,
  fleetId: string,
  reads: readonly PullRead[],
  records: readonly Pick<RecordState, 'collection' | 'recordId' | 'version' | 'ot'>[],
  { maxBytes }: { readonly maxBytes: number },
): Promise<Map<RecordKey, readonly PulledOp[]>> {
  const after = toldAfter(reads)
  const asked = records.filter(({ ot, collection }) => ot !== undefined && (after.get(collection) ?? 0) > 0)
  if (asked.length === 0) return new Map()
  const rows = await database.one<PulledRow>(fleetId, PULLED, [
    fleetId,
    texts(asked.map((record) => record.collection)),
    uuids(asked.map((record) => record.recordId)),
    bigints(asked.map((record) => after.get(record.collection) ?? 0)),
    bigints(asked.map((record) => record.version)),
    maxBytes,
  ])
  // Where they are more than a page tells, those of the record that is cut are left out, and those after it.
  const lastRow = rows.length > OT_PAGE_MAX ? rows.at(-1) : undefined
  const firstOver = rows.find(({ over }) => over)
  const cut = firstOver?.place ?? lastRow?.place ?? asked.length
  const found = asked.slice(0, cut).map((): PulledOp[] => [])
  for (const { place, path, revision, ops, follows } of rows)
    found[place]?.push({ path: originalText(path), revision, ops: unwrapped(ops), follows })
  const pulled = new Map<RecordKey, readonly PulledOp[]>()
  for (const [place, ops] of found.entries()) {
    const { collection, recordId } = asked[place] as (typeof asked)[number]
    if (ops.length <= OT_LOG_MAX) pulled.set(recordKey(collection, recordId), ops)
  }
  return pulled
}

function byRecord<R extends { readonly collection: string; readonly record_id: string }, T>(
  rows: readonly R[],
  shown: (row: R) => T,
): Map<RecordKey, readonly T[]> {
  const groups = new Map<RecordKey, T[]>()
  for (const row of rows) {
    const key = recordKey(originalText(row.collection), row.record_id)
    groups.set(key, [...(groups.get(key) ?? []), shown(row)])
  }
  return groups
}
