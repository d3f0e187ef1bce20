import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { seededRandom } from '#lib/kernel/random.ts'
import type { TestDatabase } from '#tests/support/database.ts'
import { createTestDatabase } from '#tests/support/database.ts'
import type { FaultProxy } from '#tests/support/fault-proxy.ts'
import { startFaultProxy } from '#tests/support/fault-proxy.ts'
import { isTimeUp, noteTrial, quantile, rounds } from '#tests/support/trials.ts'
import type { SetUpFleet } from '../../../bench/set-up-fleet.ts'
import { effectsOf } from './effects.ts'
import { DRAINED_WITHIN_MS, startLoad } from './load.ts'
import type { Server } from './servers.ts'
import { startServer } from './servers.ts'
import { makeTrialFleet } from './trial-fleet.ts'

const PARTITIONS = rounds(2, 100)
const TOGETHER_MS = 1_000
/** Shorter and longer than a device waits for an answer. */
const PARTED_MS = { least: 500, most: rounds(3_000, 8_000) }
const LOOK_EVERY_MS = 20
const TRIAL_TIMEOUT_MS = rounds(90_000, 1_800_000)

describe('the network between devices and server is dead in one direction', () => {
  const random = seededRandom(17)
  let database: TestDatabase
  let server: Server
  let proxy: FaultProxy
  let fleet: SetUpFleet
  beforeAll(async () => {
    database = await createTestDatabase()
    fleet = await makeTrialFleet(database.url)
    server = await startServer(database.url)
    const port = Number(new URL(server.ready.url).port)
    proxy = await startFaultProxy({ port, seed: 1, share: 0, kinds: [] })
  })
  afterAll(async () => {
    await proxy.close()
    await server.stop()
    await database.drop()
  })

  it(
    'every queue drains once it is whole again, nothing acknowledged is lost, nothing is applied twice',
    async () => {
      const load = await startLoad([`http://127.0.0.1:${proxy.port}`], fleet.enrollmentKey)
      onTestFinished(() => load.close())
      const drainedS: number[] = []
      while (drainedS.length < PARTITIONS && !isTimeUp()) {
        await pause(TOGETHER_MS)
        proxy.part({ kind: random() < 0.5 ? 'half_open' : 'swallow' })
        await pause(PARTED_MS.least + random() * (PARTED_MS.most - PARTED_MS.least))
        proxy.heal()
        const healedMs = performance.now()
        const back = load.back(healedMs)
        const drained = load.drained(Date.now(), LOOK_EVERY_MS)
        await Promise.all([back, drained])
        drainedS.push((performance.now() - healedMs) / 1_000)
      }
      const effects = await effectsOf(database.url, fleet.fleetId, await load.end())
      noteTrial({
        wanted: PARTITIONS,
        done: drainedS.length,
        figures: {
          ...effects,
          'drained after s, p95': quantile(drainedS, 0.95),
          'drained after s, most': Math.max(...drainedS),
        },
      })
      expect(effects).toMatchObject({ lost: 0, twice: 0, diverged: 0 })
      expect(Math.max(...drainedS)).toBeLessThanOrEqual(DRAINED_WITHIN_MS / 1_000)
    },
    TRIAL_TIMEOUT_MS,
  )
})
