import pg from 'pg'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { Scope } from '#lib/application/breakers/scopes.ts'
import { ENGINE_SCOPE, collectionScope, fleetScope } from '#lib/application/breakers/scopes.ts'
import { tryStorage } from '#lib/application/breakers/try-storage.ts'
import type { Storage } from '#lib/storage/ports.ts'
import { openPostgresStorage } from '#lib/storage/prisma/open-postgres-storage.ts'
import type { BreakerWorld } from '#tests/support/breaker-world.ts'
import { openBreakerWorld } from '#tests/support/breaker-world.ts'
import type { TestDatabase } from '#tests/support/database.ts'
import { createTestDatabase } from '#tests/support/database.ts'
import { bodyOf } from '#tests/support/device-world.ts'

/** Real failures of a real PostgreSQL, met over real HTTP. */
let database: TestDatabase
let storage: Storage
let world: BreakerWorld
let admin: pg.Client

async function open(statementTimeoutMs: number, lockTimeoutMs: number): Promise<void> {
  storage = await openPostgresStorage({ url: database.url, statementTimeoutMs, lockTimeoutMs })
  world = await openBreakerWorld(storage)
}

beforeEach(async () => {
  database = await createTestDatabase()
  admin = new pg.Client({ connectionString: database.url })
  await admin.connect()
})
afterEach(async () => {
  await admin.end()
  await world.close()
  await storage.close()
  await database.drop()
})

const notes = () => collectionScope(world.fleetId, 'notes')
const states = () =>
  [ENGINE_SCOPE, fleetScope(world.fleetId), notes(), collectionScope(world.fleetId, 'jobs')].map(
    (scope: Scope) => world.stateOf(scope),
  )
const times = (n: number, collection: string): Promise<Response[]> =>
  Promise.all(Array.from({ length: n }, () => world.push([collection])))
/** Locks by the owner, who is no superuser: rows of a fleet need its setting. */
async function hold(statement: string, values: readonly unknown[] = []): Promise<() => Promise<unknown>> {
  await admin.query('BEGIN')
  await admin.query(`SELECT set_config('app.fleet', $1, true)`, [world.fleetId])
  const { rowCount } = await admin.query(statement, [...values])
  if (statement.startsWith('SELECT')) expect(rowCount).toBe(1)
  return () => admin.query('ROLLBACK')
}
async function heal(): Promise<void> {
  world.wait(30_000)
  for (let n = 0; n < 5; n++) expect((await world.push(['jobs'])).status).toBe(200)
}

