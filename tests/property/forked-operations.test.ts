import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { SYSTEM } from '#lib/application/access/audit-entry.ts'
import { createCollection } from '#lib/application/collections/create-collection.ts'
import { systemClock } from '#lib/client/clock.ts'
import type { Collection } from '#lib/client/collection.ts'
import type { MemoryDisk } from '#lib/client/memory-store.ts'
import { createMemoryDisk, openMemoryStore } from '#lib/client/memory-store.ts'
import { openReplica } from '#lib/client/open-replica.ts'
import type { Replica } from '#lib/client/replica.ts'
import type { Json, JsonObject } from '#lib/kernel/json.ts'
import { openMemoryStorage } from '#lib/storage/memory/open-memory-storage.ts'
import { cases } from '#tests/support/cases.ts'
import { copyOf } from '#tests/support/copy-of-disk.ts'
import type { TestFleet } from '#tests/support/device-world.ts'
import { testApp, testFleet } from '#tests/support/device-world.ts'

const KINDS: Readonly<Record<string, JsonObject>> = {
  ot: { strategy: 'ot' },
  otnamed: { strategy: 'ot', fieldStrategies: { '/t': 'ot' } },
  otfields: { strategy: 'field-merge', tieRule: 'lww', fieldStrategies: { '/t': 'ot', '/n': 'ot' } },
  otlww: { strategy: 'lww', fieldStrategies: { '/t': 'ot', '/n': 'ot' } },
}

/** What becomes of the pushes of one session: `told to wait` is all that the server has not had yet. */
type Weather = 'fine' | 'told to wait' | 'answer lost'
interface Device {
  readonly disk: MemoryDisk
  readonly replica: Replica
  readonly notes: Collection
  weather: Weather
}

/** A device, its copy, and another one. */
type Who = 'original' | 'copy' | 'other'

class World {
  nowMs = 1_800_000_000_000
  id = ''
  readonly devices = new Map<Who, Device>()
  private readonly app = testApp(openMemoryStorage(), undefined, { now: () => this.nowMs })
  private fleet: TestFleet | null = null
  /** What the server has had: no server tells that to wait. */
  private readonly had = new Set<string>()

  async begin(kind: string, data: JsonObject): Promise<void> {
    this.fleet = await testFleet(this.app)
    const body = { name: 'board', schema: true, ...KINDS[kind] }
    await createCollection(this.app.ctx, { actor: SYSTEM, fleetId: this.fleet.fleetId, body })
    const original = await this.open('original')
    await this.open('other')
    await original.replica.sync()
    this.id = (await original.notes.put(null, data)).recordId
    await this.sync('original', 'other', 'original')
  }

  /** The store is copied while the device goes on with it. */
  copyOpen = (): Promise<Device> => this.open('copy', copyOf(this.of('original').disk))

  of(who: Who): Device {
    return this.devices.get(who) ?? (this.devices.get('original') as Device)
  }

  async text(who: Who): Promise<string> {
    return String((await this.of(who).notes.get(this.id))?.data['t'] ?? '')
  }

  /** Ids and stamps go by the time. */
  at(who: Who): Device {
    this.nowMs += 2_000
    return this.of(who)
  }

  insert = (who: Who, at: number, text: string) => this.at(who).notes.text(this.id, 't').insert(at, text)
  cut = (who: Who, at: number, count: number) => this.at(who).notes.text(this.id, 't').delete(at, count)
  patch = (who: Who, set: JsonObject) => this.at(who).notes.patch(this.id, { set })

  async sync(...all: readonly Who[]): Promise<void> {
    for (const who of all) {
      this.nowMs += 400_000
      await this.of(who).replica.sync()
    }
  }

  /** What became of no document, by mutation, as each device tells. */
  told(who: Who) {
    const { refusals$, deadLetters$ } = this.of(who).replica
    return [...refusals$.get(), ...deadLetters$.get()]
  }

  async end(): Promise<void> {
    for (const { replica } of this.devices.values()) await replica.close()
  }

