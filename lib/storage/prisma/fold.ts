import { assert } from '#lib/kernel/result.ts'
import type { Bucket, BucketKey } from '#lib/rollups/bucket.ts'
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
  /** Null when none waits. */
  readonly ids: readonly string[] | null
  readonly times: readonly number[]
  readonly payloads: string
  /** Of the last one. */
  readonly xid: number
}
/** What one batch may hold: taken apart it is some ten times as much in memory. */
const BATCH_BYTES_MAX = 4 * 1024 * 1024

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

export async function foldNext(
  send: Send,
  fleetId: string,
  limit: number,
  keysOf: (events: readonly TelemetryEvent[]) => readonly BucketKey[],
  fold: Fold,
): Promise<{ folded: number; more: boolean }> {
  const [position] = await Promise.all([lockPosition(send, fleetId), send(IN_ORDER, [])])
  const [next] = await send<NextRow>(NEXT, [fleetId, position.xid, position.event_id, limit, BATCH_BYTES_MAX])
  const last = next?.ids?.at(-1)
  if (!next?.ids || last === undefined) return { folded: 0, more: false }
  const payloads = JSON.parse(next.payloads) as readonly TelemetryPayload[]
  const events = next.ids.map((id, i): TelemetryEvent => ({
    id: originalText(id),
    atMs: next.times[i] as number,
    payload: payloads[i] as TelemetryPayload,
  }))
  const buckets = await readBuckets(send, fleetId, keysOf(events))
  const saved = saveBuckets(send, fleetId, fold(buckets, events))
  await Promise.all([saved, send(MOVE_POSITION, [fleetId, next.xid, last])])
  return { folded: events.length, more: next.waiting > events.length }
}
