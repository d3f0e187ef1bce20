import { matchesFilter } from '#lib/query/matches-filter.ts'
import { LETTER_FIELDS, PAYLOAD_UNREAD, type LetterKey } from '#lib/query/letter-fields.ts'
import type { Filter } from '#lib/query/field.ts'
import {
  GROUP_HOURS,
  GROUP_VERSIONS_MAX,
  groupHoursFromMs,
  groupState,
  type LetterGroup,
  type LetterGroups,
} from '#lib/telemetry/letter-groups.ts'
import { LETTER_READER, type OperationMembership } from '../letter-values.ts'
import type { DeadLetterRow, LetterGroupPort } from '../ports.ts'
import type { FleetTables, MemoryState } from './state.ts'

const HOUR_MS = 3_600_000

/** Letters with the groups that they are in by now. */
export const lettersOf = (tables: FleetTables): DeadLetterRow[] =>
  tables.deadLetters.values().map((row) => inGroup(tables, row))

/** A letter as it stands, in the group that its own one was merged into. */
export function inGroup(tables: FleetTables, row: DeadLetterRow): DeadLetterRow {
  return { ...row, groupId: tables.letterGroups.get(row.groupId)?.rootId ?? row.groupId }
}

/** Letters that a filter takes; some of its keys ask what operations they were in. */
export function matchingLetters(
  tables: FleetTables,
  conditions: Filter<LetterKey>,
  rows: readonly DeadLetterRow[] = lettersOf(tables),
): DeadLetterRow[] {
  const operations = operationsOf(tables)
  const unmasked = tables.collections.values().filter(({ masked }) => masked.length === 0)
  const shown = new Set(unmasked.map(({ name }) => name))
  const isSaidHidden = ({ code, mutation }: DeadLetterRow): boolean =>
    !PAYLOAD_UNREAD.includes(code) && !shown.has(mutation.collection)
  return rows.filter((row) =>
    matchesFilter(
      { ...row, operations: operations.get(row.id) ?? [], isSaidHidden: isSaidHidden(row) },
      conditions,
      LETTER_FIELDS,
      LETTER_READER,
    ),
  )
}

/** Memberships in operations, by letter or conflict. */
export function operationsOf(tables: FleetTables): ReadonlyMap<string, readonly OperationMembership[]> {
  const memberships = new Map<string, OperationMembership[]>()
  for (const { letterId, operationId, state } of tables.operationItems.values()) {
    const own = memberships.get(letterId) ?? []
    own.push({ operationId, state })
    memberships.set(letterId, own)
  }
  return memberships
}

export function memoryLetterGroups(state: MemoryState): LetterGroupPort {
  return {
    list: (fleetId, { conditions, nowMs }, limit) =>
      state.inFleet(fleetId, (tables) => {
        const asked = matchingLetters(tables, conditions)
        const byGroup = groupBy(asked, ({ groupId }) => groupId)
        const groups = [...byGroup].map(([id, rows]) => groupOf(tables, id, rows, nowMs)).sort(bySize)
        const byVersion = groupBy(asked, ({ appVersion }) => appVersion)
        return {
          groups: groups.slice(0, limit),
          totals: { groups: groups.length, letters: asked.length },
          byVersion: Object.fromEntries([...byVersion].map(([version, rows]) => [version, rows.length])),
        } satisfies LetterGroups
      }),
    get: (fleetId, id, nowMs) =>
      state.inFleet(fleetId, (tables) => {
        const all = lettersOf(tables).filter(({ groupId }) => groupId === id)
        const open = all.filter(({ status }) => status === 'open')
        return all.length === 0 ? null : groupOf(tables, id, open.length > 0 ? open : all, nowMs)
      }),
    rows: (fleetId) =>
      state.inFleet(fleetId, (tables) => tables.letterGroups.values().sort((a, b) => (a.id < b.id ? -1 : 1))),
    newestOf: (fleetId, ids) =>
      state.inFleet(fleetId, (tables) => {
        const byGroup = groupBy(tables.deadLetters.values(), ({ groupId }) => groupId)
        return ids.flatMap((id) => {
          const newest = newestFirst(byGroup.get(id) ?? [])[0]
          if (newest === undefined) return []
          const { code, mutation, place, detail } = newest
          return [{ id, code, collection: mutation.collection, place, detail, newestLetterId: newest.id }]
        })
      }),
    mark: (fleetId) =>
      state.inFleet(fleetId, (tables) =>
        tables.letterGroups
          .values()
          .map(({ id, version, rootId }) => [id, version, rootId].join(' '))
          .sort()
          .join(','),
      ),
    lettersAmong: (fleetId, letterIds) =>
      state.inFleet(fleetId, (tables) => letterIds.filter((id) => tables.deadLetters.has(id))),
    change: (fleetId, change) =>
      state.inFleet(fleetId, (tables, undo) => {
        const rows = tables.letterGroups.values()
        const { put, move, drop, audit } = change(new Map(rows.map((row) => [row.id, row])))
        for (const row of put) tables.letterGroups.set(undo, row.id, row)
        for (const id of move?.letterIds ?? []) {
          const letter = tables.deadLetters.get(id)
          if (letter && move) tables.deadLetters.set(undo, id, { ...letter, groupId: move.groupId })
        }
        for (const id of drop) tables.letterGroups.delete(undo, id)
        for (const letter of tables.deadLetters.values())
          if (drop.includes(letter.groupId))
            tables.deadLetters.set(undo, letter.id, { ...letter, groupId: letter.fingerprint })
        state.audit.set(undo, audit.id, audit)
      }),
  }
}

