import { setTimeout as pause } from 'node:timers/promises'
import { describe, expect, it, onTestFinished } from 'vitest'
import { LEASE_MS } from '#lib/application/leader.ts'
import { isTimeUp, noteTrial, quantile, rounds } from '#tests/support/trials.ts'
import { effectsOf } from './effects.ts'
import { startLoad } from './load.ts'
import type { Server } from './servers.ts'
import { twoProcesses } from './two-processes.ts'

const LEADERS = rounds(1, 20)
/** The one that leads is stopped for longer than its lease: another leads when it goes on. */
const STOPPED_MS = rounds(LEASE_MS + 3_000, 30_000)
/** Both at work, before and after. */
const TOGETHER_MS = 2_000
const FOLDED_WITHIN_MS = 30_000
const TRIAL_TIMEOUT_MS = rounds(120_000, 1_500_000)

describe('the process that leads is stopped for longer than its lease, and goes on beside the next leader', () => {
  const current = twoProcesses()

  const leader = async (): Promise<string | undefined> =>
    (await current().select<{ holder: string }>("SELECT holder FROM lease WHERE name = 'leader'"))[0]?.holder

  /** Stops it, and lets it go on. True when it led until then, and another does now. */
  async function hasLed(server: Server): Promise<boolean> {
    const before = await leader()
    server.process.kill('SIGSTOP')
    await pause(STOPPED_MS)
    const after = await leader()
    server.process.kill('SIGCONT')
    return after !== before
  }

  it(
    'loses no acknowledged mutation, applies none twice, counts each once, and the other one serves and leads',
    async () => {
      const { database, servers, fleetId, enrollmentKey } = current()
      const load = await startLoad(
        servers.map(({ ready }) => ready.url),
        enrollmentKey,
      )
      onTestFinished(() => load.close())
      const backS: number[] = []
      let led = 0
      for (let turn = 0; led < LEADERS && !isTimeUp(); turn++) {
        const server = servers[turn % servers.length] as Server
        await pause(TOGETHER_MS)
        const back = load.back(performance.now())
        if (await hasLed(server)) led += 1
        backS.push(await back)
      }
      await pause(TOGETHER_MS)
      const effects = await effectsOf(database.url, fleetId, await load.end())
      await expect.poll(counted, { timeout: FOLDED_WITHIN_MS }).toBe(await committed())
      noteTrial({
        wanted: LEADERS,
        done: led,
        figures: { ...effects, stops: backS.length, 'back after s, p95': quantile(backS, 0.95) },
      })
      expect(effects).toMatchObject({ lost: 0, twice: 0, diverged: 0 })
    },
    TRIAL_TIMEOUT_MS,
  )

  const committed = async (): Promise<number> =>
    Number((await current().select<{ n: string }>('SELECT count(*) AS n FROM change_log'))[0]?.n)

  /** What all minutes together say, whoever folded them. */
  async function counted(): Promise<number> {
    const sum = `SELECT sum((counters->>'mutations:applied')::int) AS n FROM rollup WHERE tier = 'minute'`
    return Number((await current().select<{ n: string }>(sum))[0]?.n)
  }
})
