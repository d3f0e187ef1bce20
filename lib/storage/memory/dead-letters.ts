import { countFacets, splitFilter } from '#lib/query/facets.ts'
import {
  closedAtMs,
  isIndexed,
  LETTER_FACET_ROWS_MAX,
  LETTER_FACETS,
  LETTER_FIELDS,
  LETTER_LOOK_MAX,
} from '#lib/query/letter-fields.ts'
import { LETTER_READER } from '../letter-values.ts'
import type { AuditEntry, Cursor, DeadLetterPort, DeadLetterRow, LetterFilter } from '../ports.ts'
import { inGroup, lettersOf, matchingLetters } from './letter-groups.ts'
import { memoryLetterNews } from './letter-news.ts'
import { pageOf } from './page.ts'
import type { FleetTables, MemoryState } from './state.ts'
import type { Undo } from './table.ts'

export function memoryDeadLetters(state: MemoryState): DeadLetterPort {
  return {
    ...memoryLetterNews(state),
    list: (fleetId, filter, page) =>
      state.inFleet(fleetId, (tables) => {
        const { rows, last } = lookedAt(tables, filter, page.cursor)
        const found = pageOf(matchingLetters(tables, filter.conditions, rows), placeOf, page)
        return found.next === null && last ? { ...found, next: placeOf(last) } : found
      }),
    facets: (fleetId, filter) =>
      state.inFleet(fleetId, (tables) => {
        const { base } = splitFilter(filter.conditions, LETTER_FACETS)
        const { rows, last } = lookedAt(tables, { ...filter, conditions: base }, null)
        const found = matchingLetters(tables, base, rows)
        const counts = countFacets(
          found,
          LETTER_FACET_ROWS_MAX,
          filter.conditions,
          LETTER_FACETS,
          LETTER_FIELDS,
          LETTER_READER,
        )
        return { ...counts, capped: counts.capped || last !== null }
      }),
    get: (fleetId, id) =>
      state.inFleet(fleetId, (tables) => {
        const row = tables.deadLetters.get(id)
        return row ? inGroup(tables, row) : null
      }),
    heldBy: (fleetId, mutationId, limit) =>
      state.inFleet(fleetId, (tables) => heldBy(lettersOf(tables), mutationId).slice(0, limit)),
    countOpen: (fleetId) => state.inFleet(fleetId, (tables) => openOf(tables).length),
    countOpenByCode: (fleetId) =>
      state.inFleet(fleetId, (tables) => {
        const counts = new Map<string, number>()
        for (const { code } of openOf(tables)) counts.set(code, (counts.get(code) ?? 0) + 1)
        return Object.fromEntries(counts)
      }),
    discard: (fleetId, id, heldIds, atMs, auditOf) =>
      state.inFleet(fleetId, (tables, undo) => {
        if (tables.deadLetters.get(id)?.status !== 'open') return null
        const along: string[] = []
        for (const each of [id, ...heldIds]) {
          const letter = tables.deadLetters.get(each)
          if (letter?.status !== 'open') continue
          if (each !== id) along.push(each)
          const discardedWith = each === id ? null : id
          tables.deadLetters.set(undo, each, {
            ...letter,
            status: 'discarded',
            discardedAtMs: atMs,
            discardedWith,
          })
        }
        writeAudits(state, undo, [id, ...along].map(auditOf))
        return along
      }),
    restore: (fleetId, id, sinceMs, auditOf) =>
      state.inFleet(fleetId, (tables, undo) => {
        const root = tables.deadLetters.get(id)
        if (root?.status !== 'discarded' || (root.discardedAtMs ?? 0) < sinceMs) return null
        const along = tables.deadLetters
          .values()
          .filter((row) => row.status === 'discarded' && row.discardedWith === id)
        for (const letter of [root, ...along]) openAgain(tables, undo, letter)
        const ids = along.map((letter) => letter.id)
        writeAudits(state, undo, [id, ...ids].map(auditOf))
        return ids
      }),
    purge: (fleetId, beforeMs, limit, auditOf) =>
      state.inFleet(fleetId, (tables, undo) => {
        const gone = tables.deadLetters
          .values()
          .filter((row) => row.status !== 'open' && (closedAtMs(row) ?? Infinity) < beforeMs)
          .toSorted((a, b) => a.createdAtMs - b.createdAtMs)
          .slice(0, limit)
        for (const { id } of gone) remove(tables, undo, id)
        const replayed = gone.filter((row) => row.status === 'replayed').length
        const purged = { replayed, discarded: gone.length - replayed }
        if (gone.length > 0) writeAudits(state, undo, [auditOf(purged)])
        return purged
      }),
    purgeOne: (fleetId, id, audit) =>
      state.inFleet(fleetId, (tables, undo) => {
        if ((tables.deadLetters.get(id)?.status ?? 'open') === 'open') return false
        remove(tables, undo, id)
        writeAudits(state, undo, [audit])
        return true
      }),
  }
}

/** What its device was told of it is of the past. */
export function openAgain(tables: FleetTables, undo: Undo, letter: DeadLetterRow): void {
  const open = { ...letter, status: 'open', discardedAtMs: null, discardedWith: null } as const
  tables.deadLetters.set(undo, letter.id, open)
  tables.toldLetters.delete(undo, letter.id)
}

function remove(tables: FleetTables, undo: Undo, id: string): void {
  tables.deadLetters.delete(undo, id)
  tables.toldLetters.delete(undo, id)
}

const writeAudits = (state: MemoryState, undo: Undo, entries: readonly AuditEntry[]): void => {
  for (const entry of entries) state.audit.set(undo, entry.id, entry)
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

const openOf = (tables: FleetTables): DeadLetterRow[] =>
  tables.deadLetters.values().filter(({ status }) => status === 'open')

const placeOf = (row: DeadLetterRow) => ({ atMs: row.createdAtMs, id: row.id })

/** The newest behind a cursor, as many as are looked through; the last of them where that many are there. */
function lookedAt(
  tables: FleetTables,
  { conditions, lookMax }: LetterFilter,
  cursor: Cursor | null,
): { readonly rows: readonly DeadLetterRow[]; readonly last: DeadLetterRow | null } {
  const indexed = conditions.filter(isIndexed)
  const rows = matchingLetters(tables, indexed)
    .filter(
      ({ createdAtMs, id }) =>
        cursor === null || createdAtMs < cursor.atMs || (createdAtMs === cursor.atMs && id < cursor.id),
    )
    .toSorted((a, b) => b.createdAtMs - a.createdAtMs || (a.id < b.id ? 1 : -1))
  const max = lookMax ?? LETTER_LOOK_MAX
  return { rows: rows.slice(0, max), last: rows[max - 1] ?? null }
}