test('[BR2] connections that are terminated at work trip engine and fleet; five good answers close them', async () => {
  await open(10_000, 10_000)
  const release = await hold('LOCK TABLE record IN ACCESS EXCLUSIVE MODE')
  // Not the one that holds the lock: within a transaction the list of connections stays as it was.
  const killer = new pg.Client({ connectionString: database.url })
  await killer.connect()
  let isAnswered = false
  const sent = times(40, 'notes').finally(() => (isAnswered = true))
  while (!isAnswered) {
    await killer.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
       WHERE datname = current_database() AND wait_event_type = 'Lock' AND pid <> pg_backend_pid()`,
    )
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  await killer.end()
  const codes = await Promise.all((await sent).map(async (answer) => (await bodyOf(answer))['code']))
  expect(new Set(codes)).toEqual(new Set(['database_unavailable']))
  expect(states()).toEqual(['open', 'open', 'closed', 'closed'])
  expect((await bodyOf(await world.push(['jobs'])))['code']).toBe('breaker_open')
  await release()
  await heal()
  expect(states()).toEqual(['closed', 'closed', 'closed', 'closed'])
})

test('[BR2] statements that run out of time trip engine and fleet', async () => {
  await open(2_000, 10_000)
  const release = await hold('LOCK TABLE record IN ACCESS EXCLUSIVE MODE')
  await times(1, 'notes')
  await times(25, 'notes')
  expect(states()).toEqual(['open', 'open', 'closed', 'closed'])
  await release()
  await heal()
  expect(states().slice(0, 2)).toEqual(['closed', 'closed'])
})

test('[BR2] [FK1] pushes whose device has a report that waits, and that cannot be written, trip engine and fleet', async () => {
  await open(2_000, 10_000)
  const { app, device } = world
  const report = () => ({ ...device.report(), state: 'idle', outbox: { depth: 0 } })
  const heartbeat = () => device.send('POST', '/api/v1/heartbeat', { body: { report: report() } })
  for (let n = 0; n < 3; n++) expect((await heartbeat()).status).toBe(200)
  const told = async () => (await storage.devices.get(world.fleetId, device.id))?.report?.seq
  const before = await told()
  const release = await hold('LOCK TABLE device IN ACCESS EXCLUSIVE MODE')
  const stuck = vi.spyOn(app.ctx.groupCommit, 'submit')
  const answers = await times(25, 'notes')
  expect(stuck).not.toHaveBeenCalled()
  const codes = await Promise.all(answers.map(async (answer) => (await bodyOf(answer))['code']))
  expect(codes[0]).toBe('database_unavailable')
  expect(new Set(codes)).toEqual(new Set(['database_unavailable']))
  expect(answers.every((answer) => Number(answer.headers.get('retry-after')) > 0)).toBe(true)
  expect(states()).toEqual(['open', 'open', 'closed', 'closed'])
  await release()
  await heal()
  expect(states()).toEqual(['closed', 'closed', 'closed', 'closed'])
  expect(await told()).toBeGreaterThan((before as number) + 2)
})

test('[BR2] a table that cannot be locked in time trips engine and fleet, whatever is pushed', async () => {
  await open(10_000, 1_000)
  const release = await hold('LOCK TABLE change_log IN ACCESS EXCLUSIVE MODE')
  const answers = [...(await times(12, 'notes')), ...(await times(12, 'jobs'))]
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([503]))
  expect(states()).toEqual(['open', 'open', 'closed', 'closed'])
  await release()
})

test('[BR2] a stream that another transaction holds trips its collection alone, and no other waits for it', async () => {
  await open(10_000, 300)
  const head = `SELECT 1 FROM stream_head WHERE fleet_id = $1 AND collection = 'notes' FOR UPDATE`
  const release = await hold(head, [world.fleetId])
  // In one queue, in groups with those of the sick collection.
  const [sick, well] = await Promise.all([times(25, 'notes'), times(25, 'jobs')])
  expect(new Set(sick.map(({ status }) => status))).toEqual(new Set([503]))
  expect(new Set(well.map(({ status }) => status))).toEqual(new Set([200]))
  expect(states()).toEqual(['closed', 'closed', 'open', 'closed'])

  const startedAtMs = Date.now()
  const mixed = await world.push(['notes', 'jobs'])
  expect(await mixed.json()).toMatchObject({ results: [{ status: 'shed' }, { status: 'applied' }] })
  expect(Date.now() - startedAtMs).toBeLessThan(300)

  await release()
  world.wait(30_000)
  for (let n = 0; n < 5; n++) expect((await world.push(['notes'])).status).toBe(200)
  expect(states()).toEqual(['closed', 'closed', 'closed', 'closed'])
})

test('[BR7] probes come as soon as the storage answers, one time a trip; a fleet that tripped alone waits', async () => {
  await open(10_000, 200)
  const { app } = world
  await tryStorage(app.ctx)
  for (let n = 0; n < 20; n++)
    await app.ctx.breakers.call(
      fleetScope(world.fleetId),
      async () => n,
      () => true,
    )
  await tryStorage(app.ctx)
  expect((await world.push(['jobs'])).status).toBe(503)
  for (let n = 0; n < 20; n++)
    await app.ctx.breakers.call(
      ENGINE_SCOPE,
      async () => n,
      () => true,
    )
  expect(states()).toEqual(['open', 'open', 'closed', 'closed'])
  expect((await world.push(['jobs'])).status).toBe(503)

  await tryStorage(app.ctx)
  // It answers a ping, and yet takes no push.
  const release = await hold('LOCK TABLE fleet IN ACCESS EXCLUSIVE MODE')
  await world.push(['jobs'])
  expect(states()).toEqual(['open', 'open', 'closed', 'closed'])
  await release()
  await tryStorage(app.ctx)
  expect((await world.push(['jobs'])).status).toBe(503)
  await heal()
  expect(states()).toEqual(['closed', 'closed', 'closed', 'closed'])
})

test('[BR6] the sick process opens its own; another over the same database goes on', async () => {
  await open(2_000, 10_000)
  const other = await openPostgresStorage({ url: database.url })
  const well = await openBreakerWorld(other)
  const release = await hold('LOCK TABLE record IN ACCESS EXCLUSIVE MODE')
  await times(1, 'notes')
  await times(25, 'notes')
  await release()
  expect(world.stateOf(ENGINE_SCOPE)).toBe('open')
  expect(well.stateOf(ENGINE_SCOPE)).toBe('closed')
  expect((await well.push(['notes'])).status).toBe(200)
  expect((await world.push(['notes'])).status).toBe(503)
  await well.close()
  await other.close()
})
