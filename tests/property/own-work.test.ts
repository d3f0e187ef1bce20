import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { SYSTEM } from '#lib/application/access/audit-entry.ts'
import { createCollection } from '#lib/application/collections/create-collection.ts'
import { raiseEpochs } from '#lib/application/restores/raise-epochs.ts'
import type { Collection } from '#lib/client/collection.ts'
import { ReplicaError } from '#lib/client/errors.ts'
import { openMemoryStore } from '#lib/client/memory-store.ts'
import { openReplica } from '#lib/client/open-replica.ts'
import type { Replica } from '#lib/client/replica.ts'
import { canonicalJson } from '#lib/kernel/json.ts'
import type { Json, JsonObject } from '#lib/kernel/json.ts'
import { memoryStorageOver } from '#lib/storage/memory/open-memory-storage.ts'
import { MemoryState } from '#lib/storage/memory/state.ts'
import { cases } from '#tests/support/cases.ts'
import type { TestApp, TestFleet } from '#tests/support/device-world.ts'
import { testApp, testFleet } from '#tests/support/device-world.ts'

/** `lets`: the fields that a put lets be and an unset empties, `text` and `claims` those that become so by a handle. */
interface Kind {
  readonly body: JsonObject
  readonly lets: readonly string[]
  readonly claims: readonly string[]
  /** Under OT without a name a path has a log from its first operation on, which outlives the record. */
  readonly isLogged?: boolean
}
const BY_FIELD = { strategy: 'field-merge', tieRule: 'lww' }
const KINDS: Readonly<Record<string, Kind>> = {
  lww: { body: { strategy: 'lww' }, lets: [], claims: [] },
  fww: { body: { strategy: 'fww' }, lets: [], claims: [] },
  manual: { body: { strategy: 'manual' }, lets: [], claims: [] },
  merged: { body: BY_FIELD, lets: [], claims: [] },
  crdt: { body: { strategy: 'crdt' }, lets: [], claims: ['n', 'tags', 't'] },
  crdtfields: {
    body: { ...BY_FIELD, fieldStrategies: { '/n': 'crdt', '/tags': 'crdt', '/t': 'crdt' } },
    lets: ['n', 'tags'],
    claims: ['t'],
  },
  crdtcounter: { body: { strategy: 'lww', fieldStrategies: { '/n': 'crdt' } }, lets: ['n'], claims: [] },
  ot: { body: { strategy: 'ot' }, lets: ['t', 'j'], claims: [], isLogged: true },
  otnamed: {
    body: { strategy: 'ot', fieldStrategies: { '/t': 'ot', '/j': 'ot' } },
    lets: ['t', 'j'],
    claims: [],
  },
  otfields: {
    body: { ...BY_FIELD, fieldStrategies: { '/t': 'ot', '/j': 'ot' } },
    lets: ['t', 'j'],
    claims: [],
  },
}

type Do =
  | 'patch'
  | 'put all'
  | 'put part'
  | 'unset'
  | 'count'
  | 'add'
  | 'take'
  | 'type'
  | 'cut'
  | 'list'
  | 'gone'
interface Step {
  readonly what: Do
  /** What is written, and where. */
  readonly by: number
  readonly at: number
  readonly sync: boolean
  /** Before it the server is restored from a backup of this moment; its first push is answered, or the answer is lost. */
  readonly restored?: 'heard' | 'answer lost' | undefined
}
const WHAT: readonly Do[] = [
  'patch',
  'put all',
  'put part',
  'unset',
  'count',
  'add',
  'take',
  'type',
  'cut',
  'list',
  'gone',
]
const FIELDS = ['z', 'n', 't', 'tags', 'j'] as const
const step: fc.Arbitrary<Step> = fc.record({
  what: fc.constantFrom(...WHAT),
  by: fc.integer({ min: 1, max: 9 }),
  at: fc.nat(99),
  sync: fc.boolean(),
})

const START = { t: 'x', n: 1, tags: ['a'], j: { l: [1] }, z: 0 }
const AGAIN = { t: 'again', n: 7, tags: ['r'], j: { l: [9] } }

