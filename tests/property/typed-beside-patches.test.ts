import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { SYSTEM } from '#lib/application/access/audit-entry.ts'
import { listConflicts } from '#lib/application/conflicts/list-conflicts.ts'
import { readConflict } from '#lib/application/conflicts/read-conflict.ts'
import { resolveConflict } from '#lib/application/conflicts/resolve-conflict.ts'
import { createCollection } from '#lib/application/collections/create-collection.ts'
import { systemClock } from '#lib/client/clock.ts'
import type { Collection } from '#lib/client/collection.ts'
import type { MemoryDisk } from '#lib/client/memory-store.ts'
import { createMemoryDisk, openMemoryStore } from '#lib/client/memory-store.ts'
import { openReplica } from '#lib/client/open-replica.ts'
import type { Replica } from '#lib/client/replica.ts'
import { TABLES } from '#lib/client/store.ts'
import type { JsonObject } from '#lib/kernel/json.ts'
import { openMemoryStorage } from '#lib/storage/memory/open-memory-storage.ts'
import { cases } from '#tests/support/cases.ts'
import type { TestFleet } from '#tests/support/device-world.ts'
import { testApp, testFleet } from '#tests/support/device-world.ts'

const FIELD = { fieldStrategies: { '/t': 'ot', '/u': 'ot' } }
const KINDS: Readonly<Record<string, JsonObject>> = {
  ot: { strategy: 'ot' },
  otnamed: { strategy: 'ot', ...FIELD },
  otfields: { strategy: 'field-merge', tieRule: 'lww', ...FIELD },
  // The later patch of the whole record wins, and the other one is superseded.
  otlww: { strategy: 'lww', ...FIELD },
  // Two patches of one field go to a person, who keeps the device's side.
  otmanual: { strategy: 'ot', tieRule: 'manual' },
}

/**
 * How a session of a device goes: `wait`: what it sends is told to wait, and it hears of others; `part`: all but the first of
 * it is; `lost`: the server has it, and its answer is lost; `halve`: it can't be read, and the push goes out in halves; `alone`: nothing is pulled; `typing`: with the answer on its way.
 */
type Session =
  | 'sync'
  | 'wait'
  | 'part'
  | 'lost'
  | 'halve'
  | 'alone'
  | 'part alone'
  | 'typing'
  | 'typing alone'
const COPY = 3
/** Some steps long: what is typed into the record meanwhile isn't sent, and the device reads. */
const LONG_WAIT_MS = 7_000
const SESSIONS: readonly Session[] = [
  ...(['sync', 'sync', 'wait', 'part', 'lost', 'halve', 'alone'] as const),
  ...(['part alone', 'typing', 'typing alone'] as const),
]
interface Step {
  readonly who: number
  /** `copy`: its store is copied while it is closed, and a twin goes on with that. */
  /** `write`: the text as a document, a letter longer at its beginning, on what the server has. */
  readonly what: 'patch' | 'type' | 'cut' | 'decide' | 'copy' | 'write' | Session
  readonly at: number
  /** Which of the record's texts. */
  readonly text: 't' | 'u'
}
const step: fc.Arbitrary<Step> = fc.record({
  who: fc.oneof({ weight: 5, arbitrary: fc.nat(1) }, { weight: 1, arbitrary: fc.constant(2) }),
  what: fc.oneof(
    { weight: 4, arbitrary: fc.constant('type' as const) },
    { weight: 3, arbitrary: fc.constant('patch' as const) },
    { weight: 1, arbitrary: fc.constant('cut' as const) },
    { weight: 1, arbitrary: fc.constant('decide' as const) },
    { weight: 3, arbitrary: fc.constantFrom<Session>(...SESSIONS) },
  ),
  at: fc.nat(9),
  text: fc.oneof(
    { weight: 3, arbitrary: fc.constant('t' as const) },
    { weight: 1, arbitrary: fc.constant('u' as const) },
  ),
})

/** Of a text that has no operations yet, too: what the third device writes as a document is in no log then. */
const stepOrWrite: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: step },
  { weight: 1, arbitrary: fc.constant<Step>({ who: 2, what: 'write', at: 0, text: 't' }) },
)

