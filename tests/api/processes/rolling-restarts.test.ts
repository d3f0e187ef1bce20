import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import type { TestDatabase } from '#tests/support/database.ts'
import { createTestDatabase } from '#tests/support/database.ts'
import type { Balancer } from '#tests/support/readyz-balancer.ts'
import { startBalancer } from '#tests/support/readyz-balancer.ts'
import { isSoak, isTimeUp, noteTrial, quantile, rounds } from '#tests/support/trials.ts'
import type { SetUpFleet } from '../../../bench/set-up-fleet.ts'
import { buildConsole } from '../../../scripts/setup/build.mjs'
import type { Program } from '../../e2e/support/programs.ts'
import { freePort, untilReady } from '../../e2e/support/programs.ts'
import { effectsOf } from './effects.ts'
import { startLoad } from './load.ts'
import { startRealServer } from './real-server.ts'
import { rowsOf } from './servers.ts'
import { makeTrialFleet } from './trial-fleet.ts'

const RESTARTS = rounds(4, 20)
/** Shorter than in production, where a balancer looks less often. */
const DRAIN_MS = rounds(1_500, 5_000)
const LOOK_EVERY_MS = rounds(250, 1_000)
/** Both at work between two restarts. */
const TOGETHER_MS = 1_000
const READY_WITHIN_MS = 60_000
const ENDED_WITHIN_S = 30
const LOAD_MIN = 200
const SET_UP_WITHIN_MS = 360_000
const TRIAL_TIMEOUT_MS = rounds(180_000, 1_200_000)

/**
 * What a device may answer by sending the same again (docs/errors.md, BO1): being shed, by a breaker too, no database, and no
 * answer at all, for which the SDK has the names that Node gives.
 */
const MAY_RETRY = /^(shed|breaker_open|database_unavailable|no_answer|timed_out|E[A-Z]{3,}|UND_ERR_\w+)$/

describe('two processes, as production runs them, are restarted in turn while devices work', () => {
  let database: TestDatabase
  let fleet: SetUpFleet
  let balancer: Balancer
  const servers: { url: string; program: Program }[] = []

  const start = (port: number): Program =>
    startRealServer(database.url, port, { TIDEMARK_DRAIN_MS: String(DRAIN_MS) })

  beforeAll(async () => {
    await buildConsole()
    database = await createTestDatabase()
    fleet = await makeTrialFleet(database.url)
    for (const port of [await freePort(), await freePort()])
      servers.push({ url: `http://127.0.0.1:${port}`, program: start(port) })
    balancer = await startBalancer(
      servers.map(({ url }) => url),
      LOOK_EVERY_MS,
    )
    for (const { url, program } of servers) await untilReady(url, program, READY_WITHIN_MS)
    await balancer.ready()
  }, SET_UP_WITHIN_MS)
  afterAll(async () => {
    await balancer.close()
    await Promise.all(servers.map(({ program }) => program.stop()))
    await database.drop()
  })

  /** Ends one as a deployment does, and starts the next in its place. @returns how long the end took, in seconds */
  async function restart(index: number): Promise<number> {
    const server = servers[index % servers.length] as (typeof servers)[number]
    const startedMs = performance.now()
    server.program.signal('SIGTERM')
    const code = await server.program.ended
    const tookS = (performance.now() - startedMs) / 1_000
    expect(code, server.program.output()).toBe(0)
    server.program = start(Number(new URL(server.url).port))
    await untilReady(server.url, server.program, READY_WITHIN_MS)
    await balancer.ready()
    return tookS
  }

  it(
    'loses no acknowledged mutation, applies none twice, and tells devices nothing that they may not try again',
    async () => {
      const load = await startLoad([balancer.url], fleet.enrollmentKey)
      onTestFinished(() => load.close())
      const startedMs = performance.now()
      const endS: number[] = []
      for (let turn = 0; turn < RESTARTS && !isTimeUp(); turn++) {
        await pause(TOGETHER_MS)
        endS.push(await restart(turn))
      }
      await pause(TOGETHER_MS)
      const tookS = (performance.now() - startedMs) / 1_000
      const rate = load.acknowledged() / tookS
      const outcome = await load.end()
      const effects = await effectsOf(database.url, fleet.fleetId, outcome)
      const told = [...Object.entries(load.refusals()), ...(await toldDevices())]
      const mayNot = told.flatMap(([code, count]) => (MAY_RETRY.test(code) ? [] : [`${count} × ${code}`]))
      noteTrial({
        wanted: RESTARTS,
        done: endS.length,
        figures: {
          'mutations/s all the while': rate,
          ...effects,
          'errors that a client may not retry': mayNot.length,
          ...Object.fromEntries(told.map(([code, count], i) => [`${i + 1}. error ${code}`, count])),
          'connections to a server that was gone': balancer.refused(),
          'connections without a server': balancer.homeless(),
          'longest without an acknowledgement, s': load.longestGapS(),
          'to end after s, p95': quantile(endS, 0.95),
          'to end after s, most': Math.max(...endS),
        },
      })
      expect(effects).toMatchObject({ lost: 0, twice: 0, diverged: 0 })
      expect(mayNot).toEqual([])
      expect(Math.max(...endS)).toBeLessThan(ENDED_WITHIN_S)
      if (isSoak) expect([balancer.refused(), balancer.homeless()]).toEqual([0, 0])
      if (isSoak) expect(rate).toBeGreaterThanOrEqual(LOAD_MIN)
    },
    TRIAL_TIMEOUT_MS,
  )

  /** What the devices of the SDK report of their own tries that failed, by code. */
  async function toldDevices(): Promise<readonly [string, number][]> {
    const failed = await rowsOf<{ code: string; n: number }>(
      database.url,
      fleet.fleetId,
      `SELECT attempt->>'code' AS code, count(*)::int AS n
       FROM sync_session, json_array_elements(attempts) AS attempt
       WHERE fleet_id = $1 AND attempt->>'code' IS NOT NULL GROUP BY 1`,
      [fleet.fleetId],
    )
    return failed.map(({ code, n }) => [code, n])
  }
})
