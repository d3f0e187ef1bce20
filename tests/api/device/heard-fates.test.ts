import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { SYSTEM } from '#lib/application/access/audit-entry.ts'
import { createCollection } from '#lib/application/collections/create-collection.ts'
import type { MemoryDisk } from '#lib/client/memory-store.ts'
import { createMemoryDisk, openMemoryStore } from '#lib/client/memory-store.ts'
import type { Replica } from '#lib/client/replica.ts'
import type { DeviceHttp } from '#tests/support/device-http.ts'
import { deviceHttp } from '#tests/support/device-http.ts'
import { TestDevice, bodyOf, newUuid, testFleet } from '#tests/support/device-world.ts'

/** What became of changes that were handed over, as the server tells it. Over a socket and PostgreSQL. */
describe('the fate of what a device heard', () => {
  let world: DeviceHttp
  let published: { readonly id: string; readonly version: number }
  beforeAll(async () => {
    world = await deviceHttp()
    const rules = [{ id: 'few', cel: 'new == null || !has(new.n) || new.n < 10', message: 'too many' }]
    published = await makeCollection({ name: 'few', rules })
    await makeCollection({ name: 'boards' })
  })
  afterAll(() => world.close())

  const makeCollection = async (body: object, { fleetId } = world.fleet) =>
    createCollection(world.app.ctx, {
      actor: SYSTEM,
      fleetId,
      body: { strategy: 'crdt', schema: { type: 'object' }, ...body },
    })
  const syncAll = async (replicas: readonly Replica[], rounds = 1): Promise<void> => {
    for (let round = 0; round < rounds; round++)
      for (const replica of replicas) expect((await replica.sync()).problem).toBeNull()
  }
  const dataOf = async (replica: Replica, id: string, collection = 'few'): Promise<unknown> =>
    (await replica.collection(collection).get(id))?.data
  const allOf = (replicas: readonly Replica[], id: string, collection = 'few'): Promise<unknown[]> =>
    Promise.all(replicas.map((replica) => dataOf(replica, id, collection)))
  async function hand(from: Replica, to: Replica, id: string, collection = 'few'): Promise<void> {
    const exported = await from.collection(collection).exportCrdt(id)
    await to.collection(collection).mergeCrdt(JSON.parse(JSON.stringify(exported)))
  }
  const command = async (replica: Replica, type: string): Promise<void> => {
    const told = await world.admin('POST', `/devices/${replica.deviceId}/commands`, {
      type,
      reason: 'a test',
    })
    expect(told.status).toBeLessThan(300)
  }
  const letterOf = async (id: string, verb: 'discard' | 'replay', replica: Replica): Promise<void> => {
    const [letter] = replica.deadLetters$.get().filter(({ mutation }) => mutation?.recordId === id)
    const path = `/dead-letters/${letter?.deadLetterId ?? ''}/${verb}`
    expect((await world.admin('POST', path, { reason: 'a test' })).status).toBe(200)
  }
  /** Devices, and a record that all of them have: {n: 2}. */
  async function known(collection = 'few', disk: MemoryDisk = createMemoryDisk(), count = 2) {
    const all = [await world.replica({ store: openMemoryStore(disk) })]
    while (all.length < count) all.push(await world.replica())
    const [one, two] = all as [Replica, Replica]
    await syncAll(all)
    const { recordId: id } = await one.collection(collection).put(null, { n: 1 })
    await one.collection(collection).counter(id, 'n').increment(1)
    await syncAll(all, 2)
    return { one, two, all, id }
  }
  const closeAll = async (replicas: readonly Replica[]): Promise<void> => {
    for (const replica of replicas) await replica.close()
  }

  it.each(['refused', 'discarded'] as const)(
    '[SDK7] one that was %s ends after the next sync, and a later replay shows by the server',
    async (fate) => {
      const { one, two, all, id } = await known()
      await one.collection('few').counter(id, 'n').increment(50)
      await hand(one, two, id)
      await two.sync()
      expect(await dataOf(two, id)).toEqual({ n: 52 })
      await one.sync()
      if (fate === 'discarded') await letterOf(id, 'discard', one)
      await two.sync()
      await two.sync()
      expect(await allOf(all, id)).toEqual([{ n: 2 }, { n: 2 }])
      if (fate === 'refused') {
        const path = `/collections/${published.id}?fleet=${world.fleet.fleetId}`
        const now = await bodyOf(await world.admin('GET', path, undefined, 'admin'))
        const { rules } = now
        const without = { rules: [], version: now['version'] }
        expect((await world.admin('PATCH', path, without, 'admin')).status).toBe(200)
        await letterOf(id, 'replay', one)
        const back = { rules: rules as never, version: Number(now['version']) + 1 }
        expect((await world.admin('PATCH', path, back, 'admin')).status).toBe(200)
        await syncAll(all, 2)
        expect(await allOf(all, id)).toEqual([{ n: 52 }, { n: 52 }])
      }
      await closeAll(all)
    },
  )

  it('[SDK7] handing it back and forth doesn’t keep a refused one', async () => {
    const { one, two, all, id } = await known()
    await one.collection('few').counter(id, 'n').increment(50)
    await hand(one, two, id)
    await two.collection('few').counter(id, 'n').increment(1)
    await hand(two, one, id)
    await syncAll([one, two])
    for (let round = 0; round < 3; round++) {
      await hand(two, one, id)
      await hand(one, two, id)
      await syncAll(all)
    }
    expect(await allOf(all, id)).toEqual([{ n: 3 }, { n: 3 }])
    await closeAll(all)
  })

  it('[SDK7] one whose author was revoked ends, and counts once where it goes out under another id', async () => {
    const disk = createMemoryDisk()
    const { one, two, id } = await known('boards', disk)
    await one.collection('boards').counter(id, 'n').increment(5)
    await one.collection('boards').set(id, 'tags').add('of one')
    await hand(one, two, id, 'boards')
    await two.sync()
    expect(await dataOf(two, id, 'boards')).toEqual({ n: 7, tags: ['of one'] })
    await command(one, 'revoke')
    await syncAll([two], 2)
    expect(await dataOf(two, id, 'boards')).toEqual({ n: 2 })
    await one.sync()
    await one.close()
    const anew = await TestDevice.enroll(world.app, world.fleet)
    const identity = { enrollmentKey: undefined, token: anew.token, deviceId: anew.id } as object
    const store = openMemoryStore(disk)
    const moved = await world.replica({ store, ...identity })
    await hand(moved, two, id, 'boards')
    await syncAll([moved, two], 2)
    const wanted = { n: 7, tags: ['of one'] }
    expect(await allOf([moved, two], id, 'boards')).toEqual([wanted, wanted])
    await closeAll([moved, two])
  })

  it('[SDK7] [FK3] one that went out under a fork’s id counts once', async () => {
    const disk = createMemoryDisk()
    const { one, two, id } = await known('boards', disk)
    const copied = createMemoryDisk()
    for (const [table, rows] of Object.entries(disk.tables))
      for (const [key, text] of rows) copied.tables[table as keyof typeof disk.tables].set(key, text)
    const twin = await world.replica({ store: openMemoryStore(copied) })
    for (let round = 0; round < 2; round++) await twin.sync()
    await one.collection('boards').counter(id, 'n').increment(5)
    await hand(one, two, id, 'boards')
    const before = one.deviceId
    for (let round = 0; round < 4; round++) for (const each of [one, twin, two]) await each.sync()
    expect([one.deviceId, twin.deviceId].filter((each) => each === before)).toHaveLength(1)
    expect(await allOf([one, twin, two], id, 'boards')).toEqual([{ n: 7 }, { n: 7 }, { n: 7 }])
    await closeAll([one, twin, two])
  })

  it('[SDK7] one whose author is merely away is kept, and what was applied is asked about no more', async () => {
    const { one, two, all, id } = await known('boards', createMemoryDisk(), 3)
    await one.collection('boards').counter(id, 'n').increment(5)
    await hand(one, two, id, 'boards')
    await all[2]?.collection('boards').counter(id, 'n').increment(1)
    await hand(all[2] as Replica, two, id, 'boards')
    await syncAll([two], 3)
    expect(await dataOf(two, id, 'boards')).toEqual({ n: 8 })
    await syncAll([all[2] as Replica, two, two])
    expect(await dataOf(two, id, 'boards')).toEqual({ n: 8 })
    await syncAll([one, ...all], 2)
    expect(await allOf(all, id, 'boards')).toEqual([{ n: 8 }, { n: 8 }, { n: 8 }])
    await closeAll(all)
  })

  it('[SDK7] a device hears of its own fleet and of what it may read alone, and asks at most 100 at a time', async () => {
    const device = await world.device()
    const [mine, dead] = [newUuid(), newUuid()]
    const sent = await device.pushed([
      device.mutation({ id: mine, collection: 'boards', op: { type: 'put', data: { n: 1 } } }),
      device.mutation({ id: dead, collection: 'few', op: { type: 'put', data: { n: 11 } } }),
    ])
    expect(sent.results.map(({ status }) => status)).toEqual(['applied', 'dead_lettered'])
    const asked = [mine, dead, newUuid()].map((id) => ({ id, deviceId: device.id }))
    const ask = async (who: TestDevice, awaited: readonly object[]): Promise<unknown> => {
      const answer = await who.send('POST', '/api/v1/heartbeat', {
        body: { report: who.report(), awaited } as never,
      })
      const body = await bodyOf(answer)
      return answer.status === 200
        ? (body['fates'] as { fate: string }[]).map(({ fate }) => fate)
        : body['code']
    }
    const scoped = await testFleet(world.app, { boards: 'read' })
    expect(await ask(await world.device(), asked)).toEqual(['applied', 'refused', 'unknown'])
    expect(await ask(await TestDevice.enroll(world.app, scoped), asked)).toEqual([
      'unknown',
      'unknown',
      'unknown',
    ])
    const key = await world.admin(
      'POST',
      `/enrollment-keys?fleet=${world.fleet.fleetId}`,
      { name: 'r', access: { boards: 'read' } },
      'admin',
    )
    const reader = await TestDevice.enroll(world.app, {
      ...world.fleet,
      key: String((await bodyOf(key))['key']),
    })
    expect(await ask(reader, asked)).toEqual(['applied', 'unknown', 'unknown'])
    const many = Array.from({ length: 101 }, () => ({ id: newUuid(), deviceId: device.id }))
    expect(await ask(reader, many.slice(1))).toHaveLength(100)
    expect(await ask(reader, many)).toBe('bad_request')
  })
})
