import { expect, test } from 'vitest'
import { SYSTEM } from '#lib/application/access/audit-entry.ts'
import { createCollection } from '#lib/application/collections/create-collection.ts'
import { openMemoryStore } from '#lib/client/memory-store.ts'
import { openReplica } from '#lib/client/open-replica.ts'
import { openMemoryStorage } from '#lib/storage/memory/open-memory-storage.ts'
import { testApp, testFleet } from '#tests/support/device-world.ts'

test.each([
  ['crdt', 'n', 5],
  ['ot', 't', 'hello'],
])(
  '[SDK1] %s: a put is judged here as the server judges it, with what it lets be',
  async (strategy, name, value) => {
    const app = testApp(openMemoryStorage(), undefined)
    const fleet = await testFleet(app)
    await createCollection(app.ctx, {
      actor: SYSTEM,
      fleetId: fleet.fleetId,
      body: {
        name: 'board',
        strategy,
        fieldStrategies: { [`/${name}`]: strategy },
        schema: { type: 'object', required: [name], maxProperties: 2 },
      },
    })
    const replica = await openReplica({
      url: 'http://tidemark.test',
      enrollmentKey: fleet.key,
      device: { name: 'one', platform: 'ios', appVersion: '1.0.0' },
      store: openMemoryStore(),
      fetch: async (input, init) => (await app.router.handle(new Request(String(input), init))) as Response,
      sync: { auto: false },
    })
    await replica.sync()
    const board = replica.collection('board')
    const { recordId } = await board.put(null, { [name]: value, z: 0 })
    for (const isSynced of [false, true]) {
      if (isSynced) for (let round = 0; round < 2; round++) await replica.sync()
      await board.put(recordId, { z: 1 })
      expect((await board.get(recordId))?.data).toEqual({ [name]: value, z: 1 })
      await expect(board.put(recordId, { y: 1, z: 1 })).rejects.toMatchObject({ code: 'invalid_data' })
    }
    expect(await replica.sync()).toMatchObject({ pending: 0, problem: null })
    expect(replica.deadLetters$.get()).toEqual([])
    expect((await board.get(recordId))?.data).toEqual({ [name]: value, z: 1 })
    await replica.close()
  },
)
