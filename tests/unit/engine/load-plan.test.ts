import { describe, expect, it } from 'vitest'
import { planLoad } from '#lib/engine/load-plan.ts'
import {
  COLLECTION,
  DEVICE_A,
  DEVICE_B,
  RECORD,
  mutationBy,
  newId,
  patch,
  pushOf,
  put,
  uuid,
} from '#tests/support/engine-world.ts'

describe('load plan', () => {
  it('[PU3] names streams in order, and each record, base and mutation id once', () => {
    const after = newId()
    const first = mutationBy(DEVICE_A, put({}))
    const second = mutationBy(DEVICE_A, patch({}), { baseVersion: 4, after })
    const third = mutationBy(DEVICE_B, patch({}), { baseVersion: 4 })
    const other = mutationBy(DEVICE_B, put({}), { collection: 'airports', recordId: uuid('e', 2) })
    const pushes = [pushOf(DEVICE_A, [first, second]), pushOf(DEVICE_B, [third, other, third])]
    expect(planLoad(pushes, (name) => (name === 'airports' ? false : null))).toEqual({
      streams: ['airports', COLLECTION],
      records: [
        { collection: COLLECTION, recordId: RECORD },
        { collection: 'airports', recordId: uuid('e', 2) },
      ],
      bases: [{ collection: COLLECTION, recordId: RECORD, version: 4 }],
      conflictIds: [],
      otReads: [
        {
          collection: 'airports',
          recordId: uuid('e', 2),
          path: null,
          afterRevision: 0,
          afterVersion: 0,
        },
      ],
      mutationIds: [first.id, second.id, after, third.id, other.id],
    })
    expect(planLoad([], () => false)).toEqual({
      streams: [],
      records: [],
      bases: [],
      mutationIds: [],
      conflictIds: [],
      otReads: [],
    })
  })
  it('[DL5] reads a path’s operations by its name, and all of the record where a migration renames', () => {
    const op = { type: 'ot', path: '/text', kind: 'text', baseRevision: 3, ops: ['x'] } as const
    const pushes = [pushOf(DEVICE_A, [mutationBy(DEVICE_A, op, { schemaVersion: 2 })])]
    const read = { collection: COLLECTION, recordId: RECORD, afterRevision: 3, afterVersion: 0 }
    expect(planLoad(pushes, () => false).otReads).toEqual([{ ...read, path: '/text' }])
    expect(planLoad(pushes, () => true).otReads).toEqual([{ ...read, path: null }])
  })
})
