import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { SYSTEM } from '#lib/application/access/audit-entry.ts'
import { createCollection } from '#lib/application/collections/create-collection.ts'
import type { MemoryDisk } from '#lib/client/memory-store.ts'
import { createMemoryDisk, openMemoryStore } from '#lib/client/memory-store.ts'
import type { Replica } from '#lib/client/replica.ts'
import { seededRandom } from '#lib/kernel/random.ts'
import type { DeviceHttp } from '#tests/support/device-http.ts'
import { deviceHttp } from '#tests/support/device-http.ts'
import { newUuid } from '#tests/support/device-world.ts'

/** What devices hand to each other without the server, and the server over a socket and PostgreSQL. */
describe('CRDT state handed from device to device', () => {
  let world: DeviceHttp
  let disks: [MemoryDisk, MemoryDisk]
  let one: Replica
  let two: Replica
  beforeAll(async () => {
    world = await deviceHttp()
    for (const body of [
      { name: 'boards', strategy: 'crdt', schema: { type: 'object' } },
      { name: 'posts', strategy: 'field-merge', fieldStrategies: { '/likes': 'crdt' }, schema: true },
    ])
      await createCollection(world.app.ctx, { actor: SYSTEM, fleetId: world.fleet.fleetId, body })
  })
  afterAll(() => world.close())
  beforeEach(async () => {
    disks = [createMemoryDisk(), createMemoryDisk()]
    one = await world.replica({ store: openMemoryStore(disks[0]) })
    two = await world.replica({ store: openMemoryStore(disks[1]) })
    for (const replica of [one, two]) await replica.sync()
  })
  afterEach(async () => {
    await one.close()
    await two.close()
  })

  /** As a radio or a cable carries it. */
  async function hand(from: Replica, to: Replica, id: string, collection = 'boards'): Promise<void> {
    const exported = await from.collection(collection).exportCrdt(id)
    expect(exported).not.toBeNull()
    expect(await to.collection(collection).mergeCrdt(JSON.parse(JSON.stringify(exported)))).toBe(id)
  }
  const dataOf = async (replica: Replica, id: string, collection = 'boards'): Promise<unknown> =>
    (await replica.collection(collection).get(id))?.data
  async function syncAll(): Promise<void> {
    for (const replica of [one, two, one]) expect((await replica.sync()).problem).toBeNull()
    for (const replica of [one, two]) {
      expect(replica.status$.get()).toMatchObject({ pending: 0, refused: 0 })
      expect([replica.deadLetters$.get(), replica.conflicts$.get()]).toEqual([[], []])
    }
  }
  const serverOf = async (id: string): Promise<unknown> => {
    const reader = await world.device()
    return (await reader.pulled()).changes.find(({ recordId }) => recordId === id)?.data
  }

  it('[SDK7] converges without the server, and still does when it sees all of it later', async () => {
    const { recordId: id } = await one.collection('boards').put(null, { title: 'x', likes: 2 })
    const boards = [one, two].map((replica) => replica.collection('boards'))
    const [here, there] = boards as [(typeof boards)[0], (typeof boards)[0]]
    await here.counter(id, 'likes').increment(5)
    await here.set(id, 'tags').add('a')
    await here.text(id, 'body').insert(0, 'hello')
    await hand(one, two, id)
    expect(await dataOf(two, id)).toMatchObject({ title: 'x', body: 'hello', tags: ['a'] })
    await there.counter(id, 'likes').decrement(1)
    await there.set(id, 'tags').remove('a')
    await there.set(id, 'tags').add('b')
    await there.register(id, 'state').set('open')
    await there.text(id, 'body').insert(5, ' world')
    await here.counter(id, 'likes').increment(10)
    await here.text(id, 'body').insert(0, '> ')
    for (const [from, to] of [
      [two, one],
      [one, two],
      [one, two],
    ] as const)
      await hand(from, to, id)
    const met = { title: 'x', likes: 16, tags: ['b'], state: 'open', body: '> hello world' }
    expect([await dataOf(one, id), await dataOf(two, id)]).toEqual([met, met])
    expect((await there.query(({ id: found }) => found === id)).map(({ data }) => data)).toEqual([met])

    // The one that builds on the other's work is heard first.
    expect((await two.sync()).problem).toBeNull()
    expect(await dataOf(two, id)).toEqual(met)
    await syncAll()
    expect([await dataOf(one, id), await dataOf(two, id), await serverOf(id)]).toEqual([met, met, met])
    const kept = JSON.parse(disks[1].tables.records.get(`boards/${id}`) ?? 'null') as object
    expect(kept).not.toHaveProperty('heard')
    await here.counter(id, 'likes').increment()
    await syncAll()
    expect(await dataOf(two, id)).toEqual({ ...met, likes: 17 })
  })

  it('[SDK7] of a collection with plain fields only the CRDTs are joined, in a record that is there', async () => {
    const { recordId: id } = await one.collection('posts').put(null, { title: 'x', likes: 1 })
    const likes = (replica: Replica) => replica.collection('posts').counter(id, 'likes')
    await syncAll()
    await likes(one).increment(3)
    await one.collection('posts').patch(id, { set: { title: 'y' } })
    await likes(two).increment(2)
    await hand(one, two, id, 'posts')
    await hand(two, one, id, 'posts')
    expect(await dataOf(two, id, 'posts')).toEqual({ title: 'x', likes: 6 })
    await syncAll()
    expect(await dataOf(two, id, 'posts')).toEqual({ title: 'y', likes: 6 })
    const unknown = await one.collection('posts').put(null, { title: 'only here', likes: 1 })
    await expect(hand(one, two, unknown.recordId, 'posts')).rejects.toMatchObject({ code: 'not_found' })
  })

  it('[SDK7] a full sync before the other device has sent its work keeps what was handed over', async () => {
    const { recordId: id } = await one.collection('boards').put(null, { title: 'of one' })
    await one.collection('boards').counter(id, 'likes').increment()
    await hand(one, two, id)
    for (const replica of [two, two]) await replica.sync()
    await two.close()
    two = await world.replica({ store: openMemoryStore(disks[1]) })
    disks[1].tables.meta.delete('position')
    await two.sync()
    expect(await dataOf(two, id)).toMatchObject({ title: 'of one' })
    await syncAll()
    expect(await dataOf(two, id)).toEqual(await dataOf(one, id))
    expect(await serverOf(id)).toEqual(await dataOf(one, id))
  })

  it('[CS9] what is of another life of the record is not joined in, on either side, and its author’s work arrives', async () => {
    const { recordId: id } = await one.collection('boards').put(null, { likes: 3 })
    await syncAll()
    await two.collection('boards').counter(id, 'likes').increment(2)
    const former = await two.collection('boards').exportCrdt(id)
    await one.collection('boards').remove(id)
    await one.sync()
    await one.collection('boards').put(id, { likes: 10 })
    await one.sync()
    await expect(one.collection('boards').mergeCrdt(former)).rejects.toMatchObject({
      code: 'invalid_exchange',
    })
    await expect(hand(one, two, id)).rejects.toMatchObject({ code: 'invalid_exchange' })
    await syncAll()
    expect([await dataOf(one, id), await dataOf(two, id)]).toEqual([{ likes: 12 }, { likes: 12 }])
    await one.collection('boards').counter(id, 'likes').increment()
    await hand(one, two, id)
    expect(await dataOf(two, id)).toEqual({ likes: 13 })
  })

  it('[SDK7] refuses what is no export, whatever it is, and keeps nothing of it', async () => {
    const { recordId: id } = await one.collection('boards').put(null, { title: 'x' })
    await one.collection('boards').set(id, 'tags').add('a')
    const good = await one.collection('boards').exportCrdt(id)
    if (!good) throw new Error('an export')
    const dot = `${one.deviceId}:1`
    const states: unknown[] = [
      { kind: 'map' },
      { kind: 'g-counter', state: { [one.deviceId]: -1 } },
      { kind: 'pn-counter', state: { p: { x: 1 }, n: {} } },
      { kind: 'or-set', add: [{ value: 1, dot: 'x' }], seen: {} },
      { kind: 'or-set', add: [{ value: 1, dot }], seen: { [one.deviceId]: [[3, 1]] } },
      { kind: 'or-set', add: 7, seen: null },
      { kind: 'lww-register', value: 1, hlc: 'soon' },
      { kind: 'lww-register', value: 1, hlc: `ffffffffffff-0000-${one.deviceId}` },
      { kind: 'text', update: '////' },
    ]
    const exports: unknown[] = [
      null,
      7,
      {},
      { ...good, format: 'other' },
      { ...good, collection: 'posts' },
      { ...good, recordId: '../x' },
      { ...good, awaits: Array.from({ length: 101 }, () => ({ id: newUuid(), deviceId: one.deviceId })) },
      { ...good, heardForMs: 86_400_000 },
      { ...good, fleetId: 'another' },
      ...states.map((state) => ({ ...good, crdt: { ...good.crdt, '/bad': state } })),
      { ...good, crdt: { 'no pointer': { kind: 'g-counter', state: {} } } },
    ]
    for (const exported of exports)
      await expect(two.collection('boards').mergeCrdt(exported)).rejects.toMatchObject({
        code: 'invalid_exchange',
      })
    expect(await dataOf(two, id)).toBeUndefined()
    expect(await two.collection('boards').exportCrdt(id)).toBeNull()
    expect(({} as Record<string, unknown>)['bad']).toBeUndefined()
  })

  it('[SDK7] whatever two devices do and hand over, in whatever order they sync, all end with the same', async () => {
    const random = seededRandom(3)
    const pick = (n: number): number => Math.floor(random() * n)
    const { recordId: id } = await one.collection('boards').put(null, {})
    let counted = 0
    for (let step = 0; step < 60; step++) {
      const [from, to] = pick(2) === 0 ? [one, two] : [two, one]
      const boards = from.collection('boards')
      if ((await boards.get(id)) === null) {
        await hand(to, from, id)
        continue
      }
      const by = pick(9) - 4
      switch (pick(6)) {
        case 0:
          await boards.counter(id, 'likes').increment(by)
          counted += by
          break
        case 1:
          await boards.set(id, 'tags').add(pick(4))
          break
        case 2:
          await boards.set(id, 'tags').remove(pick(4))
          break
        case 3: {
          const body = boards.text(id, 'body')
          await body.insert(pick((await body.value()).length + 1), String(step))
          break
        }
        case 4:
          await hand(from, to, id)
          break
        case 5:
          if (step > 30) await from.sync()
      }
    }
    await syncAll()
    const [here, there] = [await dataOf(one, id), await dataOf(two, id)]
    expect(here).toEqual(there)
    expect(here).toMatchObject({ likes: counted })
    expect(await serverOf(id)).toEqual(here)
  })

  const FIELDS = { likes: 2, score: 0, tags: ['t'], body: 'base', title: 'x' } as const

  it('[SDK7] a field that one device still has as a plain value joins with what another made of it, in any order', async () => {
    const three = await world.replica()
    const all = [one, two, three]
    const changes = [
      (replica: Replica, id: string) => replica.collection('boards').text(id, 'body').insert(0, '> '),
      (replica: Replica, id: string) => replica.collection('boards').set(id, 'tags').add('x'),
      (replica: Replica, id: string) => replica.collection('boards').counter(id, 'likes').increment(3),
    ]
    // Elements stand in the order of their devices' ids.
    const tags: unknown = expect.arrayContaining(['t', 'x'])
    const met = { likes: 5, score: 0, tags, body: '> base', title: 'x' }
    for (const turn of [0, 1, 2]) {
      const { recordId: id } = await one.collection('boards').put(null, FIELDS)
      await syncAll()
      await three.sync()
      const early = await Promise.all(all.map((replica) => replica.collection('boards').exportCrdt(id)))
      for (const [i, change] of changes.entries()) await change(all[(i + turn) % 3] as Replica, id)
      const late = await Promise.all(all.map((replica) => replica.collection('boards').exportCrdt(id)))
      for (const [i, replica] of all.entries()) {
        const order = i === 1 ? [...late, ...early] : [...early, ...late.slice().reverse(), ...early]
        for (const exported of order) await replica.collection('boards').mergeCrdt(exported)
      }
      const shown = await Promise.all(all.map((replica) => dataOf(replica, id)))
      expect(shown).toEqual([met, met, met])
      // Something else of the record, that reaches the server first, takes nothing of it back.
      await two.collection('boards').patch(id, { set: { title: 'y' } })
      await two.sync()
      await three.sync()
      expect(await dataOf(three, id)).toEqual({ ...met, title: 'y' })
      for (const replica of all) await replica.sync()
      await syncAll()
      expect(await serverOf(id)).toEqual({ ...met, title: 'y' })
    }
    await three.close()
  })

  it('[SDK7] whatever four devices do and hand over, late and again and over each other, all end with the same', async () => {
    const more = [await world.replica(), await world.replica()]
    const all = [one, two, ...more]
    for (const seed of [11, 12, 13]) {
      const random = seededRandom(seed)
      const pick = (n: number): number => Math.floor(random() * n)
      const any = (): Replica => all[pick(all.length)] as Replica
      const { recordId: id } = await one.collection('boards').put(null, FIELDS)
      for (const replica of all) await replica.sync()
      const counted = { likes: 2, score: 0 }
      const sent: unknown[] = []
      for (let step = 0; step < 60; step++) {
        const boards = any().collection('boards')
        const field = pick(2) === 0 ? 'likes' : 'score'
        const by = 1 + pick(4)
        const kind = pick(7)
        if (kind === 0) {
          await boards.counter(id, field, { growOnly: field === 'likes' }).increment(by)
          counted[field] += by
        } else if (kind === 1) await boards.set(id, 'tags').add(pick(4))
        else if (kind === 2) await boards.set(id, 'tags').remove(pick(2) === 0 ? 't' : pick(4))
        else if (kind === 3) {
          const body = boards.text(id, 'body')
          await body.insert(pick((await body.value()).length + 1), String(step))
        } else if (kind === 4) await boards.register(id, 'title').set(step)
        else if (kind === 5) sent.push(JSON.parse(JSON.stringify(await boards.exportCrdt(id))))
        else if (sent.length > 0) await boards.mergeCrdt(sent[pick(sent.length)])
        if (step > 45 && pick(4) === 0) await any().sync()
      }
      for (let round = 0; round < 2; round++)
        for (const from of all) for (const to of all) if (from !== to) await hand(from, to, id)
      const met = await dataOf(one, id)
      expect(met).toMatchObject(counted)
      for (const replica of all) expect(await dataOf(replica, id)).toEqual(met)
      for (const replica of [...all, ...all]) expect((await replica.sync()).problem).toBeNull()
      for (const replica of all) {
        expect(await dataOf(replica, id)).toEqual(met)
        expect([replica.deadLetters$.get(), replica.refusals$.get()]).toEqual([[], []])
      }
      expect(await serverOf(id)).toEqual(met)
    }
    for (const replica of more) await replica.close()
  })
})