  private async open(who: Who, disk = createMemoryDisk()): Promise<Device> {
    const replica = await openReplica({
      url: 'http://tidemark.test',
      enrollmentKey: (this.fleet as TestFleet).key,
      device: { name: who, platform: 'ios', appVersion: '1.0.0' },
      store: openMemoryStore(disk),
      clock: { ...systemClock, now: () => this.nowMs },
      fetch: (input, init) => this.answer(who, String(input), init),
      sync: { auto: false },
    })
    const device: Device = { disk, replica, notes: replica.collection('board'), weather: 'fine' }
    this.devices.set(who, device)
    return device
  }

  private async answer(who: Who, url: string, init?: RequestInit): Promise<Response> {
    const weather = this.devices.get(who)?.weather ?? 'fine'
    const ask = async (sent?: RequestInit): Promise<Response> => {
      const response = await this.app.router.handle(new Request(url, sent))
      if (!response) throw new Error(`no route for ${url}`)
      return response
    }
    if (!url.endsWith('/push')) return ask(init)
    const body = JSON.parse(String(init?.body)) as PushBody
    const fresh = body.mutations.findIndex(({ id }) => !this.had.has(id))
    const count = weather === 'told to wait' && fresh >= 0 ? fresh : body.mutations.length
    const [goes, waits] = [body.mutations.slice(0, count), body.mutations.slice(count)]
    const part = JSON.stringify({ ...body, requestId: crypto.randomUUID(), mutations: goes })
    const response = await ask(waits.length === 0 ? init : { ...init, body: part })
    if (response.status === 200) for (const { id } of goes) this.had.add(id)
    if (weather === 'answer lost') throw new TypeError('the network is gone')
    if (waits.length === 0 || response.status !== 200) return response
    const answered = (await response.json()) as { results: Json[] }
    const later = { status: 'retry', code: 'contention', retryAfterMs: 0 }
    const results = [...answered.results, ...waits.map(({ id }) => ({ id, ...later }))]
    const headers = new Headers(response.headers)
    headers.delete('content-encoding')
    headers.delete('content-length')
    return Response.json({ ...answered, results }, { headers })
  }
}

interface PushBody {
  readonly mutations: readonly { readonly id: string }[]
}

interface Step {
  readonly who: Who
  readonly what: 'type' | 'cut' | 'patch' | 'sync'
  readonly at: number
  readonly weather: Weather
}
const stepOf = (...whos: readonly Who[]): fc.Arbitrary<Step> =>
  fc.record({
    who: fc.constantFrom(...whos),
    what: fc.constantFrom('type', 'type', 'type', 'cut', 'patch', 'sync', 'sync'),
    at: fc.nat(12),
    weather: fc.constantFrom('fine', 'fine', 'told to wait', 'answer lost'),
  })

/** A letter of its own for each edit, its change, and what its writer saw left and right of it. */
interface Typed {
  readonly letter: string
  readonly id: string | null
  readonly left: string
  readonly right: string
  readonly isShared: boolean
  /** The changes that took it out. */
  readonly cuts: string[]
}

async function take(
  world: World,
  { who, what, at: where, weather }: Step,
  k: number,
  typed: Typed[],
  isShared = false,
) {
  const text = await world.text(who)
  switch (what) {
    case 'type': {
      const [letter, at] = [String.fromCodePoint(0x4e00 + k), where % (text.length + 1)]
      const { mutationId: id } = await world.insert(who, at, letter)
      return void typed.push({
        letter,
        id,
        left: text.slice(0, at),
        right: text.slice(at),
        isShared,
        cuts: [],
      })
    }
    case 'cut': {
      if (text === '') return
      const at = where % text.length
      const { mutationId } = await world.cut(who, at, 1)
      return void typed.find(({ letter }) => letter === text[at])?.cuts.push(mutationId)
    }
    case 'patch':
      return void (await world.patch(who, { [`z${where % 2}`]: k }))
    case 'sync': {
      const device = world.of(who)
      device.weather = weather
      await device.replica.sync()
      device.weather = 'fine'
    }
  }
}