interface Doc {
  t?: string
  n?: number
  tags?: string[]
  j?: { l: (number | string)[] }
  z?: number
}

/** What the person did, told naively: nobody else writes. */
class Model {
  doc: Doc | null = structuredClone(START)
  private readonly kind: Kind
  private lets: Set<string>

  constructor(kind: Kind) {
    this.kind = kind
    this.lets = new Set(kind.lets)
  }

  put(data: Doc): void {
    const before = this.doc
    if (!before) this.lets = new Set(this.kind.lets)
    const kept = Object.entries(before ?? {}).filter(([field]) => this.lets.has(field))
    this.doc = { ...Object.fromEntries(kept), ...structuredClone(data) }
  }

  unset(field: keyof Doc): void {
    const doc = this.doc as Record<string, Json>
    const empty = { n: 0, tags: [], t: '' }[field as string]
    if (field in doc && this.lets.has(field) && empty !== undefined) doc[field] = empty
    else delete doc[field]
  }

  claim(field: string): void {
    if (this.kind.claims.includes(field)) this.lets.add(field)
  }
}

/** The place by code points that `at` names. */
const placeIn = (text: string, at: number): number =>
  Array.from(text)
    .slice(0, at % (Array.from(text).length + 1))
    .join('').length

/** One call; what the SDK refuses leaves nothing. */
async function call(notes: Collection, id: string, { what, by, at }: Step, model: Model): Promise<void> {
  const doc = model.doc
  if (!doc) {
    const data = at % 2 ? { ...AGAIN, z: by } : { z: by }
    await notes.put(id, data)
    return model.put(data)
  }
  switch (what) {
    case 'patch':
      await notes.patch(id, { set: { z: by } })
      doc.z = by
      return
    case 'put all':
      await notes.put(id, { ...doc, n: by, z: by } as JsonObject)
      return model.put({ ...doc, n: by, z: by })
    case 'put part':
      await notes.put(id, { z: by })
      return model.put({ z: by })
    case 'unset': {
      const field = FIELDS[at % FIELDS.length] as keyof Doc
      await notes.patch(id, { unset: [field] })
      return model.unset(field)
    }
    case 'count':
      await notes.counter(id, 'n').increment(by)
      model.claim('n')
      doc.n = (doc.n ?? 0) + by
      return
    case 'add':
      await notes.set(id, 'tags').add(`v${by}`)
      model.claim('tags')
      doc.tags = [...(doc.tags ?? []).filter((tag) => tag !== `v${by}`), `v${by}`]
      return
    case 'take': {
      const tag = doc.tags?.[0]
      if (tag === undefined) return
      await notes.set(id, 'tags').remove(tag)
      model.claim('tags')
      doc.tags = doc.tags?.filter((each) => each !== tag) ?? []
      return
    }
    case 'type': {
      const was = doc.t ?? ''
      const place = placeIn(was, at)
      await notes.text(id, 't').insert(place, `é😀${by}`)
      model.claim('t')
      doc.t = `${was.slice(0, place)}é😀${by}${was.slice(place)}`
      return
    }
    case 'cut': {
      const was = doc.t ?? ''
      const end = placeIn(was, 1)
      if (was === '') return
      await notes.text(id, 't').delete(0, end)
      model.claim('t')
      doc.t = was.slice(end)
      return
    }
    case 'list':
      await notes.json(id, 'j').insert(['l', 0], by)
      doc.j?.l.unshift(by)
      return
    case 'gone':
      await notes.remove(id)
      model.doc = null
  }
}

async function attempt(...[notes, id, each, model]: Parameters<typeof call>): Promise<void> {
  try {
    await call(notes, id, each, model)
  } catch (error) {
    if (!(error instanceof ReplicaError)) throw error
  }
}

/** Order is no part of a set, and nothing is what is empty. */
function told(doc: Doc | JsonObject | null | undefined): string {
  if (!doc) return 'none'
  const { tags = [], t = '', n = 0, ...rest } = doc as Doc
  return canonicalJson({ ...rest, n, t, tags: [...tags].sort() } as JsonObject)
}

