import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { SYSTEM } from '#lib/application/access/audit-entry.ts'
import { createCollection } from '#lib/application/collections/create-collection.ts'
import { publishCollection } from '#lib/application/collections/publish-collection.ts'
import type { AppSchema } from '#lib/client/collection.ts'
import { openMemoryStore } from '#lib/client/memory-store.ts'
import type { Replica } from '#lib/client/replica.ts'
import type { ReplicaStore } from '#lib/client/store.ts'
import type { JsonObject } from '#lib/kernel/json.ts'
import { CONFIG_BYTES_MAX } from '#lib/protocol/limits.ts'
import type { JsonSchema, StrategyName } from '#lib/protocol/device.ts'
import { STRATEGIES } from '#lib/protocol/device.ts'
import type { UpMigrationOp } from '#lib/protocol/rules.ts'
import type { DeviceHttp } from '#tests/support/device-http.ts'
import { deviceHttp } from '#tests/support/device-http.ts'

const V1: JsonObject = { type: 'object', required: ['name'], properties: { name: { type: 'string' } } }
const V2: JsonObject = {
  type: 'object',
  required: ['customer', 'status', 'total'],
  properties: { customer: { type: 'object', required: ['name'] }, total: { type: 'number' } },
  not: { anyOf: [{ required: ['name'] }, { required: ['legacy'] }] },
}
/** The example of docs/rules.md: moved, removed, set and computed. */
const STEPS: readonly UpMigrationOp[] = [
  { op: 'rename', path: '/name', to: '/customer/name' },
  { op: 'remove', path: '/legacy' },
  { op: 'default', path: '/status', value: 'open' },
  { op: 'cel', path: '/total', cel: 'value * 100' },
]

interface Tasks {
  readonly name: string
  publish(schema: JsonSchema, ops: readonly UpMigrationOp[]): Promise<void>
  /** The last migration with other steps. */
  mend(ops: readonly UpMigrationOp[]): Promise<void>
  open(app?: AppSchema, store?: ReplicaStore): Promise<Replica>
}