/** Where a person keeps a device's side, what another wrote of a plain text meanwhile is gone with the other one. */
const WRITTEN = Object.keys(KINDS).filter((name) => name !== 'otmanual')

/** The fourth is the first one's twin. */
const besideCopy = (each: fc.Arbitrary<Step>): fc.Arbitrary<readonly Step[]> =>
  fc
    .tuple(
      fc.array(each, { maxLength: 6 }),
      fc.array(
        fc
          .tuple(each, fc.constantFrom(0, 1, COPY))
          .map(([one, who]) => (one.what === 'write' ? one : { ...one, who })),
        { minLength: 2, maxLength: 12 },
      ),
    )
    .map(([before, after]) => [...before, { who: 0, what: 'copy', at: 0, text: 't' }, ...after])

/** Each conflict that is decided may let go what meets another one. */
const DECISIONS_MAX = 20

class Device {
  session: Session = 'sync'
  /** While an answer to a push is on its way. */
  during: (() => Promise<void>) | null = null
  readonly disk: MemoryDisk
  readonly replica: Replica
  readonly notes: Collection

  constructor(disk: MemoryDisk, replica: Replica) {
    this.disk = disk
    this.replica = replica
    this.notes = replica.collection('board')
  }
}

class World {
  nowMs = 1_800_000_000_000
  readonly app = testApp(openMemoryStorage(), undefined, { now: () => this.nowMs })
  readonly body: JsonObject
  /** What the server has had: no server tells that to wait. */
  private readonly had = new Set<string>()
  /** What is told to wait, from now on. */
  waitMs = 0
  private fleet: TestFleet | null = null

  constructor(body: JsonObject) {
    this.body = body
  }

  async open(disk = createMemoryDisk()): Promise<Device> {
    if (!this.fleet) {
      this.fleet = await testFleet(this.app)
      const input = { name: 'board', schema: true, ...this.body }
      await createCollection(this.app.ctx, { actor: SYSTEM, fleetId: this.fleet.fleetId, body: input })
    }
    const device: Device = new Device(
      disk,
      await openReplica({
        url: 'http://tidemark.test',
        enrollmentKey: this.fleet.key,
        device: { name: 'one', platform: 'ios', appVersion: '1.0.0' },
        store: openMemoryStore(disk),
        clock: { ...systemClock, now: () => this.nowMs },
        fetch: async (input, init) => this.answer(device, String(input), init),
        sync: { auto: false },
      }),
    )
    return device
  }

  /** The device, opened again, and its twin. */
  async copy({ replica, disk }: Device): Promise<readonly [Device, Device]> {
    await replica.close()
    const copied = createMemoryDisk()
    for (const table of TABLES)
      for (const [key, text] of disk.tables[table]) copied.tables[table].set(key, text)
    return [await this.open(disk), await this.open(copied)]
  }

  /** Keeps the device's side in every conflict that is open. False where there is none. */
  async decide(): Promise<boolean> {
    const { ctx } = this.app
    const fleetId = this.fleet?.fleetId as string
    const { items } = await listConflicts(ctx, { actor: SYSTEM, fleetId, query: { status: 'open' } })
    for (const { id } of items) {
      const { record } = await readConflict(ctx, fleetId, id)
      const body = { choice: 'mine', version: record?.version ?? 0 }
      await resolveConflict(ctx, { actor: SYSTEM, fleetId, id, body })
    }
    return items.length > 0
  }

  private async ask(url: string, init?: RequestInit): Promise<Response> {
    const response = await this.app.router.handle(new Request(url, init))
    if (!response) throw new Error(`no route for ${url}`)
    return response
  }

  private async answer(device: Device | undefined, url: string, init?: RequestInit): Promise<Response> {
    const session = device?.session ?? 'sync'
    if (session.includes('alone') && url.includes('/pull')) throw new TypeError('the network is gone')
    if (!device || !url.endsWith('/push')) return this.ask(url, init)
    const body = JSON.parse(String(init?.body)) as PushBody
    const fresh = { wait: 0, part: 1, 'part alone': 1 }[session as string] ?? body.mutations.length
    const count = body.mutations.findIndex(({ id }) => !this.had.has(id))
    const goes = body.mutations.slice(0, (count < 0 ? body.mutations.length : count) + fresh)
    for (const { id } of goes) this.had.add(id)
    const response =
      goes.length < body.mutations.length
        ? await this.letWait(goes, body, url, init)
        : await this.ask(url, init)
    if (session === 'lost') throw new TypeError('the network is gone')
    if (session === 'halve') {
      device.session = 'sync'
      return new Response('no JSON', { headers: { 'content-type': 'application/json' } })
    }
    await device.during?.()
    return response
  }