const RESET = Object.assign(new TypeError('fetch failed'), { cause: { code: 'ECONNRESET' } })

class World {
  nowMs = 1_800_000_000_000
  private readonly state = new MemoryState(() => this.nowMs)
  private app = this.start()
  private fleet: TestFleet | null = null
  /** No push is heard of again. */
  losesAnswers = false

  private start(): TestApp {
    return testApp(memoryStorageOver(this.state), undefined, { now: () => this.nowMs })
  }

  /** A backup with nothing missing: all that devices notice is the epoch. */
  async restore(): Promise<void> {
    const { fleetId } = this.fleet as TestFleet
    this.app = this.start()
    await raiseEpochs(this.app.ctx, { actor: SYSTEM, fleetId, takenAtMs: null })
  }

  async open(kind: Kind): Promise<Replica> {
    if (!this.fleet) {
      this.fleet = await testFleet(this.app)
      const body = { name: 'board', schema: true, ...kind.body }
      await createCollection(this.app.ctx, { actor: SYSTEM, fleetId: this.fleet.fleetId, body })
    }
    return openReplica({
      url: 'http://tidemark.test',
      enrollmentKey: this.fleet.key,
      device: { name: 'one', platform: 'ios', appVersion: '1.0.0' },
      store: openMemoryStore(),
      clock: { ...(await import('#lib/client/clock.ts')).systemClock, now: () => this.nowMs },
      fetch: async (input, init) => {
        const response = await this.app.router.handle(new Request(String(input), init))
        if (!response) throw new Error(`no route for ${String(input)}`)
        if (this.losesAnswers && String(input).endsWith('/push')) throw RESET
        return response
      },
      sync: { auto: false },
    })
  }
}

const lettersOf = (replica: Replica): readonly unknown[] => [
  replica.deadLetters$.get(),
  replica.conflicts$.get(),
  replica.refusals$.get(),
]

async function alone(name: string, hasHistory: boolean, steps: readonly Step[]): Promise<void> {
  const kind = KINDS[name] as Kind
  const world = new World()
  const [device, reader] = [await world.open(kind), await world.open(kind)]
  await device.sync()
  const notes = device.collection('board')
  const runs = [true, false].map((isSynced) => ({ isSynced, id: '', model: new Model(kind) }))
  for (const run of runs) run.id = (await notes.put(null, START)).recordId
  if (hasHistory || kind.isLogged) {
    await device.sync()
    await device.sync()
    for (const what of ['count', 'add', 'type', 'list'] as const)
      for (const { id, model } of runs) await attempt(notes, id, { what, by: 4, at: 1, sync: false }, model)
    await device.sync()
    await device.sync()
  }
  for (const { isSynced, id, model } of runs) {
    for (const each of steps) {
      world.nowMs += 1_000
      if (each.restored) {
        // What waits has a base of the epoch before, which nobody knows any more.
        await device.sync()
        await world.restore()
        world.losesAnswers = each.restored === 'answer lost'
        await device.sync()
        world.losesAnswers = false
      }
      // Behind its removal a path of a log isn't known until the next pull.
      if (!kind.isLogged || each.what !== 'gone') await attempt(notes, id, each, model)
      if (isSynced && each.sync) await device.sync()
      expect(told((await notes.get(id))?.data)).toBe(told(model.doc))
    }
  }
  for (let round = 0; round < 2; round++) await device.sync()
  await reader.sync()
  expect(device.status$.get()).toMatchObject({ pending: 0, problem: null })
  expect(lettersOf(device)).toEqual([[], [], []])
  for (const { id, model } of runs)
    for (const { collection } of [notes, reader.collection('board')].map((collection) => ({ collection })))
      expect(told((await collection.get(id))?.data)).toBe(told(model.doc))
  await device.close()
  await reader.close()
}

