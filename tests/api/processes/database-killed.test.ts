import { setTimeout as pause } from 'node:timers/promises'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { isSoak, isTimeUp, noteTrial, quantile, rounds } from '#tests/support/trials.ts'
import type { SetUpFleet } from '../../../bench/set-up-fleet.ts'
import { effectsOf } from './effects.ts'
import type { Load } from './load.ts'
import { startLoad } from './load.ts'
import type { OwnDatabase } from './own-database.ts'
import { startOwnDatabase } from './own-database.ts'
import type { Server } from './servers.ts'
import { startServer } from './servers.ts'
import { makeTrialFleet } from './trial-fleet.ts'

/** Of the postmaster, and as many of one backend at work between them. */
const KILLS = rounds(2, 50)
/** How long the database works before it is killed; its supervisor gives up at more than five ends a minute. */
const LIFE_MS = rounds(1_500, 6_200)
const BACK_WITHIN_S = 5
const LOAD_MIN = 200
const TRIAL_TIMEOUT_MS = rounds(60_000, 1_800_000)
/** Recovering (PostgreSQL's `cannot_connect_now`), and not listening. */
const NOT_UP_YET = new Set(['57P03', 'ECONNREFUSED'])
const LOOK_EVERY_MS = 50

describe('kill -9 of the database in the middle of pushes', () => {
  let database: OwnDatabase
  let server: Server
  let fleet: SetUpFleet
  beforeAll(async () => {
    database = await startOwnDatabase()
    fleet = await makeTrialFleet(database.url)
    server = await startServer(database.url)
  })
  afterAll(async () => {
    await server.stop()
    await database.stop()
  })

  /** A backend may outlive its postmaster by a push, which then says too early that the database is back. */
  async function connect(): Promise<pg.Client> {
    for (;;) {
      const client = new pg.Client({ connectionString: database.url })
      client.on('error', () => undefined)
      const refusal = await client.connect().then(
        () => null,
        (error: { code?: string }) => error,
      )
      if (!refusal) return client
      if (!NOT_UP_YET.has(refusal.code ?? '')) throw refusal
      await pause(LOOK_EVERY_MS)
    }
  }

  /**
   * Kills the process that `find` names, and answers with the seconds from the signal until a push was acknowledged that was sent
   * when no connection of before was left.
   */
  async function backAfterKill(load: Load, find: (client: pg.Client) => Promise<number>): Promise<number> {
    const client = await connect()
    try {
      const ended = new Promise((resolve) => client.once('end', resolve))
      process.kill(await find(client), 'SIGKILL')
      const killedMs = performance.now()
      await ended
      const goneMs = performance.now()
      return (goneMs - killedMs) / 1_000 + (await load.back(goneMs))
    } finally {
      await client.end().catch(() => undefined)
    }
  }

  const postmaster = (): Promise<number> => database.postmasterPid()

  /** One at work. When it is killed PostgreSQL ends all others too, and recovers from its log. */
  async function backend(client: pg.Client): Promise<number> {
    const { rows } = await client.query<{ pid: number }>(
      `SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()
       ORDER BY state = 'active' DESC, state LIKE 'idle in%' DESC LIMIT 1`,
    )
    const [victim] = rows
    if (!victim) throw new Error('the server has no connection')
    return victim.pid
  }

  it(
    'loses no acknowledged mutation, applies none twice, and the same server takes pushes again',
    async () => {
      const load = await startLoad([server.ready.url], fleet.enrollmentKey)
      onTestFinished(() => load.close())
      const back = { postmaster: [] as number[], backend: [] as number[] }
      let workedS = 0
      while (back.backend.length < KILLS && !isTimeUp()) {
        for (const [whom, find] of [
          ['postmaster', postmaster],
          ['backend', backend],
        ] as const) {
          const before = load.acknowledged()
          await pause(LIFE_MS)
          workedS += LIFE_MS / 1_000
          back[whom].push(await backAfterKill(load, find))
          expect(load.acknowledged()).toBeGreaterThan(before)
        }
      }
      await pause(LIFE_MS)
      const outcome = await load.end()
      const effects = await effectsOf(database.url, fleet.fleetId, outcome)
      const p95 = quantile([...back.postmaster, ...back.backend], 0.95)
      const rate = outcome.acknowledged.length / workedS
      noteTrial({
        wanted: KILLS,
        done: back.backend.length,
        figures: {
          'mutations/s while it ran': rate,
          ...effects,
          'back after s, postmaster, p50': quantile(back.postmaster, 0.5),
          'back after s, postmaster, p95': quantile(back.postmaster, 0.95),
          'back after s, backend, p50': quantile(back.backend, 0.5),
          'back after s, backend, p95': quantile(back.backend, 0.95),
          'back after s, most': Math.max(...back.postmaster, ...back.backend),
        },
      })
      expect(effects).toMatchObject({ lost: 0, twice: 0, diverged: 0 })
      if (isSoak) expect(p95).toBeLessThanOrEqual(BACK_WITHIN_S)
      if (isSoak) expect(rate).toBeGreaterThanOrEqual(LOAD_MIN)
    },
    TRIAL_TIMEOUT_MS,
  )
})
