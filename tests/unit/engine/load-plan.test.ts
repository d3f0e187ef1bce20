import { describe, expect, it } from 'vitest'
import { planLoad } from '#lib/engine/load-plan.ts'
import type { UpMigration } from '#lib/protocol/rules.ts'
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
  rulesOf,
  uuid,
} from '#tests/support/engine-world.ts'

const typed = (path: string, baseRevision: number) =>
  ({ type: 'ot', path, kind: 'text', baseRevision, ops: ['x'] }) as const

describe('load plan', () => {
  it('[PU3] names streams in order, and each record, base and mutation id once', () => {
    const after = newId()
    const first = mutationBy(DEVICE_A, put({}))
    const second = mutationBy(DEVICE_A, patch({}), { baseVersion: 4, after })
    const third = mutationBy(DEVICE_B, patch({}), { baseVersion: 4 })
    const other = mutationBy(DEVICE_B, put({}), { collection: 'airports', recordId: uuid('e', 2) })
    const pushes = [pushOf(DEVICE_A, [first, second]), pushOf(DEVICE_B, [third, other, third])]
    expect(planLoad(pushes, (name) => (name === 'airports' ? rulesOf() : null))).toEqual({
      streams: ['airports', COLLECTION],
      records: [
        { collection: COLLECTION, recordId: RECORD },
        { collection: 'airports', recordId: uuid('e', 2) },
      ],
      bases: [{ collection: COLLECTION, recordId: RECORD, version: 4 }],
      conflictIds: [],
      otReads: [
        [
          {
            collection: 'airports',
            recordId: uuid('e', 2),
            names: null,
            afterRevision: 0,
            afterVersion: 0,
            mutationIds: [other.id],
          },
        ],
      ],
      mutationIds: [first.id, second.id, after, third.id, other.id],
    })
    expect(planLoad([], () => rulesOf())).toEqual({
      streams: [],
      records: [],
      bases: [],
      mutationIds: [],
      conflictIds: [],
      otReads: [],
    })
  })
  it('[PU7] reads each path of a push once, from the lowest revision, and each record from its lowest base', () => {
    const at = (path: string, baseRevision: number) => mutationBy(DEVICE_A, typed(path, baseRevision))
    const mutations = [at('/text', 7), at('/text', 3), at('/note', 5), at('/text', 9)]
    const whole = [4, 2, 6].map((baseVersion) => mutationBy(DEVICE_A, patch({}), { baseVersion }))
    const other = [at('/text', 1)]
    const pushes = [pushOf(DEVICE_A, [...mutations, ...whole]), pushOf(DEVICE_B, other)]
    const ids = ([...places]: number[]) => places.map((place) => mutations[place]?.id)
    const read = { collection: COLLECTION, recordId: RECORD }
    const ofPath = (path: string, afterRevision: number, mutationIds: unknown) => ({
      ...read,
      names: [{ path, after: 0, upTo: 1 }],
      afterRevision,
      afterVersion: 0,
      mutationIds,
    })
    expect(planLoad(pushes, () => rulesOf()).otReads).toEqual([
      [
        ofPath('/text', 3, ids([0, 1, 3])),
        ofPath('/note', 5, ids([2])),
        { ...read, names: null, afterRevision: 0, afterVersion: 2, mutationIds: whole.map(({ id }) => id) },
      ],
      [ofPath('/text', 1, [other[0]?.id])],
    ])
  })

  it('[DL5] reads a path’s operations by its names, today’s and its former ones, and by no other', () => {
    const upMigrations: UpMigration[] = [
      { from: 1, to: 2, ops: [{ op: 'rename', path: '/body', to: '/text' }] },
    ]
    const rules = rulesOf({ schemaVersion: 3, upMigrations })
    const namesFor = (path: string, schemaVersion: number) => {
      const mutation = mutationBy(DEVICE_A, typed(path, 3), { schemaVersion })
      return planLoad([pushOf(DEVICE_A, [mutation])], () => rules).otReads[0]?.[0]?.names
    }
    const names = [
      { path: '/text', after: 0, upTo: 3 },
      { path: '/body', after: 0, upTo: 1 },
    ]
    expect(namesFor('/text', 3)).toEqual(names)
    expect(namesFor('/body', 1)).toEqual(names)
    expect(namesFor('/other', 1)).toEqual([{ path: '/other', after: 0, upTo: 3 }])
    // A field that took a freed name is another one.
    expect(namesFor('/body', 2)).toEqual([{ path: '/body', after: 1, upTo: 3 }])
  })
})
