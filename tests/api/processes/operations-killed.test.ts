import { setTimeout as pause } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { SYSTEM } from '#lib/application/access/audit-entry.ts'
import { listCollections } from '#lib/application/collections/list-collections.ts'
import { publishCollection } from '#lib/application/collections/publish-collection.ts'
import { createOperation } from '#lib/application/operations/create-operation.ts'
import { previewFilter } from '#lib/application/operations/preview-operation.ts'
import { turnOperation } from '#lib/application/operations/turn-operation.ts'
import type { Mutation } from '#lib/protocol/mutation.ts'
import type { Storage } from '#lib/storage/ports.ts'
import { openPostgresStorage } from '#lib/storage/prisma/open-postgres-storage.ts'
import { bundled } from '#tests/support/bundled.ts'
import { createTestDatabase, type TestDatabase } from '#tests/support/database.ts'
import { newUuid, TestDevice, testApp, testFleet, type TestApp } from '#tests/support/device-world.ts'
import { runOperation } from '#tests/support/operation-runs.ts'
import { isTimeUp, noteTrial, rounds } from '#tests/support/trials.ts'
import { startChild, type Child } from '../../../bench/child.ts'

const LETTERS = rounds(500, 10_000)
const KILLS = rounds(3, 10)
const RATE = 200
/** No second has more than the rate and a twentieth. */
const IN_A_SECOND_MAX = 210
/** Of ten devices: each makes at most so many in a push, and a thousand letters a day. */
const DEVICES = 10
const PER_PUSH = 100

type Worker = Child<{ readonly pid: number }>

/** Most are mended by the next schema. None of the first device's stays dead: it would be more than one in twenty. */
function fateAt(i: number, n: number): 'mended' | 'dead' | 'child' | 'beaten' {
  if (n > 0 && i % 60 === 7) return 'dead'
  if (i % 20 === 3) return 'child'
  return i % 50 === 11 ? 'beaten' : 'mended'
}

