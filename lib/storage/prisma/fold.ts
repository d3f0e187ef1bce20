import { assert } from '#lib/kernel/result.ts'
import type { Bucket, BucketKey } from '#lib/rollups/bucket.ts'
import { bucketId } from '#lib/rollups/bucket.ts'
import type { TelemetryEvent, TelemetryPayload } from '#lib/telemetry/events.ts'
import type { Send, Statement } from './database.ts'
import { readBuckets, saveBuckets } from './rollup-row.ts'
import { originalText } from './storable-text.ts'
import { fromJson, ms } from './values.ts'

const MAKE_POSITION: Statement = {
  name: 'fold_make_position',
  text: `INSERT INTO fold_position (fleet_id, xid, event_id) VALUES ($1, 0, '') ON CONFLICT DO NOTHING`,
}
export const FOLD_POSITION: Statement = {
  name: 'fold_position',
  text: 'SELECT xid, event_id, merged_from FROM fold_position WHERE fleet_id = $1',
}
const LOCK_POSITION: Statement = {
  name: 'fold_lock_position',
  text: `${FOLD_POSITION.text} FOR UPDATE`,
}
/**
 * Transactions older than every running one have ended and are all visible in this statement's snapshot: none can
 * appear behind the position later, as rows of a sequence or a clock could.
 */
const UNFOLDED = `e.fleet_id = $1 AND (e.xid, e.id) > ($2::bigint, $3::text)`
/** The next $4 events, of them as many as have $5 bytes together but at least one; all in one row, as JSON. */
const NEXT: Statement = {
  name: 'fold_next',
  text: `SELECT count(*) AS waiting, json_agg(id) FILTER (WHERE taken) AS ids,
      json_agg((date_part('epoch', at) * 1000)::bigint) FILTER (WHERE taken) AS times,
      '[' || string_agg(payload::text, ',') FILTER (WHERE taken) || ']' AS payloads, max(xid) FILTER (WHERE taken) AS xid
    FROM (SELECT id, at, xid, payload, row_number() OVER behind <= $4
        AND (sum(octet_length(payload::text)) OVER behind <= $5 OR row_number() OVER behind = 1) AS taken
      FROM (SELECT e.id, e.at, e.xid, e.payload FROM telemetry_event e
        WHERE ${UNFOLDED} AND e.xid < pg_snapshot_xmin(pg_current_snapshot())::text::bigint
        ORDER BY e.xid, e.id LIMIT $4 + 1) n
      WINDOW behind AS (ORDER BY xid, id ROWS UNBOUNDED PRECEDING)) next`,
}
interface NextRow extends Record<string, unknown> {
  readonly waiting: number
  readonly ids: readonly string[]
  readonly times: readonly number[]
  readonly payloads: string
  /** Of the last one. */
  readonly xid: number
}
/** Where none waits. */
interface EmptyRow extends Record<string, unknown> {
  readonly ids: null
}
/** What one slice may hold: taken apart it is some ten times as much in memory. */
const SLICE_BYTES_MAX = 4 * 1024 * 1024

/**
 * In the order of the index, so that a fleet far behind is not sorted as a whole for each batch: whoever plans believes
 * that few events wait.
 */
const IN_ORDER: Statement = {
  name: 'fold_in_order',
  text: `SELECT set_config('enable_sort', 'off', true), set_config('enable_bitmapscan', 'off', true)`,
}

const MOVE_POSITION: Statement = {
  name: 'fold_move_position',
  text: 'UPDATE fold_position SET xid = $2, merged_xid = $2, event_id = $3 WHERE fleet_id = $1',
}
export interface EventRow extends Record<string, unknown> {
  readonly id: string
  readonly at: Date
  readonly xid: number
  readonly payload: unknown
}
export interface PositionRow extends Record<string, unknown> {
  readonly xid: number
  readonly event_id: string
  /** Merged buckets are whole from here on; null when all are. */
  readonly merged_from: Date | null
}
export type Fold = (
  buckets: ReadonlyMap<string, Bucket>,
  events: readonly TelemetryEvent[],
) => readonly Bucket[]

