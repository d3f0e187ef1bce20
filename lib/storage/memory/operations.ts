import { isEnded, OPERATION_KINDS, OUTCOME_STATES } from '#lib/engine/operation-machine.ts'
import { assert } from '#lib/kernel/result.ts'
import { LETTER_POISON_REPLAYS } from '#lib/protocol/limits.ts'
import { chosenMembers, draftOf, orderMembers } from '../operation-members.ts'
import type {
  DeadLetterRow,
  MemberLetters,
  Members,
  Membership,
  OperationItem,
  OperationPort,
  OperationRow,
  OperationStep,
  OperationTx,
  OutcomeCount,
} from '../ports.ts'
import { openAgain } from './dead-letters.ts'
import { lettersOf, matchingLetters } from './letter-groups.ts'
import { pageOf } from './page.ts'
import { memoryPushTx } from './push.ts'
import { keyOf, type FleetTables, type MemoryState } from './state.ts'
import type { Undo } from './table.ts'

export function memoryOperations(state: MemoryState): OperationPort {
  return {
    create: (operation, max, accept, audit) =>
      state.inFleet(operation.fleetId, (tables, undo) => {
        const there = tables.operations.get(operation.id)
        if (there) return { row: there, isNew: false }
        const { matched, items } =
          operation.kind === 'resolve' ? chosenMembers(operation.ids) : membersOf(tables, operation, max)
        const unfinished = tables.operations.values().filter((row) => !isEnded(row.state)).length
        accept({ matched, total: items.length, unfinished })
        const row: OperationRow = { ...draftOf(operation), matched, total: items.length }
        tables.operations.set(undo, row.id, row)
        for (const item of items) putItem(tables, undo, row.id, freshItem(item))
        state.audit.set(undo, audit.id, audit)
        return { row, isNew: true }
      }),
    get: (fleetId, id) => state.inFleet(fleetId, (tables) => tables.operations.get(id) ?? null),
    list: (fleetId, page) =>
      state.inFleet(fleetId, (tables) =>
        pageOf(tables.operations.values(), ({ createdAtMs, id }) => ({ atMs: createdAtMs, id }), page),
      ),
    items: (fleetId, id, filter, afterOrdinal, limit) =>
      state.inFleet(fleetId, (tables) =>
        itemsOf(tables, id)
          .filter(({ ordinal }) => ordinal > afterOrdinal)
          .filter((item) => filter.state === null || item.state === filter.state)
          .filter((item) => filter.outcome === null || item.outcome === filter.outcome)
          .slice(0, limit),
      ),
    outcomes: (fleetId, id) => state.inFleet(fleetId, (tables) => outcomesOf(itemsOf(tables, id))),
    working: async (most) => {
      const found: { readonly place: number; readonly row: OperationRow }[] = []
      for (const fleet of state.fleets.values())
        await state.inFleet(fleet.id, (tables) => {
          const rows = tables.operations
            .values()
            .filter((row) => isWorking(row) && OPERATION_KINDS.includes(row.kind))
            .sort(byAge)
          found.push(...rows.map((row, place) => ({ place, row })))
        })
      found.sort((a, b) => a.place - b.place || byAge(a.row, b.row))
      return found.slice(0, most).map(({ row: { fleetId, id } }) => ({ fleetId, id }))
    },
    unstarted: (fleetId, beforeMs, limit) =>
      state.inFleet(fleetId, (tables) =>
        tables.operations
          .values()
          .filter((row) => row.state === 'draft' || row.state === 'previewed')
          .filter((row) => (row.previewedAtMs ?? row.createdAtMs) < beforeMs)
          .sort(byAge)
          .slice(0, limit)
          .map(({ id }) => id),
      ),
    mark: (fleetId) =>
      state.inFleet(fleetId, (tables) =>
        tables.operations
          .values()
          .map(({ id, version, done, skipped, errored }) => [id, version, done, skipped, errored].join(' '))
          .join(','),
      ),
    change: (fleetId, id, change) =>
      state.inFleet(fleetId, (tables, undo) => {
        const stored = tables.operations.get(id)
        if (!stored) return null
        const { row, audit } = change(stored)
        tables.operations.set(undo, id, row)
        if (audit) state.audit.set(undo, audit.id, audit)
        return row
      }),
    purge: (fleetId, beforeMs, limit, auditOf) =>
      state.inFleet(fleetId, (tables, undo) => {
        const ended = tables.operations
          .values()
          .filter((row) => row.endedAtMs !== null && row.endedAtMs < beforeMs)
          .sort((a, b) => (a.endedAtMs ?? 0) - (b.endedAtMs ?? 0) || (a.id < b.id ? -1 : 1))
        const items = ended.flatMap(({ id }) => itemsOf(tables, id).map(({ ordinal }) => keyOf(id, ordinal)))
        for (const key of items.slice(0, limit)) tables.operationItems.delete(undo, key)
        const gone = ended.filter(({ id }) => itemsOf(tables, id).length === 0)
        for (const row of gone) {
          tables.operations.delete(undo, row.id)
          const entry = auditOf(row)
          state.audit.set(undo, entry.id, entry)
        }
        return { items: Math.min(limit, items.length), operations: gone.length }
      }),
    hold: (fleetId, id, work) =>
      state.inFleet(fleetId, async (tables, undo) => {
        const row = tables.operations.get(id)
        return row && isWorking(row) ? work(operationTx(state, tables, undo, row)) : null
      }),
    look: (fleetId, work) =>
      state.inFleet(fleetId, (tables, undo) =>
        work({
          members: async (membership, max) => membersOf(tables, membership, max),
          pending: async (operationId, afterOrdinal, limit) =>
            itemsOf(tables, operationId)
              .filter((item) => item.state === 'pending' && item.ordinal > afterOrdinal)
              .slice(0, limit),
          letters: async (ids) => lettersAmong(tables, ids),
          load: memoryPushTx(state, fleetId, tables, undo).load,
        }),
      ),
  }
}