  /** Only the first ones of a push go through. */
  private async letWait(
    goes: PushBody['mutations'],
    body: PushBody,
    url: string,
    init?: RequestInit,
  ): Promise<Response> {
    const others = JSON.stringify({ ...body, requestId: crypto.randomUUID(), mutations: goes })
    const response = await this.ask(url, { ...init, body: others })
    const answered = (await response.json()) as { results: JsonObject[] }
    const waits = { status: 'retry', code: 'contention', retryAfterMs: this.waitMs }
    const rest = body.mutations.slice(goes.length).map(({ id }) => ({ id, ...waits }))
    const headers = new Headers(response.headers)
    headers.delete('content-encoding')
    headers.delete('content-length')
    return Response.json({ ...answered, results: [...answered.results, ...rest] }, { headers })
  }
}

interface PushBody {
  readonly mutations: readonly { readonly id: string }[]
}

const textOf = async ({ notes }: Device, id: string, name: string): Promise<string> =>
  String((await notes.get(id))?.data[name] ?? '')

/** Letters, and what its writer saw left and right of each. */
type Typed = Map<string, readonly [string, string]>

function expectOrder(text: string, typed: Typed): void {
  for (const [at, one] of Array.from(text).entries()) {
    const [left, right] = typed.get(one) ?? ['', '']
    for (const other of left)
      if (text.includes(other)) expect([one, text.indexOf(other) < at]).toEqual([one, true])
    for (const other of right)
      if (text.includes(other)) expect([one, text.indexOf(other) > at]).toEqual([one, true])
  }
}

/** A letter of its own for each edit. */
const letter = (n: number): string => String.fromCodePoint(0x4e00 + n)

async function take(world: World, device: Device, id: string, each: Step, k: number, typed: Typed) {
  world.nowMs += 2_000
  const text = await textOf(device, id, each.text)
  switch (each.what) {
    case 'type': {
      const at = each.at % (text.length + 1)
      await device.notes.text(id, each.text).insert(at, letter(k))
      return void typed.set(letter(k), [text.slice(0, at), text.slice(at)])
    }
    case 'cut': {
      if (text === '') return
      const at = each.at % text.length
      await device.notes.text(id, each.text).delete(at, 1)
      return void typed.delete(text.charAt(at))
    }
    case 'patch':
      return void (await device.notes.patch(id, { set: { [`z${each.at % 2}`]: k } }))
    case 'write': {
      await device.replica.sync()
      const before = await textOf(device, id, each.text)
      await device.notes.patch(id, { set: { [each.text]: letter(k) + before } })
      await device.replica.sync()
      return void typed.set(letter(k), ['', before])
    }
    case 'decide':
      return void (await world.decide())
    case 'copy':
      return
    case 'sync':
    case 'wait':
    case 'part':
    case 'lost':
    case 'halve':
    case 'alone':
    case 'part alone':
    case 'typing':
    case 'typing alone':
      device.session = each.what
      world.waitMs = each.text === 'u' ? LONG_WAIT_MS : 0
      if (each.what.startsWith('typing'))
        device.during = async () => {
          device.during = null
          await take(world, device, id, { ...each, what: 'type' }, k, typed)
        }
      await device.replica.sync()
      Object.assign(device, { session: 'sync', during: null })
  }
}

