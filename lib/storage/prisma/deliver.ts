import type { MovedRange } from '../delivery-slice.ts'
import { DELIVERED_VERSIONS_MAX, deliverySlice } from '../delivery-slice.ts'
import type { DeliveredRange, DeliveredPositions } from '../ports.ts'
import { bigints, texts } from './arrays.ts'
import type { Commit, Send, Statement } from './database.ts'
import { insertEvents } from './insert-events.ts'
import type { ReadChange, ReadChanges } from './read-changes.ts'
import { originalText } from './storable-text.ts'
import { at, msOrNull, parsedJson } from './values.ts'

const LOCK: Statement = {
  name: 'deliver_lock',
  text: `SELECT collection, version, first_complete_at FROM device_position
    WHERE fleet_id = $1 AND device_id = $2 AND collection = ANY ($3::text[]) ORDER BY collection FOR UPDATE`,
}
const MAKE: Statement = {
  name: 'deliver_make',
  text: `INSERT INTO device_position (fleet_id, device_id, collection, version)
    SELECT $1, $2, c, 0 FROM unnest($3::text[]) c ORDER BY c ON CONFLICT DO NOTHING`,
}
/** `extract` would count in numerics. */
const unixMs = (column: string): string => `(date_part('epoch', ${column}) * 1000)::bigint`
/**
 * Behind the lock, in its round trip: what may be delivered, before it is known how much of it this transaction takes.
 * That is the beginning of these, in the order of `deliverySlice`. One JSON text a collection: of a hundred changes the
 * dates alone took `pg` 160 µs, the text 17; put together by hand, since PostgreSQL takes three times as long for json_agg.
 * Whoever made them, and since when they count, is looked at here: the next device gets the same ones from memory.
 */
const CHANGES: Statement = {
  name: 'deliver_changes',
  text: `SELECT n.collection, '[' || string_agg('[' || n.version || ',' || ${unixMs('n.committed_at')} || ',' || ${unixMs('n.made_at')}
        || ',"' || n.device_id || '"]', ',' ORDER BY n.version) || ']' AS changes
    FROM (SELECT c.collection, c.version, c.committed_at, c.made_at, c.device_id
      FROM unnest($3::text[], $4::bigint[]) k(collection, version)
      CROSS JOIN LATERAL (SELECT * FROM device_position x WHERE x.fleet_id = $1 AND x.device_id = $2
        AND x.collection = k.collection AND x.first_complete_at IS NOT NULL LIMIT 1) p
      CROSS JOIN LATERAL (SELECT * FROM change_log x WHERE x.fleet_id = $1 AND x.collection = k.collection
        AND x.version > p.version AND x.version <= least(k.version, p.version + ${DELIVERED_VERSIONS_MAX})
        ORDER BY x.version OFFSET 0) c
      ORDER BY c.collection COLLATE "C", c.version LIMIT ${DELIVERED_VERSIONS_MAX}) n
    GROUP BY n.collection`,
}
const MOVE: Statement = {
  name: 'deliver_move',
  text: `UPDATE device_position p SET version = greatest(p.version, k.version)
    FROM unnest($3::text[], $4::bigint[]) k(collection, version)
    WHERE p.fleet_id = $1 AND p.device_id = $2 AND p.collection = k.collection`,
}
const COMPLETE: Statement = {
  name: 'deliver_complete',
  text: `UPDATE device_position SET first_complete_at = $4
    WHERE fleet_id = $1 AND device_id = $2 AND collection = ANY ($3::text[]) AND first_complete_at IS NULL`,
}

interface ChangesRow extends Record<string, unknown> {
  readonly collection: string
  /** Of `ReadChange[]`. */
  readonly changes: string
}
type PositionRow = { collection: string; version: number; first_complete_at: Date | null }

