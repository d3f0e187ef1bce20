import type { DeadLetterFilter, DeadLetterPort, DeadLetterRow } from '../ports.ts'
import { pageOf } from './page.ts'
import type { MemoryState } from './state.ts'
import { keyOf } from './state.ts'

type Cause = Awaited<ReturnType<DeadLetterPort['openByCause']>>[number]

export function memoryDeadLetters(state: MemoryState): DeadLetterPort {
  return {
    list: (fleetId, filter, page) =>
      state.inFleet(fleetId, (tables) => {
        const rows = tables.deadLetters.values().filter((row) => matches(row, filter))
        return pageOf(rows, (row) => ({ atMs: row.createdAtMs, id: row.id }), page)
      }),
    get: (fleetId, id) => state.inFleet(fleetId, (tables) => tables.deadLetters.get(id) ?? null),
    heldBy: (fleetId, mutationId, limit) =>
      state.inFleet(fleetId, (tables) =>
        tables.deadLetters
          .values()
          .filter((row) => row.parentMutationId === mutationId && row.status === 'open')
          .sort((a, b) => a.createdAtMs - b.createdAtMs || (a.id < b.id ? -1 : 1))
          .slice(0, limit),
      ),
    countOpen: (fleetId) =>
      state.inFleet(
        fleetId,
        (tables) => tables.deadLetters.values().filter((row) => row.status === 'open').length,
      ),
    openByCause: (fleetId) =>
      state.inFleet(fleetId, (tables) =>
        causesOf(tables.deadLetters.values().filter((row) => row.status === 'open')),
      ),
    discard: (fleetId, id, _atMs, audit) =>
      state.inFleet(fleetId, (tables, undo) => {
        const letter = tables.deadLetters.get(id)
        if (letter?.status !== 'open') return false
        tables.deadLetters.set(undo, id, { ...letter, status: 'discarded' })
        state.audit.set(undo, audit.id, audit)
        return true
      }),
  }
}

function causesOf(open: readonly DeadLetterRow[]): Cause[] {
  const groups = new Map<string, DeadLetterRow[]>()
  for (const row of open) {
    const key = keyOf(row.code, row.appVersion, row.mutation.collection, row.detail)
    groups.set(key, [...(groups.get(key) ?? []), row])
  }
  const causes = [...groups.values()].map((rows): Cause => {
    const { code, appVersion, mutation, detail } = rows[0] as DeadLetterRow
    return {
      code,
      appVersion,
      collection: mutation.collection,
      detail,
      count: rows.length,
      devices: new Set(rows.map((row) => row.deviceId)).size,
      newestAtMs: Math.max(...rows.map((row) => row.createdAtMs)),
    }
  })
  return causes.sort((a, b) => b.count - a.count || b.newestAtMs - a.newestAtMs)
}

function matches(row: DeadLetterRow, filter: DeadLetterFilter): boolean {
  const wanted: readonly [string | null, string | null][] = [
    [filter.status, row.status],
    [filter.code, row.code],
    [filter.collection, row.mutation.collection],
    [filter.appVersion, row.appVersion],
    [filter.deviceId, row.deviceId],
    [filter.sessionId, row.sessionId],
  ]
  return wanted.every(([asked, has]) => asked === null || asked === has)
}