/** Each letter stands once, at its place, or a device tells of the change that it is in. */
async function run(kind: string, before: readonly Step[], after: readonly Step[]): Promise<void> {
  const world = new World()
  await world.begin(kind, { t: 'abc' })
  const typed: Typed[] = Array.from('abc', (letter) => ({
    letter,
    id: null,
    left: '',
    right: '',
    isShared: true,
    cuts: [],
  }))
  for (const [k, each] of before.entries()) await take(world, each, k, typed, true)
  await world.copyOpen()
  for (const [k, each] of after.entries()) await take(world, each, before.length + k, typed)
  for (let round = 0; round < 4; round++) await world.sync('original', 'copy', 'other')
  const text = await world.text('other')
  const told = new Set<string>()
  for (const who of ['original', 'copy', 'other'] as const) {
    expect(world.of(who).replica.status$.get()).toMatchObject({ pending: 0, problem: null })
    expect(await world.text(who)).toBe(text)
    for (const { mutation } of world.told(who)) told.add(mutation.id)
  }
  const stands = new Map(typed.map((one) => [one.letter, one]))
  expect(Array.from(text).filter((letter) => !stands.has(letter))).toEqual([])
  for (const { letter, id, left, right, isShared, cuts } of typed) {
    const count = text.split(letter).length - 1
    const isTold = (id !== null && told.has(id) && !isShared) || cuts.some((cut) => told.has(cut))
    if (isTold) expect([letter, count <= 1]).toEqual([letter, true])
    else expect([letter, count]).toEqual([letter, cuts.length > 0 ? 0 : 1])
    if (count === 0) continue
    const at = text.indexOf(letter)
    for (const other of left)
      if (text.includes(other))
        expect([letter, other, text.indexOf(other) < at]).toEqual([letter, other, true])
    for (const other of right)
      if (text.includes(other))
        expect([letter, other, text.indexOf(other) > at]).toEqual([letter, other, true])
  }
  await world.end()
}

/** A full sync tells no operations: what waited by then was shown where it was made, and what was typed behind it went elsewhere. */
const FOUND: readonly [Step[], Step[]][] = [
  [
    [],
    [
      { who: 'original', what: 'type', at: 0, weather: 'fine' },
      { who: 'original', what: 'sync', at: 0, weather: 'fine' },
      { who: 'copy', what: 'sync', at: 0, weather: 'fine' },
      { who: 'copy', what: 'type', at: 0, weather: 'fine' },
      { who: 'copy', what: 'sync', at: 0, weather: 'told to wait' },
      { who: 'original', what: 'type', at: 0, weather: 'fine' },
      { who: 'copy', what: 'type', at: 8, weather: 'fine' },
    ],
  ],
]

const BOTH = [
  ['original', 'copy'],
  ['copy', 'original'],
] as const

