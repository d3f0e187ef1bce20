import { once, setMaxListeners } from 'node:events'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openMemoryStore } from '#lib/client/memory-store.ts'
import { openReplica } from '#lib/client/open-replica.ts'
import type { Replica } from '#lib/client/replica.ts'
import type { TestDatabase } from '#tests/support/database.ts'
import { createTestDatabase } from '#tests/support/database.ts'
import { isSoak, noteTrial, rounds } from '#tests/support/trials.ts'
import { strikeReportSource } from '../../../bench/push/push-bodies.ts'
import type { SetUpFleet } from '../../../bench/set-up-fleet.ts'
import type { Server } from './servers.ts'
import { rowsOf, startServer, startServerWithFleet } from './servers.ts'

/** The fleet's clock: everything lasts a share of its interval, so that a small one is played in seconds. */
const DEVICES = rounds(40, 1_000)
const INTERVAL_MS = rounds(2_000, 60_000)
const OUTAGE_MS = INTERVAL_MS
const STEADY_MS = rounds(1, 2) * INTERVAL_MS
/** From the end of the outage on. */
const AFTER_MS = rounds(1, 3) * INTERVAL_MS
/** Requests are counted in windows of this length: a second of 17 devices is mostly chance. */
const WINDOW_MS = INTERVAL_MS / 12
const PEAK_MAX = 2
const GOODPUT_MIN = 0.8
const TROUBLED_MAX = 0.01
/** Devices come one by one over an interval, as a fleet's do: a thousand at once are a trial of enrolling, which trips breakers. */
const OPENED_EVERY_MS = INTERVAL_MS / DEVICES
/**
 * How often a device writes. Each change is read by all the others: one an interval would be 17,000 records a second for
 * the thousand replicas of this process, which would then be what is tried.
 */
const WRITE_EVERY_MS = rounds(1, 5) * INTERVAL_MS
const ALL_TAKEN_WITHIN_MS = 4 * INTERVAL_MS + 30_000
const TRIAL_TIMEOUT_MS = rounds(90_000, 1_200_000)

/** Requests and good answers by window since the beginning. */
class Meter {
  private readonly startedMs = performance.now()
  private readonly asked: number[] = []
  private readonly good: number[] = []

  readonly fetch: typeof fetch = async (input, init) => {
    this.count(this.asked)
    const answer = await fetch(input, init)
    if (answer.ok) this.count(this.good)
    return answer
  }

  now(): number {
    return Math.floor((performance.now() - this.startedMs) / WINDOW_MS)
  }

  /** Windows of requests and of good answers, from one up to another. */
  between(from: number, to: number): { readonly asked: readonly number[]; readonly good: readonly number[] } {
    const of = (counts: readonly number[]): readonly number[] =>
      Array.from({ length: to - from }, (_, i) => counts[from + i] ?? 0)
    return { asked: of(this.asked), good: of(this.good) }
  }

  private count(counts: number[]): void {
    const window = this.now()
    counts[window] = (counts[window] ?? 0) + 1
  }
}

