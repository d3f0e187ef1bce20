import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { SYSTEM, auditEntry } from '#lib/application/access/audit-entry.ts'
import { createCollection } from '#lib/application/collections/create-collection.ts'
import { resolveConflict } from '#lib/application/conflicts/resolve-conflict.ts'
import { commandDevice } from '#lib/application/devices/command-device.ts'
import * as thisSdk from '#lib/client/node.ts'
import type { Replica } from '#lib/client/replica.ts'
import type { Storage } from '#lib/storage/ports.ts'
import { openPostgresStorage } from '#lib/storage/prisma/open-postgres-storage.ts'
import type { TestDatabase } from '#tests/support/database.ts'
import { createTestDatabase } from '#tests/support/database.ts'
import type { TestApp } from '#tests/support/device-world.ts'
import { testApp } from '#tests/support/device-world.ts'
import { previousRelease, previousSdk, previousServer } from '#tests/support/previous-release.ts'
import { rounds } from '#tests/support/trials.ts'
import type { SetUpFleet } from '../../../bench/set-up-fleet.ts'
import { setUpFleet } from '../../../bench/set-up-fleet.ts'
import { effectsOf } from './effects.ts'
import { startLoad } from './load.ts'
import type { Server } from './servers.ts'
import { rowsOf, startPreviousServer, startServer } from './servers.ts'
import { TALLIES } from './trial-fleet.ts'

const SETTLED_WITHIN_MS = 60_000
/** Some 160 mutations a second. */
const LOAD = { writers: 4, replicas: 2, retryMs: 100 }
const LOAD_TIMEOUT_MS = 300_000
const FOLDED_WITHIN_MS = 40_000
const TOGETHER_MS = rounds(3_000, 30_000)

const SCHEMA = {
  type: 'object',
  required: ['title'],
  properties: { title: { type: 'string' }, count: { type: 'integer' } },
}
const COLLECTIONS = [
  { name: 'notes', strategy: 'field-merge', schema: SCHEMA },
  { name: 'visits', strategy: 'manual', schema: SCHEMA },
  { name: 'texts', strategy: 'ot', schema: { type: 'object' } },
  { name: TALLIES, strategy: 'crdt', schema: { type: 'object' } },
]

/**
 * Two releases over one schema, this one's, as during every upgrade and before every way back (docs/upgrades.md): the device
 * SDK and the server of the release before are the ones that it was packed with, not today's code in its place.
 */
