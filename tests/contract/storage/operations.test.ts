import { randomUUID } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { SYSTEM } from '#lib/application/access/audit-entry.ts'
import { freshOperation } from '#lib/application/operations/new-row.ts'
import { isAmong } from '#lib/query/field.ts'
import type { ConflictKey } from '#lib/query/conflict-fields.ts'
import type { ChosenConflicts, NewOperation, OperationRow } from '#lib/storage/ports.ts'
import { audit, BACKENDS, makeFleet, NOW_MS, opened } from './world.ts'

describe.each(BACKENDS)('operations over conflicts, on $name', (backend) => {
  const current = opened(backend)

  const ruled = (fleetId: string, ids: readonly string[], at: Partial<NewOperation> = {}) => {
    const asked = {
      id: randomUUID(),
      fleetId,
      q: '',
      reason: 'r',
      requestHash: 'h',
      rate: undefined,
      actor: SYSTEM,
    }
    const conditions = [isAmong<ConflictKey>('status', 'open')]
    const chosen: ChosenConflicts = { kind: 'resolve', conditions, ids }
    const fresh = {
      ...freshOperation(asked, NOW_MS),
      edit: null,
      rule: 'newest' as const,
      state: 'running' as const,
    }
    return { ...fresh, ...chosen, ...at } as NewOperation
  }
  const create = async (operation: NewOperation, max = 10) =>
    current().storage.operations.create(operation, max, () => undefined, audit('operation.create'))

  it('[CS11] its members are the conflicts that it was given, in that order; the rule and the conditions are kept', async () => {
    const { storage } = current()
    const { id: fleetId } = await makeFleet(storage)
    const ids = [randomUUID(), randomUUID(), randomUUID()]
    const operation = ruled(fleetId, ids)
    const { row, isNew } = await create(operation)
    expect({ row, isNew }).toMatchObject({
      isNew: true,
      row: { kind: 'resolve', rule: 'newest', matched: 3, total: 3 },
    })
    expect(row).not.toHaveProperty('ids')
    expect(await storage.operations.get(fleetId, row.id)).toEqual(row)
    const items = await storage.operations.items(fleetId, row.id, { state: null, outcome: null }, 0, 10)
    expect(items.map(({ ordinal, letterId, behind, state }) => [ordinal, letterId, behind, state])).toEqual(
      ids.map((id, i) => [i + 1, id, null, 'pending']),
    )
    // The same id again chooses nothing anew.
    expect(await create({ ...operation, ids: [] } as NewOperation)).toEqual({ row, isNew: false })
  })

  it('[CS11] work is handed out of the kinds that this release knows, and of no other', async () => {
    const { storage } = current()
    const { id: fleetId } = await makeFleet(storage)
    const known = ruled(fleetId, [randomUUID()])
    await create(known)
    const { row } = await create(ruled(fleetId, [randomUUID()]))
    await storage.operations.change(fleetId, row.id, (now) => ({
      row: { ...now, kind: 'weigh' as OperationRow['kind'] },
      audit: null,
    }))
    const working = await storage.operations.working(1_000)
    expect(working.filter((one) => one.fleetId === fleetId).map(({ id }) => id)).toEqual([known.id])
  })
})