const doing = (...what: readonly Do[]): [boolean, Step[]] => [
  true,
  what.map((each, i) => ({ what: each, by: 3, at: 2 + 5 * i, sync: i % 2 === 0 })),
]
/** Found once: each lost or doubled something. */
const FOUND: readonly [boolean, Step[]][] = [
  doing('gone', 'put part', 'count', 'add', 'type'),
  doing('put part', 'count', 'add', 'type', 'list'),
  doing('unset', 'unset', 'unset', 'unset', 'count', 'add', 'type'),
  doing('put all', 'put part', 'type', 'count'),
  [false, doing('put part', 'type', 'gone', 'put all', 'put part', 'type')[1]],
]

describe('a device alone', () => {
  it.each(Object.keys(KINDS))(
    '[CS9] %s: keeps all of its own work, as it was done, however often it syncs in between',
    async (name) => {
      const steps = fc.array(step, { minLength: 1, maxLength: 9 })
      const law = fc.asyncProperty(fc.boolean(), steps, (hasHistory, each) => alone(name, hasHistory, each))
      await fc.assert(law, { numRuns: FOUND.length + cases(5), examples: [...FOUND] })
    },
    120_000,
  )
})

const ofRestores = fc.record({
  step,
  restored: fc.constantFrom(undefined, undefined, 'heard' as const, 'answer lost' as const),
})

describe('a device alone, whose server is restored with nothing missing', () => {
  it.each(Object.keys(KINDS))(
    '[TK6] %s: keeps and shows all of its own work, as it was done',
    async (name) => {
      const steps = fc.array(
        ofRestores.map(({ step, restored }) => ({ ...step, restored })),
        { minLength: 1, maxLength: 7 },
      )
      const law = fc.asyncProperty(fc.boolean(), steps, (hasHistory, each) => alone(name, hasHistory, each))
      await fc.assert(law, { numRuns: cases(20) })
    },
    120_000,
  )
})

/** Strategies by which an edit wins over a delete: nobody's work may go. */
const UNDONE: Readonly<Record<string, JsonObject>> = {
  crdt: { strategy: 'crdt' },
  crdtnamed: { strategy: 'crdt', fieldStrategies: { '/n': 'crdt', '/tags': 'crdt', '/t': 'crdt' } },
  ot: { strategy: 'ot' },
  otnamed: { strategy: 'ot', fieldStrategies: { '/t': 'ot', '/j': 'ot' } },
}
interface Turn {
  readonly who: number
  readonly what: 'count' | 'add' | 'type' | 'item' | 'append' | 'patch' | 'undo' | 'gone' | 'back' | 'sync'
  readonly by: number
}
const turn: fc.Arbitrary<Turn> = fc.record({
  who: fc.nat(1),
  what: fc.constantFrom<Turn['what']>(
    ...(['count', 'add', 'type', 'type', 'item', 'append', 'patch', 'undo'] as const),
    ...(['gone', 'gone', 'back', 'sync', 'sync', 'sync'] as const),
  ),
  by: fc.integer({ min: 1, max: 99 }),
})

/** All that both did, each thing once. */
interface Sum {
  readonly isOt: boolean
  n: number
  readonly tags: Set<string>
  readonly typed: string[]
  readonly items: string[]
  /** What a device has removed and not put back, nor seen again, however often it synced since. */
  readonly gone: Map<Collection, JsonObject>
}

async function take(notes: Collection, id: string, { what, by }: Turn, k: number, sum: Sum): Promise<void> {
  const data = (await notes.get(id))?.data as (JsonObject & { t: string; j: { l: string[] } }) | undefined
  const removed = sum.gone.get(notes)
  if (what === 'back' && removed) {
    sum.gone.delete(notes)
    // Another's edit may have brought it back: then nothing is left to undo.
    if (!data) await notes.put(id, removed)
    return
  }
  if (!data) return
  switch (what) {
    case 'count':
      await notes.counter(id, 'n').increment(by)
      sum.n += by
      return
    case 'add':
      await notes.set(id, 'tags').add(`v${k}`)
      sum.tags.add(`v${k}`)
      return
    case 'type': {
      // A letter of its own, which nobody can type into.
      const letter = String.fromCharCode(0x4e00 + k)
      // Two places of one document write are one to the server: what lies between them would come twice.
      await notes.text(id, 't').insert(sum.isOt ? data.t.length : by % (data.t.length + 1), letter)
      return void sum.typed.push(letter)
    }
    case 'item':
      await notes.json(id, 'j').insert(['l', by % (data.j.l.length + 1)], `i${k}`)
      return void sum.items.push(`i${k}`)
    case 'append':
      await notes.patch(id, { set: { '/j/l/-': `i${k}` } })
      return void sum.items.push(`i${k}`)
    case 'patch':
      return void (await notes.patch(id, { set: { z: by } }))
    case 'gone':
      await notes.remove(id)
      return void sum.gone.set(notes, data)
    case 'undo':
      await notes.remove(id)
      await notes.put(id, data)
      return
    case 'back':
    case 'sync':
      return
  }
}

