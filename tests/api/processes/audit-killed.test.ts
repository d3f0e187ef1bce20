import { randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { verifyAudit } from '#lib/application/audit/verify-audit.ts'
import type { Storage } from '#lib/storage/ports.ts'
import { openPostgresStorage } from '#lib/storage/prisma/open-postgres-storage.ts'
import { bundled } from '#tests/support/bundled.ts'
import { createTestDatabase, type TestDatabase } from '#tests/support/database.ts'
import { addFleet } from '#tests/support/access-world.ts'
import { isTimeUp, noteTrial, rounds } from '#tests/support/trials.ts'
import { startChild, type Child } from '../../../bench/child.ts'

const KILLS = rounds(6, 50)
const SECRET = 'of the trial, long enough for it'
type Worker = Child<{ readonly pid: number }>

describe('kill -9 of processes that write audited changes', () => {
  let database: TestDatabase
  let storage: Storage
  let fleetId: string
  let worker: URL
  beforeAll(async () => {
    database = await createTestDatabase()
    storage = await openPostgresStorage({ url: database.url, secret: Buffer.from(SECRET) })
    const log = { info: () => undefined, warn: () => undefined, error: () => undefined }
    fleetId = await addFleet({ storage, clock: { now: Date.now }, ids: randomUUID, log }, 'trial')
    worker = pathToFileURL(await bundled('tests/api/processes/audit-worker.ts'))
  })
  afterAll(async () => {
    await storage.close()
    await database.drop()
  })

  it(
    '[AC2] [check 42] leaves a chain without a gap, and an entry for each change that was made',
    async () => {
      const told = new Set<string>()
      const start = async (): Promise<Worker> => {
        const env = { DATABASE_URL: database.url, TIDEMARK_SECRET: SECRET, TIDEMARK_TRIAL_FLEET: fleetId }
        const child = await startChild<{ readonly pid: number }>(worker, { env })
        child.process.on('message', (message: unknown) => {
          if (typeof message === 'object' && message !== null && 'id' in message) told.add(String(message.id))
        })
        return child
      }
      const workers = [await start(), await start()]
      onTestFinished(async () => void (await Promise.all(workers.map((one) => one.stop()))))
      let kills = 0
      for (; kills < KILLS && !isTimeUp(); kills++) {
        await pause(150 + Math.random() * 300)
        const place = kills % 2
        await workers[place]?.kill()
        workers[place] = await start()
      }
      await Promise.all(workers.map((one) => one.kill()))
      // What a killed process sent last may still be committed by PostgreSQL.
      const client = new pg.Client({ connectionString: database.url })
      await client.connect()
      onTestFinished(() => client.end())
      for (let n = 0; n < 100; n++) {
        const { rows } = await client.query<{ n: number }>(
          `SELECT count(*)::int AS n FROM pg_stat_activity WHERE datname = current_database() AND state <> 'idle'
            AND pid <> pg_backend_pid()`,
        )
        if (rows[0]?.n === 0) break
        await pause(50)
      }
      const report = await verifyAudit({ storage, clock: { now: Date.now } })
      const head = await storage.audit.head()
      expect(report).toMatchObject({ state: 'holds', entries: head.seq, upTo: head, firstBad: null })
      const { rows } = await client.query<{ id: string }>(`SELECT id FROM audit WHERE action = 'fleet.epoch'`)
      const written = new Set(rows.map(({ id }) => id))
      expect([...told].filter((id) => !written.has(id))).toEqual([])
      // A change without its entry, or an entry without its change, would part these two.
      expect((await storage.fleets.get(fleetId))?.epoch).toBe(1 + written.size)
      expect(written.size).toBeGreaterThan(KILLS)
      noteTrial({ wanted: KILLS, done: kills, figures: { entries: head.seq, told: told.size } })
    },
    rounds(90_000, 600_000),
  )
})