describe('a fleet meets an outage', () => {
  const report = strikeReportSource()
  let database: TestDatabase
  let server: Server
  let fleet: SetUpFleet
  beforeAll(async () => {
    database = await createTestDatabase()
    const first = await startServerWithFleet(database.url)
    server = first
    fleet = first.ready
  })
  afterAll(async () => {
    await server.stop()
    await database.drop()
  })

  const open = (meter: Meter): Promise<Replica> =>
    openReplica({
      url: server.ready.url,
      enrollmentKey: fleet.enrollmentKey,
      device: { name: 'tablet', platform: 'ios', appVersion: '2.4.0' },
      store: openMemoryStore(),
      fetch: meter.fetch,
      // The SDK's own waits; where the interval is shorter than usual, its base and cap are as well.
      sync: {
        intervalMs: INTERVAL_MS,
        backoffBaseMs: INTERVAL_MS / 60,
        backoffCapMs: 5 * INTERVAL_MS,
        changeDelayMs: INTERVAL_MS / 120,
        events: false,
      },
    })

  /** At any time, whether or not there is a server. @returns how many reports it wrote */
  async function writeOn(replica: Replica, over: AbortSignal): Promise<number> {
    const ended = once(over, 'abort')
    const waited = (ms: number): Promise<unknown> =>
      Promise.race([ended, pause(ms, undefined, { ref: false })])
    await waited(Math.random() * WRITE_EVERY_MS)
    for (let written = 0; ; written++) {
      if (over.aborted) return written
      await replica.collection('strike-reports').put(null, report())
      await waited(WRITE_EVERY_MS * (0.5 + Math.random()))
    }
  }

  it(
    '[BO4] no storm during or after it, and the fleet is served again',
    async () => {
      const meter = new Meter()
      const replicas = await Promise.all(
        Array.from({ length: DEVICES }, async (_, i) => {
          await pause(i * OPENED_EVERY_MS)
          return open(meter)
        }),
      )
      const over = new AbortController()
      setMaxListeners(DEVICES, over.signal)
      const writing = Promise.all(replicas.map((replica) => writeOn(replica, over.signal)))
      // Quiet again: what the opening did is over, and so is the window of every breaker.
      await pause(INTERVAL_MS)
      const steadyFrom = meter.now()
      await pause(STEADY_MS)
      const outageFrom = meter.now()
      const before = meter.between(steadyFrom, outageFrom)
      const troubled = replicas.filter(({ status$ }) => status$.get().problem !== null).length
      const { port } = new URL(server.ready.url)
      await server.kill()
      await pause(OUTAGE_MS)
      server = await startServer(database.url, port)
      const backFrom = meter.now()
      await pause(AFTER_MS)
      const end = meter.now()
      over.abort()
      const written = (await writing).reduce((sum, count) => sum + count, 0)

      const mean = (counts: readonly number[]): number =>
        counts.reduce((sum, count) => sum + count, 0) / counts.length
      const steady = mean(before.asked)
      const peak = Math.max(...meter.between(outageFrom, end).asked)
      const perMinute = Math.round(INTERVAL_MS / WINDOW_MS)
      const returned = meter.between(backFrom, backFrom + perMinute)
      const goodput = mean(returned.good.slice(perMinute / 2)) / mean(before.good)
      noteTrial({
        wanted: DEVICES,
        done: replicas.length,
        figures: {
          'steady requests/s': (steady * 1_000) / WINDOW_MS,
          'good answers before, of its requests': mean(before.good) / steady,
          'devices in trouble before': troubled,
          'peak before, of steady': Math.max(...before.asked) / steady,
          'peak during and after, of steady': peak / steady,
          'good answers 30 to 60 s after, of steady': goodput,
          'good answers 0 to 60 s after, of steady': mean(returned.good) / mean(before.good),
          changes: written,
        },
      })
      const taken = async (): Promise<number> => {
        const text = 'SELECT count(*)::int AS n FROM change_log WHERE fleet_id = $1'
        const [row] = await rowsOf<{ n: number }>(database.url, fleet.fleetId, text, [fleet.fleetId])
        return row?.n ?? 0
      }
      await expect.poll(taken, { timeout: ALL_TAKEN_WITHIN_MS, interval: 500 }).toBe(written)
      await Promise.all(replicas.map((replica) => replica.close()))
      // What a machine that is short of time for the fleet shows says nothing of outages.
      if (isSoak) expect(troubled).toBeLessThanOrEqual(TROUBLED_MAX * DEVICES)
      if (isSoak) expect(peak).toBeLessThanOrEqual(PEAK_MAX * steady)
      if (isSoak) expect(goodput).toBeGreaterThanOrEqual(GOODPUT_MIN)
    },
    TRIAL_TIMEOUT_MS,
  )
})
