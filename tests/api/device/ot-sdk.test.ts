import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { SYSTEM } from '#lib/application/access/audit-entry.ts'
import { createCollection } from '#lib/application/collections/create-collection.ts'
import { resolveConflict } from '#lib/application/conflicts/resolve-conflict.ts'
import { systemClock } from '#lib/client/clock.ts'
import type { MemoryDisk } from '#lib/client/memory-store.ts'
import { createMemoryDisk, openMemoryStore } from '#lib/client/memory-store.ts'
import { openReplica } from '#lib/client/open-replica.ts'
import type { Replica } from '#lib/client/replica.ts'
import type { JsonObject } from '#lib/kernel/json.ts'
import { seededRandom } from '#lib/kernel/random.ts'
import type { TestFleet } from '#tests/support/device-world.ts'
import { testApp, testFleet } from '#tests/support/device-world.ts'
import type { HttpWorld } from '#tests/support/http-world.ts'
import { overHttp } from '#tests/support/http-world.ts'
import type { TestStorage } from '#tests/support/storages.ts'
import { STORAGES } from '#tests/support/storages.ts'

/** Replicas against a real socket. */
describe.each(STORAGES)('OT in the SDK over HTTP and $name', ({ name: storageName, open: openStorage }) => {
  let held: TestStorage
  let world: HttpWorld
  let fleet: TestFleet
  let disks: readonly [MemoryDisk, MemoryDisk]
  let one: Replica
  let two: Replica
  const clock = { aheadMs: 0 }
  /** True: changes of pages and boards are told to wait, and the rest of their push goes on. */
  let mustWait = false
  /** True: no pull gets through. */
  let isUnheard = false
  const pushed: JsonObject[] = []
  beforeAll(async () => {
    held = await openStorage()
    world = await overHttp(testApp(held.storage, undefined, { now: () => Date.now() + clock.aheadMs }))
    fleet = await testFleet(world.app)
    for (const body of [
      { name: 'pages', strategy: 'ot', schema: { type: 'object' } },
      { name: 'boards', strategy: 'ot', tieRule: 'manual', schema: true },
      {
        name: 'notes2',
        strategy: 'field-merge',
        fieldStrategies: { '/body': 'ot', '/tree': 'ot' },
        schema: true,
      },
    ])
      await createCollection(world.app.ctx, { actor: SYSTEM, fleetId: fleet.fleetId, body })
  })
  afterAll(async () => {
    await world.close()
    await held.close()
  })
  beforeEach(async () => {
    disks = [createMemoryDisk(), createMemoryDisk()]
    one = await open(disks[0])
    two = await open(disks[1])
    pushed.length = 0
  })
  afterEach(async () => {
    mustWait = false
    await one.close()
    await two.close()
  })

  const ask = async (input: RequestInfo | URL, init?: RequestInit): Promise<Response> =>
    (await world.app.router.handle(new Request(input, init))) ?? new Response(null, { status: 404 })
  const answer: typeof fetch = async (input, init) => {
    if (isUnheard && String(input).includes('/pull')) throw new TypeError('the network is gone')
    const isPush = String(input).endsWith('/push')
    const body = isPush
      ? (JSON.parse(String(init?.body)) as { mutations: { id: string; collection: string }[] })
      : null
    if (body && !mustWait) pushed.push(...(body.mutations as unknown as JsonObject[]))
    if (!body || !mustWait) return ask(input, init)
    const sent = body.mutations.filter(({ collection }) => !['pages', 'boards'].includes(collection))
    const others = JSON.stringify({ ...body, requestId: crypto.randomUUID(), mutations: sent })
    const response = await ask(input, { ...init, body: others })
    const answered = (await response.json()) as { results: { id: string }[] }
    const results = body.mutations.map(
      ({ id }) =>
        answered.results.find((result) => result.id === id) ?? {
          id,
          status: 'retry',
          code: 'contention',
          retryAfterMs: 0,
        },
    )
    const headers = new Headers(response.headers)
    headers.delete('content-encoding')
    headers.delete('content-length')
    return Response.json({ ...answered, results }, { headers })
  }
  const open = (disk: MemoryDisk): Promise<Replica> =>
    openReplica({
      url: 'http://tidemark.test',
      enrollmentKey: fleet.key,
      device: { name: 'tablet', platform: 'ios', appVersion: '1.2.0' },
      store: openMemoryStore(disk),
      clock: { ...systemClock, now: () => Date.now() + clock.aheadMs },
      fetch: answer,
      sync: { auto: false },
    })
  async function syncAll(): Promise<void> {
    for (const replica of [one, two, one]) {
      clock.aheadMs += 2_000
      expect((await replica.sync()).problem).toBeNull()
    }
    for (const replica of [one, two]) {
      expect(replica.status$.get()).toMatchObject({ pending: 0, refused: 0 })
      expect(replica.deadLetters$.get()).toEqual([])
      expect(replica.conflicts$.get()).toEqual([])
    }
  }
  /** A session that brings others' work while the device's own waits. */
  async function syncWaiting(replica: Replica): Promise<void> {
    await replica.collection('notes').put(null, { title: 'goes through' })
    mustWait = true
    clock.aheadMs += 2_000
    expect((await replica.sync()).problem).toBeNull()
    mustWait = false
  }
  async function record(collection: string, data: JsonObject): Promise<string> {
    const { recordId } = await one.collection(collection).put(null, data)
    await syncAll()
    return recordId
  }
  const dataOf = async (replica: Replica, collection: string, id: string): Promise<unknown> =>
    (await replica.collection(collection).get(id))?.data
  const ops = (): unknown[] => pushed.map(({ op }) => (op as JsonObject)['type'])

  it.each(['notes', 'notes2', 'pages'])(
    '[CS9] %s: a removed record is written again offline',
    async (name) => {
      const id = await record(name, { title: 'old', body: 'old' })
      await one.collection(name).remove(id)
      await one.collection(name).put(id, { title: 'new', body: 'new' })
      await one.collection(name).patch(id, { set: { title: 'newer' } })
      await syncAll()
      for (const replica of [one, two])
        expect(await dataOf(replica, name, id)).toEqual({ title: 'newer', body: 'new' })
    },
  )

  it('[CS5] a call that cannot fit what the record has is refused, and takes nothing along', async () => {
    const id = await record('pages', { body: 'hello', t: { list: [], n: 1 } })
    const pages = one.collection('pages')
    await pages.text(id, 'body').insert(0, 'A')
    await pages.json(id, '/t/list').insert([0], 'x')
    const misfits = (): readonly (() => Promise<unknown>)[] => [
      () => pages.text(id, '/body/x').insert(0, 'x'),
      () => pages.text(id, '/t/list/0').insert(0, 'x'),
      () => pages.json(id, 't').insert(['m'], 2),
      () => pages.json(id, 'body').replace([], 'x'),
      () => pages.text(id, '/t/n/x').insert(0, 'x'),
      () => pages.json(id, '/a'.repeat(40)).insert([], 1),
      () => pages.json(id, `/${'x'.repeat(3_000)}`).insert([], 1),
    ]
    for (const call of misfits()) await expect(call()).rejects.toMatchObject({ code: 'invalid_patch' })
    await syncAll()
    for (const call of misfits()) await expect(call()).rejects.toMatchObject({ code: 'invalid_patch' })
    await pages.text(id, 'body').insert(6, 'Z')
    await syncAll()
    expect(await dataOf(two, 'pages', id)).toEqual({ body: 'AhelloZ', t: { list: ['x'], n: 1 } })
    await expect(two.collection('pages').json(id, 'body').replace([], 'x')).rejects.toMatchObject({
      code: 'invalid_patch',
    })
  })

  it('[CS5] two devices type into one text offline: operations, joined before they are sent, in one order', async () => {
    const id = await record('pages', { body: 'abc' })
    const body = (replica: Replica) => replica.collection('pages').text(id, 'body')
    pushed.length = 0
    await body(one).insert(3, ' 😅')
    await body(one).insert(6, '!')
    await body(two).delete(0, 1)
    await body(two).insert(0, '<')
    expect([await body(one).value(), await body(two).value()]).toEqual(['abc 😅!', '<bc'])
    expect(one.status$.get().pending).toBeLessThanOrEqual(1)
    await syncAll()
    expect([await body(one).value(), await body(two).value()]).toEqual(['<bc 😅!', '<bc 😅!'])
    expect(ops()).toEqual(['ot', 'ot'])
    await expect(body(one).insert(5, 'x')).rejects.toMatchObject({ code: 'invalid_patch' })
    await expect(body(one).insert(99, 'x')).rejects.toMatchObject({ code: 'invalid_patch' })
    await expect(one.collection('pages').counter(id, 'n').increment()).rejects.toMatchObject({
      code: 'invalid_patch',
    })
  })

  it('[CS5] edits of one call are one operation, and what another device typed in between stays', async () => {
    const id = await record('pages', { body: 'one 😅 three' })
    const body = (replica: Replica) => replica.collection('pages').text(id, 'body')
    pushed.length = 0
    await body(one).edit([
      { index: 0, removed: 3, inserted: '1' },
      { index: 5, removed: 5, inserted: '3' },
      { index: 6, inserted: '!' },
    ])
    await body(two).insert(6, ', 2')
    expect(await body(one).value()).toBe('1 😅 3!')
    await syncAll()
    expect([await body(one).value(), await body(two).value()]).toEqual(['1 😅, 2 3!', '1 😅, 2 3!'])
    expect(ops()).toEqual(['ot', 'ot'])
    await expect(body(one).edit([{ index: 0, inserted: 'x' }, { index: 99 }])).rejects.toMatchObject({
      code: 'invalid_patch',
    })
    expect(await body(one).value()).toBe('1 😅, 2 3!')
  })

  it('[CS5] operations that wait go past what a pull brings, are typed on, and survive a crash', async () => {
    const id = await record('pages', { body: 'abc' })
    const body = (replica: Replica) => replica.collection('pages').text(id, 'body')
    await body(one).insert(3, 'ONE')
    await body(two).insert(0, 'two')
    await two.sync()
    await syncWaiting(one)
    expect(await body(one).value()).toBe('twoabcONE')
    await one.close()
    one = await open(disks[0])
    await body(one).insert(9, '!')
    await body(one).delete(0, 3)
    await body(two).insert(6, '-')
    await two.sync()
    await syncAll()
    expect([await body(one).value(), await body(two).value()]).toEqual(['abcONE!-', 'abcONE!-'])
  })

  describe.each(['pages', 'notes2'])('in %s, where a text or JSON was written as a document', (name) => {
    const start = { body: 'abcdef', tree: ['a', 'b', 'c'], n: 0 }
    const written = { body: 'FIRST abcdef', tree: ['first', 'a', 'b', 'c'], n: 0 }
    const write = async (id: string, way: string): Promise<void> => {
      const notes = one.collection(name)
      await (way === 'put' ? notes.put(id, written) : notes.patch(id, { set: written }))
      expect((await one.sync()).problem).toBeNull()
    }
    const operate = async (id: string): Promise<void> => {
      await one.collection(name).text(id, 'body').insert(0, 'OP ')
      await one.collection(name).json(id, 'tree').insert([0], 'op')
      expect((await one.sync()).problem).toBeNull()
    }
    const type = async (id: string): Promise<void> => {
      await two.collection(name).text(id, 'body').insert(3, 'X')
      await two.collection(name).json(id, 'tree').insert([2], 'x')
    }
    const typeOn = async (id: string, at: number, item: number): Promise<void> => {
      await two.collection(name).text(id, 'body').insert(at, 'Y')
      await two.collection(name).json(id, 'tree').insert([item], 'y')
    }

    it.each(['patch', 'put'])(
      '[CS5] %s: an operation lands where it was made, sent before its device reads',
      async (way) => {
        const id = await record(name, start)
        await type(id)
        await write(id, way)
        await operate(id)
        await syncAll()
        for (const replica of [one, two])
          expect(await dataOf(replica, name, id)).toEqual({
            body: 'OP FIRST abcXdef',
            tree: ['op', 'first', 'a', 'b', 'x', 'c'],
            n: 0,
          })
      },
    )

    it.each(['patch', 'put'])(
      '[CS5] %s: one that waits is shown there too, and typed on, once its device has read it',
      async (way) => {
        const id = await record(name, start)
        await type(id)
        await write(id, way)
        await operate(id)
        await syncWaiting(two)
        const shown = { body: 'OP FIRST abcXdef', tree: ['op', 'first', 'a', 'b', 'x', 'c'], n: 0 }
        expect(await dataOf(two, name, id)).toEqual(shown)
        await typeOn(id, 13, 5)
        await syncAll()
        for (const replica of [one, two])
          expect(await dataOf(replica, name, id)).toEqual({
            body: 'OP FIRST abcXYdef',
            tree: ['op', 'first', 'a', 'b', 'x', 'y', 'c'],
            n: 0,
          })
      },
    )

    it.each(['patch', 'put'])(
      '[CS5] %s: so it is where its device reads before anybody has operated there, and again behind that',
      async (way) => {
        const id = await record(name, start)
        await type(id)
        await write(id, way)
        await syncWaiting(two)
        const shown = { body: 'FIRST abcXdef', tree: ['first', 'a', 'b', 'x', 'c'], n: 0 }
        expect(await dataOf(two, name, id)).toEqual(shown)
        await typeOn(id, 10, 4)
        await operate(id)
        await syncWaiting(two)
        const next = { body: 'OP FIRST abcXYdef', tree: ['op', 'first', 'a', 'b', 'x', 'y', 'c'], n: 0 }
        expect(await dataOf(two, name, id)).toEqual(next)
        await syncAll()
        for (const replica of [one, two]) expect(await dataOf(replica, name, id)).toEqual(next)
      },
    )
  })

  it('[CS5] cursors stay at what they stand before', async () => {
    const id = await record('pages', { body: 'hello world' })
    const body = one.collection('pages').text(id, 'body')
    const seen = await body.value()
    const theirs = two.collection('pages').text(id, 'body')
    await theirs.insert(0, 'oh, ')
    await syncAll()
    expect(await body.follow(seen, [0, 6, 11])).toEqual({ value: 'oh, hello world', positions: [4, 10, 15] })
    await theirs.delete(4, 6)
    await syncAll()
    expect(await body.follow('oh, hello world', [2, 6, 10])).toEqual({
      value: 'oh, world',
      positions: [2, 4, 4],
    })
  })

  it('[CS5] JSON is inserted, moved and removed by two devices at once', async () => {
    const id = await record('notes2', { title: 'x', tree: { list: [1, 2, 3], name: 'n' } })
    const tree = (replica: Replica) => replica.collection('notes2').json(id, 'tree')
    await tree(one).move(['list', 0], ['list', 2])
    await tree(one).insert(['list', 0], { deep: true })
    await tree(two).remove(['list', 1])
    await tree(two).replace(['name'], 'm')
    await two.collection('notes2').patch(id, { set: { title: 'y' } })
    expect(await tree(one).value()).toEqual({ list: [{ deep: true }, 2, 3, 1], name: 'n' })
    await syncAll()
    const all = { title: 'y', tree: { list: [{ deep: true }, 3, 1], name: 'm' } }
    expect([await dataOf(one, 'notes2', id), await dataOf(two, 'notes2', id)]).toEqual([all, all])
    await expect(tree(one).remove(['list', 9])).rejects.toMatchObject({ code: 'invalid_patch' })
    await expect(tree(one).apply('nonsense')).rejects.toMatchObject({ code: 'invalid_patch' })
  })

  it('[CS5] where an own document write waits, and in a record that is not sent yet, an edit is a document write', async () => {
    const pages = one.collection('pages')
    const { recordId } = await pages.put(null, { body: 'new' })
    await pages.text(recordId, 'body').insert(3, '!')
    expect(await pages.text(recordId, 'body').value()).toBe('new!')
    await syncAll()
    await pages.patch(recordId, { set: { body: 'new thing!' } })
    await pages.text(recordId, 'body').insert(0, 'a ')
    await two.collection('pages').text(recordId, 'body').insert(4, '?')
    await syncAll()
    for (const replica of [one, two])
      expect(await dataOf(replica, 'pages', recordId)).toEqual({ body: 'a new thing!?' })
    await pages.text(recordId, 'body').insert(0, '# ')
    await syncAll()
    expect(await dataOf(two, 'pages', recordId)).toEqual({ body: '# a new thing!?' })
  })

  describe.each(['pages', 'notes2'])('%s: text behind patches of another field', (name) => {
    // What a device does with them is its own affair; of what the server has to keep, PostgreSQL meets each kind once.
    const isWhole = storageName === 'memory'
    const histories = (isWhole ? ['', 'hello'] : ['hello']).flatMap((start) =>
      [false, true].flatMap((isOperated) =>
        (isWhole ? ['both', 'one', 'two'] : ['both']).flatMap((who) =>
          [false, true].map((isTaken) => ({ start, isOperated, who, isTaken })),
        ),
      ),
    )
    it.each(histories)(
      '[CS5] is all there: from "$start", operated on before: $isOperated, by $who, acknowledged: $isTaken',
      async ({ start, isOperated, who, isTaken }) => {
        const id = await record(name, { body: start, title: 't' })
        if (isOperated) await one.collection(name).text(id, 'body').insert(0, '.')
        await syncAll()
        for (const [replica, by] of [
          [one, 'one'],
          [two, 'two'],
        ] as const) {
          const notes = replica.collection(name)
          if (who !== by && who !== 'both') continue
          if (isTaken) await replica.sync()
          await notes.patch(id, { set: { title: by } })
          if (!isTaken) continue
          isUnheard = true
          await replica.sync()
          isUnheard = false
          clock.aheadMs += 600_000
          expect(replica.status$.get().pending).toBe(0)
        }
        await one.collection(name).text(id, 'body').insert(0, 'AAAA ')
        await two.collection(name).text(id, 'body').insert(0, 'BBBB ')
        for (const replica of [two, one, two, one]) {
          clock.aheadMs += 2_000
          await replica.sync()
        }
        await syncAll()
        const text = await one.collection(name).text(id, 'body').value()
        expect(await two.collection(name).text(id, 'body').value()).toBe(text)
        const whole = `${isOperated ? '.' : ''}${start}`
        expect([`AAAA BBBB ${whole}`, `BBBB AAAA ${whole}`]).toContain(text)
      },
    )
  })

  it('[CS5] operations go past what a pull brings though a patch of another field waits before or behind them', async () => {
    for (const order of [0, 1]) {
      const id = await record('pages', { body: 'hello', o: 1 })
      const pages = one.collection('pages')
      await two.collection('pages').text(id, 'body').insert(0, 'others before: ')
      await two.sync()
      if (order === 0) await pages.patch(id, { set: { o: 2 } })
      await pages.text(id, 'body').insert(5, ' B')
      if (order === 1) await pages.patch(id, { set: { o: 2 } })
      await syncWaiting(one)
      expect(await pages.text(id, 'body').value()).toBe('others before: hello B')
      await pages.text(id, 'body').delete(7, 6)
      await syncAll()
      for (const replica of [one, two])
        expect(await dataOf(replica, 'pages', id)).toEqual({ body: 'others : hello B', o: 2 })
    }
  })

  it('[CS5] an operation behind a contested patch of another field goes past what came since, once that is decided', async () => {
    const id = await record('boards', { body: 'abc', n: 0 })
    const [mine, theirs] = [one.collection('boards'), two.collection('boards')]
    await theirs.text(id, 'body').insert(0, '<')
    await two.sync()
    await mine.patch(id, { set: { n: 1 } })
    await syncWaiting(one)
    await mine.text(id, 'body').insert(4, '!')
    await theirs.text(id, 'body').insert(1, '=')
    await theirs.patch(id, { set: { n: 2 } })
    for (const replica of [two, one]) {
      clock.aheadMs += 2_000
      await replica.sync()
    }
    expect(await dataOf(one, 'boards', id)).toEqual({ body: '<=abc!', n: 1 })
    const [conflict] = one.conflicts$.get()
    const version = (await two.collection('boards').get(id))?.version
    const of = { actor: SYSTEM, fleetId: fleet.fleetId, id: conflict?.conflictId ?? '' }
    await resolveConflict(world.app.ctx, { ...of, body: { choice: 'mine', version } })
    await syncAll()
    for (const replica of [one, two])
      expect(await dataOf(replica, 'boards', id)).toEqual({ body: '<=abc!', n: 1 })
  })

  it('[CS5] operations with a document write behind them go out as they were made, whatever was heard meanwhile', async () => {
    const id = await record('pages', { body: 'hello', o: 1 })
    const pages = one.collection('pages')
    await two.collection('pages').text(id, 'body').insert(0, 'a longer text in front of ')
    await two.sync()
    await pages.text(id, 'body').insert(5, ' B')
    await pages.put(id, { body: 'hello B!', o: 2 })
    await syncWaiting(one)
    await pages.patch(id, { set: { o: 3 } })
    await syncAll()
    const all = { body: 'a longer text in front of hello B!', o: 3 }
    for (const replica of [one, two]) expect(await dataOf(replica, 'pages', id)).toEqual(all)
  })

  it('[CS9] a record made anew is not mixed up with what was typed in it before, nor is that lost', async () => {
    const id = await record('pages', { body: 'hello world' })
    const pages = [one, two].map((replica) => replica.collection('pages'))
    await pages[1]?.text(id, 'body').insert(11, '!')
    await syncAll()
    await pages[1]?.text(id, 'body').delete(0, 5)
    await pages[1]?.text(id, 'body').insert(0, 'B')
    await pages[0]?.remove(id)
    await one.sync()
    await pages[0]?.put(id, { body: 'hello you' })
    clock.aheadMs += 2_000
    await one.sync()
    await syncAll()
    for (const replica of [one, two])
      expect(await dataOf(replica, 'pages', id)).toEqual({ body: 'Bhello you' })
    await pages[0]?.text(id, 'body').insert(0, '# ')
    await syncAll()
    expect(await dataOf(two, 'pages', id)).toEqual({ body: '# Bhello you' })
  })

  it('[CS5] whatever two devices type, in whatever order they sync or wait, both end with all of it', async () => {
    const id = await record('pages', { body: '' })
    const random = seededRandom(11)
    const pick = (n: number): number => Math.floor(random() * n)
    const typed: string[] = []
    for (let step = 0; step < 70; step++) {
      const replica = pick(2) === 0 ? one : two
      const body = replica.collection('pages').text(id, 'body')
      if (pick(5) < 3) {
        const text = await body.value()
        const ends = [0, ...[...text.matchAll(/>/g)].map(({ index }) => index + 1)]
        typed.push(`<${step}>`)
        const at = ends[pick(ends.length)] as number
        const next = `${text.slice(0, at)}<${step}>${text.slice(at)}`
        if (pick(4) === 0) await replica.collection('pages').patch(id, { set: { body: next } })
        else await body.insert(at, `<${step}>`)
      } else {
        clock.aheadMs += 2_000
        await (pick(2) === 0 ? syncWaiting(replica) : replica.sync())
      }
    }
    await syncAll()
    const text = await one.collection('pages').text(id, 'body').value()
    expect(await two.collection('pages').text(id, 'body').value()).toBe(text)
    expect((text.match(/<\d+>/g) ?? []).sort()).toEqual(typed.sort())
  })
})
