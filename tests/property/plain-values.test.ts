import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { SYSTEM } from '#lib/application/access/audit-entry.ts'
import { createCollection } from '#lib/application/collections/create-collection.ts'
import { systemClock } from '#lib/client/clock.ts'
import type { Collection } from '#lib/client/collection.ts'
import { openMemoryStore } from '#lib/client/memory-store.ts'
import { openReplica } from '#lib/client/open-replica.ts'
import type { Replica } from '#lib/client/replica.ts'
import type { JsonObject } from '#lib/kernel/json.ts'
import { openMemoryStorage } from '#lib/storage/memory/open-memory-storage.ts'
import { cases } from '#tests/support/cases.ts'
import { testApp, testFleet } from '#tests/support/device-world.ts'

const KINDS: Readonly<Record<string, JsonObject>> = {
  'a crdt collection': { strategy: 'crdt' },
  'fields named crdt': {
    strategy: 'field-merge',
    fieldStrategies: { '/body': 'crdt', '/tags': 'crdt', '/likes': 'crdt' },
  },
}

interface Device {
  readonly replica: Replica
  readonly notes: Collection
}

/** Devices over the server's own router, on a clock of their own. */
class World {
  nowMs = 1_800_000_000_000
  devices: readonly Device[] = []

  static async of(count: number, kind: string): Promise<World> {
    const world = new World()
    const app = testApp(openMemoryStorage(), undefined, { now: () => world.nowMs })
    const fleet = await testFleet(app)
    const body = { name: 'board', schema: true, ...KINDS[kind] }
    await createCollection(app.ctx, { actor: SYSTEM, fleetId: fleet.fleetId, body })
    const open = async (): Promise<Device> => {
      const replica = await openReplica({
        url: 'http://tidemark.test',
        enrollmentKey: fleet.key,
        device: { name: 'one', platform: 'ios', appVersion: '1.0.0' },
        store: openMemoryStore(),
        clock: { ...systemClock, now: () => world.nowMs },
        fetch: async (input, init) => {
          const response = await app.router.handle(new Request(String(input), init))
          if (!response) throw new Error(`no route for ${String(input)}`)
          return response
        },
        sync: { auto: false },
      })
      return { replica, notes: replica.collection('board') }
    }
    world.devices = await Promise.all(Array.from({ length: count }, open))
    await world.sync(...world.devices)
    return world
  }

  async sync(...devices: readonly Device[]): Promise<void> {
    for (const { replica } of devices) {
      this.nowMs += 1_000
      expect((await replica.sync()).problem).toBeNull()
    }
    this.nowMs += 1_000
  }

  /** Until all have sent what they have, and read what the others sent; what they show then, which is the same. */
  async end(id: string): Promise<JsonObject | undefined> {
    await this.sync(...this.devices, ...this.devices, ...this.devices)
    const ends = await Promise.all(this.devices.map(async ({ notes }) => (await notes.get(id))?.data))
    for (const { replica } of this.devices) {
      const told = [replica.deadLetters$.get(), replica.conflicts$.get(), replica.refusals$.get()]
      expect([replica.status$.get().pending, ...told]).toEqual([0, [], [], []])
    }
    for (const end of ends) expect(end).toEqual(ends[0])
    for (const { replica } of this.devices) await replica.close()
    return ends[0] && inOrder(ends[0])
  }

  /** A record that the first one made, and all have. */
  async record(data: JsonObject): Promise<string> {
    const [maker] = this.devices as [Device]
    const { recordId } = await maker.notes.put(null, data)
    await this.sync(...this.devices)
    return recordId
  }
}

/** A set is shown by its dots, which are by the ids of devices. */
const inOrder = (data: JsonObject): JsonObject =>
  Array.isArray(data['tags']) ? { ...data, tags: data['tags'].toSorted() } : data

const dataOf = async ({ notes }: Device, id: string): Promise<JsonObject> => {
  const record = await notes.get(id)
  if (!record) throw new Error('the record is there')
  return inOrder(record.data)
}

/** Edits the text by its handle where a part of it stands. */
async function replace(
  { notes }: Device,
  id: string,
  [removed, inserted]: readonly [string, string?],
): Promise<void> {
  const body = notes.text(id, 'body')
  const index = (await body.value()).indexOf(removed)
  await body.edit([{ index, removed: removed.length, ...(inserted === undefined ? {} : { inserted }) }])
}

