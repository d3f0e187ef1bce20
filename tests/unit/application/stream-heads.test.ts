import { describe, expect, it } from 'vitest'
import { RulesCache } from '#lib/application/sync/rules.ts'
import { StreamHeads } from '#lib/application/sync/stream-heads.ts'
import { openMemoryStorage } from '#lib/storage/memory/open-memory-storage.ts'
import type { Fleet, Storage } from '#lib/storage/ports.ts'
import { testApp, testFleet } from '#tests/support/device-world.ts'

const COLLECTION = 'notes'

/** Heads over a database whose answers to a look can be held back, after they were read. */
async function world() {
  const storage = openMemoryStorage()
  const { fleetId } = await testFleet(testApp(storage))
  const fleet = (await storage.fleets.get(fleetId)) as Fleet
  let answer = (): void => undefined
  const answered = new Promise<void>((resolve) => (answer = resolve))
  const pull: Storage['sync']['pull'] = async (...args) => {
    const page = await storage.sync.pull(...args)
    await answered
    return page
  }
  const clock = { nowMs: 0, now: () => clock.nowMs }
  const sync = { ...storage.sync, pull }
  const heads = new StreamHeads({ storage: { sync }, clock, rules: new RulesCache(storage) })
  heads.hears(true)
  return { heads, fleet, answer }
}

const turns = async (count: number): Promise<void> => {
  for (let i = 0; i < count; i++) await Promise.resolve()
}

describe('where streams stand, in memory', () => {
  it('[TK8] is behind no commit that was told while a look came back, in whichever turn', async () => {
    const told = new Map([[COLLECTION, 7]])
    for (let turn = 0; turn < 12; turn++) {
      const { heads, fleet, answer } = await world()
      const asked = heads.of(fleet)
      await turns(50)
      answer()
      await turns(turn)
      heads.raise(fleet.id, told)
      const answers = [await asked, await heads.of(fleet)]
      expect(
        answers.map((known) => known?.versions.get(COLLECTION)),
        `told in turn ${turn}`,
      ).toEqual([7, 7])
    }
  })

  it('[TK8] knows of a stream that nothing was written to', async () => {
    const { heads, fleet, answer } = await world()
    answer()
    const known = await heads.of(fleet)
    expect([...(known?.versions ?? [])]).toEqual([[COLLECTION, 0]])
  })
})
