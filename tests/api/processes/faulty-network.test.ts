import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { TestDatabase } from '#tests/support/database.ts'
import { createTestDatabase } from '#tests/support/database.ts'
import type { FaultKind } from '#tests/support/fault-proxy.ts'
import { FAULT_KINDS, startFaultProxy } from '#tests/support/fault-proxy.ts'
import { isTimeUp, noteTrial, quantile, rounds } from '#tests/support/trials.ts'
import { effectsOf } from './effects.ts'
import { startLoad } from './load.ts'
import { startServer } from './servers.ts'
import { makeTrialFleet } from './trial-fleet.ts'

const ROUNDS = rounds(1, 30)
const FAULTY_MS = rounds(4_000, 10_000)
const DEVICE_SHARE = 0.5
/**
 * Not `duplicate`: the handshake refuses a second client with the first one's proof. Not the silent ones: they hold a
 * fleet up until the statement is given up, which has a test of its own (silent-database.test.ts).
 */
const DATABASE_KINDS: readonly FaultKind[] = ['delay', 'cut_request', 'cut_answer', 'reset', 'trickle']
const DATABASE_SHARE = 0.3
const TRIAL_TIMEOUT_MS = rounds(90_000, 1_800_000)

describe('a network that breaks on both sides of the server', () => {
  let database: TestDatabase
  beforeAll(async () => {
    database = await createTestDatabase()
  })
  afterAll(() => database.drop())

  /** One fleet of its own between two proxies: works, meets faults, is healed. */
  async function round(seed: number) {
    const { fleetId, enrollmentKey } = await makeTrialFleet(database.url)
    const url = new URL(database.url)
    const toDatabase = await startFaultProxy({
      port: Number(url.port),
      seed,
      share: DATABASE_SHARE,
      kinds: DATABASE_KINDS,
    })
    url.port = String(toDatabase.port)
    const server = await startServer(url.href)
    const toServer = await startFaultProxy({
      port: Number(new URL(server.ready.url).port),
      seed: seed + 1,
      share: DEVICE_SHARE,
      kinds: FAULT_KINDS,
    })
    const load = await startLoad([`http://127.0.0.1:${toServer.port}`], enrollmentKey)
    try {
      for (const proxy of [toDatabase, toServer]) proxy.begin()
      await pause(FAULTY_MS)
      for (const proxy of [toDatabase, toServer]) proxy.heal()
      const backS = await load.back(performance.now())
      const effects = await effectsOf(database.url, fleetId, await load.end())
      return { effects, backS, befallen: [toDatabase.befallen, toServer.befallen] }
    } finally {
      await load.close()
      await toServer.close()
      await server.stop()
      await toDatabase.close()
    }
  }

  it(
    'loses no acknowledged mutation, applies none twice, and all catch up once it is healed',
    async () => {
      const totals = { acknowledged: 0, lost: 0, twice: 0, diverged: 0 }
      const befallen = new Map<FaultKind, number>()
      const backS: number[] = []
      while (backS.length < ROUNDS && !isTimeUp()) {
        const { effects, ...one } = await round(2 * backS.length + 1)
        backS.push(one.backS)
        for (const name of ['acknowledged', 'lost', 'twice', 'diverged'] as const)
          totals[name] += effects[name]
        for (const [kind, count] of one.befallen.flatMap((counts) => [...counts]))
          befallen.set(kind, (befallen.get(kind) ?? 0) + count)
      }
      const counts = [...befallen].map(([kind, count]) => [`connections with ${kind}`, count])
      noteTrial({
        wanted: ROUNDS,
        done: backS.length,
        figures: {
          ...totals,
          'back after s, p95': quantile(backS, 0.95),
          ...(Object.fromEntries(counts) as Record<string, number>),
        },
      })
      expect(totals).toMatchObject({ lost: 0, twice: 0, diverged: 0 })
      expect(befallen.size).toBeGreaterThan(3)
    },
    TRIAL_TIMEOUT_MS,
  )
})