async function run(name: string, start: string, steps: readonly Step[]): Promise<void> {
  const world = new World(KINDS[name] as JsonObject)
  const devices = [await world.open(), await world.open(), await world.open()]
  const syncAll = async (): Promise<void> => {
    for (let round = 0; round < 3; round++)
      for (const { replica } of devices) {
        world.nowMs += 600_000
        await replica.sync()
      }
  }
  const [first] = devices as [Device]
  await first.replica.sync()
  const { recordId: id } = await first.notes.put(null, { t: start, z0: 0, z1: 0 })
  await syncAll()
  const typed: Typed = new Map(Array.from(start, (one) => [one, ['', '']]))
  for (const [k, each] of steps.entries())
    if (each.what === 'copy') {
      const [again, twin] = await world.copy(devices[0] as Device)
      devices.splice(0, 1, again)
      devices.push(twin)
    } else await take(world, devices[each.who] as Device, id, each, k, typed)
  await syncAll()
  for (let round = 0; round < DECISIONS_MAX && (await world.decide()); round++) await syncAll()
  const stands = (await world.open()) as Device
  await stands.replica.sync()
  for (const { replica } of devices) {
    expect(replica.status$.get()).toMatchObject({ pending: 0, problem: null })
    expect([replica.deadLetters$.get(), replica.conflicts$.get(), replica.refusals$.get()]).toEqual([
      [],
      [],
      [],
    ])
  }
  const document = (await stands.notes.get(id))?.data
  for (const { notes } of devices) expect((await notes.get(id))?.data).toEqual(document)
  expect(Array.from(`${document?.['t']}${document?.['u'] ?? ''}`).toSorted()).toEqual(
    [...typed.keys()].toSorted(),
  )
  for (const name of ['t', 'u']) expectOrder(String(document?.[name] ?? ''), typed)
  for (const { replica } of [...devices, stands]) await replica.close()
}

type Brief = readonly [number, Step['what'], number?, Step['text']?]
const THREE_LETTERS: readonly Brief[] = [
  [1, 'type'],
  [1, 'type'],
  [1, 'type'],
]
const steps = (...all: readonly Brief[]): Step[] =>
  all.map(([who, what, at = 0, text = 't']) => ({ who, what, at, text }))
/** Found once: each lost letters, took others for them, or ended as dead letters. */
const FOUND: readonly [string, Step[]][] = [
  // Both edits were document writes, and the later one was all that was left.
  ['x', steps([0, 'patch'], [0, 'type'], [1, 'patch', 1], [1, 'type'])],
  ['', steps([0, 'patch'], [0, 'alone'], [0, 'type'], [1, 'type'])],
  // A patch was superseded, and what was typed behind it was the difference of a document.
  ['', steps([0, 'sync'], [1, 'patch', 1], [2, 'patch', 1], [2, 'type'], [1, 'type'], [0, 'patch', 1])],
  // What a halved push had done already went out again as another operation.
  ['', steps([0, 'type'], [0, 'patch'], [0, 'type'], [0, 'halve'], [0, 'type'])],
  // A patch behind the operation kept it from passing what the pull brought, and the next edit was made on neither text.
  [
    'xyz',
    steps([0, 'type', 5], [1, 'type'], [0, 'patch'], [1, 'sync'], [2, 'sync'], [0, 'wait'], [0, 'cut', 1]),
  ],
  // A result brought the record with others' text, and not what the operation had to pass.
  [
    'xyz',
    steps(
      [1, 'type'],
      [1, 'sync'],
      [0, 'patch'],
      [0, 'cut'],
      [0, 'part alone'],
      [1, 'type'],
      [0, 'type', 8],
      [0, 'patch'],
    ),
  ],
  [
    '',
    steps(
      [0, 'type'],
      [2, 'type'],
      [0, 'sync'],
      [0, 'patch'],
      [2, 'sync'],
      [0, 'typing alone'],
      [0, 'patch'],
      [0, 'type', 7],
    ),
  ],
  // What was typed while an answer was on its way didn't go past what that tells: what it stands on was shown past some already.
  [
    '',
    steps(
      [1, 'type', 0, 'u'],
      [0, 'type'],
      [0, 'type', 0, 'u'],
      [1, 'sync'],
      [0, 'part'],
      [0, 'typing', 1, 'u'],
      [0, 'type', 0, 'u'],
    ),
  ],
  // What was typed behind what goes out as it was went along, and the server took it for made on that.
  [
    'xyz',
    steps(
      ...THREE_LETTERS,
      [1, 'sync'],
      [0, 'type', 1],
      [0, 'wait'],
      [0, 'type', 2],
      [1, 'type', 1],
      [1, 'sync'],
      [0, 'sync'],
    ),
  ],
]
const sentByTwin = steps([0, 'type', 1], [0, 'copy'], [0, 'wait'], [COPY, 'sync'], [COPY, 'sync'])
const FOUND_BESIDE_COPIES: readonly ['' | 'xyz', Step[]][] = [
  // The twin had sent what is answered, and the pull that told of that took it for another's.
  ['xyz', [...sentByTwin, ...steps([0, 'typing', 2])]],
  ['xyz', [...sentByTwin, ...steps([1, 'type'], [1, 'sync'], [0, 'typing', 2])]],
  // What the twin sent as it was had gone past another's here, and what was typed next was made on that.
  [
    'xyz',
    steps(
      ...THREE_LETTERS,
      [0, 'patch'],
      [0, 'wait', 0, 'u'],
      [0, 'type', 1],
      [0, 'copy'],
      [1, 'sync'],
      [0, 'sync'],
      [0, 'type', 2],
      [1, 'type', 1],
      [1, 'sync'],
      [COPY, 'sync'],
      [COPY, 'sync'],
      [0, 'sync'],
    ),
  ],
  // What waited behind the conflict was released without the ids that its device had before the fork.
  ['', steps([0, 'type'], [0, 'copy'], [COPY, 'patch', 1], [0, 'patch', 1], [COPY, 'type', 1], [0, 'sync'])],
  // What an operation took away behind a document write was looked for as a part of that, and the word was put in anew.
  ['xyz', steps([0, 'type'], [0, 'copy'], [0, 'cut', 2], [2, 'write'], [COPY, 'cut', 5])],
]

