import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { openMemoryStore } from '#lib/client/memory-store.ts'
import { openReplica } from '#lib/client/open-replica.ts'
import type { Replica } from '#lib/client/replica.ts'
import type { JsonObject } from '#lib/kernel/json.ts'
import { jsonEqual } from '#lib/kernel/json.ts'
import type { TestDatabase } from '#tests/support/database.ts'
import { createTestDatabase } from '#tests/support/database.ts'
import type { PushingDevice } from '../../../bench/push/push-bodies.ts'
import { pushOfReports, strikeReportSource } from '../../../bench/push/push-bodies.ts'
import type { SetUpFleet } from '../../../bench/set-up-fleet.ts'
import type { Server } from './servers.ts'
import { enrollAt, pushTo, rowsOf, startServer, startServerWithFleet } from './servers.ts'

const KILLS = 2
const WRITERS = 4
const REPLICAS = 4
/** How long a server works before it is killed. */
const LIFE_MS = 1_500
/** Invariant L with waits of at most half a second. */
const DRAINED_WITHIN_MS = 30_000
const RETRY_MS = 100

interface Stored {
  readonly record_id: string
  readonly version: number
  readonly data: JsonObject
}

describe('kill -9 of the server in the middle of pushes', () => {
  const report = strikeReportSource()
  let database: TestDatabase
  let server: Server
  let fleet: SetUpFleet
  beforeAll(async () => {
    database = await createTestDatabase()
    const first = await startServerWithFleet(database.url)
    server = first
    fleet = first.ready
  })
  afterAll(async () => {
    await server.stop()
    await database.drop()
  })

  /** Pushes until told to stop, each one repeated until it is acknowledged. @returns the acknowledged mutations */
  async function writeUntil(
    device: PushingDevice,
    url: string,
    isOver: () => boolean,
  ): Promise<readonly string[]> {
    const acknowledged: string[] = []
    while (!isOver()) {
      const push = pushOfReports(device, 10, report)
      for (;;) {
        const answer = await pushTo(url, device, push).catch(() => null)
        if (answer?.status === 200) break
        await pause(RETRY_MS)
      }
      acknowledged.push(...push.mutations.map(({ id }) => id))
    }
    return acknowledged
  }

  const openDevice = async (url: string): Promise<Replica> => {
    const replica = await openReplica({
      url,
      enrollmentKey: fleet.enrollmentKey,
      device: { name: 'tablet', platform: 'ios', appVersion: '2.4.0' },
      store: openMemoryStore(),
      sync: {
        intervalMs: 400,
        backoffBaseMs: 50,
        backoffCapMs: 500,
        changeDelayMs: 20,
        requestTimeoutMs: 5_000,
      },
    })
    onTestFinished(() => replica.close())
    return replica
  }

  /** Creates reports and closes each a moment later. @returns the records, each with what it must end as */
  async function workUntil(
    replica: Replica,
    isOver: () => boolean,
  ): Promise<ReadonlyMap<string, JsonObject>> {
    const reports = replica.collection('strike-reports')
    const made = new Map<string, JsonObject>()
    while (!isOver()) {
      const data = report()
      const { recordId } = await reports.put(null, data)
      await pause(20)
      await reports.patch(recordId, { set: { status: 'closed' } })
      made.set(recordId, { ...data, status: 'closed' })
      await pause(40)
    }
    return made
  }

  it('loses no acknowledged mutation, applies none twice, and devices catch up by themselves', async () => {
    const { url } = server.ready
    const devices = await Promise.all(
      Array.from({ length: WRITERS }, () => enrollAt(url, fleet.enrollmentKey)),
    )
    const replicas = await Promise.all(Array.from({ length: REPLICAS }, () => openDevice(url)))
    let over = false
    const isOver = (): boolean => over
    const writing = Promise.all(devices.map((device) => writeUntil(device, url, isOver)))
    const working = Promise.all(replicas.map((replica) => workUntil(replica, isOver)))
    for (let kill = 0; kill < KILLS; kill++) {
      await pause(LIFE_MS)
      await server.kill()
      server = await startServer(database.url, new URL(url).port)
    }
    await pause(LIFE_MS)
    over = true
    const acknowledged = (await writing).flat()
    const made = new Map((await working).flatMap((records) => [...records]))

    await expect.poll(() => pendingOf(replicas), { timeout: DRAINED_WITHIN_MS }).toBe(0)
    const logged = await rowsOf<{ mutation_id: string; version: number }>(
      database.url,
      fleet.fleetId,
      'SELECT mutation_id, version::int FROM change_log WHERE fleet_id = $1 ORDER BY version',
      [fleet.fleetId],
    )
    const ids = new Set(logged.map((row) => row.mutation_id))
    expect(acknowledged.filter((id) => !ids.has(id))).toEqual([])
    expect(acknowledged.length).toBeGreaterThan(0)
    // One version a mutation, without a gap: nothing ran twice and nothing was half done.
    expect(logged.map(({ version }) => version)).toEqual(logged.map((_, i) => i + 1))
    const records = await rowsOf<Stored>(
      database.url,
      fleet.fleetId,
      'SELECT record_id, version::int, data::json FROM record WHERE fleet_id = $1',
      [fleet.fleetId],
    )
    const stored = new Map(records.map((record) => [record.record_id, record.data]))
    for (const [recordId, data] of made) expect(stored.get(recordId)).toEqual(data)
    expect(stored.size).toBe(acknowledged.length + made.size)
    await expect
      .poll(() => differences(replicas, stored), { timeout: DRAINED_WITHIN_MS })
      .toEqual(replicas.map(() => 0))
  })
})

const pendingOf = (replicas: readonly Replica[]): number =>
  replicas.reduce((sum, { status$ }) => sum + status$.get().pending, 0)

/** For each replica, how many records it has not as the server has them: missing, older, or too many. */
const differences = (
  replicas: readonly Replica[],
  stored: ReadonlyMap<string, JsonObject>,
): Promise<readonly number[]> =>
  Promise.all(
    replicas.map(async (replica) => {
      const views = await replica.collection('strike-reports').query()
      const equal = views.filter(({ id, data }) => jsonEqual(data, stored.get(id))).length
      return stored.size - equal + (views.length - equal)
    }),
  )
