import { CONFLICTS_PER_SESSION_MAX } from '../change-rows.ts'
import type { ConflictFilter, ConflictPort, ConflictRow } from '../ports.ts'
import { pageOf } from './page.ts'
import type { MemoryState } from './state.ts'

export function memoryConflicts(state: MemoryState): ConflictPort {
  return {
    list: (fleetId, filter, page) =>
      state.inFleet(fleetId, (tables) => {
        const rows = tables.conflicts.values().filter((row) => matches(row, filter))
        return pageOf(rows, (row) => ({ atMs: row.createdAtMs, id: row.id }), page)
      }),
    get: (fleetId, id) => state.inFleet(fleetId, (tables) => tables.conflicts.get(id) ?? null),
    ofSession: (fleetId, sessionId) =>
      state.inFleet(fleetId, (tables) =>
        tables.conflicts
          .values()
          .filter((row) => row.sessionId === sessionId)
          .sort((a, b) => a.createdAtMs - b.createdAtMs || (a.id < b.id ? -1 : 1))
          .slice(0, CONFLICTS_PER_SESSION_MAX),
      ),
    countOpen: (fleetId) =>
      state.inFleet(
        fleetId,
        (tables) => tables.conflicts.values().filter((row) => row.status === 'open').length,
      ),
  }
}

function matches(row: ConflictRow, filter: ConflictFilter): boolean {
  const wanted: readonly [string | null, string | null][] = [
    [filter.status, row.status],
    [filter.strategy, row.strategy],
    [filter.collection, row.collection],
    [filter.recordId, row.recordId],
    [filter.deviceId, row.deviceId],
    [filter.sessionId, row.sessionId],
  ]
  const { fromMs, toMs } = filter
  const inTime = (fromMs === null || row.createdAtMs >= fromMs) && (toMs === null || row.createdAtMs < toMs)
  return inTime && wanted.every(([asked, has]) => asked === null || asked === has)
}
