import { randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { forceBreaker } from '#lib/application/breakers/force-breaker.ts'
import { releaseBreaker } from '#lib/application/breakers/release-breaker.ts'
import { appScope } from '#lib/application/breakers/scopes.ts'
import type { Actor, Context } from '#lib/application/context.ts'
import { openMemoryStore } from '#lib/client/memory-store.ts'
import { openReplica } from '#lib/client/open-replica.ts'
import type { Replica } from '#lib/client/replica.ts'
import { openPostgresStorage } from '#lib/storage/prisma/open-postgres-storage.ts'
import type { Storage } from '#lib/storage/ports.ts'
import type { TestDatabase } from '#tests/support/database.ts'
import { createTestDatabase } from '#tests/support/database.ts'
import { testApp } from '#tests/support/device-world.ts'
import { isSoak, noteTrial, quantile, rounds } from '#tests/support/trials.ts'
import { strikeReportSource } from '../../../bench/push/push-bodies.ts'
import type { SetUpFleet } from '../../../bench/set-up-fleet.ts'
import type { Server } from './servers.ts'
import { startServer } from './servers.ts'
import { makeTrialFleet } from './trial-fleet.ts'

const DEVICES = rounds(40, 1_000)
/** The devices' clock beside the server's: what a minute is for them is six seconds of npm test. Their waits are the real ones. */
const SPEED = rounds(10, 1)
/** Retry-After is at most 30 s, and a device spreads itself over its interval beyond it: so all ask again within a minute. */
const INTERVAL_MS = 12_000
const STEADY_MS = rounds(2, 5) * INTERVAL_MS
const FORCED_MS = rounds(3, 6) * 30_000
/** Where their clock is ten times as fast, so is all that the machine takes. */
const DRAINED_WITHIN_MS = rounds(120_000, 60_000)
/** Requests are counted in windows of so long, in the devices' time. */
const WINDOW_MS = 3_000
const PEAK_MAX = 2
const RECORDS = 10
const APP_VERSION = '2.4.0'
const REASON = 'a storm is played'
const TRIAL_TIMEOUT_MS = rounds(120_000, 900_000)

/** Of all devices: requests by window, who was told to wait, and who did not. In the devices' time. */
class Meter {
  readonly asked: number[] = []
  waits = 0
  /** Came back before they were to. */
  tooSoon = 0
  /** Answered by another scope, or in another way. */
  readonly strange = new Map<string, number>()
  readonly startedAtMs = Date.now()
  private readonly startedMs = performance.now()

  now(): number {
    return (performance.now() - this.startedMs) * SPEED
  }

  /** One for each device, since each has its own wait. */
  fetchOf(scope: string): typeof fetch {
    let notBeforeMs = 0
    return async (input, init) => {
      const nowMs = this.now()
      if (nowMs < notBeforeMs) this.tooSoon += 1
      const window = Math.floor(nowMs / WINDOW_MS)
      this.asked[window] = (this.asked[window] ?? 0) + 1
      const answer = await fetch(input, init)
      if (answer.status !== 503) return answer
      const told = (await answer.clone().json()) as { readonly scope?: string; readonly code: string }
      if (told.scope !== scope) this.strange.set(told.code, (this.strange.get(told.code) ?? 0) + 1)
      this.waits += 1
      // From when it was sent: when the answer came is later.
      notBeforeMs = nowMs + Number(answer.headers.get('retry-after')) * 1_000
      return answer
    }
  }

  between(fromMs: number, toMs: number): readonly number[] {
    const [from, to] = [Math.ceil(fromMs / WINDOW_MS), Math.floor(toMs / WINDOW_MS)]
    return Array.from({ length: to - from }, (_, i) => this.asked[from + i] ?? 0)
  }
}

let database: TestDatabase
let server: Server
let storage: Storage
let ctx: Context
let fleet: SetUpFleet
beforeAll(async () => {
  database = await createTestDatabase()
  fleet = await makeTrialFleet(database.url)
  server = await startServer(database.url)
  storage = await openPostgresStorage({ url: database.url })
  ctx = testApp(storage).ctx
})
afterAll(async () => {
  await server.stop()
  await storage.close()
  await database.drop()
})

it(
  '[BR4] devices that meet a forced-open breaker wait as long as they are told, make no storm, and drain within a minute of its release',
  async () => {
    const scope = appScope(fleet.fleetId, APP_VERSION)
    const actor: Actor = { kind: 'user', id: 'ada', name: 'Ada', roles: { [fleet.fleetId]: 'operator' } }
    const meter = new Meter()
    const report = strikeReportSource()
    const open = async (index: number): Promise<Replica> => {
      await pause((index * INTERVAL_MS) / DEVICES / SPEED)
      return openReplica({
        url: server.ready.url,
        enrollmentKey: fleet.enrollmentKey,
        device: { name: 'tablet', platform: 'ios', appVersion: APP_VERSION },
        store: openMemoryStore(),
        fetch: meter.fetchOf(scope),
        clock: {
          now: () => meter.startedAtMs + meter.now(),
          setTimeout: (run, ms) => setTimeout(run, ms / SPEED),
          clearTimeout: (timer) => clearTimeout(timer as NodeJS.Timeout),
        },
        sync: {
          intervalMs: INTERVAL_MS,
          backoffBaseMs: 1_000,
          backoffCapMs: INTERVAL_MS,
          requestTimeoutMs: 30_000 * SPEED,
          events: false,
        },
      })
    }
    const replicas = await Promise.all(Array.from({ length: DEVICES }, (_, index) => open(index)))
    const passed = (ms: number): Promise<void> => pause(ms / SPEED)
    await passed(2 * INTERVAL_MS)
    const steadyFromMs = meter.now()
    await passed(STEADY_MS)
    const forcedFromMs = meter.now()
    const steady = mean(meter.between(steadyFromMs, forcedFromMs))

    const input = { actor, fleetId: fleet.fleetId, scope }
    await forceBreaker(ctx, { ...input, body: { kind: 'forced_open', reason: REASON, version: 0 } })
    // Each writes at some time of its own, as people do; to few records, since all devices of this one process fetch them all.
    const ids = Array.from({ length: RECORDS }, () => randomUUID())
    const writing = replicas.map(async (replica, index) => {
      await passed(INTERVAL_MS * Math.random())
      await replica.collection('strike-reports').put(ids[index % RECORDS] ?? null, report())
    })
    await Promise.all(writing)
    await passed(FORCED_MS)
    const shut = replicas.filter(({ status$ }) => status$.get().state === 'shed').length

    const releasedMs = meter.now()
    await releaseBreaker(ctx, { ...input, body: { reason: REASON, version: 1 } })
    /** By device; one that doesn't drain has the time at which we gave up. */
    const drainedMs = new Map<Replica, number>()
    const isWaiting = ({ status$ }: Replica): boolean => status$.get().pending > 0
    // One look at all of them: a timer for each would take the processor from the devices.
    while (drainedMs.size < DEVICES) {
      await pause(50 / SPEED)
      const sinceMs = meter.now() - releasedMs
      for (const replica of replicas)
        if (!drainedMs.has(replica) && (!isWaiting(replica) || sinceMs > 10 * DRAINED_WITHIN_MS))
          drainedMs.set(replica, sinceMs)
    }
    await passed(2 * INTERVAL_MS)
    const peakWhileForced = Math.max(...meter.between(forcedFromMs + WINDOW_MS, releasedMs))
    const peakAfter = Math.max(...meter.between(releasedMs, meter.now()))
    noteTrial({
      wanted: DEVICES,
      done: replicas.length,
      figures: {
        'steady requests/s': (steady * 1_000) / WINDOW_MS,
        'told to wait': meter.waits,
        'came back too soon': meter.tooSoon,
        'in `shed` at the release': shut,
        'peak while forced open, of steady': peakWhileForced / steady,
        'peak after, of steady': peakAfter / steady,
        'drained after s, p50': quantile([...drainedMs.values()], 0.5) / 1_000,
        'drained after s, the last': Math.max(...drainedMs.values()) / 1_000,
      },
    })
    await Promise.all(replicas.map((replica) => replica.close()))
    expect(meter.tooSoon).toBe(0)
    expect(meter.waits).toBeGreaterThanOrEqual(DEVICES)
    expect(shut).toBeGreaterThanOrEqual(0.9 * DEVICES)
    expect(Math.max(...drainedMs.values())).toBeLessThanOrEqual(DRAINED_WITHIN_MS)
    // A window of forty devices is mostly chance, and a machine at other work makes its own crowds.
    if (isSoak) expect(Math.max(peakWhileForced, peakAfter)).toBeLessThanOrEqual(PEAK_MAX * steady)
    if (isSoak) expect([...meter.strange]).toEqual([])
  },
  TRIAL_TIMEOUT_MS,
)

const mean = (counts: readonly number[]): number =>
  counts.reduce((sum, count) => sum + count, 0) / Math.max(1, counts.length)
