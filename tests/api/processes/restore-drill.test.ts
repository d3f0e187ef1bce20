import { randomUUID } from 'node:crypto'
import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { promisify } from 'node:util'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { systemClock } from '#lib/client/clock.ts'
import { openMemoryStore } from '#lib/client/memory-store.ts'
import { openReplica } from '#lib/client/open-replica.ts'
import type { Replica } from '#lib/client/replica.ts'
import { openSqliteStore } from '#lib/client/sqlite-store.ts'
import { EMPTY_STATE, addToState, stateText } from '#lib/engine/state-hash.ts'
import type { JsonObject } from '#lib/kernel/json.ts'
import { restoreGap } from '#lib/application/restores/restore-gap.ts'
import { checkDatabase } from '#lib/storage/prisma/backup/finish-restore.ts'
import { openPostgresStorage } from '#lib/storage/prisma/open-postgres-storage.ts'
import { onDatabase } from '#lib/storage/prisma/migration-adapter.ts'
import { bundled } from '#tests/support/bundled.ts'
import type { TestDatabase } from '#tests/support/database.ts'
import { createTestDatabase, testServer } from '#tests/support/database.ts'
import type { SetUpFleet } from '../../../bench/set-up-fleet.ts'
import type { Server } from './servers.ts'
import { rowsOf, SECRET, startServer } from './servers.ts'
import { makeTrialFleet } from './trial-fleet.ts'

const ROOT = path.resolve(import.meta.dirname, '../../..')
const REPORTS = 'inspections'
const DEVICES = 6
/** Of these one is away from the backup on, and one enrolls only behind it. */
const AWAY = 0
const WRITES_MIN = 40
const CONVERGED_WITHIN_MS = 30_000
/** Beside other tests a command alone may take ten seconds to start. */
const DRILL_TIMEOUT_MS = 300_000

const inspection = (n: number): JsonObject => ({
  airportName: `Airport ${n}`,
  inspectedAt: '2026-11-28T01:00:00Z',
  outcome: 'clear',
})

/** A device that writes and syncs until it is told to end, and knows what was acknowledged to it and when. */
interface Worker {
  readonly replica: Replica
  /** Mutation ids in the order in which they were acknowledged. */
  readonly acknowledged: Set<string>
  readonly made: Set<string>
  stop(): Promise<void>
}

function work(replica: Replica, everyMs: number): Worker {
  const made = new Set<string>()
  const acknowledged = new Set<string>()
  let isOver = false
  const running = (async () => {
    for (let n = 0; !isOver; n += 1) {
      const { mutationId } = await replica.collection(REPORTS).put(null, inspection(n))
      made.add(mutationId)
      const { pending } = await replica.sync()
      if (pending === 0) for (const id of made) acknowledged.add(id)
      await pause(everyMs)
    }
  })()
  return {
    replica,
    made,
    acknowledged,
    stop: async () => {
      isOver = true
      await running
    },
  }
}

async function cli(databaseUrl: string, ...args: readonly string[]): Promise<JsonObject> {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [await bundled('scripts/tidemark.ts'), ...args, '--json'],
    {
      cwd: ROOT,
      maxBuffer: 64 * 1024 * 1024,
      env: {
        ...process.env,
        DATABASE_URL: databaseUrl,
        DATABASE_DIRECT_URL: databaseUrl,
        TIDEMARK_SECRET: SECRET,
      },
    },
  )
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as JsonObject
}

/** The canonical hash of what the device shows of the collection. */
async function hashOf(replica: Replica): Promise<string> {
  const rows = await replica.collection(REPORTS).query()
  return stateText(
    rows.reduce(
      (state, { id, version, data }) => addToState(state, { recordId: id, version: version ?? 0, data }),
      EMPTY_STATE,
    ),
  )
}