const OF_CRDT: readonly Turn['what'][] = ['count', 'add', 'type', 'undo', 'gone', 'back']
const OF_OT: readonly Turn['what'][] = ['type', 'item', 'append', 'undo', 'gone', 'back']

async function together(name: string, turns: readonly Turn[]): Promise<void> {
  const body = UNDONE[name] as JsonObject
  const isOt = body['strategy'] === 'ot'
  const world = new World()
  const kind = { body, lets: [], claims: [] }
  const devices = [await world.open(kind), await world.open(kind)] as const
  const [first] = devices
  const opened = new Map(devices.map((device) => [device, device.collection('board')]))
  const notesOf = (device: Replica): Collection => opened.get(device) as Collection
  const syncAll = async (): Promise<void> => {
    for (let round = 0; round < 3; round++)
      for (const device of devices) {
        world.nowMs += 1_000
        await device.sync()
      }
  }
  await first.sync()
  const id = (
    await notesOf(first).put(null, { t: 'x', ...(isOt ? { j: { l: [] } } : { n: 1, tags: ['a'] }) })
  ).recordId
  await syncAll()
  const sum: Sum = { isOt, n: 1, tags: new Set(['a']), typed: [], items: [], gone: new Map() }
  const history = (isOt ? (['type', 'item'] as const) : (['count', 'add', 'type'] as const)).map((what) => ({
    who: 0,
    what,
    by: 1,
  }))
  for (const [k, each] of history.entries()) await take(notesOf(first), id, each, k, sum)
  await syncAll()
  for (const [k, each] of turns.entries()) {
    world.nowMs += 1_000
    const device = devices[each.who] as Replica
    if (each.what === 'sync') {
      await device.sync()
      // Who sees it again has nothing left to undo: a put of what was removed would take away what was seen.
      if (await notesOf(device).get(id)) sum.gone.delete(notesOf(device))
    } else if (each.what === 'patch' || (isOt ? OF_OT : OF_CRDT).includes(each.what))
      await take(notesOf(device), id, each, 10 + k, sum)
  }
  for (const [who, device] of devices.entries())
    await take(notesOf(device), id, { who, what: 'back', by: 0 }, 0, sum)
  await syncAll()
  for (const device of devices) {
    expect(device.status$.get()).toMatchObject({ pending: 0, problem: null })
    expect(lettersOf(device)).toEqual([[], [], []])
    const doc = (await notesOf(device).get(id))?.data as Doc
    if (!isOt) expect(doc).toMatchObject({ n: sum.n })
    if (!isOt) expect(new Set(doc.tags)).toEqual(sum.tags)
    expect(Array.from(doc.t ?? '').sort()).toEqual(['x', ...sum.typed].sort())
    if (isOt) expect([...(doc.j?.l ?? [])].sort()).toEqual([...sum.items].sort())
  }
  const [one, other] = await Promise.all(devices.map((device) => notesOf(device).get(id)))
  expect(one?.data).toEqual(other?.data)
  for (const device of devices) await device.close()
}

