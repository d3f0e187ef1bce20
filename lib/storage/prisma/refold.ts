import type { Bucket } from '#lib/rollups/bucket.ts'
import { bucketId } from '#lib/rollups/bucket.ts'
import type { Database, Send, Statement } from './database.ts'
import type { EventRow, Fold, PositionRow } from './fold.ts'
import { eventOf, FOLD_POSITION, lockPosition } from './fold.ts'
import { saveBuckets } from './rollup-row.ts'
import { at } from './values.ts'

/** Of a range, what was folded after one position and up to another, in an order that pages can be cut from. */
const FOLDED: Statement = {
  name: 'refold_page',
  text: `SELECT e.id, e.at, e.xid, e.payload FROM telemetry_event e
    WHERE e.fleet_id = $1 AND e.at >= $2 AND e.at < $3 AND (e.at, e.id) > ($4::timestamptz, $5::text)
      AND (e.xid, e.id) > ($6::bigint, $7::text) AND (e.xid, e.id) <= ($8::bigint, $9::text)
    ORDER BY e.at, e.id LIMIT $10`,
}
const CLEAR: Statement = {
  name: 'refold_clear',
  text: 'DELETE FROM rollup WHERE fleet_id = $1 AND start >= $2 AND start < $3',
}
const FLOOR: Statement = {
  name: 'refold_floor',
  text: `SELECT FROM partition_floor WHERE cut = 'telemetry_event' AND at > $1`,
}
/** Buckets written by one statement. */
const SAVE_MAX = 500

interface Range {
  readonly fleetId: string
  readonly from: Date
  readonly to: Date
  readonly page: number
  readonly fold: Fold
}
/** What one run has folded so far. */
interface Draft {
  readonly buckets: Map<string, Bucket>
  folded: number
}
type Read = (statement: Statement, values: readonly unknown[]) => Promise<readonly EventRow[]>

/**
 * TelemetryPort.refold. The long part, reading and folding, holds no lock: what is folded stays as it is. Only then the
 * position is taken, what was folded meanwhile is added, and the buckets are replaced, in one transaction.
 */
export async function refold(
  database: Database,
  fleetId: string,
  fromMs: number,
  toMs: number,
  page: number,
  fold: Fold,
): Promise<number | null> {
  const range: Range = { fleetId, from: at(fromMs), to: at(toMs), page, fold }
  const draft: Draft = { buckets: new Map(), folded: 0 }
  const start: PositionRow = { xid: 0, event_id: '', merged_from: null }
  const [seen = start] = await database.one<PositionRow>(fleetId, FOLD_POSITION, [fleetId])
  await foldBetween(
    (statement, values) => database.one(fleetId, statement, values),
    range,
    start,
    seen,
    draft,
  )
  return database.inFleetHot(fleetId, async (send) => {
    const now = await lockPosition(send, fleetId)
    await foldBetween(send, range, seen, now, draft)
    // Looked at behind the last read: what was dropped before it may be missing.
    if ((await send(FLOOR, [range.from])).length > 0) return null
    await replace(send, range, [...draft.buckets.values()])
    return draft.folded
  })
}

async function foldBetween(
  read: Read,
  { fleetId, from, to, page, fold }: Range,
  after: PositionRow,
  upTo: PositionRow,
  draft: Draft,
): Promise<void> {
  let last: readonly [Date, string] = [from, '']
  for (let more = true; more;) {
    const positions = [after.xid, after.event_id, upTo.xid, upTo.event_id]
    const rows = await read(FOLDED, [fleetId, from, to, ...last, ...positions, page])
    for (const bucket of fold(draft.buckets, rows.map(eventOf)))
      draft.buckets.set(bucketId(bucket.key), bucket)
    draft.folded += rows.length
    const end = rows.at(-1)
    if (end) last = [end.at, end.id]
    more = rows.length === page
  }
}

async function replace(send: Send, { fleetId, from, to }: Range, buckets: readonly Bucket[]): Promise<void> {
  await send(CLEAR, [fleetId, from, to])
  for (let i = 0; i < buckets.length; i += SAVE_MAX)
    await saveBuckets(send, fleetId, buckets.slice(i, i + SAVE_MAX))
}