async function hand(from: Device, to: Device, id: string): Promise<void> {
  const exported = await from.notes.exportCrdt(id)
  await to.notes.mergeCrdt(JSON.parse(JSON.stringify(exported)))
}

describe('what is taken away by a handle behind an own document write that waits', () => {
  type Edit = readonly [string, string?]
  /** Of "one two three": what another added, what is patched to, what is done behind that, what the device and all show. */
  const TEXTS: readonly (readonly [string, string, readonly Edit[], string, string])[] = [
    ['a word of the base', 'one two three FOUR', [['one ']], 'two three FOUR', 'two three AAA FOUR'],
    ['a word of the patch', 'one two three FOUR', [[' FOUR']], 'one two three', 'one two three AAA'],
    [
      'a word for another',
      'one two three FOUR',
      [['two', 'TWO']],
      'one TWO three FOUR',
      'one TWO three AAA FOUR',
    ],
    ['word by word', 'zero one two three', [['two '], ['zero ']], 'one three', 'one three AAA'],
    ['all of it', 'zero one two three', [['zero one two three']], '', ' AAA'],
  ]
  for (const kind of Object.keys(KINDS))
    it.each(TEXTS)(
      `[CS4] ${kind}: %s goes from a text that another had made of the value`,
      async (_, patched, edits, seen, end) => {
        const world = await World.of(2, kind)
        const [a, b] = world.devices as [Device, Device]
        const id = await world.record({ body: 'one two three' })
        await a.notes.text(id, 'body').insert('one two three'.length, ' AAA')
        await world.sync(a)
        await b.notes.patch(id, { set: { body: patched } })
        for (const edit of edits) await replace(b, id, edit)
        expect(await dataOf(b, id)).toEqual({ body: seen })
        const { body, ...rest } = (await world.end(id)) as { body: string }
        expect(rest).toEqual({})
        // Two that stand at one place may stand in either order there.
        const orders = [end, end.replace(' AAA FOUR', ' FOUR AAA')]
        expect(orders).toContain(body)
      },
    )

  it.each(Object.keys(KINDS))('[CS4] %s: so do elements of a set, and steps of a counter', async (kind) => {
    const world = await World.of(2, kind)
    const [a, b] = world.devices as [Device, Device]
    const id = await world.record({ tags: ['t'], likes: 2 })
    await a.notes.set(id, 'tags').add('of a')
    await a.notes.counter(id, 'likes').increment(10)
    await world.sync(a)
    await b.notes.patch(id, { set: { tags: ['t', 't1', 't2'], likes: 5 } })
    await b.notes.set(id, 'tags').remove('t1')
    await b.notes.set(id, 'tags').add('t3')
    await b.notes.set(id, 'tags').remove('t')
    await b.notes.counter(id, 'likes').decrement(1)
    expect(await dataOf(b, id)).toEqual({ tags: ['t2', 't3'], likes: 4 })
    expect(await world.end(id)).toEqual({ tags: ['of a', 't2', 't3'], likes: 14 })
  })

  it('[CS4] an array that another had made a set of loses what a second patch leaves out, too', async () => {
    for (const start of [{ tags: ['t'] }, {}] as const) {
      const world = await World.of(2, 'a crdt collection')
      const [a, b] = world.devices as [Device, Device]
      const id = await world.record({ ...start })
      await a.notes.set(id, 'tags').add('of a')
      await world.sync(a)
      await b.notes.patch(id, { set: { tags: ['t', 't1', 't2'] } })
      await b.notes.patch(id, { set: { '/tags': ['t2'] } })
      expect(await world.end(id)).toEqual({ tags: ['of a', 't2'] })
    }
  })

  it('[CS4] what nobody else had changed stays as its device showed it, and a CRDT where that was typed alone', async () => {
    const world = await World.of(2, 'a crdt collection')
    const [a, b] = world.devices as [Device, Device]
    const id = await world.record({ body: 'one two', tags: ['t'] })
    await b.notes.patch(id, { set: { body: 'one two three', tags: ['t', 't1'] } })
    await replace(b, id, ['two ', 'TWO '])
    await b.notes.text(id, 'body').insert(0, '>')
    await b.notes.set(id, 'tags').remove('t')
    await b.notes.set(id, 'tags').add('t2')
    expect(await dataOf(b, id)).toEqual({ body: '>one TWO three', tags: ['t1', 't2'] })
    await world.sync(b)
    await a.notes.text(id, 'body').insert('one two'.length, '!')
    const { body, tags } = (await world.end(id)) as { body: string; tags: string[] }
    expect([body.replace('!', ''), body.length, tags]).toEqual(['>one TWO three', 15, ['t1', 't2']])
    // What is made here is typed in from its beginning: nothing of it is written as a document.
    const own = await World.of(2, 'a crdt collection')
    const [one, two] = own.devices as [Device, Device]
    const { recordId } = await one.notes.put(null, { body: 'abc' })
    await one.notes.text(recordId, 'body').insert(3, 'd')
    await replace(one, recordId, ['b', 'B'])
    await own.sync(one, two)
    await one.notes.text(recordId, 'body').delete(0, 1)
    await two.notes.text(recordId, 'body').insert(0, '<')
    expect(await own.end(recordId)).toEqual({ body: '<Bcd' })
  })

  interface Step {
    readonly what: 'patch' | 'type' | 'cut' | 'theirs' | 'sync' | 'their sync'
    readonly at: number
  }
  const step: fc.Arbitrary<Step> = fc.record({
    what: fc.constantFrom('patch', 'type', 'type', 'cut', 'cut', 'theirs', 'sync', 'their sync'),
    at: fc.nat(9),
  })
  it.each(Object.keys(KINDS))(
    '[CS4] %s: each letter that was typed and not cut is in the text, and none that was cut',
    async (kind) => {
      const law = fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 12 }), async (steps) => {
        const world = await World.of(2, kind)
        const [a, b] = world.devices as [Device, Device]
        const id = await world.record({ body: 'xyz' })
        const left = new Set('xyz')
        for (const [k, { what, at }] of steps.entries()) {
          world.nowMs += 1_000
          const device = what.startsWith('their') ? a : b
          const text = String((await dataOf(device, id))['body'])
          const [place, letter] = [at % (text.length + 1), String.fromCodePoint(0x4e00 + k)]
          const body = `${text.slice(0, place)}${letter}${text.slice(place)}`
          if (what === 'cut' && text !== '') {
            left.delete(text.charAt(at % text.length))
            await b.notes.text(id, 'body').delete(at % text.length, 1)
          } else if (what.endsWith('sync')) await world.sync(device)
          else if (what !== 'cut') {
            left.add(letter)
            if (what === 'patch') await b.notes.patch(id, { set: { body } })
            else await device.notes.text(id, 'body').insert(place, letter)
          }
        }
        const { body } = (await world.end(id)) as { body: string }
        expect(body.split('').toSorted()).toEqual([...left].toSorted())
      })
      await fc.assert(law, { numRuns: cases(30) })
    },
    120_000,
  )
})

