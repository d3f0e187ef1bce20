import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import type { Actor, Context } from '#lib/application/context.ts'
import { forceBreaker } from '#lib/application/breakers/force-breaker.ts'
import { standingOf } from '#lib/application/breakers/list-breakers.ts'
import { releaseBreaker } from '#lib/application/breakers/release-breaker.ts'
import type { Scope } from '#lib/application/breakers/scopes.ts'
import { appScope, fleetScope } from '#lib/application/breakers/scopes.ts'
import type { BreakerKind } from '#lib/engine/breaker/breaker.ts'
import { openPostgresStorage } from '#lib/storage/prisma/open-postgres-storage.ts'
import type { SeenProcess, Storage } from '#lib/storage/ports.ts'
import type { TestDatabase } from '#tests/support/database.ts'
import { createTestDatabase } from '#tests/support/database.ts'
import { testApp } from '#tests/support/device-world.ts'
import { startFaultProxy } from '#tests/support/fault-proxy.ts'
import { isSoak, isTimeUp, noteTrial, quantile, rounds } from '#tests/support/trials.ts'
import type { PushingDevice } from '../../../bench/push/push-bodies.ts'
import type { SetUpFleet } from '../../../bench/set-up-fleet.ts'
import type { Server } from './servers.ts'
import { enrollAt, startServer } from './servers.ts'
import { makeTrialFleet } from './trial-fleet.ts'

const PROCESSES = 4
const TOGGLES = rounds(20, 1_000)
/** So often each process is asked itself, two seconds after a toggle. */
const ASKED_EVERY = rounds(10, 20)
const AGREED_WITHIN_MS = 2_000
const ACKNOWLEDGED_P99_MS = 1_000
const AWAY_MS = rounds(4_000, 30_000)
/** A process that says nothing for three seconds is stale. */
const STALE_WITHIN_MS = 15_000
const TRIAL_TIMEOUT_MS = rounds(120_000, 2_400_000)
const APP_VERSION = '2.4.0'
const REASON = 'a trial of four processes'

