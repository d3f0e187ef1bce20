import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { createApiKey } from '#lib/application/access/api-keys.ts'
import { SYSTEM } from '#lib/application/access/audit-entry.ts'
import { answerAdmin } from '#lib/http/admin/admin-route.ts'
import { ADMIN_ROUTES } from '#lib/http/admin/routes.ts'
import { formatHlc } from '#lib/kernel/hlc.ts'
import { seededRandom } from '#lib/kernel/random.ts'
import type { PushResponse } from '#lib/protocol/push.ts'
import type { Storage } from '#lib/storage/ports.ts'
import { openPostgresStorage } from '#lib/storage/prisma/open-postgres-storage.ts'
import type { TestDatabase } from '#tests/support/database.ts'
import { createTestDatabase } from '#tests/support/database.ts'
import { testApp } from '#tests/support/device-world.ts'
import { SETTINGS } from '#tests/support/operator-world.ts'
import { isTimeUp, noteTrial, rounds } from '#tests/support/trials.ts'
import type { PushingDevice } from '../../../bench/push/push-bodies.ts'
import { pushOfReports, strikeReportSource } from '../../../bench/push/push-bodies.ts'
import type { SetUpFleet } from '../../../bench/set-up-fleet.ts'
import { effectsOf } from './effects.ts'
import { startLoad } from './load.ts'
import type { Server } from './servers.ts'
import { enrollAt, pushTo, rowsOf, startServer } from './servers.ts'
import { makeTrialFleet } from './trial-fleet.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
/** How far the server's clock is ahead of the devices'; behind, only as far as their stamps are within bounds. */
const FIRST_JUMPS_MS = [10 * MINUTE_MS, 0, -4 * MINUTE_MS, HOUR_MS, 0]
const JUMPS = rounds(FIRST_JUMPS_MS.length, 60)
const BEHIND_MAX_MS = 4 * MINUTE_MS
const STAY_MS = rounds(1_000, 5_000)
const LED_WITHIN_MS = 20_000
const TRIAL_TIMEOUT_MS = rounds(90_000, 900_000)
const TIME = /"\w*(?:age|lag|duration|depth|took)\w*":-?[\d.]+/gi
const CLOCK = ['--import', new URL('./shifted-clock.mjs', import.meta.url).href]

describe('the clock of the server jumps', () => {
  const random = seededRandom(5)
  const report = strikeReportSource()
  let database: TestDatabase
  let storage: Storage
  let server: Server
  let fleet: SetUpFleet
  let probed: SetUpFleet
  beforeAll(async () => {
    database = await createTestDatabase()
    storage = await openPostgresStorage({ url: database.url })
    fleet = await makeTrialFleet(database.url)
    probed = await makeTrialFleet(database.url)
    server = await startServer(database.url, '0', CLOCK)
  })
  afterAll(async () => {
    await server.stop()
    await storage.close()
    await database.drop()
  })

  const jumpOf = (n: number): number =>
    FIRST_JUMPS_MS[n] ?? Math.round(random() * (HOUR_MS + BEHIND_MAX_MS)) - BEHIND_MAX_MS
  const setAhead = (aheadMs: number): Promise<unknown> => server.ask({ kind: 'clock', aheadMs })

  /** What becomes of a change that is stamped so far ahead of the server's clock. */
  async function stampedAhead(device: PushingDevice, serverAheadMs: number, stampAheadMs: number) {
    const push = pushOfReports(device, 1, report)
    const wallMs = Date.now() + serverAheadMs + stampAheadMs
    const mutations = push.mutations.map((mutation) => ({
      ...mutation,
      hlc: formatHlc({ wallMs, counter: 0, deviceId: device.id }),
    }))
    const { text } = await pushTo(server.ready.url, device, { ...push, mutations })
    return (JSON.parse(text) as PushResponse).results[0]
  }

  /** Ages, lags and durations below 0, as an operator is shown them. @returns what was found, of how many */
  async function negativeTimes(): Promise<{ readonly found: readonly string[]; readonly of: number }> {
    const { ctx } = testApp(storage)
    const { key } = await createApiKey(ctx, { actor: SYSTEM, body: { name: 'trial', role: 'admin' } })
    const headers = { authorization: `Bearer ${key}` }
    const times: string[] = []
    for (const path of ['overview', 'pillars/lag', 'pillars/queue', 'sessions', 'devices']) {
      const url = `${SETTINGS.origin}/api/admin/v1/${path}?fleet=${fleet.fleetId}`
      const answer = await answerAdmin(ctx, SETTINGS, ADMIN_ROUTES, new Request(url, { headers }))
      const text = await answer.text()
      if (answer.status !== 200) throw new Error(`${path} answered ${answer.status}: ${text}`)
      times.push(...(text.match(TIME) ?? []).map((found) => `${path} ${found}`))
    }
    return { found: times.filter((time) => time.includes('":-')), of: times.length }
  }

  const leader = async (): Promise<string | undefined> => {
    const text = "SELECT holder FROM lease WHERE name = 'leader'"
    const [row] = await rowsOf<{ holder: string }>(database.url, fleet.fleetId, text)
    return row?.holder
  }

  it(
    '[CL1] nothing is lost or applied twice, stamps keep to its bounds, no time is negative, and the lead goes on',
    async () => {
      const { url } = server.ready
      const load = await startLoad([url], fleet.enrollmentKey)
      onTestFinished(() => load.close())
      const prober = await enrollAt(url, probed.enrollmentKey)
      let done = 0
      for (; done < JUMPS && !isTimeUp(); done++) {
        const aheadMs = jumpOf(done)
        const before = load.acknowledged()
        await setAhead(aheadMs)
        expect(await stampedAhead(prober, aheadMs, 6 * MINUTE_MS)).toMatchObject({
          code: 'clock_out_of_bounds',
        })
        expect(await stampedAhead(prober, aheadMs, 4 * MINUTE_MS)).toMatchObject({ status: 'applied' })
        await pause(STAY_MS)
        expect(load.acknowledged()).toBeGreaterThan(before)
        const times = await negativeTimes()
        expect(times.found).toEqual([])
        expect(times.of).toBeGreaterThan(0)
      }
      // A leader that dies while its clock is ahead leaves a lease that no honest clock sees end.
      await setAhead(HOUR_MS)
      await expect.poll(leaseAheadMs, { timeout: LED_WITHIN_MS }).toBeGreaterThan(HOUR_MS / 2)
      const dead = await leader()
      await server.kill()
      server = await startServer(database.url, new URL(url).port, CLOCK)
      const diedMs = performance.now()
      await expect.poll(leader, { timeout: LED_WITHIN_MS }).not.toBe(dead)
      const ledS = (performance.now() - diedMs) / 1_000
      const effects = await effectsOf(database.url, fleet.fleetId, await load.end())
      noteTrial({ wanted: JUMPS, done, figures: { ...effects, 'led again after s': ledS } })
      expect(effects).toMatchObject({ lost: 0, twice: 0, diverged: 0 })
    },
    TRIAL_TIMEOUT_MS,
  )

  async function leaseAheadMs(): Promise<number> {
    const text = "SELECT until FROM lease WHERE name = 'leader'"
    const [row] = await rowsOf<{ until: Date | number }>(database.url, fleet.fleetId, text)
    return Number(row?.until ?? 0) - Date.now()
  }
})
