import { setTimeout as pause } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createMemoryDisk, openMemoryStore } from '#lib/client/memory-store.ts'
import { openReplica } from '#lib/client/open-replica.ts'
import type { Replica } from '#lib/client/replica.ts'
import { SYSTEM } from '#lib/application/access/audit-entry.ts'
import { ENGINE_SCOPE, collectionScope } from '#lib/application/breakers/scopes.ts'
import { createEnrollmentKey } from '#lib/application/enrollment/create-enrollment-key.ts'
import { openMemoryStorage } from '#lib/storage/memory/open-memory-storage.ts'
import type { BreakerWorld, Sickness } from '#tests/support/breaker-world.ts'
import { openBreakerWorld, sickStorage, until } from '#tests/support/breaker-world.ts'

/** The SDK against a server that sheds, over real HTTP. */
let world: BreakerWorld
let sickness: Sickness
let replica: Replica
let aheadMs = 0
const sent: { path: string; atMs: number }[] = []

beforeEach(async () => {
  const sick = sickStorage(openMemoryStorage())
  sickness = sick.sickness
  world = await openBreakerWorld(sick.storage)
  const { fleetId } = world
  const body = { name: 'sdk' }
  const { key } = await createEnrollmentKey(world.app.ctx, { actor: SYSTEM, fleetId, body })
  aheadMs = 0
  replica = await openReplica({
    url: world.base,
    enrollmentKey: key,
    device: { name: 'tablet', platform: 'ios', appVersion: '1.2.0' },
    store: openMemoryStore(createMemoryDisk()),
    clock: {
      now: () => Date.now() + aheadMs,
      setTimeout: (run, ms) => setTimeout(run, ms),
      clearTimeout: (timer) => clearTimeout(timer as NodeJS.Timeout),
    },
    fetch: (input, init) => {
      sent.push({ path: new URL(String(input)).pathname, atMs: Date.now() })
      return fetch(input, init)
    },
    sync: { auto: false },
  })
  await replica.sync()
  sent.length = 0
})
afterEach(async () => {
  await replica.close()
  await world.close()
})

const wait = (ms: number): void => {
  world.wait(ms)
  aheadMs += ms
}

test('[BO1] behind an open breaker the device waits in `shed` and sends nothing; afterwards it drains', async () => {
  sickness.all = true
  await until(world, ENGINE_SCOPE, 'open', () => world.push(['notes']))
  sickness.all = false
  await replica.collection('notes').put(null, { title: 'waits' })
  expect(await replica.sync()).toMatchObject({ state: 'shed', problem: 'breaker_open', pending: 1 })
  expect(sent.map(({ path }) => path)).toEqual(['/api/v1/push'])
  for (const ms of [0, 10_000, 15_000]) {
    wait(ms)
    expect((await replica.sync()).state).toBe('shed')
  }
  expect(sent).toHaveLength(1)
  // The floor is 30 s to 45 s, and the device's own spread is above it.
  wait(180_000)
  expect(await replica.sync()).toMatchObject({ state: 'idle', pending: 0, problem: null })
})

test('[BO1] a loaded server is not asked again before its Retry-After', async () => {
  const { load } = world.app.ctx
  let held = 0
  while (load.enter('push')) held += 1
  await replica.collection('notes').put(null, { title: 'waits' })
  expect(await replica.sync()).toMatchObject({ state: 'shed', problem: 'shed' })
  for (; held > 0; held--) load.leave()
  await pause(500)
  expect(await replica.sync()).toMatchObject({ state: 'shed', pending: 1 })
  expect(sent).toHaveLength(1)
  wait(180_000)
  expect(await replica.sync()).toMatchObject({ state: 'idle', pending: 0 })
})

test('[SM6] while one collection is shut the device syncs the others, and this one when it opens', async () => {
  sickness.stuck = new Set(['notes'])
  const notes = collectionScope(world.fleetId, 'notes')
  await until(world, notes, 'open', () => world.push(['notes']))
  const shut = await replica.collection('notes').put(null, { title: 'shut' })
  expect(await replica.sync()).toMatchObject({ state: 'idle', pending: 1 })
  await replica.collection('jobs').put(null, { title: 'flows' })
  expect(await replica.sync()).toMatchObject({ state: 'idle', pending: 1 })
  await world.push(['jobs'])
  await replica.sync()
  expect(await replica.collection('jobs').query()).toHaveLength(3)
  expect(await replica.collection('notes').get(shut.recordId)).not.toBeNull()

  sickness.stuck = new Set()
  wait(60_000)
  for (let n = 0; n < 4; n++) expect((await world.push(['notes'])).status).toBe(200)
  expect(await replica.sync()).toMatchObject({ state: 'idle', pending: 0 })
  expect(world.stateOf(notes)).toBe('closed')
})