const isWorking = ({ state }: OperationRow): boolean => state === 'running' || state === 'cancelling'

const byAge = (a: OperationRow, b: OperationRow): number =>
  a.createdAtMs - b.createdAtMs || (a.id < b.id ? -1 : 1)

const freshItem = (item: Members['items'][number]): OperationItem => ({
  ...item,
  state: 'pending',
  outcome: null,
  code: null,
  detail: null,
  mutationId: null,
  atMs: null,
})

const putItem = (tables: FleetTables, undo: Undo, id: string, item: OperationItem): void =>
  tables.operationItems.set(undo, keyOf(id, item.ordinal), { ...item, operationId: id })

const itemsOf = (tables: FleetTables, id: string): OperationItem[] =>
  tables.operationItems
    .values()
    .filter(({ operationId }) => operationId === id)
    .map(({ operationId: _, ...item }) => item)
    .sort((a, b) => a.ordinal - b.ordinal)

function outcomesOf(items: readonly OperationItem[]): OutcomeCount[] {
  const counts = new Map<string, OutcomeCount>()
  for (const { outcome, code } of items) {
    if (outcome === null) continue
    const key = keyOf(outcome, code ?? '')
    counts.set(key, { outcome, code, count: (counts.get(key)?.count ?? 0) + 1 })
  }
  return [...counts.values()].sort((a, b) => b.count - a.count || (a.outcome < b.outcome ? -1 : 1))
}

function lettersAmong(tables: FleetTables, ids: readonly string[]): MemberLetters {
  const wanted = new Set(ids)
  const member = (letter: DeadLetterRow) => ({
    letter,
    platform: tables.devices.get(letter.deviceId)?.platform ?? null,
  })
  return new Map(lettersOf(tables).flatMap((row) => (wanted.has(row.id) ? [[row.id, member(row)]] : [])))
}

const isSound = (row: DeadLetterRow, withPoison: boolean): boolean =>
  withPoison || row.attempts < LETTER_POISON_REPLAYS

