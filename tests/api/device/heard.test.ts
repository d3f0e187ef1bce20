import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { SYSTEM } from '#lib/application/access/audit-entry.ts'
import { createCollection } from '#lib/application/collections/create-collection.ts'
import type { CrdtExport } from '#lib/client/collection.ts'
import type { MemoryDisk } from '#lib/client/memory-store.ts'
import { createMemoryDisk, openMemoryStore } from '#lib/client/memory-store.ts'
import type { Replica } from '#lib/client/replica.ts'
import type { JsonObject } from '#lib/kernel/json.ts'
import type { DeviceHttp } from '#tests/support/device-http.ts'
import { deviceHttp } from '#tests/support/device-http.ts'

const DAY_MS = 86_400_000

/** What was handed over ends: the server's state is what counts. Over a socket and PostgreSQL. */
describe('what a device heard from another one', () => {
  let world: DeviceHttp
  let disk: MemoryDisk
  let one: Replica
  let two: Replica
  beforeAll(async () => {
    world = await deviceHttp()
    const rules = [{ id: 'few', cel: 'new == null || !has(new.n) || new.n < 10', message: 'too many' }]
    for (const body of [
      { name: 'boards', strategy: 'crdt', schema: { type: 'object' } },
      { name: 'few', strategy: 'crdt', schema: { type: 'object' }, rules },
      { name: 'posts', strategy: 'field-merge', fieldStrategies: { '/n': 'crdt' }, schema: true },
    ])
      await createCollection(world.app.ctx, { actor: SYSTEM, fleetId: world.fleet.fleetId, body })
  })
  afterAll(() => world.close())
  beforeEach(async () => {
    disk = createMemoryDisk()
    one = await world.replica()
    two = await world.replica({ store: openMemoryStore(disk) })
    await syncBoth()
  })
  afterEach(async () => {
    await one.close()
    await two.close()
  })

  async function syncBoth(rounds = 1): Promise<void> {
    for (let round = 0; round < rounds; round++)
      for (const replica of [one, two]) expect((await replica.sync()).problem).toBeNull()
  }
  const dataOf = async (replica: Replica, id: string, collection = 'boards'): Promise<unknown> =>
    (await replica.collection(collection).get(id))?.data
  async function hand(from: Replica, to: Replica, id: string, collection = 'boards'): Promise<CrdtExport> {
    const exported = await from.collection(collection).exportCrdt(id)
    await to.collection(collection).mergeCrdt(JSON.parse(JSON.stringify(exported)))
    return exported as CrdtExport
  }
  const serverOf = async (id: string): Promise<unknown> =>
    (await (await world.device()).pulled()).changes.find(({ recordId }) => recordId === id)?.data
  /** A record that both have, with a counter. */
  async function known(collection = 'boards', data: JsonObject = { n: 1 }): Promise<string> {
    const { recordId } = await one.collection(collection).put(null, data)
    await one.collection(collection).counter(recordId, 'n').increment(1)
    await syncBoth()
    return recordId
  }
  const heardOn = (disk: MemoryDisk): number =>
    [...disk.tables.records.values(), ...disk.tables.notices.keys()].filter((text) => text.includes('heard'))
      .length

  it('[SDK7] ends a day after the first sync since, when its author’s change was refused', async () => {
    const id = await known('few')
    await one.collection('few').counter(id, 'n').increment(50)
    await hand(one, two, id, 'few')
    expect(await dataOf(two, id, 'few')).toEqual({ n: 52 })
    await two.sync()
    expect(await dataOf(two, id, 'few')).toEqual({ n: 52 })
    try {
      world.clock.aheadMs += DAY_MS - 60_000
      await two.sync()
      expect(await dataOf(two, id, 'few')).toEqual({ n: 52 })
      // What two devices hand to each other is not kept longer for it.
      await hand(two, one, id, 'few')
      await hand(one, two, id, 'few')
      world.clock.aheadMs += 60_000
      await syncBoth(2)
    } finally {
      world.clock.aheadMs = 0
    }
    expect(one.deadLetters$.get().map(({ code }) => code)).toEqual(['rule_violation'])
    expect([await dataOf(one, id, 'few'), await dataOf(two, id, 'few'), await serverOf(id)]).toEqual([
      { n: 2 },
      { n: 2 },
      { n: 2 },
    ])
    expect(heardOn(disk)).toBe(0)
  })

  it('[SDK7] [TK4] ends as an operator has everything read anew, and comes back by the server', async () => {
    const id = await known()
    await one.collection('boards').counter(id, 'n').increment(5)
    const unknown = await one.collection('boards').put(null, { title: 'x' })
    await hand(one, two, id)
    await hand(one, two, unknown.recordId)
    await two.sync()
    expect(await dataOf(two, id)).toEqual({ n: 7 })
    const command = { type: 'resync', reason: 'a test' }
    const told = await world.admin('POST', `/devices/${two.deviceId}/commands`, command)
    expect(told.status).toBeLessThan(300)
    await two.sync()
    await two.sync()
    expect([await dataOf(two, id), await dataOf(two, unknown.recordId)]).toEqual([{ n: 2 }, undefined])
    await syncBoth()
    expect([await dataOf(two, id), await dataOf(two, unknown.recordId)]).toEqual([{ n: 7 }, { title: 'x' }])
  })

  it('[SDK7] [CS9] stays in a record that was made anew as the device sends work of its own', async () => {
    const id = await known()
    await one.collection('boards').remove(id)
    await one.sync()
    await one.collection('boards').put(id, { n: 1 })
    await syncBoth(2)
    await one.collection('boards').counter(id, 'n').increment(5)
    await hand(one, two, id)
    await two.collection('boards').counter(id, 'n').increment(1)
    await two.sync()
    expect(await dataOf(two, id)).toEqual({ n: 7 })
    await hand(two, one, id)
    expect(await dataOf(one, id)).toEqual({ n: 7 })
    await syncBoth(2)
    expect([await dataOf(one, id), await serverOf(id)]).toEqual([{ n: 7 }, { n: 7 }])
  })

  it('[SDK7] ends with the next sync where nothing of it waited to be sent', async () => {
    const id = await known()
    await one.collection('boards').counter(id, 'n').increment(5)
    await one.sync()
    await hand(one, two, id)
    expect(await dataOf(two, id)).toEqual({ n: 7 })
    await two.sync()
    expect(await dataOf(two, id)).toEqual({ n: 7 })
    expect(heardOn(disk)).toBe(0)
  })

  const FIELDS = { n: 1, tags: ['a'], body: 'hi', meta: { n: 3 } } as const
  const WRITES: Record<string, (seen: JsonObject) => JsonObject> = {
    'a patch of the counter': (seen) => ({ set: { n: Number(seen['n']) + 1 } }),
    'a patch by pointer': (seen) => ({ set: { '/meta/n': Number((seen['meta'] as JsonObject)['n']) + 1 } }),
    'a patch of what is around it': () => ({ set: { meta: { n: 9, other: 1 } } }),
    'a patch that says what is seen': (seen) => ({ set: { n: seen['n'] as number } }),
    'a patch of the set': () => ({ set: { tags: ['a', 'b', 'c', 'of two'] } }),
    'a patch of one element': () => ({ set: { '/tags/0': 'z' } }),
    'a patch of the text': () => ({ set: { body: 'X' } }),
    'a patch that empties': () => ({ unset: ['tags', '/meta/n'] }),
    'a put': (seen) => ({
      ...seen,
      n: Number(seen['n']) + 1,
      tags: ['of one', 'two'],
      body: `${seen['body'] as string}B`,
    }),
    'a put that leaves out': () => ({ other: true }),
  }
  for (const [name, write] of Object.entries(WRITES))
    it(`[SDK7] [CS4] ${name} is what the app sees, changed once, whoever syncs first`, async () => {
      for (const first of [0, 1]) {
        const { recordId: id } = await one.collection('boards').put(null, FIELDS)
        const [mine, theirs] = [one.collection('boards'), two.collection('boards')]
        await mine.counter(id, 'n').increment(1)
        await mine.counter(id, '/meta/n').increment(1)
        await mine.set(id, 'tags').add('b')
        await mine.text(id, 'body').insert(2, '.')
        await syncBoth()
        await mine.counter(id, 'n').increment(5)
        await mine.counter(id, '/meta/n').decrement(2)
        await mine.set(id, 'tags').add('of one')
        await mine.text(id, 'body').insert(0, '>')
        await hand(one, two, id)
        const seen = (await dataOf(two, id)) as JsonObject
        expect(seen).toMatchObject({ n: 7, body: '>hi.', meta: { n: 2 } })
        const change = write(seen)
        await (name.startsWith('a put') ? theirs.put(id, change) : theirs.patch(id, change))
        const shown = (await dataOf(two, id)) as JsonObject
        // What a put leaves out of a counter, set or text only the server says: it lets them be.
        const wanted = name === 'a put that leaves out' ? { ...seen, other: true } : shown
        for (const replica of first === 0 ? [one, two, one, two] : [two, one, two, one])
          expect((await replica.sync()).problem).toBeNull()
        const ends = [await dataOf(one, id), await dataOf(two, id), await serverOf(id)]
        expect(ends).toEqual([wanted, wanted, wanted])
        if (name === 'a patch of the counter') expect(wanted['n']).toBe(8)
        if (name === 'a patch that says what is seen') expect(wanted['n']).toBe(7)
        if (name === 'a patch of the text') expect(wanted['body']).toBe('X')
        if (name === 'a patch of the set')
          expect((wanted['tags'] as string[]).toSorted()).toEqual(['a', 'b', 'c', 'of two'])
        if (name === 'a put')
          expect(wanted).toMatchObject({
            n: 8,
            body: '>hi.B',
            tags: expect.arrayContaining(['of one', 'two']),
          })
        expect([one, two].flatMap((replica) => replica.deadLetters$.get())).toEqual([])
      }
    })

  it('[SDK7] [DL5] stands at its place in the schema version that the record came to meanwhile', async () => {
    const name = `moved${String(Date.now())}`
    const body = { name, strategy: 'crdt', schema: { type: 'object' } }
    const made = await createCollection(world.app.ctx, { actor: SYSTEM, fleetId: world.fleet.fleetId, body })
    await syncBoth(2)
    const { recordId: id } = await one.collection(name).put(null, { n: 2, tags: ['a'], body: 'hi', k: 1 })
    for (const path of ['n', 'k']) await one.collection(name).counter(id, path).increment(1)
    await syncBoth()
    for (const path of ['n', 'k']) await one.collection(name).counter(id, path).increment(5)
    await one.collection(name).set(id, 'tags').add('of one')
    await one.collection(name).text(id, 'body').insert(2, '!')
    const early = await hand(one, two, id, name)
    const ops = [
      ...['n', 'tags', 'body'].map((key) => ({ op: 'rename', path: `/${key}`, to: `/stats/${key}` })),
      { op: 'remove', path: '/k' },
    ]
    const published = { schema: { type: 'object', title: '2' }, upMigrations: [{ from: 1, to: 2, ops }] }
    const path = `/collections/${made.id}?fleet=${world.fleet.fleetId}`
    const answer = await world.admin('PATCH', path, { ...published, version: made.version }, 'admin')
    expect(answer.status).toBe(200)
    const three = await world.device()
    await three.pulled()
    for (let round = 0; round < 2; round++) await two.sync()
    await two.collection(name).patch(id, { set: { z: 1 } })
    await two.sync()
    const moved = { stats: { n: 8, body: 'hi!' }, z: 1 }
    expect(await dataOf(two, id, name)).toMatchObject(moved)
    expect(await dataOf(two, id, name)).not.toHaveProperty('n')
    // The same once more, from a device that is behind.
    await two.collection(name).mergeCrdt(early)
    expect(await dataOf(two, id, name)).toMatchObject(moved)
    const late = await two.collection(name).exportCrdt(id)
    await expect(one.collection(name).mergeCrdt(late)).rejects.toMatchObject({ code: 'other_schema' })
    await syncBoth(2)
    expect(await dataOf(one, id, name)).toMatchObject(moved)
    expect(await dataOf(two, id, name)).toEqual(await dataOf(one, id, name))
    expect(await dataOf(two, id, name)).toEqual(await serverOf(id))
    expect(heardOn(disk)).toBe(0)
  })
})