describe('operations of a device whose store was copied while it was open', () => {
  it.each(
    Object.keys(KINDS).flatMap((kind) => BOTH.map(([first, second]) => [kind, first, second] as const)),
  )(
    '[FK1][CS5] %s: what stands on a change that the twin joined more to is told, and goes nowhere else (%s first)',
    async (kind, first, second) => {
      const world = new World()
      await world.begin(kind, { t: 'abcdefgh' })
      await world.insert('original', 0, 'X')
      const copy = await world.copyOpen()
      await world.insert('original', 0, 'YYYY')
      const { mutationId } = await world.cut('copy', 1, 2)
      for (let round = 0; round < 3; round++) await world.sync(first, second)
      const texts = [await world.text('original'), await world.text('copy')]
      if (first === 'original') {
        expect(texts).toEqual(['YYYYXabcdefgh', 'YYYYXabcdefgh'])
        expect(world.told('original')).toEqual([])
        expect(world.told('copy')).toMatchObject([{ mutation: { id: mutationId } }])
      } else {
        expect(texts).toEqual(['Xcdefgh', 'Xcdefgh'])
        expect(world.told('original')).toMatchObject([{ code: 'sent_in_part' }])
        expect(world.told('copy')).toEqual([])
      }
      // What is made next has its place.
      await world.insert('copy', 1, '!')
      await world.sync('copy', 'original')
      expect(await world.text('original')).toBe(`${texts[0]?.[0]}!${texts[0]?.slice(1)}`)
      expect(copy.replica.status$.get().pending).toBe(0)
      await world.end()
    },
  )

  it.each(Object.keys(KINDS))(
    '[FK1][CS5] %s: a device that hears of the twin’s form first sends nothing that it made on its own',
    async (kind) => {
      const world = new World()
      await world.begin(kind, { t: 'abcdefgh' })
      await world.insert('original', 0, 'X')
      await world.copyOpen()
      await world.insert('original', 0, 'YYYY')
      const copy = world.of('copy')
      const { mutationId } = await world.cut('copy', 1, 2)
      await world.patch('copy', { z: 1 })
      await world.sync('original')
      copy.weather = 'told to wait'
      // The first time it hears that it is a copy.
      await world.sync('copy', 'copy')
      copy.weather = 'fine'
      await world.sync('copy', 'original')
      expect(world.told('copy')).toMatchObject([
        { code: 'sent_in_part', mutation: { id: mutationId } },
        { code: 'parent_refused', mutation: { op: { type: 'patch' } } },
      ])
      expect(await world.text('copy')).toBe('YYYYXabcdefgh')
      expect(await world.text('original')).toBe('YYYYXabcdefgh')
      await world.end()
    },
  )

  it.each(Object.keys(KINDS))('[FK1][CS5] %s: nor what it made on more than its twin sent', async (kind) => {
    const world = new World()
    await world.begin(kind, { t: 'abcdefgh' })
    await world.insert('original', 0, 'X')
    await world.copyOpen()
    await world.insert('original', 1, 'YYYY')
    const original = world.of('original')
    await world.patch('original', { z: 1 })
    await world.insert('original', 5, 'Z')
    await world.sync('copy')
    original.weather = 'told to wait'
    await world.sync('original', 'original')
    original.weather = 'fine'
    await world.sync('original', 'copy')
    const told = world.told('original')
    expect(told.map(({ code }) => code)).toEqual(['sent_in_part', 'sent_in_part'])
    for (const who of ['original', 'copy'] as const) {
      expect(await world.text(who)).toBe('Xabcdefgh')
      expect((await world.of(who).notes.get(world.id))?.data['z']).toBe(1)
    }
    await world.end()
  })

  it.each(
    Object.keys(KINDS).flatMap((kind) => BOTH.map(([first, second]) => [kind, first, second] as const)),
  )(
    '[FK1][CS5] %s: nothing is taken out of another place of a list either (%s first)',
    async (kind, first, second) => {
      const world = new World()
      await world.begin(kind, { n: ['a', 'b'] })
      const list = (who: Who) => world.of(who).notes.json(world.id, 'n')
      await list('original').insert([0], 'x')
      await world.copyOpen()
      await list('original').insert([0], 'y')
      await list('copy').remove([1])
      for (let round = 0; round < 3; round++) await world.sync(first, second)
      const shown = first === 'original' ? ['y', 'x', 'a', 'b'] : ['x', 'b']
      for (const who of BOTH[0]) expect(await list(who).value()).toEqual(shown)
      expect(world.told(second)).toHaveLength(1)
      expect(world.told(first)).toEqual([])
      await world.end()
    },
  )

  it.each(BOTH)(
    '[FK1][CS5] a text of a record that was not sent yet is told of too, or stands whole (%s first)',
    async (first, second) => {
      const world = new World()
      await world.begin('otfields', {})
      const { recordId } = await world.at('original').notes.put(null, { t: 'abc' })
      world.id = recordId
      await world.copyOpen()
      await world.insert('original', 3, 'YYYY')
      const { mutationId } = await world.cut('copy', 0, 1)
      for (let round = 0; round < 3; round++) await world.sync(first, second)
      expect(world.told('original')).toEqual([])
      if (first === 'original')
        expect(world.told('copy')).toMatchObject([{ code: 'underivable', mutation: { id: mutationId } }])
      else expect(world.told('copy')).toEqual([])
      for (const who of BOTH[0])
        expect(await world.text(who)).toBe(first === 'original' ? 'abcYYYY' : 'bcYYYY')
      await world.end()
    },
  )

  it.each(Object.keys(KINDS))(
    '[FK1][CS5] %s: hold each letter once and where it was typed, or a device tells of it',
    async (kind) => {
      const before = fc.array(stepOf('original', 'original', 'other'), { maxLength: 5 })
      const after = fc.array(stepOf('original', 'copy', 'copy', 'other'), { minLength: 2, maxLength: 12 })
      const law = fc.asyncProperty(before, after, (one, two) => run(kind, one, two))
      await fc.assert(law, { numRuns: FOUND.length + cases(40), examples: [...FOUND] })
    },
    240_000,
  )
})
