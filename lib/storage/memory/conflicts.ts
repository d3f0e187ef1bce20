import {
  CONFLICT_FACETS,
  CONFLICT_FIELDS,
  CONFLICT_LOOK_MAX,
  conflictPlaces,
  isConflictIndexed,
} from '#lib/query/conflict-fields.ts'
import { countFacets, splitFilter } from '#lib/query/facets.ts'
import { matchesFilter } from '#lib/query/matches-filter.ts'
import { CONFLICTS_PER_SESSION_MAX } from '../change-rows.ts'
import { CONFLICT_READER } from '../conflict-values.ts'
import type {
  ConflictFilter,
  ConflictGroup,
  ConflictPair,
  ConflictPort,
  ConflictRow,
  ConflictSide,
  Cursor,
  SettleTimes,
} from '../ports.ts'
import { changeAt } from './apply-changes.ts'
import { operationsOf } from './letter-groups.ts'
import type { FleetTables, MemoryState, StoredChange } from './state.ts'

export function memoryConflicts(state: MemoryState): ConflictPort {
  return {
    list: (fleetId, filter, { cursor, limit }) =>
      state.inFleet(fleetId, (tables) => {
        const { rows, last } = lookedAt(tables, filter, cursor)
        const found = rows.filter(matching(tables, filter))
        const items = found.slice(0, limit)
        const end = items.at(-1)
        if (end !== undefined && found.length > limit) return { items, next: placeOf(end) }
        return { items, next: last && placeOf(last) }
      }),
    facets: (fleetId, filter) =>
      state.inFleet(fleetId, (tables) => {
        const { base } = splitFilter(filter.conditions, CONFLICT_FACETS)
        const asked = { ...filter, conditions: base }
        const { rows, last } = lookedAt(tables, asked, null)
        const counts = countFacets(
          rows.filter(matching(tables, asked)),
          filter.lookMax ?? CONFLICT_LOOK_MAX,
          filter.conditions,
          CONFLICT_FACETS,
          CONFLICT_FIELDS,
          CONFLICT_READER,
        )
        return { ...counts, capped: counts.capped || last !== null }
      }),
    groups: (fleetId, filter, limit) =>
      state.inFleet(fleetId, (tables) => {
        const { rows } = lookedAt(tables, filter, null)
        const groups = groupsOf(rows.filter(matching(tables, filter)))
        return { groups: groups.slice(0, limit), total: groups.length }
      }),
    pairs: (fleetId, filter, limit) =>
      state.inFleet(fleetId, (tables) => {
        const { rows, last } = lookedAt(tables, filter, null)
        const found = rows.filter(matching(tables, filter))
        const pairs = pairsOf(found)
        return {
          pairs: pairs.slice(0, limit),
          total: pairs.length,
          conflicts: found.length,
          capped: last !== null,
        }
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
    sides: (fleetId, ids) =>
      state.inFleet(
        fleetId,
        (tables) =>
          new Map(
            ids.flatMap((id) => {
              const row = tables.conflicts.get(id)
              if (!row) return []
              const { collection, mutationId, remoteVersion } = row
              const remote = remoteVersion === null ? undefined : changeAt(tables, collection, remoteVersion)
              const local = sideOf(tables, tables.changes.get(mutationId))
              return [[id, { local, remote: sideOf(tables, remote) }] as const]
            }),
          ),
      ),
    settleTimes: (fleetId, fromMs, toMs) =>
      state.inFleet(fleetId, (tables) => settleTimes(tables.conflicts.values(), fromMs, toMs)),
    annotate: (fleetId, id, change) =>
      state.inFleet(fleetId, (tables, undo) => {
        const row = tables.conflicts.get(id)
        if (!row) return null
        const { desk, audit } = change(row)
        const next = { ...row, desk }
        tables.conflicts.set(undo, id, next)
        state.audit.set(undo, audit.id, audit)
        return next
      }),
  }
}

const placeOf = ({ createdAtMs, id }: ConflictRow): Cursor => ({ atMs: createdAtMs, id })

/** Whether a filter takes a row; some of its keys ask what operations it was in. */
function matching(tables: FleetTables, { conditions }: ConflictFilter): (row: ConflictRow) => boolean {
  const operations = operationsOf(tables)
  return (row) =>
    matchesFilter(
      { ...row, operations: operations.get(row.id) ?? [] },
      conditions,
      CONFLICT_FIELDS,
      CONFLICT_READER,
    )
}

/** Those behind a cursor that an index finds, as many as are looked through; the last where there are that many. */
function lookedAt(
  tables: FleetTables,
  filter: ConflictFilter,
  cursor: Cursor | null,
): { readonly rows: readonly ConflictRow[]; readonly last: ConflictRow | null } {
  const isFound = matching(tables, { ...filter, conditions: filter.conditions.filter(isConflictIndexed) })
  const sign = filter.sort === 'newest' ? -1 : 1
  const compare = (a: Cursor, b: Cursor): number =>
    sign * (a.atMs - b.atMs || (a.id === b.id ? 0 : a.id < b.id ? -1 : 1))
  const rows = tables.conflicts
    .values()
    .filter((row) => isFound(row) && (cursor === null || compare(placeOf(row), cursor) > 0))
    .toSorted((a, b) => compare(placeOf(a), placeOf(b)))
  const max = filter.lookMax ?? CONFLICT_LOOK_MAX
  return { rows: rows.slice(0, max), last: rows[max - 1] ?? null }
}

function groupsOf(rows: readonly ConflictRow[]): readonly ConflictGroup[] {
  const groups = new Map<string, { group: ConflictGroup; devices: Set<string> }>()
  for (const row of rows) {
    for (const place of conflictPlaces(row.fields)) {
      const key = JSON.stringify([row.collection, place, row.appVersion, row.remoteAppVersion])
      const { collection, appVersion, remoteAppVersion, createdAtMs, deviceId } = row
      const known = groups.get(key)
      const devices = (known?.devices ?? new Set<string>()).add(deviceId)
      const group = {
        collection,
        place,
        appVersion,
        remoteAppVersion,
        count: (known?.group.count ?? 0) + 1,
        devices: devices.size,
        oldestAtMs: Math.min(known?.group.oldestAtMs ?? Infinity, createdAtMs),
        newestAtMs: Math.max(known?.group.newestAtMs ?? -Infinity, createdAtMs),
      }
      groups.set(key, { group, devices })
    }
  }
  return [...groups.values()].map(({ group }) => group).sort(byCount)
}

function pairsOf(rows: readonly ConflictRow[]): readonly ConflictPair[] {
  const pairs = new Map<string, ConflictPair>()
  for (const { appVersion, remoteAppVersion } of rows) {
    const key = JSON.stringify([appVersion, remoteAppVersion])
    const count = (pairs.get(key)?.count ?? 0) + 1
    pairs.set(key, { appVersion, remoteAppVersion, count })
  }
  const asGroup = (pair: ConflictPair) => ({ collection: '', place: '', ...pair })
  return [...pairs.values()].sort((a, b) => byCount(asGroup(a), asGroup(b)))
}

type Counted = Pick<ConflictGroup, 'collection' | 'place' | 'appVersion' | 'remoteAppVersion' | 'count'>

function byCount(a: Counted, b: Counted): number {
  const textsOf = (one: Counted) => [one.collection, one.place, one.appVersion, one.remoteAppVersion ?? '']
  if (a.count !== b.count) return b.count - a.count
  const [left, right] = [textsOf(a), textsOf(b)]
  const at = left.findIndex((text, i) => text !== right[i])
  return at === -1 ? 0 : Buffer.compare(Buffer.from(left[at] ?? ''), Buffer.from(right[at] ?? ''))
}

function sideOf(tables: FleetTables, change: StoredChange | undefined): ConflictSide | null {
  if (!change) return null
  const { mutation, deviceId, appVersion, correctedMadeAtMs, committedAtMs } = change
  return {
    mutationId: mutation.id,
    deviceId,
    deviceName: tables.devices.get(deviceId)?.name ?? null,
    appVersion,
    hlc: mutation.hlc,
    madeAtMs: correctedMadeAtMs,
    committedAtMs,
    offsetMs: mutation.madeOffsetMs ?? null,
  }
}

function settleTimes(rows: readonly ConflictRow[], fromMs: number, toMs: number): SettleTimes {
  const kept = { mine: 0, theirs: 0, merged: 0 }
  const took: number[] = []
  for (const { closure, createdAtMs } of rows) {
    if (closure === null || closure.atMs < fromMs || closure.atMs >= toMs) continue
    kept[closure.kept] += 1
    took.push(closure.atMs - createdAtMs)
  }
  took.sort((a, b) => a - b)
  const quantile = (share: number): number | null => took[Math.ceil(share * took.length) - 1] ?? null
  return { count: took.length, p50Ms: quantile(0.5), p95Ms: quantile(0.95), kept }
}