describe('a document write on plain values that were handed over', () => {
  const FIELDS = { body: 'one two', likes: 0, tags: ['t'] }
  const CHANGE = { body: 'zero one two', likes: 5, tags: ['of b', 't'] }
  for (const kind of Object.keys(KINDS))
    it.each(['put', 'patch'] as const)(
      `[SDK7] ${kind}: of which nothing new was heard, by %s, is the difference from them where another made CRDTs of them`,
      async (how) => {
        const world = await World.of(3, kind)
        const [a, b, c] = world.devices as [Device, Device, Device]
        const id = await world.record(FIELDS)
        await hand(b, c, id)
        await hand(c, b, id)
        await a.notes.text(id, 'body').insert('one two'.length, ' three')
        await a.notes.counter(id, 'likes').increment(1)
        await a.notes.set(id, 'tags').add('of a')
        await world.sync(a)
        await (how === 'put' ? b.notes.put(id, CHANGE) : b.notes.patch(id, { set: CHANGE }))
        expect(await dataOf(b, id)).toEqual(CHANGE)
        const wanted = { body: 'zero one two three', likes: 6, tags: ['of a', 'of b', 't'] }
        expect(await world.end(id)).toEqual(wanted)
      },
    )

  it('[SDK7] is so beside a counter of which something was heard, and a plain value that was heard is replaced', async () => {
    for (const first of ['a', 'b']) {
      const world = await World.of(2, 'a crdt collection')
      const [a, b] = world.devices as [Device, Device]
      const id = await world.record({ ...FIELDS, title: 'of all' })
      await a.notes.text(id, 'body').insert(0, '>')
      await world.sync(a)
      await a.notes.counter(id, 'likes').increment(1)
      await a.notes.patch(id, { set: { title: 'of a' } })
      await hand(a, b, id)
      expect(await dataOf(b, id)).toMatchObject({ body: '>one two', likes: 1, title: 'of a' })
      await b.notes.patch(id, { set: { likes: 3, title: 'of b', tags: ['of b'] } })
      expect(await dataOf(b, id)).toEqual({ body: '>one two', likes: 3, title: 'of b', tags: ['of b'] })
      await world.sync(...(first === 'a' ? [a, b] : [b, a]))
      const wanted = { body: '>one two', likes: 3, title: 'of b', tags: ['of b'] }
      expect(await world.end(id)).toEqual(wanted)
    }
  })

  it('[SDK7] is judged by field where a heard counter stands beside a text that another typed in meanwhile', async () => {
    const world = await World.of(3, 'a crdt collection')
    const [a, b, c] = world.devices as [Device, Device, Device]
    const id = await world.record(FIELDS)
    await c.notes.counter(id, 'likes').increment(2)
    await hand(c, b, id)
    await a.notes.text(id, 'body').insert('one two'.length, ' three')
    await world.sync(a)
    await b.notes.patch(id, { set: { likes: 5, body: 'zero one two' } })
    expect(await dataOf(b, id)).toEqual({ body: 'zero one two', likes: 5, tags: ['t'] })
    expect(await world.end(id)).toEqual({ body: 'zero one two three', likes: 5, tags: ['t'] })
  })
})