describe('kill -9 of the processes that work on an operation', () => {
  let database: TestDatabase
  let storage: Storage
  let app: TestApp
  let worker: URL
  const records = Array.from({ length: LETTERS }, newUuid)
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

  /** A fleet with LETTERS dead letters, and the schema that mends most of them. The same each time. */
  async function fleetOfLetters(): Promise<string> {
    const fleet = await testFleet(app)
    const { fleetId } = fleet
    const other = await TestDevice.enroll(app, fleet)
    for (let n = 0; n < DEVICES; n++) {
      const device = await TestDevice.enroll(app, fleet)
      const own = records.slice((n * LETTERS) / DEVICES, ((n + 1) * LETTERS) / DEVICES)
      let last: Mutation | null = null
      const made = own.map((recordId, i) => {
        const fate = fateAt(i, n)
        const isChild: boolean = fate === 'child' && last !== null
        const mutation: Mutation = device.mutation({
          recordId: isChild && last ? last.recordId : recordId,
          ...(isChild && last ? { after: last.id } : {}),
          op: isChild
            ? { type: 'patch', set: { count: i } }
            : { type: 'put', data: fate === 'dead' ? { title: 'a', count: 'x' } : { title: i } },
        })
        if (fate === 'mended') last = mutation
        return mutation
      })
      for (let from = 0; from < made.length; from += PER_PUSH)
        await device.pushed(made.slice(from, from + PER_PUSH))
      const beaten = own.filter((_, i) => fateAt(i, n) === 'beaten')
      for (let from = 0; from < beaten.length; from += PER_PUSH)
        await other.pushed(
          beaten.slice(from, from + PER_PUSH).map((recordId) => other.mutation({ recordId })),
        )
    }
    const [collection] = await listCollections(app.ctx, { actor: SYSTEM, fleetId })
    const { id = '', version = 0 } = collection ?? {}
    const schema = { type: 'object', properties: { title: {}, count: { type: 'integer' } } }
    await publishCollection(app.ctx, { actor: SYSTEM, fleetId, id, body: { schema, version } })
    return fleetId
  }

  /** What a bulk replay left: records without versions, which hang on who came first, and how letters ended. */
  async function leftBehind(client: pg.Client, fleetId: string) {
    const all = async <R extends object>(text: string): Promise<readonly R[]> =>
      (await client.query<R>(text, [fleetId])).rows
    return {
      records: await all('SELECT record_id, data::text FROM record WHERE fleet_id = $1 ORDER BY 1'),
      letters: await all<{ status: string; code: string; attempts: number; n: string }>(
        'SELECT status, code, attempts, count(*) AS n FROM dead_letter WHERE fleet_id = $1 GROUP BY 1, 2, 3 ORDER BY 1, 2, 3',
      ),
      conflicts: await all('SELECT record_id, outcome FROM conflict WHERE fleet_id = $1 ORDER BY 1'),
      replays: await all<{ times: string }>(
        `SELECT count(*) AS times FROM audit WHERE scope_fleet_id = $1 AND action = 'dead-letter.replay' GROUP BY target`,
      ),
    }
  }

  /** More than a thousand letters are confirmed by their number. */
  async function askedOf(fleetId: string) {
    const what = { kind: 'replay', q: 'code:schema_mismatch' }
    const { matched } = await previewFilter(app.ctx, { actor: SYSTEM, fleetId, body: what })
    return { ...what, reason: 'mended', rate: RATE, count: matched }
  }

  it(
    '[DL14] [DL17] runs each letter once, at its rate, and ends as an undisturbed one does',
    async () => {
      const client = new pg.Client({ connectionString: database.url })
      await client.connect()
      onTestFinished(() => client.end())
      const calm = await fleetOfLetters()
      const input = { actor: SYSTEM, fleetId: calm }
      const made = await createOperation(app.ctx, { ...input, body: await askedOf(calm) })
      await turnOperation(app.ctx, 'start', { ...input, id: made.id, body: {} })
      const undisturbed = await runOperation(app.ctx, calm, made.id)
      expect(undisturbed).toMatchObject({ state: 'completed', total: LETTERS })

      const fleetId = await fleetOfLetters()
      const twice = { actor: SYSTEM, fleetId }
      const id = newUuid()
      // Clicked twice, both times.
      const body = { ...(await askedOf(fleetId)), id }
      await Promise.all([
        createOperation(app.ctx, { ...twice, body }),
        createOperation(app.ctx, { ...twice, body }),
      ])
      const workers = [await startWorker(), await startWorker()]
      onTestFinished(async () => void (await Promise.all(workers.map((one) => one.stop()))))
      const start = () => turnOperation(app.ctx, 'start', { ...twice, id, body: {} })
      const starts = await Promise.allSettled([start(), start()])
      expect(starts.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
      const row = async () => {
        const found = await storage.operations.get(fleetId, id)
        if (!found) throw new Error('the operation is there')
        return found
      }
      const lifeMs = (LETTERS / RATE / (KILLS + 1)) * 1_000
      let kills = 0
      for (let settled = 0; settled < LETTERS && !isTimeUp();) {
        if (kills < KILLS) {
          await pause(lifeMs * (0.5 + Math.random()))
          const place = kills % workers.length
          await workers[place]?.kill()
          kills += 1
          workers[place] = await startWorker()
        } else await pause(200)
        const { done, skipped, errored, total, state } = await row()
        settled = done + skipped + errored
        expect(settled).toBeLessThanOrEqual(total)
        if (state === 'completed') break
        expect(state).toBe('running')
      }
      for (let n = 0; n < 100 && (await row()).state === 'running'; n++) await pause(100)
      const ended = await row()
      const { done, skipped, errored, total } = ended
      const times = (
        await client.query<{ ms: string }>(
          `SELECT (extract(epoch FROM at) * 1000)::bigint AS ms FROM operation_item
            WHERE fleet_id = $1 AND operation_id = $2 ORDER BY at`,
          [fleetId, id],
        )
      ).rows.map(({ ms }) => Number(ms))
      const mostInASecond = Math.max(
        ...times.map((ms, i) => times.slice(i).filter((at) => at < ms + 1_000).length),
      )
      const left = await leftBehind(client, fleetId)
      noteTrial({
        wanted: KILLS,
        done: kills,
        figures: {
          letters: total,
          'letters/s': (total * 1_000) / ((ended.endedAtMs ?? 0) - (ended.startedAtMs ?? 0)),
          'most in a second': mostInASecond,
          'run twice': left.replays.filter((one) => Number(one.times) !== 1).length,
          done,
          skipped,
          errored,
        },
      })
      expect(ended).toMatchObject({ state: 'completed', total: LETTERS })
      expect(done + skipped + errored).toBe(LETTERS)
      expect({ done, skipped, errored }).toEqual({
        done: undisturbed.done,
        skipped: undisturbed.skipped,
        errored: undisturbed.errored,
      })
      expect(left.replays.filter((one) => Number(one.times) !== 1)).toEqual([])
      expect(mostInASecond).toBeLessThanOrEqual(IN_A_SECOND_MAX)
      expect(left).toEqual(await leftBehind(client, calm))
    },
    rounds(120_000, 900_000),
  )
})
