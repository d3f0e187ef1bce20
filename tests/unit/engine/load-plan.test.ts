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
    expect(planLoad(pushes, (name) => (name === 'airports' ? 1 : null))).toEqual({
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
    expect(planLoad([], () => 1)).toEqual({
      streams: [],
      records: [],
      bases: [],
      mutationIds: [],
      conflictIds: [],
      otReads: [],
    })
  })
})
