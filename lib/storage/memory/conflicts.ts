import { CONFLICTS_PER_SESSION_MAX } from '../change-rows.ts'
import type { ConflictPort } from '../ports.ts'
import type { MemoryState } from './state.ts'

export function memoryConflicts(state: MemoryState): ConflictPort {
  return {
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
