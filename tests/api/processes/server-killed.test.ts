import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import type { TestDatabase } from '#tests/support/database.ts'
import { createTestDatabase } from '#tests/support/database.ts'
import { isSoak, isTimeUp, noteTrial, quantile, rounds } from '#tests/support/trials.ts'
import type { SetUpFleet } from '../../../bench/set-up-fleet.ts'
import { effectsOf } from './effects.ts'
import { startLoad } from './load.ts'
import type { Server } from './servers.ts'
import { startServer } from './servers.ts'
import { makeTrialFleet } from './trial-fleet.ts'

const KILLS = rounds(2, 50)
/** How long a server works before it is killed. */
const LIFE_MS = 1_500
const BACK_WITHIN_S = 5
const LOAD_MIN = 200
/** Beside other tests a process alone may take seconds to start. */
const TRIAL_TIMEOUT_MS = rounds(60_000, 900_000)

describe('kill -9 of the server in the middle of pushes', () => {
  let database: TestDatabase
  let server: Server
  let fleet: SetUpFleet
  beforeAll(async () => {
    database = await createTestDatabase()
    fleet = await makeTrialFleet(database.url)
    server = await startServer(database.url)
  })
  afterAll(async () => {
    await server.stop()
    await database.drop()
  })

  it(
    'loses no acknowledged mutation, applies none twice, and devices catch up by themselves',
    async () => {
      const { url } = server.ready
      const load = await startLoad([url], fleet.enrollmentKey)
      onTestFinished(() => load.close())
      const backS: number[] = []
      let workedS = 0
      while (backS.length < KILLS && !isTimeUp()) {
        const [before, startedMs] = [load.acknowledged(), performance.now()]
        await pause(LIFE_MS)
        const killedMs = performance.now()
        workedS += (killedMs - startedMs) / 1_000
        const back = load.back(killedMs)
        await server.kill()
        server = await startServer(database.url, new URL(url).port)
        backS.push(await back)
        expect(load.acknowledged()).toBeGreaterThan(before)
      }
      await pause(LIFE_MS)
      const outcome = await load.end()
      const effects = await effectsOf(database.url, fleet.fleetId, outcome)
      const p95 = quantile(backS, 0.95)
      const rate = outcome.acknowledged.length / workedS
      noteTrial({
        wanted: KILLS,
        done: backS.length,
        figures: {
          'mutations/s while it ran': rate,
          ...effects,
          'back after s, p50': quantile(backS, 0.5),
          'back after s, p95': p95,
          'back after s, most': Math.max(...backS),
        },
      })
      expect(effects).toMatchObject({ lost: 0, twice: 0, diverged: 0 })
      if (isSoak) expect(p95).toBeLessThanOrEqual(BACK_WITHIN_S)
      if (isSoak) expect(rate).toBeGreaterThanOrEqual(LOAD_MIN)
    },
    TRIAL_TIMEOUT_MS,
  )
})
