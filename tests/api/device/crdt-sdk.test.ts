import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import * as Y from 'yjs'
import { SYSTEM } from '#lib/application/access/audit-entry.ts'
import { createCollection } from '#lib/application/collections/create-collection.ts'
import { publishCollection } from '#lib/application/collections/publish-collection.ts'
import { replay } from '#lib/application/dead-letters/replay.ts'
import { systemClock } from '#lib/client/clock.ts'
import type { MemoryDisk } from '#lib/client/memory-store.ts'
import { createMemoryDisk, openMemoryStore } from '#lib/client/memory-store.ts'
import { openReplica } from '#lib/client/open-replica.ts'
import type { Replica } from '#lib/client/replica.ts'
import { decodeBase64 } from '#lib/kernel/base64.ts'
import type { Json } from '#lib/kernel/json.ts'
import { seededRandom } from '#lib/kernel/random.ts'
import type { TestApp, TestFleet } from '#tests/support/device-world.ts'
import { TestDevice, testApp, testFleet } from '#tests/support/device-world.ts'
import type { TestStorage } from '#tests/support/storages.ts'
import { STORAGES } from '#tests/support/storages.ts'

const DEVICE = { name: 'tablet', platform: 'ios', appVersion: '1.2.0' } as const

/** Replicas against the server's own router. */
describe.each(STORAGES)('CRDTs of the SDK over $name', ({ open: openStorage }) => {
  let held: TestStorage
  let app: TestApp
  let fleet: TestFleet
  let disks: readonly [MemoryDisk, MemoryDisk]
  let one: Replica
  let two: Replica
  /** Of both devices: each corrects its clock by answers that took their time, so that 5 ms are no order between them. */
  let aheadMs = 0
  beforeAll(async () => {
    held = await openStorage()
    app = await held.served(testApp(held.storage))
    fleet = await testFleet(app)
    for (const body of [
      { name: 'boards', strategy: 'crdt', schema: { type: 'object' } },
      {
        name: 'posts',
        strategy: 'field-merge',
        fieldStrategies: { '/likes': 'crdt', '/tags': 'crdt' },
        schema: true,
      },
    ])
      await createCollection(app.ctx, { actor: SYSTEM, fleetId: fleet.fleetId, body })
  })
  afterAll(() => held.close())
  beforeEach(async () => {
    disks = [createMemoryDisk(), createMemoryDisk()]
    one = await open(disks[0])
    two = await open(disks[1])
  })
  afterEach(async () => {
    await one.close()
    await two.close()
  })

  const open = (disk: MemoryDisk): Promise<Replica> =>
    openReplica({
      url: app.url ?? 'http://tidemark.test',
      enrollmentKey: fleet.key,
      device: DEVICE,
      store: openMemoryStore(disk),
      clock: { ...systemClock, now: () => Date.now() + aheadMs },
      ...(app.url === undefined && {
        fetch: async (input: string | URL | Request, init?: RequestInit) =>
          (await app.router.handle(new Request(input, init))) ?? new Response(null, { status: 404 }),
      }),
      sync: { auto: false },
    })
  /** Both have sent what they have, and read what the other sent. */
  async function syncAll(): Promise<void> {
    for (const replica of [one, two, one]) expect((await replica.sync()).problem).toBeNull()
    expect([one.status$.get().pending, two.status$.get().pending]).toEqual([0, 0])
    expect([one.deadLetters$.get(), one.refusals$.get()]).toEqual([[], []])
    expect([two.deadLetters$.get(), two.refusals$.get()]).toEqual([[], []])
  }
  async function record(collection: string, data: Record<string, Json>): Promise<string> {
    const { recordId } = await one.collection(collection).put(null, data)
    await syncAll()
    return recordId
  }
  const dataOf = async (replica: Replica, collection: string, id: string): Promise<unknown> =>
    (await replica.collection(collection).get(id))?.data

  it('[CS4] two devices count offline: each sees its own at once, and both all of it', async () => {
    const id = await record('boards', { title: 'x' })
    const [here, there] = [one, two].map((replica) => replica.collection('boards').counter(id, 'likes'))
    await here?.increment(5)
    await here?.decrement(2)
    await there?.increment()
    await there?.decrement(4)
    expect([await here?.value(), await there?.value()]).toEqual([3, -3])
    await syncAll()
    expect([await here?.value(), await there?.value()]).toEqual([0, 0])
    await here?.increment()
    await syncAll()
    expect(await dataOf(two, 'boards', id)).toEqual({ title: 'x', likes: 1 })
  })

  it('[JS1] a document with half a surrogate pair in a text is refused where it is written', async () => {
    const id = await record('boards', { body: 'x😀y' })
    await one.collection('boards').text(id, 'body').insert(0, '.')
    await syncAll()
    const issues = [{ path: '/body', message: 'has a NUL or half a surrogate pair' }]
    for (const half of ['\ud83d', '\ude00']) {
      const body = `.x${half}y`
      const refused = { code: 'invalid_data', issues }
      await expect(one.collection('boards').put(id, { body })).rejects.toMatchObject(refused)
      await expect(one.collection('boards').patch(id, { set: { body } })).rejects.toMatchObject(refused)
    }
    await syncAll()
    expect(await dataOf(one, 'boards', id)).toEqual({ body: '.x😀y' })
  })

  it('[CS4] a letter with a count is replayed after its device counted on: both are in it, once', async () => {
    const name = 'capped'
    const { id: collectionId } = await createCollection(app.ctx, {
      actor: SYSTEM,
      fleetId: fleet.fleetId,
      body: { name, strategy: 'crdt', schema: true },
    })
    await syncAll()
    const id = await record(name, {})
    await one.collection(name).counter(id, 'likes').increment(10)
    await syncAll()
    const publish = (rules: Json[], version: number) =>
      publishCollection(app.ctx, {
        actor: SYSTEM,
        fleetId: fleet.fleetId,
        id: collectionId,
        body: { version, rules },
      })
    await publish([{ id: 'flag', cel: 'new == null || !has(new.flag)', message: 'no flags' }], 1)
    await one.collection(name).patch(id, { set: { flag: true } })
    await one.collection(name).counter(id, 'likes').decrement(2)
    expect((await one.sync()).problem).toBeNull()
    const letters = one.deadLetters$.get()
    // In the order of their ids, which is none within a millisecond.
    expect(new Set(letters.map(({ code }) => code))).toEqual(
      new Set(['rule_violation', 'parent_dead_lettered']),
    )
    const here = one.collection(name).counter(id, 'likes')
    await here.decrement(3)
    expect((await one.sync()).problem).toBeNull()
    await publish([], 2)
    // Not sent before it hears of the replay.
    await here.decrement()
    const { deadLetterId = '' } = letters.find(({ code }) => code === 'rule_violation') ?? {}
    const replayed = { actor: SYSTEM, fleetId: fleet.fleetId, id: deadLetterId, body: {} }
    expect((await replay(app.ctx, replayed)).held).toMatchObject([{ status: 'applied' }])
    await syncAll()
    await here.decrement()
    await syncAll()
    const both = [one, two].map((replica) => replica.collection(name).counter(id, 'likes').value())
    expect(await Promise.all(both)).toEqual([3, 3])
  })

  it('[SM4] un-sent changes of one record are joined into one mutation', async () => {
    const id = await record('boards', {})
    const first = await one.collection('boards').counter(id, 'likes').increment()
    const set = one.collection('boards').set(id, '/tags')
    await set.add('a')
    await set.add('b')
    expect(await set.remove('a')).toMatchObject({ mutationId: first.mutationId })
    expect(one.status$.get().pending).toBe(1)
    expect(await set.remove('a')).toBeNull()
    await syncAll()
    expect(await dataOf(two, 'boards', id)).toEqual({ likes: 1, tags: ['b'] })
  })

  it('[CS4] an addition wins over a removal that did not see it, through a crash', async () => {
    const id = await record('boards', {})
    const tags = (replica: Replica) => replica.collection('boards').set(id, 'tags')
    await tags(one).add('a')
    await syncAll()
    await tags(one).remove('a')
    await tags(two).add('a')
    await tags(two).add({ deep: [1] })
    await two.close()
    two = await open(disks[1])
    expect(await tags(two).values()).toEqual(['a', { deep: [1] }])
    await tags(two).add('c')
    expect(await tags(one).values()).toEqual([])
    await syncAll()
    expect(await tags(one).values()).toEqual(['a', { deep: [1] }, 'c'])
    expect(await tags(two).values()).toEqual(await tags(one).values())
  })

  it('[CS4] two devices type into one text', async () => {
    const id = await record('boards', {})
    const body = (replica: Replica) => replica.collection('boards').text(id, 'body')
    await body(one).insert(0, 'hello')
    await syncAll()
    await body(one).insert(5, ' world')
    await body(two).insert(0, '🎈 ')
    await body(two).delete(3, 1)
    await two.close()
    two = await open(disks[1])
    expect([await body(one).value(), await body(two).value()]).toEqual(['hello world', '🎈 ello'])
    await syncAll()
    expect([await body(one).value(), await body(two).value()]).toEqual(['🎈 ello world', '🎈 ello world'])
    await expect(body(one).insert(99, 'x')).rejects.toMatchObject({ code: 'invalid_patch' })
  })

  it('[CS4] edits of one call stand at their places, and what another device typed in between stays', async () => {
    const id = await record('boards', {})
    const body = (replica: Replica) => replica.collection('boards').text(id, 'body')
    await body(one).insert(0, 'one two three')
    await syncAll()
    await body(one).edit([
      { index: 0, removed: 3, inserted: '1' },
      { index: 6, removed: 5, inserted: '3' },
      { index: 7, inserted: '!' },
    ])
    await body(two).insert(7, ', 2')
    expect(await body(one).value()).toBe('1 two 3!')
    await syncAll()
    expect([await body(one).value(), await body(two).value()]).toEqual(['1 two, 2 3!', '1 two, 2 3!'])
    await expect(body(one).edit([{ index: 0, inserted: 'x' }, { index: 99 }])).rejects.toMatchObject({
      code: 'invalid_patch',
    })
    expect(await body(one).value()).toBe('1 two, 2 3!')
  })

  it('[CS4] a text that is typed and sent letter by letter grows by its letters', async () => {
    const id = await record('boards', {})
    const body = (replica: Replica) => replica.collection('boards').text(id, 'body')
    for (let i = 0; i < 60; i++) {
      await body(one).insert(i, 'x')
      expect((await one.sync()).problem).toBeNull()
    }
    await two.sync()
    await body(two).insert(60, '!')
    await syncAll()
    // A copy of the store is another opening: it never goes on under a number that its twin writes under.
    await one.close()
    one = await open(disks[0])
    await body(one).insert(0, '>')
    await syncAll()
    expect(await body(two).value()).toBe(`>${'x'.repeat(60)}!`)
    const { changes } = await (await TestDevice.enroll(app, fleet)).pulled()
    const state = changes.find(({ recordId }) => recordId === id)?.crdt?.['/body']
    const { structs } = Y.decodeUpdate(decodeBase64(state?.kind === 'text' ? state.update : '') as Uint8Array)
    expect(structs.map(({ length }) => length).sort((a, b) => a - b)).toEqual([1, 1, 60])
  })

  it('[CS4] document writes and changes of one counter and set count together', async () => {
    const id = await record('posts', { title: 'x', likes: 4, tags: ['a'] })
    const posts = one.collection('posts')
    await posts.patch(id, { set: { likes: 6, tags: ['a', 'b'] } })
    await posts.counter(id, 'likes').increment()
    expect(await posts.set(id, 'tags').remove('b')).not.toBeNull()
    await posts.set(id, 'tags').add('c')
    await two.collection('posts').counter(id, 'likes').increment(10)
    expect(await dataOf(one, 'posts', id)).toEqual({ title: 'x', likes: 7, tags: ['a', 'c'] })
    await syncAll()
    await posts.counter(id, 'likes').increment()
    await syncAll()
    const all = { title: 'x', likes: 18, tags: ['a', 'c'] }
    expect([await dataOf(one, 'posts', id), await dataOf(two, 'posts', id)]).toEqual([all, all])
  })

  it('[CS4] a record made offline counts from its first value; one that is not there has nothing to count', async () => {
    const boards = one.collection('boards')
    const { recordId } = await boards.put(null, { likes: 4 })
    await boards.counter(recordId, 'likes').increment()
    await syncAll()
    await two.collection('boards').counter(recordId, 'likes').increment(2)
    await boards.counter(recordId, 'likes').decrement()
    await syncAll()
    expect(await dataOf(one, 'boards', recordId)).toEqual({ likes: 6 })
    const gone = boards.counter('01900000-0000-7000-8000-000000000009', 'likes')
    await expect(gone.increment()).rejects.toMatchObject({ code: 'not_found' })
    await boards.counter(recordId, 'seen', { growOnly: true }).increment()
    const down = boards.counter(recordId, 'seen').decrement()
    await expect(down).rejects.toMatchObject({ code: 'invalid_patch' })
  })

  it('[CS4] of a register the last value stays, whoever is heard last, and a clear takes its field away', async () => {
    const id = await record('boards', { likes: 1 })
    const state = (replica: Replica) => replica.collection('boards').register(id, 'state')
    expect(await state(one).value()).toBeUndefined()
    await state(two).set('earlier')
    aheadMs += 10_000
    await state(one).set({ step: 1 })
    await state(one).set({ step: 2 })
    expect([await state(one).value(), await state(two).value()]).toEqual([{ step: 2 }, 'earlier'])
    expect(one.status$.get().pending).toBeLessThanOrEqual(1)
    await syncAll()
    expect(await dataOf(two, 'boards', id)).toEqual({ likes: 1, state: { step: 2 } })
    aheadMs += 10_000
    await state(two).clear()
    await syncAll()
    expect(await dataOf(one, 'boards', id)).toEqual({ likes: 1 })
    await one.collection('boards').counter(id, 'likes').increment()
    await expect(one.collection('boards').register(id, 'likes').set(9)).rejects.toMatchObject({
      code: 'invalid_patch',
    })
  })

  it('[CS9] a record made anew counts what comes late of its former life, and loses nothing of it', async () => {
    const id = await record('boards', { body: 'hello', likes: 2, tags: ['old'] })
    const [here, there] = [one, two].map((replica) => replica.collection('boards'))
    if (!here || !there) throw new Error('two devices')
    const edit = async (added: string): Promise<void> => {
      await there.text(id, 'body').insert(0, added)
      await there.counter(id, 'likes').increment(3)
      await there.set(id, 'tags').add(added)
    }
    await edit('1B ')
    await syncAll()
    await edit('2B ')
    await there.set(id, 'tags').remove('old')
    await here.remove(id)
    await one.sync()
    await here.put(id, { body: 'fresh', likes: 1, tags: ['old'] })
    await here.counter(id, 'likes').increment(2)
    await one.sync()
    await syncAll()
    for (const replica of [one, two]) {
      const { tags, ...others } = (await dataOf(replica, 'boards', id)) as { tags: string[] }
      expect(others).toEqual({ body: '2B fresh', likes: 6 })
      // By dot: the ids of devices that are made in one millisecond come in any order.
      expect(tags.toSorted()).toEqual(['2B ', 'old'])
    }
    expect([one.conflicts$.get(), two.conflicts$.get()]).toEqual([[], []])
    await edit('3B ')
    await here.counter(id, 'likes').decrement(1)
    await syncAll()
    for (const replica of [one, two])
      expect(await dataOf(replica, 'boards', id)).toMatchObject({ body: '3B 2B fresh', likes: 8 })
  })

  it('[CS4] whatever two devices do, in whatever order they sync, both end with the same and every step counts', async () => {
    const id = await record('boards', {})
    const random = seededRandom(7)
    const pick = (n: number): number => Math.floor(random() * n)
    let counted = 0
    for (let step = 0; step < 80; step++) {
      const replica = pick(2) === 0 ? one : two
      const boards = replica.collection('boards')
      const by = pick(9) - 4
      const set = boards.set(id, 'tags')
      const body = boards.text(id, 'body')
      switch (pick(5)) {
        case 0:
          await boards.counter(id, 'likes').increment(by)
          counted += by
          break
        case 1:
          await set.add(pick(4))
          break
        case 2:
          await set.remove(pick(4))
          break
        case 3:
          await body.insert(pick((await body.value()).length + 1), String(step))
          break
        case 4:
          await replica.sync()
      }
    }
    await syncAll()
    const [here, there] = [await dataOf(one, 'boards', id), await dataOf(two, 'boards', id)]
    expect(here).toEqual(there)
    expect(here).toMatchObject({ likes: counted })
  })

  it.each(['put', 'patch', 'two puts'])(
    '[CS4] what is typed behind an own %s that waits stays, where another had made a text of that value meanwhile',
    async (written) => {
      const id = await record('boards', { body: 'abc' })
      await one.collection('boards').text(id, 'body').insert(0, 'A')
      await one.sync()
      const theirs = two.collection('boards')
      if (written === 'patch') await theirs.patch(id, { set: { body: 'Qabc' } })
      else await theirs.put(id, { body: 'Qabc' })
      if (written === 'two puts') await theirs.put(id, { body: 'Qabcd' })
      await theirs.text(id, 'body').insert(4, 'Z')
      await theirs.text(id, 'body').insert(5, 'Y')
      await syncAll()
      const { body } = (await dataOf(one, 'boards', id)) as { body: string }
      const all = written === 'two puts' ? 'AQYZabcd' : 'AQYZabc'
      expect(body.split('').toSorted()).toEqual(all.split('').toSorted())
      expect(body).toContain('ZY')
      // A write behind it is the difference from what its author saw.
      await theirs.patch(id, { set: { body: `${String((await theirs.get(id))?.data['body'])}!` } })
      await syncAll()
      expect(await dataOf(one, 'boards', id)).toEqual({ body: `${body}!` })
      expect(await dataOf(two, 'boards', id)).toEqual({ body: `${body}!` })
    },
  )

  it('[CS4] what is typed stands in the end, whoever writes the text as a document meanwhile', async () => {
    const random = seededRandom(41)
    const pick = (n: number): number => Math.floor(random() * n)
    for (let world = 0; world < 30; world++) {
      const id = await record('boards', { body: 'abc' })
      const typed: string[] = []
      for (let step = 0; step < 12; step++) {
        const replica = pick(2) === 0 ? one : two
        const boards = replica.collection('boards')
        const shown = String((await boards.get(id))?.data['body'])
        const [at, letter] = [pick(shown.length + 1), String.fromCodePoint(0x4e00 + step)]
        const body = `${shown.slice(0, at)}${letter}${shown.slice(at)}`
        const action = pick(6)
        if (action === 0) await boards.put(id, { body })
        else if (action === 1) await boards.patch(id, { set: { body } })
        else if (action < 4) {
          await boards.text(id, 'body').insert(at, letter)
          typed.push(letter)
        } else await replica.sync()
      }
      await syncAll()
      const { body } = (await dataOf(one, 'boards', id)) as { body: string }
      expect(await dataOf(two, 'boards', id), `world ${world}`).toEqual({ body })
      // Twice where two wrote a text anew around it: a document write replaces one part of a text.
      expect(
        typed.filter((letter) => !body.includes(letter)),
        `world ${world}`,
      ).toEqual([])
    }
  })

  it('[CS9] whatever two devices do to a record that is deleted and made anew over and over, both end with the same', async () => {
    const id = await record('boards', {})
    const random = seededRandom(23)
    const pick = (n: number): number => Math.floor(random() * n)
    for (let step = 0; step < 120; step++) {
      const replica = pick(2) === 0 ? one : two
      const boards = replica.collection('boards')
      const seen = await boards.get(id)
      const action = pick(7)
      if (action < 2) await replica.sync()
      else if (!seen) await boards.put(id, { likes: step, body: `<${step}>` })
      else if (action === 2) {
        await boards.remove(id)
        await replica.sync()
      } else if (action === 3) await boards.counter(id, 'likes').increment(pick(9) - 4)
      else if (action === 4) await boards.set(id, 'tags').add(pick(4))
      else if (action === 5) await boards.patch(id, { set: { note: step } })
      else await boards.text(id, 'body').insert(0, `<${step}>`)
    }
    await syncAll()
    expect(await dataOf(one, 'boards', id)).toEqual(await dataOf(two, 'boards', id))
  })
})