describe('a change by a handle on plain values that were handed over', () => {
  it('[SDK7] [SDK1] in a record that is known by them alone shows them, changed, and so does what is written next', async () => {
    const world = await World.of(3, 'a crdt collection')
    const [a, b, c] = world.devices as [Device, Device, Device]
    const { recordId: id } = await a.notes.put(null, { body: 'one two', likes: 3, tags: ['x'] })
    await world.sync(a, b)
    await hand(b, c, id)
    expect(await dataOf(c, id)).toEqual({ body: 'one two', likes: 3, tags: ['x'] })
    await c.notes.text(id, 'body').insert('one two'.length, ' END')
    await c.notes.counter(id, 'likes').increment(1)
    await c.notes.set(id, 'tags').add('y')
    expect(await dataOf(c, id)).toEqual({ body: 'one two END', likes: 4, tags: ['x', 'y'] })
    await replace(c, id, ['two', 'TWO'])
    await c.notes.counter(id, 'likes').decrement(2)
    await c.notes.set(id, 'tags').remove('x')
    expect(await dataOf(c, id)).toEqual({ body: 'one TWO END', likes: 2, tags: ['y'] })
    await c.notes.patch(id, { set: { body: 'zero one TWO END', likes: 7, tags: ['y', 'z'] } })
    const wanted = { body: 'zero one TWO END', likes: 7, tags: ['y', 'z'] }
    expect(await dataOf(c, id)).toEqual(wanted)
    // What it hands over itself is as it shows it.
    await hand(c, b, id)
    expect(await dataOf(b, id)).toEqual(wanted)
    await world.sync(c, a)
    expect(await dataOf(a, id)).toEqual(wanted)
    expect(await world.end(id)).toEqual(wanted)
  })

  it('[SDK7] [SDK1] of which something new was heard stands on that; what was typed before, on what was there', async () => {
    for (const typedFirst of [false, true]) {
      const world = await World.of(2, 'a crdt collection')
      const [a, c] = world.devices as [Device, Device]
      const id = await world.record({ body: 'one two', likes: 3, tags: ['x'] })
      if (typedFirst) await c.notes.text(id, 'body').insert(0, '<')
      await a.notes.patch(id, { set: { body: 'one two three', likes: 5, tags: ['x', 'y'] } })
      await hand(a, c, id)
      const heard = typedFirst ? '<one two' : 'one two three'
      expect(await dataOf(c, id)).toEqual({ body: heard, likes: 5, tags: ['x', 'y'] })
      await c.notes.text(id, 'body').insert(heard.length, ' END')
      await c.notes.counter(id, 'likes').increment(1)
      await c.notes.set(id, 'tags').add('z')
      await c.notes.set(id, 'tags').remove('x')
      expect(await dataOf(c, id)).toEqual({ body: `${heard} END`, likes: 6, tags: ['y', 'z'] })
      await world.sync(a)
      const { body, ...rest } = (await world.end(id)) as { body: string }
      expect(rest).toEqual({ likes: 6, tags: ['y', 'z'] })
      expect(body.split('').toSorted()).toEqual(
        `${typedFirst ? '<' : ''}one two three END`.split('').toSorted(),
      )
    }
  })
})