/** As lib/storage/prisma/operation-members.ts chooses them. */
function membersOf(tables: FleetTables, { kind, conditions, withPoison }: Membership, max: number): Members {
  const matched = matchingLetters(tables, conditions).slice(0, max + 1)
  const taken = new Map(matched.map((row) => [row.id, { row, behind: null as string | null }]))
  const all = lettersOf(tables)
  for (let level = matched; level.length > 0;) {
    const next: DeadLetterRow[] = []
    for (const parent of level)
      for (const row of all) {
        const follows =
          kind === 'restore'
            ? row.status === 'discarded' && row.discardedWith === parent.id
            : row.status === 'open' && row.parentMutationId === parent.mutation.id && isSound(row, withPoison)
        if (!follows || taken.has(row.id)) continue
        taken.set(row.id, { row, behind: taken.get(parent.id)?.behind ?? parent.id })
        next.push(row)
      }
    level = kind === 'restore' ? [] : next
  }
  return orderMembers(
    [...taken.values()].map(({ row, behind }) => ({
      id: row.id,
      mutationId: row.mutation.id,
      parentMutationId: row.parentMutationId,
      createdAtMs: row.createdAtMs,
      madeAtMs: row.madeAtMs,
      behind,
    })),
  )
}

function operationTx(state: MemoryState, tables: FleetTables, undo: Undo, row: OperationRow): OperationTx {
  const nowMs = state.nowMs()
  const pending = (): OperationItem[] => itemsOf(tables, row.id).filter((item) => item.state === 'pending')
  return {
    row,
    nowMs,
    push: memoryPushTx(state, row.fleetId, tables, undo),
    next: async (limit) => pending().slice(0, limit),
    letters: async (ids) => lettersAmong(tables, ids),
    discard: async (rows, atMs) => {
      const closed = new Set<string>()
      for (const { id, behind } of rows) {
        const letter = tables.deadLetters.get(id)
        if (letter?.status !== 'open') continue
        tables.deadLetters.set(undo, id, {
          ...letter,
          status: 'discarded',
          discardedAtMs: atMs,
          discardedWith: behind,
        })
        closed.add(id)
      }
      return closed
    },
    restore: async (ids, sinceMs) => {
      const opened = new Set<string>()
      for (const id of ids) {
        const letter = tables.deadLetters.get(id)
        if (letter?.status !== 'discarded' || (letter.discardedAtMs ?? 0) < sinceMs) continue
        openAgain(tables, undo, letter)
        opened.add(id)
      }
      return opened
    },
    skipRest: async (outcome, code) => {
      const rest = pending()
      for (const item of rest)
        putItem(tables, undo, row.id, { ...item, state: OUTCOME_STATES[outcome], outcome, code, atMs: nowMs })
      return rest.length
    },
    settle: async (step) => settle(state, tables, undo, step, nowMs),
  }
}

function settle(
  state: MemoryState,
  tables: FleetTables,
  undo: Undo,
  { items, row, settledMutationIds, withPoison, audit }: OperationStep,
  nowMs: number,
): number {
  for (const settled of items) {
    const item = tables.operationItems.get(keyOf(row.id, settled.ordinal))
    assert(item?.state === 'pending', 'each member is settled once')
    const fate = { ...settled, state: OUTCOME_STATES[settled.outcome], atMs: nowMs }
    putItem(tables, undo, row.id, { ...item, ...fate })
  }
  const members = new Set(itemsOf(tables, row.id).map(({ letterId }) => letterId))
  const parents = new Map(lettersOf(tables).map((letter) => [letter.mutation.id, letter.id]))
  const late = lettersOf(tables)
    .filter(
      ({ parentMutationId }) => parentMutationId !== null && settledMutationIds.includes(parentMutationId),
    )
    .filter((letter) => letter.status === 'open' && isSound(letter, withPoison) && !members.has(letter.id))
    .sort((a, b) => a.createdAtMs - b.createdAtMs || (a.id < b.id ? -1 : 1))
  for (const [i, letter] of late.entries()) {
    const behind = parents.get(letter.parentMutationId ?? '') ?? null
    putItem(tables, undo, row.id, freshItem({ ordinal: row.total + i + 1, letterId: letter.id, behind }))
  }
  for (const entry of audit) state.audit.set(undo, entry.id, entry)
  tables.operations.set(undo, row.id, { ...row, total: row.total + late.length })
  return late.length
}
