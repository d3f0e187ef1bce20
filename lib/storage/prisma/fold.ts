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
  text: 'SELECT xid, event_id FROM fold_position WHERE fleet_id = $1',
}
const LOCK_POSITION: Statement = {
  name: 'fold_lock_position',
  text: 'SELECT xid, event_id FROM fold_position WHERE fleet_id = $1 FOR UPDATE',
}
/**
 * Transactions older than every running one have ended and are all visible in this statement's snapshot: none can
 * appear behind the position later, as rows of a sequence or a clock could.
 */
export const UNFOLDED = `e.fleet_id = $1 AND (e.xid, e.id) > ($2::bigint, $3::text)`
const NEXT: Statement = {
  name: 'fold_next',
  text: `SELECT e.id, e.at, e.xid, e.payload FROM telemetry_event e
    WHERE ${UNFOLDED} AND e.xid < pg_snapshot_xmin(pg_current_snapshot())::text::bigint
    ORDER BY e.xid, e.id LIMIT $4`,
}
const MOVE_POSITION: Statement = {
  name: 'fold_move_position',
  text: 'UPDATE fold_position SET xid = $2, event_id = $3 WHERE fleet_id = $1',
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
  const position = await lockPosition(send, fleetId)
  const rows = await send<EventRow>(NEXT, [fleetId, position.xid, position.event_id, limit + 1])
  const taken = rows.slice(0, limit)
  const last = taken.at(-1)
  if (!last) return { folded: 0, more: false }
  const events = taken.map(eventOf)
  const buckets = await readBuckets(send, fleetId, keysOf(events))
  await saveBuckets(send, fleetId, fold(buckets, events))
  await send(MOVE_POSITION, [fleetId, last.xid, last.id])
  return { folded: events.length, more: rows.length > taken.length }
}
