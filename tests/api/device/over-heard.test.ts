import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { SYSTEM } from '#lib/application/access/audit-entry.ts'
import { createCollection } from '#lib/application/collections/create-collection.ts'
import type { MemoryDisk } from '#lib/client/memory-store.ts'
import { createMemoryDisk, openMemoryStore } from '#lib/client/memory-store.ts'
import type { Replica } from '#lib/client/replica.ts'
import type { JsonObject } from '#lib/kernel/json.ts'
import type { DeviceHttp } from '#tests/support/device-http.ts'
import { deviceHttp } from '#tests/support/device-http.ts'
import { TestDevice } from '#tests/support/device-world.ts'

/** What is written on top of what was handed over: one change, and nothing of it lost or doubled. Over a socket and PostgreSQL. */
describe('a write on top of what was heard', () => {
  let world: DeviceHttp
  beforeAll(async () => {
    world = await deviceHttp()
    const rules = [
      { id: 's', cel: 'new == null || !has(new.y) || new.n >= 8', message: 'n is too small for y' },
    ]
    for (const body of [
      { name: 'boards', strategy: 'crdt', schema: { type: 'object' } },
      { name: 'ruled', strategy: 'crdt', schema: { type: 'object' }, rules },
    ])
      await createCollection(world.app.ctx, { actor: SYSTEM, fleetId: world.fleet.fleetId, body })
  })
  afterAll(() => world.close())

  interface World {
    readonly one: Replica
    readonly two: Replica
    readonly id: string
    readonly disk: MemoryDisk
  }
  async function known(collection: string, data: JsonObject): Promise<World> {
    const disk = createMemoryDisk()
    const one = await world.replica({ store: openMemoryStore(disk) })
    const two = await world.replica()
    await syncAll([one, two])
    const { recordId: id } = await one.collection(collection).put(null, data)
    await one.collection(collection).counter(id, 'n').increment(1)
    await syncAll([one, two], 2)
    return { one, two, id, disk }
  }
  const syncAll = async (replicas: readonly Replica[], rounds = 1): Promise<void> => {
    for (let round = 0; round < rounds; round++)
      for (const replica of replicas) expect((await replica.sync()).problem).toBeNull()
  }
  const dataOf = async (replica: Replica, id: string, collection = 'boards'): Promise<unknown> =>
    (await replica.collection(collection).get(id))?.data
  async function hand(from: Replica, to: Replica, id: string, collection = 'boards'): Promise<void> {
    const exported = await from.collection(collection).exportCrdt(id)
    await to.collection(collection).mergeCrdt(JSON.parse(JSON.stringify(exported)))
  }
  const serverOf = async (id: string): Promise<unknown> =>
    (await (await world.device()).pulled()).changes.find(({ recordId }) => recordId === id)?.data
  const revoke = async (replica: Replica): Promise<void> => {
    const body = { type: 'revoke', reason: 'a test' }
    expect((await world.admin('POST', `/devices/${replica.deviceId}/commands`, body)).status).toBeLessThan(
      300,
    )
  }
  /** The work of a revoked device goes out under another id. */
  async function comeBack(one: Replica, disk: MemoryDisk): Promise<Replica> {
    await one.sync()
    await one.close()
    const { id, token } = await TestDevice.enroll(world.app, world.fleet)
    const identity = { enrollmentKey: undefined, token, deviceId: id } as object
    return world.replica({ store: openMemoryStore(disk), ...identity })
  }
  const count = (text: unknown, part: string): number => String(text).split(part).length - 1

  it.each(['put', 'patch'] as const)(
    '[SDK7] a %s is one mutation, which the server judges as one',
    async (how) => {
      for (const first of ['author', 'writer']) {
        const { one, two, id } = await known('ruled', { n: 1 })
        await one.collection('ruled').counter(id, 'n').increment(5)
        await hand(one, two, id, 'ruled')
        const before = two.status$.get().pending
        if (how === 'put') await two.collection('ruled').put(id, { n: 8, y: 20 })
        else await two.collection('ruled').patch(id, { set: { n: 8, y: 20 } })
        expect(await dataOf(two, id, 'ruled')).toEqual({ n: 8, y: 20 })
        await syncAll(first === 'author' ? [one, two, one] : [two, one, two], 2)
        const letters = two.deadLetters$.get()
        expect(two.status$.get().pending - before).toBe(0)
        // Without the author's work it breaks the rule: all of it waits as one letter, which can be replayed.
        expect(letters.map(({ code }) => code)).toEqual(first === 'author' ? [] : ['rule_violation'])
        if (first === 'writer') {
          const path = `/dead-letters/${letters[0]?.deadLetterId ?? ''}/replay`
          expect((await world.admin('POST', path, { reason: 'a test' })).status).toBe(200)
          await syncAll([two, one], 2)
        }
        const ends = [await dataOf(one, id, 'ruled'), await dataOf(two, id, 'ruled'), await serverOf(id)]
        expect(ends).toEqual(Array(3).fill({ n: 8, y: 20 }))
        await one.close()
        await two.close()
      }
    },
  )

  const WRITES: Record<string, (replica: Replica, id: string) => Promise<unknown>> = {
    'a patch': (two, id) => two.collection('boards').patch(id, { set: { body: 'AABB.hi', z: 1 } }),
    'a put': (two, id) => two.collection('boards').put(id, { n: 2, body: 'AABB.hi', z: 1 }),
    'a handle': async (two, id) => {
      await two.collection('boards').patch(id, { set: { z: 1 } })
      await two.collection('boards').text(id, 'body').insert(2, 'B')
      await two.collection('boards').text(id, 'body').insert(3, 'B')
    },
  }
  for (const [name, write] of Object.entries(WRITES))
    for (const isSent of [false, true])
      it(`[SDK7] [DL2] text of ${name}, ${isSent ? 'sent before' : 'waiting as'} its author is revoked, is seen all the same, and once when it comes`, async () => {
        const { one, two, id, disk } = await known('boards', { n: 1, body: 'hi' })
        await one.collection('boards').text(id, 'body').insert(0, '.')
        await syncAll([one, two, two])
        await one.collection('boards').text(id, 'body').insert(0, 'AA')
        await hand(one, two, id)
        await write(two, id)
        expect(await dataOf(two, id)).toMatchObject({ body: 'AABB.hi', z: 1 })
        if (isSent) await syncAll([two])
        await revoke(one)
        await syncAll([two], 3)
        const wanted = { n: 2, body: 'BB.hi', z: 1 }
        expect([await dataOf(two, id), await serverOf(id)]).toEqual([wanted, wanted])
        const back = await comeBack(one, disk)
        await syncAll([back, two, back], 2)
        const body = ((await dataOf(two, id)) as JsonObject)['body']
        expect([count(body, 'A'), count(body, 'B'), String(body).length]).toEqual([2, 2, 7])
        expect([await dataOf(back, id), await serverOf(id)]).toEqual(Array(2).fill({ ...wanted, body }))
        expect(two.refusals$.get()).toEqual([])
        await back.close()
        await two.close()
      })

  it('[SDK7] [DL2] so is that of a record that only its author had, and that of an operator’s full sync', async () => {
    const { one, two } = await known('boards', { n: 1 })
    const { recordId: id } = await one.collection('boards').put(null, { n: 1, body: 'AA' })
    await one.collection('boards').text(id, 'body').insert(2, '.')
    await hand(one, two, id)
    await two.collection('boards').put(id, { n: 5, body: 'AA. and B', z: 1 })
    await syncAll([two])
    const told = { type: 'resync', reason: 'a test' }
    await world.admin('POST', `/devices/${two.deviceId}/commands`, told)
    await syncAll([two], 3)
    expect([await dataOf(two, id), await serverOf(id)]).toEqual(
      Array(2).fill({ body: ' and B', n: expect.any(Number), z: 1 }),
    )
    await syncAll([one, two, one], 2)
    const ends = [await dataOf(one, id), await dataOf(two, id), await serverOf(id)]
    expect(ends).toEqual(Array(3).fill(ends[2]))
    const { body } = ends[2] as JsonObject
    expect([count(body, 'AA.'), count(body, ' and B'), String(body).length]).toEqual([1, 1, 9])
    await one.close()
    await two.close()
  })
})
