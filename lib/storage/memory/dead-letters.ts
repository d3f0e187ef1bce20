import { causePath } from '#lib/protocol/dead-letter-cause.ts'
import type { CauseTotals } from '#lib/telemetry/open-causes.ts'
import type { DeadLetterCause } from '#lib/telemetry/overview.ts'
import type { DeadLetterFilter, DeadLetterPort, DeadLetterRow } from '../ports.ts'
import { pageOf } from './page.ts'
import type { MemoryState } from './state.ts'
import { keyOf } from './state.ts'

export function memoryDeadLetters(state: MemoryState): DeadLetterPort {
  return {
    list: (fleetId, filter, page) =>
      state.inFleet(fleetId, (tables) => {
        const rows = tables.deadLetters.values().filter((row) => matches(row, filter))
        return pageOf(rows, (row) => ({ atMs: row.createdAtMs, id: row.id }), page)
      }),
    get: (fleetId, id) => state.inFleet(fleetId, (tables) => tables.deadLetters.get(id) ?? null),
    heldBy: (fleetId, mutationId, limit) =>
      state.inFleet(fleetId, (tables) => heldBy(tables.deadLetters.values(), mutationId).slice(0, limit)),
    countOpen: (fleetId) =>
      state.inFleet(
        fleetId,
        (tables) => tables.deadLetters.values().filter((row) => row.status === 'open').length,
      ),
    openByCause: (fleetId, limit) =>
      state.inFleet(fleetId, (tables) => {
        const all = causesOf(tables.deadLetters.values().filter((row) => row.status === 'open'))
        const left: Record<string, CauseTotals> = {}
        for (const { code, count } of all.slice(limit)) {
          const { causes, letters } = left[code] ?? { causes: 0, letters: 0 }
          left[code] = { causes: causes + 1, letters: letters + count }
        }
        return { causes: all.slice(0, limit), left }
      }),
    discard: (fleetId, id, heldIds, atMs, audit) =>
      state.inFleet(fleetId, (tables, undo) => {
        if (tables.deadLetters.get(id)?.status !== 'open') return false
        for (const each of [id, ...heldIds]) {
          const letter = tables.deadLetters.get(each)
          if (letter?.status !== 'open') continue
          const discardedWith = each === id ? null : id
          tables.deadLetters.set(undo, each, {
            ...letter,
            status: 'discarded',
            discardedAtMs: atMs,
            discardedWith,
          })
        }
        state.audit.set(undo, audit.id, audit)
        return true
      }),
    restore: (fleetId, id, sinceMs, audit) =>
      state.inFleet(fleetId, (tables, undo) => {
        const root = tables.deadLetters.get(id)
        if (root?.status !== 'discarded' || (root.discardedAtMs ?? 0) < sinceMs) return null
        const along = tables.deadLetters
          .values()
          .filter((row) => row.status === 'discarded' && row.discardedWith === id)
        for (const letter of [root, ...along])
          tables.deadLetters.set(undo, letter.id, {
            ...letter,
            status: 'open',
            discardedAtMs: null,
            discardedWith: null,
          })
        state.audit.set(undo, audit.id, audit)
        return [id, ...along.map((letter) => letter.id)]
      }),
  }
}

/** Level by level: those behind the mutation, then those behind these. */
function heldBy(rows: readonly DeadLetterRow[], mutationId: string): DeadLetterRow[] {
  const held: DeadLetterRow[] = []
  const open = rows.filter((row) => row.status === 'open')
  for (let level = new Set([mutationId]); level.size > 0;) {
    const next = open
      .filter(
        (row) => row.parentMutationId !== null && level.has(row.parentMutationId) && !held.includes(row),
      )
      .sort((a, b) => a.createdAtMs - b.createdAtMs || (a.id < b.id ? -1 : 1))
    held.push(...next)
    level = new Set(next.map((row) => row.mutation.id))
  }
  return held
}

function causesOf(open: readonly DeadLetterRow[]): DeadLetterCause[] {
  const groups = new Map<string, DeadLetterRow[]>()
  for (const row of open) {
    const key = keyOf(row.code, row.appVersion, row.mutation.collection, causePath(row.path) ?? '')
    groups.set(key, [...(groups.get(key) ?? []), row])
  }
  const causes = [...groups.values()].map((rows): DeadLetterCause => {
    const newest = rows.toSorted((a, b) => b.createdAtMs - a.createdAtMs || (a.id < b.id ? 1 : -1))[0]
    const { code, appVersion, mutation, detail, path } = newest as DeadLetterRow
    return {
      code,
      appVersion,
      collection: mutation.collection,
      path: causePath(path),
      detail,
      count: rows.length,
      devices: new Set(rows.map((row) => row.deviceId)).size,
      newestAtMs: Math.max(...rows.map((row) => row.createdAtMs)),
    }
  })
  return causes.sort(
    (a, b) => b.count - a.count || b.newestAtMs - a.newestAtMs || (keyOfCause(a) < keyOfCause(b) ? -1 : 1),
  )
}

const keyOfCause = ({ code, appVersion, collection, path }: DeadLetterCause): string =>
  keyOf(code, appVersion, collection, path ?? '')

function matches(row: DeadLetterRow, filter: DeadLetterFilter): boolean {
  const wanted: readonly [string | null, string | null][] = [
    [filter.status, row.status],
    [filter.code, row.code],
    [filter.collection, row.mutation.collection],
    [filter.appVersion, row.appVersion],
    [filter.path, causePath(row.path) ?? ''],
    [filter.deviceId, row.deviceId],
    [filter.sessionId, row.sessionId],
  ]
  return wanted.every(([asked, has]) => asked === null || asked === has)
}
