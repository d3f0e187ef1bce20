import { expect, test } from 'vitest'
import { SYSTEM } from '#lib/application/access/audit-entry.ts'
import { createCollection } from '#lib/application/collections/create-collection.ts'
import { systemClock } from '#lib/client/clock.ts'
import { openMemoryStore } from '#lib/client/memory-store.ts'
import { openReplica } from '#lib/client/open-replica.ts'
import type { Replica } from '#lib/client/replica.ts'
import { openMemoryStorage } from '#lib/storage/memory/open-memory-storage.ts'
import { testApp, testFleet } from '#tests/support/device-world.ts'

test.each([
  ['crdt', { strategy: 'crdt' }],
  ['ot', { strategy: 'ot' }],
  ['ot in a field', { strategy: 'lww', fieldStrategies: { '/t': 'ot' } }],
])(
  '[CS9] %s: what another made and removed after this device removed it comes back with nothing that is put there',
  async (_, body) => {
    let nowMs = 1_800_000_000_000
    const app = testApp(openMemoryStorage(), undefined, { now: () => nowMs })
    const fleet = await testFleet(app)
    await createCollection(app.ctx, {
      actor: SYSTEM,
      fleetId: fleet.fleetId,
      body: { name: 'board', schema: true, ...body },
    })
    const open = (): Promise<Replica> =>
      openReplica({
        url: 'http://tidemark.test',
        enrollmentKey: fleet.key,
        device: { name: 'one', platform: 'ios', appVersion: '1.0.0' },
        store: openMemoryStore(),
        clock: { ...systemClock, now: () => nowMs },
        fetch: async (input, init) => (await app.router.handle(new Request(String(input), init))) as Response,
        sync: { auto: false },
      })
    const [one, other] = [await open(), await open()]
    const [mine, theirs] = [one.collection('board'), other.collection('board')]
    const syncAll = async (): Promise<void> => {
      for (const replica of [one, other, one, other]) {
        nowMs += 1_000
        await replica.sync()
      }
    }
    await one.sync()
    const { recordId } = await mine.put(null, { t: 'hello' })
    await syncAll()
    await mine.text(recordId, 't').insert(5, '!')
    await syncAll()
    await mine.remove(recordId)
    for (const replica of [one, other]) await replica.sync()
    await theirs.put(recordId, { t: 'bob' })
    await other.sync()
    await theirs.remove(recordId)
    await other.sync()
    nowMs += 5 * 86_400_000
    await syncAll()
    await mine.put(recordId, { t: 'new' })
    await syncAll()
    for (const notes of [mine, theirs]) expect((await notes.get(recordId))?.data).toEqual({ t: 'new' })
    for (const replica of [one, other]) await replica.close()
  },
)
