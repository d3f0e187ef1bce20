import { randomUUID } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import {
  audit,
  BACKENDS,
  changeOf,
  commit,
  letterEffect,
  makeDevice,
  makeFleet,
  NOW_MS,
  opened,
} from './world.ts'

describe.each(BACKENDS)('how mutations stand on $name', (backend) => {
  const current = opened(backend)

  it('[SDK7] tells those that there are once, with their letters, and those of the fleet alone', async () => {
    const { storage } = current()
    const { id: fleetId } = await makeFleet(storage)
    const other = await makeFleet(storage)
    const { id: deviceId } = await makeDevice(storage, fleetId, { name: 'Till 4' })
    const applied = changeOf({ deviceId, version: 1 })
    const [open, closed] = [0, 1].map(() => {
      const deadLetter = letterEffect({ code: 'rule_violation' })
      return changeOf({ deviceId, version: null, deadLetter })
    })
    for (const change of [applied, open, closed]) await commit(storage, fleetId, () => [change as never])
    const letterId = closed?.deadLetter?.id ?? ''
    expect(await storage.deadLetters.discard(fleetId, letterId, [], NOW_MS, () => audit())).toEqual([])
    const ids = [applied, open, closed].map((change) => change?.incoming.mutation.id ?? '')
    const told = await storage.sync.standingOf(fleetId, [...ids, randomUUID(), ids[0] as string])
    const { collection } = applied.incoming.mutation
    expect([...told].sort((a, b) => ids.indexOf(a.mutationId) - ids.indexOf(b.mutationId))).toEqual([
      { mutationId: ids[0], collection, status: 'applied', letter: null },
      { mutationId: ids[1], collection, status: 'dead_lettered', letter: 'open' },
      { mutationId: ids[2], collection, status: 'dead_lettered', letter: 'discarded' },
    ])
    expect(await storage.sync.standingOf(other.id, ids)).toEqual([])
    expect(await storage.sync.standingOf(fleetId, [])).toEqual([])
  })
})