export const eventOf = (row: EventRow): TelemetryEvent => ({
  id: originalText(row.id),
  atMs: ms(row.at),
  payload: fromJson<TelemetryPayload>(row.payload),
})

/** The fold position of the fleet, locked; one process folds a fleet at a time. */
export async function lockPosition(send: Send, fleetId: string): Promise<PositionRow> {
  const [found] = await send<PositionRow>(LOCK_POSITION, [fleetId])
  if (found) return found
  await send(MAKE_POSITION, [fleetId])
  const [made] = await send<PositionRow>(LOCK_POSITION, [fleetId])
  assert(made, 'the fold position exists')
  return made
}

/** Events that are taken apart at once. */
const SLICE = 4_096
/** Past so many buckets a transaction ends: those of events from everywhere in time are as many as the events. */
const BUCKETS_MAX = 8_192

/**
 * Slice by slice in one transaction, so that a bucket which many slices touch is read and written once; the next slice
 * is put together by PostgreSQL while this one is taken apart here.
 */
export async function foldNext(
  send: Send,
  fleetId: string,
  limit: number,
  keysOf: (events: readonly TelemetryEvent[]) => readonly BucketKey[],
  fold: Fold,
): Promise<{ folded: number; more: boolean }> {
  const [position] = await Promise.all([lockPosition(send, fleetId), send(IN_ORDER, [])])
  const take = (after: Place, count: number): Promise<Slice | null> => takeSlice(send, fleetId, after, count)
  const buckets = new Map<string, Bucket>()
  const asked = new Set<string>()
  const foldSlice = async ({ row }: Slice): Promise<void> => {
    const events = eventsOf(row)
    const unread = keysOf(events).filter((key) => !asked.has(bucketId(key)))
    for (const key of unread) asked.add(bucketId(key))
    for (const [id, bucket] of await readBuckets(send, fleetId, unread)) buckets.set(id, bucket)
    for (const bucket of fold(buckets, events)) buckets.set(bucketId(bucket.key), bucket)
  }
  const first = await take({ xid: position.xid, id: position.event_id }, Math.min(limit, SLICE))
  if (first === null) return { folded: 0, more: false }
  let folded = 0
  let slice: Slice = first
  for (;;) {
    const { row, end }: Slice = slice
    folded += row.ids.length
    const more = row.waiting > row.ids.length
    const goesOn = more && folded < limit && asked.size < BUCKETS_MAX
    const ahead = goesOn ? take(end, Math.min(limit - folded, SLICE)) : null
    const [next] = await Promise.all([ahead, foldSlice(slice)])
    if (next === null) {
      const saved = saveBuckets(send, fleetId, [...buckets.values()])
      await Promise.all([saved, send(MOVE_POSITION, [fleetId, end.xid, end.id])])
      return { folded, more }
    }
    slice = next
  }
}

/** Of an event, in the order of folding. */
interface Place {
  readonly xid: number
  readonly id: string
}
interface Slice {
  readonly row: NextRow
  /** Of its last event. */
  readonly end: Place
}

async function takeSlice(send: Send, fleetId: string, after: Place, count: number): Promise<Slice | null> {
  const [row] = await send<NextRow | EmptyRow>(NEXT, [fleetId, after.xid, after.id, count, SLICE_BYTES_MAX])
  const last = row?.ids?.at(-1)
  return row?.ids && last !== undefined ? { row, end: { xid: row.xid, id: last } } : null
}

function eventsOf({ ids, times, payloads }: NextRow): readonly TelemetryEvent[] {
  const parsed = JSON.parse(payloads) as readonly TelemetryPayload[]
  return ids.map((id, i) => ({
    id: originalText(id),
    atMs: times[i] as number,
    payload: parsed[i] as TelemetryPayload,
  }))
}
