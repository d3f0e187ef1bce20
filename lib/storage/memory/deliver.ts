import { deliverySlice } from '../delivery-slice.ts'
import type { DeliveredRange, DeliveredPositions } from '../ports.ts'
import { appendEvents } from './events.ts'
import type { FleetTables, MemoryState, Position } from './state.ts'
import { keyOf } from './state.ts'
import type { Undo } from './table.ts'

/** Moves shown positions forward and tells of what was delivered on the way. */
export function deliver(
  state: MemoryState,
  tables: FleetTables,
  undo: Undo,
  delivery: DeliveredPositions,
): { readonly more: boolean } {
  const { deviceId, positions, firstComplete, atMs } = delivery
  const keptOf = (collection: string): Position =>
    tables.positions.get(keyOf(deviceId, collection)) ?? {
      deviceId,
      collection,
      version: 0,
      firstCompleteAtMs: null,
    }
  const keep = (position: Position): void =>
    tables.positions.set(undo, keyOf(deviceId, position.collection), position)
  const shown = [...positions].map(([collection, version]) => {
    const kept = keptOf(collection)
    keep(kept)
    return { collection, previous: kept.version, version, counts: kept.firstCompleteAtMs !== null }
  })
  const { ranges: moved, more } = deliverySlice(shown)
  const ranges = moved.map(({ collection, version }) => rangeOf(tables, keptOf(collection), version))
  for (const { collection, version } of moved) keep({ ...keptOf(collection), version })
  for (const collection of more ? [] : firstComplete) {
    const kept = keptOf(collection)
    keep({ ...kept, firstCompleteAtMs: kept.firstCompleteAtMs ?? atMs })
  }
  if (ranges.length > 0) appendEvents(state, tables, undo, delivery.describe(ranges))
  return { more }
}

function rangeOf(tables: FleetTables, kept: Position, version: number): DeliveredRange {
  const { deviceId, collection, firstCompleteAtMs } = kept
  const changes = tables.changes
    .values()
    .filter(
      (row) =>
        row.mutation.collection === collection &&
        row.version !== null &&
        row.version > kept.version &&
        row.version <= version &&
        row.deviceId !== deviceId &&
        firstCompleteAtMs !== null &&
        row.committedAtMs > firstCompleteAtMs,
    )
    .sort((a, b) => (a.version as number) - (b.version as number))
    .map((row) => ({ committedAtMs: row.committedAtMs, madeAtMs: row.correctedMadeAtMs }))
  return { collection, previous: kept.version, version, changes }
}
