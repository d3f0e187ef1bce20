import type { TelemetryEvent } from '#lib/telemetry/events.ts'
import type { DeliveredRange } from '../ports.ts'
import { appendEvents } from './events.ts'
import type { FleetTables, MemoryState, Position } from './state.ts'
import { keyOf } from './state.ts'
import type { Undo } from './table.ts'

interface Delivery {
  readonly deviceId: string
  readonly positions: ReadonlyMap<string, number>
  readonly firstComplete: readonly string[]
  readonly atMs: number
  readonly describe: (ranges: readonly DeliveredRange[]) => readonly TelemetryEvent[]
}

/** Moves shown positions forward and tells of what was delivered on the way (metrics.md, stages). */
export function deliver(state: MemoryState, tables: FleetTables, undo: Undo, delivery: Delivery): void {
  const { deviceId, positions, firstComplete, atMs } = delivery
  const ranges: DeliveredRange[] = []
  for (const [collection, version] of [...positions].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const key = keyOf(deviceId, collection)
    const kept = tables.positions.get(key) ?? { deviceId, collection, version: 0, firstCompleteAtMs: null }
    if (version > kept.version) ranges.push(rangeOf(tables, kept, version))
    tables.positions.set(undo, key, { ...kept, version: Math.max(kept.version, version) })
  }
  for (const collection of firstComplete) {
    const key = keyOf(deviceId, collection)
    const kept = tables.positions.get(key) ?? { deviceId, collection, version: 0, firstCompleteAtMs: null }
    tables.positions.set(undo, key, { ...kept, firstCompleteAtMs: kept.firstCompleteAtMs ?? atMs })
  }
  if (ranges.length > 0) appendEvents(state, tables, undo, delivery.describe(ranges))
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