const FOUND_BESIDE_DOCUMENTS: readonly ['' | 'xyz', Step[]][] = [
  // The way from the text before its first operation to today's lacked what was written as a document: for the server,
  ['xyz', steps([0, 'type'], [2, 'write'], [0, 'sync'], [1, 'type', 1])],
  // and for a device that reads it while its own waits, with the first operation or before it.
  ['xyz', steps([1, 'type', 1], [2, 'write'], [0, 'type'], [0, 'sync'], [1, 'wait'], [1, 'type', 3])],
  ['xyz', steps([1, 'type', 1], [2, 'write'], [1, 'wait'], [1, 'type', 3], [0, 'type'], [0, 'sync'])],
]

describe('texts under OT beside patches of other fields', () => {
  it.each(Object.keys(KINDS))(
    '[CS5] %s: hold each letter that was typed and not cut, once and where it was typed, on every device',
    async (name) => {
      const start = fc.constantFrom('', 'xyz')
      const history = fc.array(step, { minLength: 3, maxLength: 14 })
      const law = fc.asyncProperty(start, history, (text, all) => run(name, text, all))
      await fc.assert(law, { numRuns: FOUND.length + cases(20), examples: [...FOUND] })
    },
    120_000,
  )

  it.each(WRITTEN)(
    '[CS5] %s: so they do where another device writes the text as a document, before its first operation too',
    async (name) => {
      const start = fc.constantFrom('', 'xyz')
      const law = fc.asyncProperty(
        start,
        fc.array(stepOrWrite, { minLength: 3, maxLength: 14 }),
        (text, all) => run(name, text, all),
      )
      await fc.assert(law, {
        numRuns: FOUND_BESIDE_DOCUMENTS.length + cases(20),
        examples: [...FOUND_BESIDE_DOCUMENTS],
      })
    },
    120_000,
  )

  it.each(Object.keys(KINDS))(
    '[CS5] %s: so do a device and a copy of its store, whichever sends first what both have',
    async (name) => {
      const start = fc.constantFrom('', 'xyz')
      const law = fc.asyncProperty(
        start,
        besideCopy(WRITTEN.includes(name) ? stepOrWrite : step),
        (text, all) => run(name, text, all),
      )
      await fc.assert(law, {
        numRuns: FOUND_BESIDE_COPIES.length + cases(20),
        examples: [...FOUND_BESIDE_COPIES],
      })
    },
    120_000,
  )
})
