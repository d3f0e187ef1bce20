import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { SYSTEM } from '#lib/application/access/audit-entry.ts'
import { createCollection } from '#lib/application/collections/create-collection.ts'
import { openMemoryStore } from '#lib/client/memory-store.ts'
import { openReplica } from '#lib/client/open-replica.ts'
import type { Replica } from '#lib/client/replica.ts'
import type { TestApp, TestFleet } from '#tests/support/device-world.ts'
import { testApp, testFleet } from '#tests/support/device-world.ts'
import type { TestStorage } from '#tests/support/storages.ts'
import { STORAGES } from '#tests/support/storages.ts'

const KINDS = [
  { name: 'pages', strategy: 'crdt', schema: true },
  { name: 'page-fields', strategy: 'field-merge', fieldStrategies: { '/body': 'crdt' }, schema: true },
  { name: 'drafts', strategy: 'ot', schema: true },
  { name: 'draft-fields', strategy: 'field-merge', fieldStrategies: { '/body': 'ot' }, schema: true },
]
const DEVICE = { name: 'tablet', platform: 'ios', appVersion: '1.2.0' } as const

/** What an app does to the text that it has written as a document, and what comes of it. */
interface Way {
  readonly does: (replica: Replica, collection: string, id: string, body: string) => Promise<unknown>
  readonly makes: string
}
const WAYS: Record<string, Way> = {
  typing: {
    does: (replica, collection, id, body) =>
      replica.collection(collection).text(id, 'body').insert(body.indexOf('DOC'), 'TYPED '),
    makes: '.AAA one two BBB three four TYPED DOC',
  },
  'typing at the end': {
    does: (replica, collection, id, body) =>
      replica.collection(collection).text(id, 'body').insert(body.length, ' TYPED'),
    makes: '.AAA one two BBB three four DOC TYPED',
  },
  deleting: {
    does: (replica, collection, id, body) =>
      replica.collection(collection).text(id, 'body').delete(body.indexOf(' DOC'), 4),
    makes: '.AAA one two BBB three four',
  },
  'a put': {
    does: (replica, collection, id, body) =>
      replica.collection(collection).put(id, { body: body.replace('DOC', 'TYPED DOC'), n: 0 }),
    makes: '.AAA one two BBB three four TYPED DOC',
  },
}

describe.each(STORAGES)('a text behind a document write without an answer, over $name', ({ open }) => {
  let held: TestStorage
  let app: TestApp
  let fleet: TestFleet
  let one: Replica
  let two: Replica
  /** What the app does while a push of the first device is on its way. */
  let meanwhile: (() => Promise<unknown>)[] = []
  beforeAll(async () => {
    held = await open()
    app = await held.served(testApp(held.storage))
    fleet = await testFleet(app)
    for (const body of KINDS) await createCollection(app.ctx, { actor: SYSTEM, fleetId: fleet.fleetId, body })
    one = await replica(async (url) => {
      if (url.includes('/push')) await meanwhile.shift()?.()
    })
    two = await replica(async () => undefined)
  })
  afterAll(async () => {
    await one.close()
    await two.close()
    await held.close()
  })
  const replica = (before: (url: string) => Promise<void>): Promise<Replica> =>
    openReplica({
      url: app.url ?? 'http://tidemark.test',
      enrollmentKey: fleet.key,
      device: DEVICE,
      store: openMemoryStore(),
      fetch: async (input: string | URL | Request, init?: RequestInit) => {
        await before(input instanceof Request ? input.url : String(input))
        if (app.url !== undefined) return fetch(input, init)
        return (await app.router.handle(new Request(input, init))) ?? new Response(null, { status: 404 })
      },
      sync: { auto: false },
    })
  async function sync(...replicas: readonly Replica[]): Promise<void> {
    for (const each of replicas) expect(await each.sync()).toMatchObject({ problem: null, pending: 0 })
  }
  const bodyOf = async (device: Replica, collection: string, id: string): Promise<string> =>
    String((await device.collection(collection).get(id))?.data['body'])

  /** The first device writes while its own changes are on their way, and others' come with their answers. */
  async function write(collection: string, ways: readonly Way['does'][]): Promise<string> {
    const mine = one.collection(collection)
    const { recordId: id } = await mine.put(null, { body: 'one two three four', n: 0 })
    await sync(one)
    await mine.text(id, 'body').insert(0, '.')
    await sync(one, two)
    await two.collection(collection).patch(id, { set: { body: '.one two BBB three four' } })
    await sync(two)
    await mine.text(id, 'body').insert(1, 'AAA ')
    const body = (): Promise<string> => bodyOf(one, collection, id)
    meanwhile = [
      async () => mine.patch(id, { set: { body: `${await body()} DOC` } }),
      ...ways.map((does) => async () => does(one, collection, id, await body())),
    ]
    await sync(one, two, one)
    expect(meanwhile).toEqual([])
    for (const device of [one, two])
      expect([device.conflicts$.get(), device.deadLetters$.get()]).toEqual([[], []])
    expect(await bodyOf(two, collection, id)).toBe(await body())
    return body()
  }

  const all = KINDS.flatMap(({ name }) => Object.keys(WAYS).map((way) => [name, way] as const))
  it.each(all)(
    '[AF2] [CS4] [CS5] of %s keeps what %s does to it where others wrote before',
    async (collection, way) => {
      const { does, makes } = WAYS[way] as Way
      expect(await write(collection, [does])).toBe(makes)
    },
  )

  it.each(KINDS.map(({ name }) => name))(
    '[AF2] [CS4] [CS5] of %s keeps what is written behind that, again on a newer base',
    async (collection) => {
      const typed =
        (word: string, before: string): Way['does'] =>
        (replicaOf, name, id, body) =>
          replicaOf.collection(name).text(id, 'body').insert(body.indexOf(before), `${word} `)
      const ways = [typed('TYPED', 'DOC'), typed('MORE', 'TYPED'), typed('LAST', 'DOC')]
      expect(await write(collection, ways)).toBe('.AAA one two BBB three four MORE TYPED LAST DOC')
    },
  )
})