describe('[BR6] four processes over one PostgreSQL', () => {
  let database: TestDatabase
  let storage: Storage
  let ctx: Context
  let fleet: SetUpFleet
  let servers: Server[]
  let device: PushingDevice
  let scope: Scope
  let operator: Actor
  beforeAll(async () => {
    database = await createTestDatabase()
    fleet = await makeTrialFleet(database.url)
    servers = await Promise.all(Array.from({ length: PROCESSES }, () => startServer(database.url)))
    storage = await openPostgresStorage({ url: database.url })
    ctx = testApp(storage).ctx
    device = await enrollAt(urlOf(0), fleet.enrollmentKey)
    scope = appScope(fleet.fleetId, APP_VERSION)
    operator = { kind: 'user', id: 'ada', name: 'Ada', roles: { [fleet.fleetId]: 'operator' } }
  })
  afterAll(async () => {
    await Promise.all(servers.map((server) => server.stop()))
    await storage.close()
    await database.drop()
  })

  const urlOf = (index: number): string => servers[index]?.ready.url ?? ''
  const input = (body: object) => ({ actor: operator, fleetId: fleet.fleetId, scope, body })
  const version = async (): Promise<number> => (await storage.breakers.control(scope))?.version ?? 0
  const expiresAt = (ms: number): string => new Date(Date.now() + ms).toISOString()

  async function forceOpen(ms = 3_600_000): Promise<void> {
    const asked = { kind: 'forced_open', reason: REASON, expiresAt: expiresAt(ms), version: await version() }
    await forceBreaker(ctx, input(asked))
  }
  const release = async (): Promise<unknown> =>
    releaseBreaker(ctx, input({ reason: REASON, version: await version() }))

  /** The servers of this test, by their own word; the test itself tells of itself too. */
  async function told(): Promise<readonly SeenProcess[]> {
    const names = servers.map(({ process }) => `-${process.pid}`)
    const all = await storage.breakers.processes()
    return names.flatMap((name) => all.find((one) => one.name.endsWith(name)) ?? [])
  }

  /** How long each took, from the save to its own word that it runs it; by the database's clock alone. */
  async function acknowledged(): Promise<readonly number[]> {
    const control = await storage.breakers.control(scope)
    const [revision, changedAtMs] = [control?.revision ?? 0, control?.changedAtMs ?? 0]
    for (;;) {
      const processes = await told()
      if (processes.length === servers.length && processes.every((one) => one.revision >= revision))
        return processes.map(({ applied }) => {
          const since = applied.findLast((one) => one.revision >= revision)
          return (since?.atMs ?? Infinity) - changedAtMs
        })
      await pause(5)
    }
  }

  /** The scope that refuses the device at one of them; null when none does. */
  async function refusalAt(url: string): Promise<string | null> {
    const response = await fetch(`${url}/api/v1/pull?collections=strike-reports`, {
      headers: { authorization: `Bearer ${device.token}`, 'tidemark-app': `${APP_VERSION};ios` },
    })
    const body = (await response.json()) as { readonly code?: string; readonly scope?: string }
    return body.code === 'breaker_open' ? (body.scope ?? 'unnamed') : null
  }
  const refusals = (): Promise<readonly (string | null)[]> =>
    Promise.all(servers.map(({ ready }) => refusalAt(ready.url)))
  const states = async (): Promise<readonly BreakerKind[]> =>
    (await told()).map(({ scopes }) => scopes[scope]?.state ?? 'closed')

  it(
    'each toggle is acknowledged by all of them, and two seconds later none disagrees',
    async () => {
      const tookMs: number[] = []
      let disagreed = 0
      let toggles = 0
      for (; toggles < TOGGLES && !isTimeUp(); toggles++) {
        const opens = toggles % 2 === 0
        await (opens ? forceOpen() : release())
        tookMs.push(...(await acknowledged()))
        if (toggles % ASKED_EVERY > 1) continue
        await pause(AGREED_WITHIN_MS)
        const said = await refusals()
        disagreed += said.filter((refusal) => (refusal === scope) !== opens).length
        if (opens) expect(await states()).toEqual(servers.map(() => 'forced_open'))
      }
      noteTrial({
        wanted: TOGGLES,
        done: toggles,
        figures: {
          processes: PROCESSES,
          'acknowledged after ms, p50': quantile(tookMs, 0.5),
          'acknowledged after ms, p99': quantile(tookMs, 0.99),
          'acknowledged after ms, most': Math.max(...tookMs),
          'disagreements after 2 s': disagreed,
        },
      })
      expect(disagreed).toBe(0)
      // What a machine that does other work beside shows says nothing of how fast a word travels.
      if (isSoak) expect(quantile(tookMs, 0.99)).toBeLessThan(ACKNOWLEDGED_P99_MS)
    },
    TRIAL_TIMEOUT_MS,
  )

  it(
    'one that is stopped is shown as stale and obeys when it goes on; one that is killed obeys from its first answer',
    async () => {
      const [stopped, killed] = servers
      stopped?.process.kill('SIGSTOP')
      onTestFinished(() => void stopped?.process.kill('SIGCONT'))
      await forceOpen()
      const standings = async (): Promise<readonly string[]> => {
        const revision = (await storage.breakers.control(scope))?.revision ?? 0
        const all = await told()
        return all.map((process) => standingOf(process, all, revision))
      }
      await expect
        .poll(standings, { timeout: STALE_WITHIN_MS })
        .toEqual(['stale', 'applied', 'applied', 'applied'])
      stopped?.process.kill('SIGCONT')
      await expect.poll(standings, { timeout: STALE_WITHIN_MS }).toEqual(servers.map(() => 'applied'))
      expect(await refusalAt(urlOf(0))).toBe(scope)

      await killed?.kill()
      const restarted = await startServer(database.url, new URL(urlOf(1)).port)
      servers[1] = restarted
      expect(await refusalAt(urlOf(1))).toBe(scope)
      await release()
      await acknowledged()
      expect(await refusals()).toEqual(servers.map(() => null))
    },
    TRIAL_TIMEOUT_MS,
  )

  it(
    '[BR4] without the database the last word holds, its end is kept by the clock of the process, and it hears what came meanwhile',
    async () => {
      const url = new URL(database.url)
      const proxy = await startFaultProxy({ port: Number(url.port), seed: 1, share: 0, kinds: [] })
      url.port = String(proxy.port)
      const cutOff = await startServer(url.href)
      servers.push(cutOff)
      onTestFinished(async () => {
        servers = servers.filter((server) => server !== cutOff)
        await cutOff.stop()
        await proxy.close()
      })
      // Its end lies within the time that the database is away.
      await forceOpen(2 * AWAY_MS)
      const endsAtMs = Date.now() + 2 * AWAY_MS
      await acknowledged()
      proxy.part({ kind: 'reset', afterBytes: 0 })
      const awayFromMs = Date.now()
      while (Date.now() < awayFromMs + AWAY_MS) {
        expect(await refusalAt(cutOff.ready.url)).toBe(scope)
        await pause(100)
      }
      await pause(endsAtMs + 1_000 - Date.now())
      const after = await refusalAt(cutOff.ready.url)
      expect(after).not.toBe(scope)
      expect(await refusalAt(urlOf(0))).toBeNull()

      const wider = fleetScope(fleet.fleetId)
      const asked = { kind: 'forced_open', reason: REASON, version: 0 }
      await forceBreaker(ctx, { ...input(asked), scope: wider })
      proxy.heal()
      await expect.poll(() => refusalAt(cutOff.ready.url), { timeout: STALE_WITHIN_MS }).toBe(wider)
      noteTrial({
        wanted: 1,
        done: 1,
        figures: {
          'away for s': (Date.now() - awayFromMs) / 1_000,
          'its end kept without the database': Number(after !== scope),
        },
      })
    },
    TRIAL_TIMEOUT_MS,
  )
})