/** Moves shown positions forward and tells of what was delivered on the way. */
export async function deliver(
  send: Send,
  commit: Commit,
  fleetId: string,
  delivery: DeliveredPositions,
  read: ReadChanges,
): Promise<{ readonly more: boolean }> {
  const { deviceId, positions, firstComplete, atMs, describe } = delivery
  const { kept, asked } = await lockPositions(send, fleetId, delivery, read)
  const shown = [...positions].map(([collection, version]) => ({
    collection,
    previous: kept.get(collection)?.version ?? 0,
    version,
    counts: Boolean(kept.get(collection)?.first_complete_at),
  }))
  const { ranges: moved, more } = deliverySlice(shown)
  const changesOf = changesReader(send, fleetId, delivery, read, asked)
  const ranges: DeliveredRange[] = []
  for (const range of moved) {
    const sinceMs = msOrNull(kept.get(range.collection)?.first_complete_at ?? null) ?? Infinity
    const changes = (range.counts ? await changesOf(range) : [])
      .filter(([, committedAtMs, , author]) => author !== deviceId && committedAtMs > sinceMs)
      .map(([, committedAtMs, madeAtMs]) => ({ committedAtMs, madeAtMs }))
    ranges.push({ ...range, changes })
  }
  const completed = more ? [] : firstComplete.filter((name) => !kept.get(name)?.first_complete_at)
  const writes: Promise<unknown>[] = []
  if (moved.length > 0) {
    const names = texts(moved.map((range) => range.collection))
    const versions = bigints(moved.map((range) => range.version))
    writes.push(
      send(MOVE, [fleetId, deviceId, names, versions]),
      insertEvents(send, fleetId, describe(ranges)),
    )
  }
  if (completed.length > 0) writes.push(send(COMPLETE, [fleetId, deviceId, texts(completed), at(atMs)]))
  commit()
  await Promise.all(writes)
  return { more }
}

/** Locks them, and asks for the changes along with it unless they are in memory, as far as it can be guessed. */
async function lockPositions(send: Send, fleetId: string, delivery: DeliveredPositions, read: ReadChanges) {
  const { deviceId, epoch, positions, before, firstComplete } = delivery
  const names = [...new Set([...positions.keys(), ...firstComplete])]
  const values = [fleetId, deviceId, texts(names)]
  const isInMemory = [...positions].every(([collection, version]) => {
    const previous = before.get(collection) ?? -1
    return previous >= version || read.has({ fleetId, epoch, collection, previous, version })
  })
  const look = () =>
    Promise.all([send<PositionRow>(LOCK, values), isInMemory ? null : askChanges(send, fleetId, delivery)])
  let [rows, asked] = await look()
  if (rows.length < names.length) {
    await send(MAKE, values)
    ;[rows, asked] = await look()
  }
  return { kept: new Map(rows.map((row) => [originalText(row.collection), row])), asked }
}

async function askChanges(
  send: Send,
  fleetId: string,
  { deviceId, positions }: DeliveredPositions,
): Promise<ReadonlyMap<string, string>> {
  const values = [fleetId, deviceId, texts([...positions.keys()]), bigints([...positions.values()])]
  const rows = await send<ChangesRow>(CHANGES, values)
  return new Map(rows.map(({ collection, changes }) => [originalText(collection), changes]))
}

/** All changes of a range, whoever made them: from memory, or from the database, which is asked once at most. */
function changesReader(
  send: Send,
  fleetId: string,
  delivery: DeliveredPositions,
  read: ReadChanges,
  known: ReadonlyMap<string, string> | null,
): (range: MovedRange) => Promise<readonly ReadChange[]> {
  let asked = known
  return async ({ collection, previous, version }) => {
    const range = { fleetId, epoch: delivery.epoch, collection, previous, version }
    const kept = read.get(range)
    if (kept) return kept
    asked ??= await askChanges(send, fleetId, delivery)
    const all = parsedJson<readonly ReadChange[]>(asked.get(collection) ?? '[]')
    const changes = all.filter(([at]) => at <= version)
    read.keep(range, changes)
    return changes
  }
}