function groupBy<T>(rows: readonly T[], keyOf: (row: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>()
  for (const row of rows) {
    const group = groups.get(keyOf(row))
    if (group) group.push(row)
    else groups.set(keyOf(row), [row])
  }
  return groups
}

const newestFirst = (rows: readonly DeadLetterRow[]): DeadLetterRow[] =>
  rows.toSorted((a, b) => b.createdAtMs - a.createdAtMs || (a.id < b.id ? 1 : -1))

const bySize = (a: LetterGroup, b: LetterGroup): number =>
  b.count - a.count || b.lastAtMs - a.lastAtMs || (a.id < b.id ? -1 : 1)

function groupOf(
  tables: FleetTables,
  id: string,
  rows: readonly DeadLetterRow[],
  nowMs: number,
): LetterGroup {
  const all = lettersOf(tables).filter(({ groupId }) => groupId === id)
  const newest = newestFirst(rows)[0] as DeadLetterRow
  const said = tables.letterGroups.get(id)
  const versions = [...groupBy(rows, ({ appVersion }) => appVersion)]
    .map(([appVersion, { length: count }]) => ({ appVersion, count }))
    .sort((a, b) => b.count - a.count || (a.appVersion < b.appVersion ? -1 : 1))
  const replayed = all
    .filter(({ lastReplay }) => lastReplay !== null)
    .sort((a, b) => (b.lastReplay?.atMs ?? 0) - (a.lastReplay?.atMs ?? 0) || (a.id < b.id ? 1 : -1))[0]
  const times = rows.map(({ createdAtMs }) => createdAtMs)
  const fromMs = groupHoursFromMs(nowMs)
  const byHour = Array.from(
    { length: GROUP_HOURS },
    (_, hour) =>
      all.filter(({ createdAtMs }) => Math.floor((createdAtMs - fromMs) / HOUR_MS) === hour).length,
  )
  const open = all.filter(({ status }) => status === 'open').length
  return {
    id,
    state: groupState(open, said?.snoozedUntilMs ?? null, nowMs),
    code: newest.code,
    collection: newest.mutation.collection,
    schemaVersion: newest.mutation.schemaVersion,
    place: newest.place,
    detail: newest.detail,
    newestLetterId: newest.id,
    count: rows.length,
    devices: new Set(rows.map(({ deviceId }) => deviceId)).size,
    versions: versions.slice(0, GROUP_VERSIONS_MAX),
    versionsLeftOut: Math.max(0, versions.length - GROUP_VERSIONS_MAX),
    firstAtMs: Math.min(...times),
    lastAtMs: Math.max(...times),
    byHour,
    lastReplay: replayed?.lastReplay ? { letterId: replayed.id, ...replayed.lastReplay } : null,
    title: said?.title ?? null,
    note: said?.note ?? '',
    owner: said?.owner ?? null,
    snoozedUntilMs: said?.snoozedUntilMs ?? null,
    byHand: said?.byHand ?? false,
    mergedIds: tables.letterGroups
      .values()
      .filter((row) => row.rootId === id && row.id !== id)
      .map((row) => row.id)
      .sort(),
    version: said?.version ?? 0,
  }
}