const turns = (...all: readonly [number, Turn['what'], number?][]): [Turn[]] => [
  all.map(([who, what, by], i) => ({ who, what, by: by ?? i + 1 })),
]
const FOUND_TOGETHER: readonly [Turn[]][] = [
  turns([1, 'count'], [1, 'type'], [1, 'add'], [1, 'sync'], [0, 'undo'], [0, 'count'], [0, 'type']),
  turns([1, 'count'], [1, 'type'], [0, 'undo'], [0, 'count'], [0, 'sync'], [1, 'type']),
  turns([1, 'type'], [1, 'undo'], [0, 'undo'], [0, 'count'], [0, 'type']),
  turns([0, 'item'], [0, 'sync'], [1, 'patch'], [1, 'item']),
  turns([0, 'item'], [0, 'sync'], [1, 'append']),
  turns(
    [1, 'count'],
    [1, 'type'],
    [1, 'add'],
    [0, 'gone'],
    [0, 'sync'],
    [1, 'sync'],
    [0, 'back'],
    [0, 'count'],
  ),
  turns(
    [1, 'type'],
    [0, 'type'],
    [0, 'gone'],
    [0, 'sync'],
    [0, 'back'],
    [0, 'type'],
    [1, 'sync'],
    [0, 'sync'],
  ),
  turns([1, 'gone'], [1, 'sync'], [0, 'gone'], [0, 'sync'], [1, 'sync'], [0, 'count']),
  turns([1, 'gone'], [1, 'back'], [1, 'item'], [1, 'gone'], [1, 'sync'], [0, 'gone']),
  turns([1, 'undo'], [1, 'gone'], [0, 'type', 35], [0, 'type', 81]),
  turns([0, 'gone'], [1, 'type'], [1, 'undo'], [1, 'gone'], [1, 'sync']),
  turns([1, 'undo'], [1, 'type'], [1, 'count'], [1, 'gone'], [0, 'gone'], [1, 'sync']),
  turns([0, 'gone'], [1, 'type', 1], [1, 'undo'], [1, 'type', 0], [1, 'type', 2], [1, 'gone'], [1, 'sync']),
  turns([0, 'gone'], [1, 'undo'], [1, 'undo'], [1, 'add'], [1, 'gone'], [1, 'sync']),
  turns([1, 'type', 1], [1, 'undo'], [1, 'type', 2], [1, 'gone'], [1, 'sync'], [0, 'gone']),
  turns([0, 'gone'], [1, 'count'], [1, 'undo'], [1, 'sync'], [1, 'gone'], [1, 'sync']),
  turns([1, 'count'], [1, 'sync'], [0, 'sync'], [1, 'undo'], [1, 'sync'], [0, 'gone']),
  turns(
    [0, 'gone'],
    [1, 'type', 1],
    [1, 'sync'],
    [1, 'undo'],
    [1, 'sync'],
    [1, 'type', 3],
    [1, 'sync'],
    [1, 'gone'],
    [1, 'sync'],
  ),
  turns(
    [1, 'add'],
    [1, 'type'],
    [1, 'sync'],
    [1, 'gone'],
    [1, 'back'],
    [1, 'gone'],
    [0, 'gone'],
    [1, 'sync'],
  ),
  turns(
    [1, 'gone'],
    [1, 'sync'],
    [0, 'count'],
    [0, 'sync'],
    [1, 'sync'],
    [0, 'gone'],
    [0, 'sync'],
    [1, 'sync'],
  ),
  turns([1, 'type'], [1, 'sync'], [0, 'gone'], [1, 'gone'], [0, 'sync'], [1, 'sync'], [0, 'sync']),
  turns(
    [0, 'undo'],
    [1, 'gone'],
    [0, 'sync'],
    [0, 'gone'],
    [1, 'sync'],
    [0, 'sync'],
    [1, 'sync'],
    [0, 'gone'],
  ),
]

describe('two devices, of which each may undo its deletion', () => {
  it.each(Object.keys(UNDONE))(
    '[CS5] [CS9] %s: count, add, type and list each thing once, whoever comes first',
    async (name) => {
      const law = fc.asyncProperty(fc.array(turn, { minLength: 2, maxLength: 9 }), (all) =>
        together(name, all),
      )
      const numRuns = FOUND_TOGETHER.length + cases(5)
      await fc.assert(law, { numRuns, examples: [...FOUND_TOGETHER] })
    },
    120_000,
  )
})
