import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { openReplica } from '#lib/client/open-replica.ts'
import type { Replica } from '#lib/client/replica.ts'
import { openSqliteStore } from '#lib/client/sqlite-store.ts'
import type { AcknowledgedEntry } from '#lib/client/tables.ts'
import { eachRow } from '#lib/client/tables.ts'
import { jsonEqual } from '#lib/kernel/json.ts'
import type { JsonObject } from '#lib/kernel/json.ts'
import type { TestDatabase } from '#tests/support/database.ts'
import { createTestDatabase } from '#tests/support/database.ts'
import type { SetUpFleet } from '../../../bench/set-up-fleet.ts'
import { runFleet } from '../../../scripts/fleet/run-fleet.ts'
import type { Server } from './servers.ts'
import { rowsOf, startServer, startServerWithFleet } from './servers.ts'

const DEVICES = 12
const KILLS = 2
/** How long the fleet works with a server before that is killed. */
const LIFE_MS = 2_500
const CAUGHT_UP_WITHIN_MS = 30_000
/** Quick to come back: what a demo waits for in minutes, in seconds. */
const SETTINGS = {
  intervalMs: 400,
  backoff: { baseMs: 100, capMs: 500 },
  minAppVersion: null,
  allowedOrigins: [],
}

let database: TestDatabase
let server: Server
let fleet: SetUpFleet
let dir: string
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'tidemark-fleet-'))
  database = await createTestDatabase()
  const first = await startServerWithFleet(database.url)
  server = first
  fleet = first.ready
  await rowsOf(database.url, fleet.fleetId, 'UPDATE fleet SET settings = $2 WHERE id = $1', [
    fleet.fleetId,
    JSON.stringify(SETTINGS),
  ])
})
afterAll(async () => {
  await server.stop()
  await database.drop()
  rmSync(dir, { recursive: true })
})

it('kill -9 of the server under the demo’s own devices: what was acknowledged is there once, and all catch up', async () => {
  const { url } = server.ready
  const stop = new AbortController()
  const options = { url, enrollmentKey: fleet.enrollmentKey, devices: DEVICES, seconds: null, seed: 5, dir }
  const running = runFleet({ ...options, profile: 'conflict' }, stop.signal, () => undefined)
  for (let kill = 0; kill < KILLS; kill++) {
    await pause(LIFE_MS)
    await server.kill()
    server = await startServer(database.url, new URL(url).port)
  }
  await pause(LIFE_MS)
  stop.abort()
  await running

  // The same devices, opened again, with nothing more to do than to catch up.
  const stores = readdirSync(dir, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.sqlite'),
  )
  expect(stores).toHaveLength(DEVICES)
  const replicas = await Promise.all(stores.map((name) => reopen(url, join(dir, name))))
  try {
    await expect.poll(() => pendingOf(replicas), { timeout: CAUGHT_UP_WITHIN_MS }).toBe(0)
    const records = await recordsOf()
    expect(records.size).toBeGreaterThan(0)
    await expect
      .poll(() => differences(replicas, records), { timeout: CAUGHT_UP_WITHIN_MS })
      .toEqual(replicas.map(() => 0))
  } finally {
    await Promise.all(replicas.map((replica) => replica.close()))
  }
  const acknowledged = (await Promise.all(stores.map((name) => acknowledgedIn(join(dir, name))))).flat()
  const logged = await rowsOf<{ mutation_id: string; collection: string; version: number | null }>(
    database.url,
    fleet.fleetId,
    'SELECT mutation_id, collection, version::int FROM change_log WHERE fleet_id = $1 ORDER BY version',
    [fleet.fleetId],
  )
  expect(acknowledged.length).toBeGreaterThan(DEVICES)
  expect(logged.map((row) => row.mutation_id).sort()).toEqual([...acknowledged].sort())
  // One version a change, without a gap: nothing ran twice and nothing was half done.
  for (const name of new Set(logged.map(({ collection }) => collection))) {
    const versions = logged.flatMap(({ collection, version }) => (collection === name ? (version ?? []) : []))
    expect(versions).toEqual(versions.map((_, i) => i + 1))
  }
})

const reopen = (url: string, file: string): Promise<Replica> =>
  openReplica({
    url,
    enrollmentKey: fleet.enrollmentKey,
    device: { name: 'tablet', platform: 'ios', appVersion: '2.4.0' },
    store: openSqliteStore(file),
  })

const pendingOf = (replicas: readonly Replica[]): number =>
  replicas.reduce((sum, { status$ }) => sum + status$.get().pending, 0)

/** Ids of what this device's server took, as the device keeps them for a week. */
async function acknowledgedIn(file: string): Promise<readonly string[]> {
  const store = openSqliteStore(file)
  const ids: string[] = []
  await store.transact((tx) =>
    eachRow<AcknowledgedEntry>(tx, 'acknowledged', '', ({ mutation }) => {
      ids.push(mutation.id)
      return true
    }),
  )
  await store.close()
  return ids
}

async function recordsOf(): Promise<ReadonlyMap<string, JsonObject>> {
  const rows = await rowsOf<{ record_id: string; data: JsonObject }>(
    database.url,
    fleet.fleetId,
    "SELECT record_id, data::json FROM record WHERE fleet_id = $1 AND collection = 'strike-reports' AND NOT deleted",
    [fleet.fleetId],
  )
  return new Map(rows.map(({ record_id, data }) => [record_id, data]))
}

/** For each replica, how many records it has not as the server has them. */
const differences = (
  replicas: readonly Replica[],
  records: ReadonlyMap<string, JsonObject>,
): Promise<readonly number[]> =>
  Promise.all(
    replicas.map(async (replica) => {
      const views = await replica.collection('strike-reports').query()
      const equal = views.filter(({ id, data }) => jsonEqual(data, records.get(id))).length
      return records.size - equal + (views.length - equal)
    }),
  )
