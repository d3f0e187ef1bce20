import { randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { SYSTEM } from '#lib/application/access/audit-entry.ts'
import { createCollection } from '#lib/application/collections/create-collection.ts'
import { previewByRule } from '#lib/application/conflicts/preview-by-rule.ts'
import { resolveByRule } from '#lib/application/conflicts/resolve-by-rule.ts'
import type { Storage } from '#lib/storage/ports.ts'
import { openPostgresStorage } from '#lib/storage/prisma/open-postgres-storage.ts'
import { changeOf, commit, conflictEffect } from '#tests/contract/storage/world.ts'
import { bundled } from '#tests/support/bundled.ts'
import { createTestDatabase, type TestDatabase } from '#tests/support/database.ts'
import { NOTES_SCHEMA, TestDevice, testApp, testFleet, type TestApp } from '#tests/support/device-world.ts'
import { isTimeUp, noteTrial, rounds } from '#tests/support/trials.ts'
import { startChild, type Child } from '../../../bench/child.ts'

const CONFLICTS = rounds(500, 10_000)
const KILLS = rounds(3, 10)
const RATE = 200
/** No second has more than the rate and a twentieth. */
const IN_A_SECOND_MAX = 210
const PER_COMMIT = 250

type Worker = Child<{ readonly pid: number }>

describe('kill -9 of the processes that decide conflicts by a rule', () => {
  let database: TestDatabase
  let storage: Storage
  let app: TestApp
  let worker: URL
  beforeAll(async () => {
    database = await createTestDatabase()
    storage = await openPostgresStorage({ url: database.url })
    app = testApp(storage)
    worker = pathToFileURL(await bundled('tests/api/processes/operation-worker.ts'))
  })
  afterAll(async () => {
    await storage.close()
    await database.drop()
  })

  const startWorker = (): Promise<Worker> =>
    startChild(worker, { env: { DATABASE_URL: database.url, TIDEMARK_SECRET: 'of the trial' } })

  /** A fleet in which so many records each have a conflict that waits for a person. */
  async function fleetOfConflicts(): Promise<string> {
    const fleet = await testFleet(app)
    const { fleetId } = fleet
    const body = { name: 'reports', strategy: 'manual', schema: NOTES_SCHEMA }
    await createCollection(app.ctx, { actor: SYSTEM, fleetId, body })
    const { id: deviceId } = await TestDevice.enroll(app, fleet)
    for (let made = 0; made < CONFLICTS; made += PER_COMMIT)
      await commit(storage, fleetId, (head) =>
        Array.from({ length: PER_COMMIT }, (_, i) => {
          const recordId = randomUUID()
          const version = head + 1 + i
          const conflict = conflictEffect({
            outcome: 'manual',
            fields: ['/title'],
            schemaVersion: 1,
            base: { title: 'base', count: 0 },
            local: { title: 'mine', count: 1 },
            remote: { title: 'theirs', count: 2 },
            remoteVersion: version,
            result: null,
            resolution: null,
          })
          const record = changeOf({ deviceId, recordId, version, data: { title: 'theirs', count: 2 } })
          return [record, changeOf({ deviceId, recordId, version: null, conflict })]
        }).flat(),
      )
    return fleetId
  }

  it(
    '[CS11] [DL14] [DL17] decides each once, at its rate, though whoever began it is gone and every worker is killed',
    async () => {
      const client = new pg.Client({ connectionString: database.url })
      await client.connect()
      onTestFinished(() => client.end())
      const fleetId = await fleetOfConflicts()
      const who = { actor: SYSTEM, fleetId }
      const asked = { rule: 'mine', before: Date.now() + 60_000 }
      const { matched } = await previewByRule(app.ctx, { ...who, body: asked })
      expect(matched).toBe(CONFLICTS)
      const body = { ...asked, id: randomUUID(), reason: 'the crews were there', count: matched, rate: RATE }
      // Clicked twice.
      const begun = await Promise.all([
        resolveByRule(app.ctx, { ...who, body }),
        resolveByRule(app.ctx, { ...who, body }),
      ])
      expect(new Set(begun.map(({ id }) => id)).size).toBe(1)
      const workers = [await startWorker(), await startWorker()]
      onTestFinished(async () => void (await Promise.all(workers.map((one) => one.stop()))))
      const row = async () => {
        const found = await storage.operations.get(fleetId, body.id)
        if (!found) throw new Error('the operation is there')
        return found
      }
      const lifeMs = (CONFLICTS / RATE / (KILLS + 1)) * 1_000
      let kills = 0
      while ((await row()).state === 'running' && !isTimeUp()) {
        if (kills < KILLS) {
          await pause(lifeMs * (0.5 + Math.random()))
          const place = kills % workers.length
          await workers[place]?.kill()
          kills += 1
          workers[place] = await startWorker()
        } else await pause(200)
      }
      const ended = await row()
      const all = async <R extends object>(text: string, ...values: unknown[]): Promise<readonly R[]> =>
        (await client.query<R>(text, [fleetId, ...values])).rows
      const times = (
        await all<{ ms: string }>(
          `SELECT (extract(epoch FROM at) * 1000)::bigint AS ms FROM operation_item
            WHERE fleet_id = $1 AND operation_id = $2 ORDER BY at`,
          body.id,
        )
      ).map(({ ms }) => Number(ms))
      const mostInASecond = Math.max(
        ...times.map((ms, i) => times.slice(i).filter((at) => at < ms + 1_000).length),
      )
      const decisions = await all<{ times: string }>(
        `SELECT count(*) AS times FROM audit WHERE scope_fleet_id = $1 AND action = 'conflict.resolve' GROUP BY target`,
      )
      const open = await all(`SELECT id FROM conflict WHERE fleet_id = $1 AND status = 'open'`)
      const versions = await all<{ n: string }>(
        `SELECT count(*) AS n FROM change_log WHERE fleet_id = $1 AND version IS NOT NULL GROUP BY mutation::json #>> '{recordId}'`,
      )
      const titles = await all<{ title: string }>(
        `SELECT DISTINCT data::json #>> '{title}' AS title FROM record WHERE fleet_id = $1`,
      )
      const twice = decisions.filter((one) => Number(one.times) !== 1).length
      noteTrial({
        wanted: KILLS,
        done: kills,
        figures: {
          conflicts: ended.total,
          'conflicts/s': (ended.total * 1_000) / ((ended.endedAtMs ?? 0) - (ended.startedAtMs ?? 0)),
          'most in a second': mostInASecond,
          'decided twice': twice,
        },
      })
      expect(ended).toMatchObject({
        state: 'completed',
        total: CONFLICTS,
        done: CONFLICTS,
        skipped: 0,
        errored: 0,
      })
      expect({ decided: decisions.length, twice, open }).toEqual({ decided: CONFLICTS, twice: 0, open: [] })
      // What was there, and the decision.
      expect(new Set(versions.map(({ n }) => Number(n)))).toEqual(new Set([2]))
      expect(titles).toEqual([{ title: 'mine' }])
      expect(mostInASecond).toBeLessThanOrEqual(IN_A_SECOND_MAX)
    },
    rounds(120_000, 900_000),
  )
})