describe(`beside release ${previousRelease.version} (${previousRelease.newestMigration})`, () => {
  let database: TestDatabase
  let storage: Storage
  let app: TestApp
  let today: Server
  let before: Server
  beforeAll(async () => {
    database = await createTestDatabase()
    storage = await openPostgresStorage({ url: database.url })
    app = testApp(storage)
    // It comes first, and leads; the migrations of this release are applied under it.
    before = await startPreviousServer(database.url, previousServer())
    today = await startServer(database.url)
  })
  afterAll(async () => {
    await Promise.all([before.stop(), today.stop()])
    await storage.close()
    await database.drop()
  })

  async function newFleet(): Promise<SetUpFleet> {
    const fleet = await setUpFleet(app.ctx, `fleet ${crypto.randomUUID()}`)
    for (const body of COLLECTIONS)
      await createCollection(app.ctx, { actor: SYSTEM, fleetId: fleet.fleetId, body })
    return fleet
  }

  async function open(sdk: typeof thisSdk, server: Server, { enrollmentKey }: SetUpFleet): Promise<Replica> {
    const replica = await sdk.openReplica({
      url: server.ready.url,
      enrollmentKey,
      device: { name: 'tablet', platform: 'ios', appVersion: '2.4.0' },
      store: sdk.openMemoryStore(),
      sync: { auto: false },
    })
    onTestFinished(() => replica.close())
    await replica.sync()
    return replica
  }

  it.each([
    ['the SDK before', 'the server of today', previousSdk, () => today, () => thisSdk],
    ['the SDK of today', 'the server before', async () => thisSdk, () => before, previousSdk],
    ['the SDK before', 'the server before, on the schema of today', previousSdk, () => before, previousSdk],
  ])('%s and %s: enroll, push, pull, conflict, letter, counter, text, rotation, epoch', async (...row) => {
    const [, , first, serverOf, second] = row
    const server = serverOf()
    const fleet = await newFleet()
    const { fleetId } = fleet
    const [a, b] = [await open(await first(), server, fleet), await open(await second(), server, fleet)]
    const both = async (): Promise<void> => {
      for (const replica of [a, b, a, b]) expect((await replica.sync()).problem).toBeNull()
    }

    const { recordId } = await a.collection('notes').put(null, { title: 'one', count: 1 })
    await both()
    expect((await b.collection('notes').get(recordId))?.data).toEqual({ title: 'one', count: 1 })
    // Both at once, apart: merged by field.
    await a.collection('notes').patch(recordId, { set: { title: 'two' } })
    await b.collection('notes').patch(recordId, { set: { count: 2 } })
    await both()

    const visit = await a.collection('visits').put(null, { title: 'nobody' })
    await both()
    await a.collection('visits').patch(visit.recordId, { set: { title: 'mine' } })
    await b.collection('visits').patch(visit.recordId, { set: { title: 'yours' } })
    await both()
    const [conflict] = b.conflicts$.get()
    expect(conflict?.recordId).toBe(visit.recordId)
    const body = { choice: 'theirs', version: 2 }
    await resolveConflict(app.ctx, { actor: SYSTEM, fleetId, id: conflict?.conflictId ?? '', body })
    await both()
    await expect.poll(async () => (await b.sync(), b.conflicts$.get())).toEqual([])

    await a.collection('notes').put(null, { title: 'wrong', count: 'many' }, { validate: false })
    await both()
    expect(a.deadLetters$.get().map(({ code }) => code)).toEqual(['schema_mismatch'])

    const tally = await a.collection(TALLIES).put(null, {})
    const text = await a.collection('texts').put(null, { body: '' })
    await both()
    for (const replica of [a, b]) {
      await replica.collection(TALLIES).counter(tally.recordId, 'n').increment(3)
      await replica.collection('texts').text(text.recordId, 'body').insert(0, 'ab')
    }
    await both()
    expect((await b.collection(TALLIES).get(tally.recordId))?.data).toEqual({ n: 6 })
    expect((await a.collection('texts').get(text.recordId))?.data).toEqual({ body: 'abab' })

    const held = await tokenOf(fleetId, a.deviceId)
    await commandDevice(app.ctx, { actor: SYSTEM, fleetId, id: a.deviceId, body: { type: 'rotate' } })
    await expect
      .poll(async () => (await both(), await tokenOf(fleetId, a.deviceId)), { timeout: SETTLED_WITHIN_MS })
      .not.toBe(held)

    // Restored while changes wait on both: they read everything anew, and what waited arrives.
    await a.collection('notes').put(null, { title: 'waited here' })
    await b.collection('notes').put(null, { title: 'waited there' })
    const audit = auditEntry(app.ctx, SYSTEM, { action: 'fleet.restore', target: fleetId, fleetId })
    await storage.fleets.raiseEpoch(fleetId, audit)
    const titles = async (): Promise<unknown> => {
      const isSettled = await settled([a, b])
      const notes = await Promise.all([a, b].map((replica) => replica.collection('notes').query()))
      return isSettled && notes.map((list) => list.map(({ data }) => String(data['title'])).sort())
    }
    const all = ['two', 'waited here', 'waited there']
    await expect.poll(titles, { timeout: SETTLED_WITHIN_MS }).toEqual([all, all])
    for (const { name } of COLLECTIONS) expect(await contents(a, name)).toEqual(await contents(b, name))
  })

  it(
    'both servers under load lose nothing and apply nothing twice, and what the one that led left is folded by the other',
    async () => {
      const fleet = await newFleet()
      const load = await startLoad([before.ready.url, today.ready.url], fleet.enrollmentKey, LOAD)
      onTestFinished(() => load.close())
      await pause(TOGETHER_MS)
      await before.stop()
      await pause(TOGETHER_MS)
      before = await startPreviousServer(database.url, previousServer(), new URL(before.ready.url).port)
      await pause(TOGETHER_MS)
      const outcome = await load.end()
      expect(await effectsOf(database.url, fleet.fleetId, outcome)).toMatchObject({
        lost: 0,
        twice: 0,
        diverged: 0,
      })
      const count = async (text: string): Promise<number> =>
        Number((await rowsOf<{ n: string }>(database.url, fleet.fleetId, text, [fleet.fleetId]))[0]?.n)
      const committed = await count('SELECT count(*) AS n FROM change_log WHERE fleet_id = $1')
      const folded = `SELECT sum((counters->>'mutations:applied')::int) AS n FROM rollup
      WHERE tier = 'minute' AND fleet_id = $1`
      await expect.poll(() => count(folded), { timeout: FOLDED_WITHIN_MS }).toBe(committed)
    },
    LOAD_TIMEOUT_MS,
  )

  /** What is kept of the token that the device has now. */
  const tokenOf = async (fleetId: string, deviceId: string): Promise<unknown> =>
    JSON.stringify(
      await rowsOf(
        database.url,
        fleetId,
        'SELECT * FROM device_token WHERE fleet_id = $1 AND device_id = $2 ORDER BY created_at DESC LIMIT 1',
        [fleetId, deviceId],
      ),
    )
})

async function settled(replicas: readonly Replica[]): Promise<boolean> {
  for (const replica of [...replicas, ...replicas]) await replica.sync()
  const states = replicas.map(({ status$ }) => status$.get())
  return states.every(({ pending, problem }) => pending === 0 && problem === null)
}

async function contents(replica: Replica, collection: string): Promise<unknown> {
  const records = await replica.collection(collection).query()
  return records.map(({ id, data }) => [id, data])
}
