import type { TelemetryEvent } from '#lib/telemetry/events.ts'
import type { MovedRange, ShownRange } from '../delivery-slice.ts'
import { deliverySlice } from '../delivery-slice.ts'
import type { DeliveredRange } from '../ports.ts'
import { bigints, texts } from './arrays.ts'
import type { Send, Statement } from './database.ts'
import { insertEvents } from './insert-events.ts'
import { originalText } from './storable-text.ts'
import { at, ms } from './values.ts'

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
const CHANGES: Statement = {
  name: 'deliver_changes',
  text: `SELECT c.collection, c.committed_at, c.made_at
    FROM unnest($3::text[], $4::bigint[], $5::bigint[]) k(collection, previous, version)
    CROSS JOIN LATERAL (SELECT * FROM device_position x
      WHERE x.fleet_id = $1 AND x.device_id = $2 AND x.collection = k.collection LIMIT 1) p
    CROSS JOIN LATERAL (SELECT * FROM change_log x WHERE x.fleet_id = $1 AND x.collection = k.collection
      AND x.version > k.previous AND x.version <= k.version ORDER BY x.version OFFSET 0) c
    WHERE c.device_id <> $2 AND c.committed_at > p.first_complete_at
    ORDER BY c.collection, c.version`,
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

interface Delivery {
  readonly deviceId: string
  readonly positions: ReadonlyMap<string, number>
  readonly firstComplete: readonly string[]
  readonly atMs: number
  readonly describe: (ranges: readonly DeliveredRange[]) => readonly TelemetryEvent[]
}
interface ChangeTimes extends Record<string, unknown> {
  readonly collection: string
  readonly committed_at: Date
  readonly made_at: Date
}
type PositionRow = { collection: string; version: number; first_complete_at: Date | null }

/** Moves shown positions forward and tells of what was delivered on the way (metrics.md, stages). */
export async function deliver(
  send: Send,
  fleetId: string,
  delivery: Delivery,
): Promise<{ readonly more: boolean }> {
  const { deviceId, positions, firstComplete, atMs } = delivery
  const kept = await lockPositions(send, fleetId, delivery)
  const shown = [...positions].map(([collection, version]) => ({
    collection,
    previous: kept.get(collection)?.version ?? 0,
    version,
    counts: Boolean(kept.get(collection)?.first_complete_at),
  }))
  const { ranges: moved, more } = deliverySlice(shown)
  if (moved.length > 0) {
    const ranges = await rangesOf(send, fleetId, deviceId, moved)
    const names = texts(moved.map((range) => range.collection))
    await Promise.all([
      send(MOVE, [fleetId, deviceId, names, bigints(moved.map((range) => range.version))]),
      insertEvents(send, fleetId, delivery.describe(ranges)),
    ])
  }
  const completed = more ? [] : firstComplete.filter((name) => !kept.get(name)?.first_complete_at)
  if (completed.length > 0) await send(COMPLETE, [fleetId, deviceId, texts(completed), at(atMs)])
  return { more }
}

async function lockPositions(
  send: Send,
  fleetId: string,
  delivery: Delivery,
): Promise<Map<string, PositionRow>> {
  const names = [...new Set([...delivery.positions.keys(), ...delivery.firstComplete])]
  const values = [fleetId, delivery.deviceId, texts(names)]
  let rows = await send<PositionRow>(LOCK, values)
  if (rows.length < names.length) {
    await send(MAKE, values)
    rows = await send<PositionRow>(LOCK, values)
  }
  return new Map(rows.map((row) => [originalText(row.collection), row]))
}

async function rangesOf(
  send: Send,
  fleetId: string,
  deviceId: string,
  moved: readonly ShownRange[],
): Promise<DeliveredRange[]> {
  const read = moved.filter((range) => range.counts)
  const changes = new Map<string, { committedAtMs: number; madeAtMs: number }[]>(
    read.map((range) => [range.collection, []]),
  )
  const rows =
    read.length === 0 ? [] : await send<ChangeTimes>(CHANGES, [fleetId, deviceId, ...columnsOf(read)])
  for (const row of rows) {
    changes
      .get(originalText(row.collection))
      ?.push({ committedAtMs: ms(row.committed_at), madeAtMs: ms(row.made_at) })
  }
  return moved.map(({ collection, previous, version }) => ({
    collection,
    previous,
    version,
    changes: changes.get(collection) ?? [],
  }))
}

const columnsOf = (ranges: readonly MovedRange[]): unknown[] => [
  texts(ranges.map((range) => range.collection)),
  bigints(ranges.map((range) => range.previous)),
  bigints(ranges.map((range) => range.version)),
]
