import type { CutTable, Keep } from '../partitions.ts'
import { CUT_TABLES, isPast, partitionAt, partitionNamed } from '../partitions.ts'
import type { FleetTables, MemoryState } from './state.ts'
import type { Undo } from './table.ts'

interface Row {
  readonly atMs: number
  readonly drop: (undo: Undo) => void
}

/** The rows of one of the tables that are cut by time, of all fleets. */
function rowsOf(state: MemoryState, { name }: CutTable): Row[] {
  const all = (tables: FleetTables): Row[] => {
    if (name === 'telemetry_event')
      return tables.events.entries().map(([key, { event }]) => ({
        atMs: event.atMs,
        drop: (undo) => tables.events.delete(undo, key),
      }))
    if (name === 'sync_session')
      return tables.sessions.entries().map(([key, { receivedAtMs }]) => ({
        atMs: receivedAtMs,
        drop: (undo) => tables.sessions.delete(undo, key),
      }))
    return tables.buckets
      .entries()
      .flatMap(([key, bucket]) =>
        `rollup_${bucket.key.tier}` === name
          ? [{ atMs: bucket.key.startMs, drop: (undo: Undo) => tables.buckets.delete(undo, key) }]
          : [],
      )
  }
  return state.allFleetTables().flatMap(all)
}

const straysOf = (state: MemoryState, table: CutTable): Row[] =>
  rowsOf(state, table).filter(({ atMs }) => !state.partitions.has(partitionAt(table, atMs).name))

export const countStrays = (state: MemoryState): number =>
  CUT_TABLES.reduce((sum, table) => sum + straysOf(state, table).length, 0)

/** As the other storage does: partitions that are past, rows as old that never had one, then late rows get theirs. */
export function dropPast(
  state: MemoryState,
  undo: Undo,
  nowMs: number,
  keep: Keep,
): { dropped: readonly string[]; deleted: number } {
  const dropped = [...state.partitions].filter((name) => isPast(partitionNamed(name), nowMs, keep)).sort()
  let deleted = 0
  for (const table of CUT_TABLES) {
    const past = dropped.map(partitionNamed).filter((partition) => partition.table === table)
    const beforeMs = partitionAt(table, nowMs - keep[table.kept]).startMs
    const old = straysOf(state, table).filter(({ atMs }) => atMs < beforeMs)
    const names = new Set(past.map(({ name }) => name))
    for (const row of rowsOf(state, table)) if (names.has(partitionAt(table, row.atMs).name)) row.drop(undo)
    for (const row of old) row.drop(undo)
    deleted += old.length
    if (past.length > 0 || old.length > 0)
      raiseFloor(state, table, Math.max(...past.map(({ endMs }) => endMs), old.length > 0 ? beforeMs : 0))
  }
  for (const name of dropped) state.partitions.delete(name)
  for (const table of CUT_TABLES)
    for (const { atMs } of straysOf(state, table)) {
      const { name, startMs } = partitionAt(table, atMs)
      if (startMs <= nowMs) state.partitions.add(name)
    }
  return { dropped, deleted }
}

function raiseFloor(state: MemoryState, { name }: CutTable, toMs: number): void {
  state.floors.set(name, Math.max(toMs, state.floors.get(name) ?? 0))
}