/** What an app works with is what its schema version says, whatever is stored (DL5); over a socket and PostgreSQL. */
describe('schema versions on a device', () => {
  let world: DeviceHttp
  beforeAll(async () => void (world = await deviceHttp()))
  afterAll(() => world.close())

  let made = 0
  const tasks = async (strategy: StrategyName, schema: JsonSchema): Promise<Tasks> => {
    const { fleetId } = world.fleet
    const name = `tasks-${(made += 1)}`
    const body = { name, strategy, schema }
    const { id } = await createCollection(world.app.ctx, { actor: SYSTEM, fleetId, body })
    let version = 1
    return {
      name,
      async publish(next, ops) {
        const upMigrations = [{ from: version, to: version + 1, ops }]
        const changes = { schema: next, upMigrations, version }
        await publishCollection(world.app.ctx, { actor: SYSTEM, fleetId, id, body: changes })
        version += 1
      },
      async mend(ops) {
        const changes = { upMigrations: [{ from: 1, to: 2, ops }], version }
        await publishCollection(world.app.ctx, { actor: SYSTEM, fleetId, id, body: changes })
        version += 1
      },
      open: (app, store = openMemoryStore()) =>
        world.replica({ store, ...(app ? { schemas: { [name]: app } } : {}) }),
    }
  }
  const dataOf = async (replica: Replica, name: string, id: string): Promise<unknown> =>
    (await replica.collection(name).get(id))?.data
  const settle = async (...replicas: readonly Replica[]): Promise<void> => {
    for (const replica of [...replicas, ...replicas]) {
      expect(await replica.sync()).toMatchObject({ problem: null })
      expect(replica.refusals$.get()).toEqual([])
    }
  }

  describe.each(STRATEGIES)('%s', (strategy) => {
    it.each([
      ['without a version of its own', undefined],
      ['that names the newest', { version: 2, schema: V2 }],
    ] as const)('[DL5] an app %s reads and changes what is older', async (_, app) => {
      const { name, publish, open } = await tasks(strategy, V1)
      const [first, second] = [await open(), await open(app)]
      await settle(first, second)
      const { recordId } = await first
        .collection(name)
        .put(null, { name: 'Ann', legacy: 1, total: 2, body: 'x' })
      await settle(first, second)
      await publish(V2, STEPS)
      await settle(second, second)

      const shown = { customer: { name: 'Ann' }, status: 'open', total: 200, body: 'x' }
      const view = await second.collection(name).get(recordId)
      expect(view).toMatchObject({ data: shown, schemaVersion: 2, pending: 0 })
      const [found] = await second.collection(name).query(({ data }) => data['total'] === 200)
      expect(found).toEqual(view)
      await second.collection(name).patch(recordId, { set: { total: 201, '/customer/name': 'Bea' } })
      const written = { ...shown, customer: { name: 'Bea' }, total: 201 }
      expect(await dataOf(second, name, recordId)).toEqual(written)
      const fresh = await open(app)
      await settle(second, first, fresh)
      for (const replica of [first, second, fresh])
        expect(await dataOf(replica, name, recordId)).toEqual(written)
      for (const replica of [first, second, fresh]) {
        expect(replica.deadLetters$.get()).toEqual([])
        expect(replica.conflicts$.get()).toEqual([])
        await replica.close()
      }
    })

    it('[DL5] an app of an older version works on what the server has brought up', async () => {
      const { name, publish, open } = await tasks(strategy, V1)
      const app = { version: 1, schema: V1 }
      const [old, modern] = [await open(app), await open()]
      await settle(old, modern)
      await publish(V2, STEPS)
      const { recordId } = await old.collection(name).put(null, { name: 'mine', total: 1 })
      expect(await dataOf(old, name, recordId)).toEqual({ name: 'mine', total: 1 })
      await settle(old, modern)
      const brought = { customer: { name: 'mine' }, status: 'open', total: 100 }
      expect(await old.collection(name).get(recordId)).toMatchObject({ data: brought, schemaVersion: 2 })

      await old.collection(name).patch(recordId, { set: { urgent: true, name: 'still mine' } })
      const changed = { ...brought, urgent: true, customer: { name: 'still mine' } }
      expect(await dataOf(old, name, recordId)).toEqual(changed)
      // Its own units, brought up by the server.
      await old.collection(name).patch(recordId, { set: { total: 3 } })
      await settle(old, modern)
      for (const replica of [old, modern]) {
        expect(await dataOf(replica, name, recordId)).toEqual({ ...changed, total: 300 })
        expect(replica.deadLetters$.get()).toEqual([])
      }
      await modern.collection(name).patch(recordId, { set: { total: 301 } })
      await settle(modern, old)
      expect(await dataOf(old, name, recordId)).toEqual({ ...changed, total: 301 })
      for (const replica of [old, modern]) await replica.close()
    })

    it('[DL5] what an app wrote before it was updated is shown as the server will make it', async () => {
      const { name, publish, open } = await tasks(strategy, V1)
      const store = openMemoryStore()
      const old = await open({ version: 1, schema: V1 }, store)
      await settle(old)
      const { recordId } = await old.collection(name).put(null, { name: 'Ann', total: 1 })
      await settle(old)
      await publish(V2, STEPS)
      await settle(old, old)
      expect(await dataOf(old, name, recordId)).toEqual({ name: 'Ann', total: 1 })
      await old.collection(name).patch(recordId, { set: { name: 'Bea' } })
      const other = await old.collection(name).put(null, { name: 'new', total: 2 })
      expect(await dataOf(old, name, recordId)).toEqual({ name: 'Bea', total: 1 })

      const updated = await open({ version: 2, schema: V2 }, store)
      const shown = { customer: { name: 'Bea' }, status: 'open', total: 100 }
      const made = { customer: { name: 'new' }, status: 'open', total: 200 }
      expect(await dataOf(updated, name, recordId)).toEqual(shown)
      expect(await updated.collection(name).query()).toMatchObject([
        { data: shown, pending: 1 },
        { data: made, pending: 1 },
      ])
      await updated.collection(name).patch(recordId, { set: { total: 101 } })
      expect(await dataOf(updated, name, recordId)).toEqual({ ...shown, total: 101 })
      await settle(updated)
      expect(await dataOf(updated, name, recordId)).toEqual({ ...shown, total: 101 })
      expect(await dataOf(updated, name, other.recordId)).toEqual(made)
      expect(updated.deadLetters$.get()).toEqual([])
      await updated.close()
      await old.close()
    })

    it('[DL5] what a step fails on is shown in its own version, until the migration is mended', async () => {
      const { name, publish, mend, open } = await tasks(strategy, V1)
      const [first, second] = [await open(), await open({ version: 2 })]
      await settle(first, second)
      const { recordId } = await first.collection(name).put(null, { name: 'Ann' })
      await settle(first, second)
      await publish({}, STEPS)
      await settle(second, second)
      const shown = { data: { name: 'Ann' }, schemaVersion: 1 }
      expect(await second.collection(name).get(recordId)).toMatchObject(shown)
      await second.collection(name).patch(recordId, { set: { urgent: true } })
      await settle(second)
      expect(second.deadLetters$.get()).toMatchObject([{ code: 'schema_mismatch' }])
      expect(await second.collection(name).get(recordId)).toMatchObject(shown)

      await mend([
        ...STEPS.slice(0, -1),
        { op: 'cel', path: '/total', cel: 'value == null ? 0 : value * 100' },
      ])
      await settle(second)
      const whole = { customer: { name: 'Ann' }, status: 'open', total: 0 }
      expect(await dataOf(second, name, recordId)).toEqual(whole)
      const [letter] = second.deadLetters$.get()
      const answer = await world.admin('POST', `/dead-letters/${letter?.deadLetterId}/replay`, {})
      expect(answer.status).toBe(200)
      await settle(second, first)
      for (const replica of [first, second]) {
        expect(await dataOf(replica, name, recordId)).toEqual({ ...whole, urgent: true })
        await replica.close()
      }
    })

    it('[DL5] an app that is updated before its device knows the new version changes what it is shown', async () => {
      const { name, publish, open } = await tasks(strategy, V1)
      const store = openMemoryStore()
      const [old, other] = [await open({ version: 1, schema: V1 }, store), await open()]
      await settle(old)
      const { recordId } = await old.collection(name).put(null, { name: 'Ann', total: 2 })
      const second = await old.collection(name).put(null, { name: 'Cid', total: 2 })
      await settle(old, other)
      await old.close()
      await publish(V2, STEPS)

      const updated = await open({ version: 2, schema: V2 }, store)
      const notes = updated.collection(name)
      const shown = { data: { name: 'Ann', total: 2 }, schemaVersion: 1 }
      expect(await notes.get(recordId)).toMatchObject(shown)
      expect(await notes.query(({ id }) => id === recordId)).toMatchObject([shown])
      await notes.patch(recordId, { set: { total: 3 } })
      await notes.patch(recordId, { set: { name: 'Bea' } })
      expect(await notes.get(recordId)).toMatchObject({ data: { name: 'Bea', total: 3 }, schemaVersion: 1 })
      await expect(notes.patch(recordId, { set: { name: 4 } })).rejects.toMatchObject({
        code: 'invalid_data',
      })
      // A whole document is of the app's own version.
      await expect(notes.put(second.recordId, { name: 'Dan', total: 4 })).rejects.toMatchObject({
        code: 'invalid_data',
      })
      await notes.put(second.recordId, { customer: { name: 'Dan' }, status: 'new', total: 400 })
      await notes.patch(second.recordId, { set: { total: 401 } })
      await settle(updated, other)
      for (const replica of [updated, other]) {
        expect(await dataOf(replica, name, recordId)).toEqual({
          customer: { name: 'Bea' },
          status: 'open',
          total: 300,
        })
        expect(await dataOf(replica, name, second.recordId)).toEqual({
          customer: { name: 'Dan' },
          status: 'new',
          total: 401,
        })
        expect(replica.deadLetters$.get()).toEqual([])
        expect(replica.conflicts$.get()).toEqual([])
        await replica.close()
      }
    })
  })

  const MOVED: readonly UpMigrationOp[] = [
    { op: 'rename', path: '/body', to: '/text/body' },
    { op: 'rename', path: '/n', to: '/stats/n' },
    { op: 'rename', path: '/tags', to: '/stats/tags' },
  ]

  it('[DL5] counters, sets and texts are counted, filled and typed where they have moved to', async () => {
    const { name, publish, open } = await tasks('crdt', true)
    const [old, modern] = [await open({ version: 1 }), await open()]
    await settle(old, modern)
    const { recordId } = await old.collection(name).put(null, { z: 0 })
    const [was, is] = [old.collection(name), modern.collection(name)]
    await was.counter(recordId, 'n').increment(2)
    await was.set(recordId, 'tags').add('a')
    await was.text(recordId, 'body').insert(0, 'Ahello')
    await settle(old, modern)
    await publish({}, MOVED)
    await settle(old, modern)

    expect(await dataOf(modern, name, recordId)).toEqual({
      z: 0,
      text: { body: 'Ahello' },
      stats: { n: 2, tags: ['a'] },
    })
    await is.text(recordId, '/text/body').insert(6, ' from B')
    await is.counter(recordId, '/stats/n').increment(5)
    await is.set(recordId, '/stats/tags').remove('a')
    await was.text(recordId, 'body').insert(0, '>')
    await was.counter(recordId, 'n').increment(10)
    await was.set(recordId, 'tags').add('b')
    expect(await dataOf(old, name, recordId)).toEqual({ z: 0, body: '>Ahello', n: 12, tags: ['a', 'b'] })
    await settle(modern, old)
    const both = { z: 0, text: { body: '>Ahello from B' }, stats: { n: 17, tags: ['b'] } }
    // The record is of version 2 now, and the older app goes on under its own names.
    await was.counter(recordId, 'n').decrement()
    expect(await was.counter(recordId, 'n').value()).toBe(16)
    await was.text(recordId, 'body').delete(0, 1)
    await was.set(recordId, 'tags').add('c')
    await settle(old, modern)
    for (const replica of [old, modern, await open()]) {
      await settle(replica)
      expect(await dataOf(replica, name, recordId)).toEqual({
        ...both,
        text: { body: 'Ahello from B' },
        stats: { n: 16, tags: ['b', 'c'] },
      })
      expect(replica.deadLetters$.get()).toEqual([])
      await replica.close()
    }
  })

  it('[DL5] an app that is updated first counts, fills and types in what its device shows', async () => {
    const { name, publish, open } = await tasks('crdt', true)
    const store = openMemoryStore()
    const [old, other] = [await open({ version: 1 }, store), await open()]
    await settle(old, other)
    const { recordId } = await old.collection(name).put(null, { z: 0 })
    await old.collection(name).counter(recordId, 'n').increment(2)
    await old.collection(name).set(recordId, 'tags').add('a')
    await old.collection(name).text(recordId, 'body').insert(0, 'hello')
    await settle(old, other)
    await old.close()
    await publish({}, MOVED)
    const updated = await open({ version: 2 }, store)
    await updated.collection(name).counter(recordId, 'n').increment()
    await updated.collection(name).set(recordId, 'tags').add('b')
    await updated.collection(name).text(recordId, 'body').insert(5, '!')
    await settle(updated, other)
    for (const replica of [updated, other]) {
      expect(await dataOf(replica, name, recordId)).toEqual({
        z: 0,
        text: { body: 'hello!' },
        stats: { n: 3, tags: ['a', 'b'] },
      })
      expect(replica.deadLetters$.get()).toEqual([])
      await replica.close()
    }
  })

  it('[DL5] operations are made where their path has moved to, and those that wait go past others', async () => {
    const { name, publish, open } = await tasks('ot', true)
    const [old, modern] = [await open({ version: 1 }), await open()]
    await settle(old, modern)
    const { recordId } = await old.collection(name).put(null, { body: 'hello' })
    const [was, is] = [old.collection(name), modern.collection(name)]
    await settle(old, modern)
    await was.text(recordId, 'body').insert(5, '!')
    await settle(old, modern)
    await publish({}, MOVED)
    await settle(old, modern)
    await is.text(recordId, '/text/body').insert(0, 'B ')
    await modern.sync()
    await was.text(recordId, 'body').insert(6, ' A')
    await old.sync()
    expect(await dataOf(old, name, recordId)).toEqual({ text: { body: 'B hello! A' } })
    await was.text(recordId, 'body').insert(0, '>')
    expect(await was.text(recordId, 'body').value()).toBe('>B hello! A')
    await settle(old, modern)
    for (const replica of [old, modern, await open()]) {
      await settle(replica)
      expect(await dataOf(replica, name, recordId)).toEqual({ text: { body: '>B hello! A' } })
      expect(replica.deadLetters$.get()).toEqual([])
      await replica.close()
    }
  })

  it('[DL5] [CS5] an older app reads its operation where its path has moved to, also before the next pull', async () => {
    const { name, publish, open } = await tasks('ot', true)
    let isPullDown = false
    const fetchOr503: typeof fetch = async (input, init) =>
      isPullDown && String(input).includes('/pull') ? new Response(null, { status: 503 }) : fetch(input, init)
    const old = await world.replica({ schemas: { [name]: { version: 1 } }, fetch: fetchOr503 })
    const modern = await open()
    await settle(old, modern)
    const { recordId } = await modern.collection(name).put(null, { body: 'hello' })
    await settle(modern, old)
    await publish({}, MOVED)
    await settle(modern)
    await modern.collection(name).patch(recordId, { set: { z: 1 } })
    await settle(modern, old)
    const body = old.collection(name).text(recordId, 'body')
    await body.insert(0, '>')
    isPullDown = true
    expect(await old.sync()).toMatchObject({ state: 'backoff', pending: 0 })
    const shown = { z: 1, text: { body: '>hello' } }
    expect(await dataOf(old, name, recordId)).toEqual(shown)
    await body.insert(6, '!')
    isPullDown = false
    await settle(old, modern)
    for (const replica of [old, modern]) {
      expect(await dataOf(replica, name, recordId)).toEqual({ ...shown, text: { body: '>hello!' } })
      await replica.close()
    }
  })

  it('[DL5] the schema judges what the server will make of a change, whichever version the app writes', async () => {
    const { name, publish, open } = await tasks('lww', V1)
    const old = await open({ version: 1, schema: V1 })
    await settle(old)
    await publish(V2, [...STEPS, { op: 'default', path: '/total', value: 0 }])
    const { recordId } = await old.collection(name).put(null, { name: 'mine', total: 1 })
    await settle(old)
    const wrong = old.collection(name).patch(recordId, { set: { customer: 'x' } })
    await expect(wrong).rejects.toMatchObject({ code: 'invalid_data' })
    const bad = old.collection(name).patch(recordId, { set: { total: 'many' } })
    await expect(bad).rejects.toMatchObject({ code: 'invalid_data' })
    await expect(old.collection(name).put(null, { customer: {} })).rejects.toMatchObject({
      code: 'invalid_data',
    })
    expect(old.status$.get().pending).toBe(0)
    await old.close()
  })

  it.each(['theirs', 'mine'] as const)(
    '[CS6] a desk that keeps %s writes it as its fields are called by now',
    async (choice) => {
      const { name, publish, open } = await tasks('manual', true)
      const [first, second] = [await open(), await open()]
      await settle(first, second)
      const { recordId } = await first.collection(name).put(null, { name: 'N', total: 1 })
      await settle(first, second)
      await first.collection(name).patch(recordId, { set: { total: 2 } })
      await second.collection(name).patch(recordId, { set: { total: 3 } })
      await settle(first, second)
      const [notice] = second.conflicts$.get()
      await publish({}, [
        { op: 'rename', path: '/name', to: '/who/name' },
        { op: 'cel', path: '/total', cel: 'value * 100' },
      ])
      const version = (await first.collection(name).get(recordId))?.version
      const body = { choice, version, reason: 'seen' }
      const answer = await world.admin('POST', `/conflicts/${notice?.conflictId}/resolve`, body)
      expect(answer.status).toBe(200)
      const { conflict } = (await answer.json()) as { conflict: { closure: { kept: string } } }
      expect(conflict.closure.kept).toBe(choice)
      for (const replica of [first, second]) {
        await settle(replica, replica)
        expect(await dataOf(replica, name, recordId)).toEqual({
          who: { name: 'N' },
          total: choice === 'mine' ? 300 : 200,
        })
        await replica.close()
      }
    },
  )

  it('[JS2] what devices read of a fleet’s collections is bounded where it is published', async () => {
    const fleet = await world.fleetWith({})
    const input = { actor: SYSTEM, fleetId: fleet.fleetId }
    const large = { description: 'd'.repeat(CONFIG_BYTES_MAX / 2) }
    const made = (name: string, schema: JsonSchema) =>
      createCollection(world.app.ctx, { ...input, body: { name, strategy: 'lww', schema } })
    const { id } = await made('first', large)
    await expect(made('second', large)).rejects.toMatchObject({ tidemarkCode: 'bad_request' })
    await made('second', {})
    const bound = new RegExp(`at most ${CONFIG_BYTES_MAX} bytes`)
    const change = { schema: { description: 'd'.repeat(CONFIG_BYTES_MAX) }, version: 1 }
    const grown = publishCollection(world.app.ctx, { ...input, id, body: change })
    await expect(grown.catch((error: unknown) => JSON.stringify(error))).resolves.toMatch(bound)
    const replica = await world.replica({}, fleet)
    expect(await replica.sync()).toMatchObject({ problem: null })
    await replica.close()
  })
})