describe('[fault 14] the restore drill', () => {
  const target = `restored_${randomUUID().replaceAll('-', '')}`
  let lost: TestDatabase
  let fleet: SetUpFleet
  let server: Server
  let folder: string
  let owner: pg.Client
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'tidemark-test-'))
    lost = await createTestDatabase()
    fleet = await makeTrialFleet(lost.url)
    server = await startServer(lost.url)
    owner = new pg.Client({ connectionString: testServer() })
    await owner.connect()
    await owner.query(`CREATE DATABASE ${target} TEMPLATE template0`)
  })
  afterAll(async () => {
    await server.stop()
    await owner.query(`DROP DATABASE IF EXISTS ${target} WITH (FORCE)`)
    await owner.end()
    await lost.drop()
    await rm(folder, { recursive: true, force: true })
  })

  const open = (url: string, n: number, aheadMs: () => number): Promise<Replica> =>
    openReplica({
      url,
      enrollmentKey: fleet.enrollmentKey,
      device: { name: `tablet ${n}`, platform: 'ios', appVersion: '1.2.0' },
      store: n % 2 === 0 ? openMemoryStore() : openSqliteStore(path.join(folder, `device-${n}.sqlite`)),
      clock: { ...systemClock, now: () => Date.now() + aheadMs() },
      sync: { auto: false },
    })

  it(
    'from a backup under load: nothing acknowledged before it is lost, devices converge, and the gap is what was acknowledged after it',
    async () => {
      const { url } = server.ready
      const port = new URL(url).port
      let aheadMs = 0
      const replicas = await Promise.all(
        Array.from({ length: DEVICES }, (_, n) => open(url, n, () => aheadMs)),
      )
      for (const replica of replicas) await replica.sync()
      const workers = replicas.map((replica) => work(replica, 40))
      const total = (): number => workers.reduce((sum, { acknowledged }) => sum + acknowledged.size, 0)
      await expect.poll(total, { timeout: CONVERGED_WITHIN_MS }).toBeGreaterThan(WRITES_MIN)

      const before = new Set(workers.flatMap(({ acknowledged }) => [...acknowledged]))
      const file = path.join(folder, 'tidemark.backup')
      const backup = await cli(lost.url, 'backup', '--out', file)
      expect(backup).toMatchObject({ file, fleets: 1 })
      const during = total()
      // Devices worked on meanwhile.
      expect(during).toBeGreaterThan(before.size)
      await workers[AWAY]?.stop()
      await expect.poll(total, { timeout: CONVERGED_WITHIN_MS }).toBeGreaterThan(during + WRITES_MIN)
      const late = work(await open(url, DEVICES, () => aheadMs), 40)
      await expect.poll(() => late.acknowledged.size, { timeout: CONVERGED_WITHIN_MS }).toBeGreaterThan(2)
      await Promise.all([...workers.slice(1), late].map((worker) => worker.stop()))
      const all = [...workers, late]
      const acknowledged = new Set(all.flatMap((worker) => [...worker.acknowledged]))
      await server.kill()
      await late.replica.collection(REPORTS).put(null, inspection(-1))

      const restoredUrl = onDatabase(lost.url, target)
      const restored = await cli(restoredUrl, 'restore', '--from', file)
      expect(restored).toMatchObject({ backupId: backup['id'], proven: true, problems: 'none' })
      const inBackup = new Set(
        (
          await rowsOf<{ id: string }>(
            restoredUrl,
            fleet.fleetId,
            'SELECT mutation_id AS id FROM change_log WHERE fleet_id = $1',
            [fleet.fleetId],
          )
        ).map(({ id }) => id),
      )
      // A: what was acknowledged up to the backup is there.
      expect([...before].filter((id) => !inBackup.has(id))).toEqual([])
      const gap = [...acknowledged].filter((id) => !inBackup.has(id)).sort()
      expect(gap.length).toBeGreaterThan(WRITES_MIN)

      server = await startServer(restoredUrl, port)
      const present = all.filter((_, n) => n !== AWAY)
      const settle = async (workersToSettle: readonly Worker[]): Promise<void> => {
        // Waits that a dead server imposed end for the devices' clock.
        aheadMs += 120_000
        for (const { replica } of [...workersToSettle, ...workersToSettle])
          for (let round = 0; round < 3; round += 1) await replica.sync()
        for (const { replica } of workersToSettle)
          expect(replica.status$.get()).toMatchObject({ pending: 0, refused: 0 })
      }
      await settle(present)
      const ofAway = new Set(workers[AWAY]?.acknowledged ?? [])
      const storage = await openPostgresStorage({ url: restoredUrl })
      const first = await restoreGap({ storage }, fleet.fleetId, true)
      await storage.close()
      expect(first).toMatchObject({ devices: DEVICES, notBack: 1, backupId: backup['id'] })
      expect(idsOf(first)).toEqual(gap.filter((id) => !ofAway.has(id)))

      await settle(all)
      const hashes = await Promise.all(all.map(({ replica }) => hashOf(replica)))
      expect(new Set(hashes).size).toBe(1)
      const after = await cli(restoredUrl, 'restore', 'gap', '--ids')
      const [whole] = Object.values(after['gaps'] as unknown as Record<string, GapAnswer>)
      expect(whole).toMatchObject({ devices: DEVICES, back: DEVICES, notBack: 0, regained: gap.length })
      expect(idsOf(whole)).toEqual(gap)
      for (const { replica, acknowledged: own } of all) {
        const told = whole?.byDevice.find(({ deviceId }) => deviceId === replica.deviceId)
        expect(told?.mutationIds?.toSorted() ?? []).toEqual(gap.filter((id) => own.has(id)))
      }

      // E: each mutation has one effect, and each stands in one record.
      const rows = await rowsOf<{ id: string; version: number }>(
        restoredUrl,
        fleet.fleetId,
        'SELECT mutation_id AS id, version::int FROM change_log WHERE fleet_id = $1 AND collection = $2 ORDER BY version',
        [fleet.fleetId, REPORTS],
      )
      expect(rows.map(({ version }) => version)).toEqual(rows.map((_, i) => i + 1))
      expect([...acknowledged].filter((id) => !rows.some((row) => row.id === id))).toEqual([])
      const made = all.reduce((sum, worker) => sum + worker.made.size, 0)
      expect(rows).toHaveLength(made + 1)
      expect((await checkDatabase(restoredUrl)).filter(({ found }) => found > 0)).toEqual([])
      for (const { replica } of all) await replica.close()
    },
    DRILL_TIMEOUT_MS,
  )
})

type GapAnswer = Pick<NonNullable<Awaited<ReturnType<typeof restoreGap>>>, 'byDevice'>
const idsOf = (gap: GapAnswer | null | undefined): readonly string[] =>
  (gap?.byDevice ?? []).flatMap(({ mutationIds = [] }) => mutationIds).sort()
