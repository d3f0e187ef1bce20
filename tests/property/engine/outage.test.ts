import { describe, expect, test } from 'vitest'
import type { EndedSession, WaitState } from '#lib/client/wait.ts'
import { RESTED, waitAfter } from '#lib/client/wait.ts'
import type { FailureKind } from '#lib/engine/backoff.ts'
import { BACKOFF_BASE_MS, BACKOFF_CAP_MS } from '#lib/engine/backoff.ts'
import type { BreakerState } from '#lib/engine/breaker/breaker.ts'
import { BREAKER_SETTINGS, CLOSED, judge, reduce } from '#lib/engine/breaker/breaker.ts'
import type { Random } from '#lib/kernel/random.ts'
import { seededRandom } from '#lib/kernel/random.ts'

/** BO4, by event: 3,000 devices at one request a minute each, the SDK's waits, and the server's own breaker. */
const DEVICES = 3_000
const INTERVAL_MS = 60_000
const STEADY_PER_SECOND = DEVICES / (INTERVAL_MS / 1_000)
const SETTINGS = { intervalMs: INTERVAL_MS, baseMs: BACKOFF_BASE_MS, capMs: BACKOFF_CAP_MS }
const OUTAGE_AT_MS = 3 * INTERVAL_MS
/** Past the longest wait of a breaker and of a device. */
const AFTERMATH_MS = 15 * 60_000
const STEP_MS = 100

/** How the server is when it is not well, as a device meets it. */
type Outage = 'timed_out' | 'crash' | 'database_away' | 'behind_breaker'
const OUTAGES: readonly Outage[] = ['timed_out', 'crash', 'database_away', 'behind_breaker']
/** What is under way when a server crashes loses its answer; then the port is closed. */
const UNDER_WAY_MS = 500

interface Device {
  waits: WaitState
}

/** Requests in each second of a run, and how many devices had no success by its end. */
function simulate(outage: Outage, outageMs: number, random: Random) {
  const endMs = OUTAGE_AT_MS + outageMs + AFTERMATH_MS
  const due: Device[][] = Array.from({ length: Math.ceil(endMs / STEP_MS) + 1 }, () => [])
  const plan = (device: Device, atMs: number): void => void due[Math.ceil(atMs / STEP_MS)]?.push(device)
  for (let n = 0; n < DEVICES; n++) plan({ waits: RESTED }, random() * INTERVAL_MS)
  const perSecond: number[] = Array.from({ length: Math.ceil(endMs / 1_000) + 1 }, () => 0)
  let breaker: BreakerState = CLOSED
  let lastFailureMs = 0
  for (const [step, devices] of due.entries()) {
    const nowMs = step * STEP_MS
    const isDown = nowMs >= OUTAGE_AT_MS && nowMs < OUTAGE_AT_MS + outageMs
    for (const device of devices) {
      const second = Math.floor(nowMs / 1_000)
      perSecond[second] = (perSecond[second] ?? 0) + 1
      let end: EndedSession = isDown ? failedBy(outage, nowMs - OUTAGE_AT_MS, random) : GOOD
      if (outage === 'behind_breaker') [end, breaker] = askBreaker(breaker, isDown, nowMs, random)
      if (end.trouble) lastFailureMs = nowMs
      const wait = waitAfter(end, SETTINGS, device.waits, random)
      if (!wait) throw new Error('nothing here halts a device')
      device.waits = wait.state
      plan(device, nowMs + wait.waitMs)
    }
  }
  const during = perSecond.slice(OUTAGE_AT_MS / 1_000)
  return { peak: Math.max(...during), perSecond, lastFailureMs }
}

const GOOD: EndedSession = { state: 'idle', result: 'ok', trouble: null }
const shed = (code: string, retryAfterMs: number): EndedSession => {
  const seconds = Math.ceil(retryAfterMs / 1_000)
  return {
    state: 'shed',
    result: 'failed',
    trouble: { failure: 'shed', retryAfterMs: seconds * 1_000, code },
  }
}

const unreachable = (failure: FailureKind): EndedSession => ({
  state: 'backoff',
  result: 'failed',
  trouble: { failure, retryAfterMs: null, code: failure },
})

function failedBy(outage: Outage, sinceMs: number, random: Random): EndedSession {
  if (outage === 'timed_out') return unreachable('timed_out')
  if (outage === 'crash') return unreachable(sinceMs < UNDER_WAY_MS ? 'answer_lost' : 'refused_connection')
  return shed('database_unavailable', 2_000 * (0.5 + random()))
}

function askBreaker(
  before: BreakerState,
  isDown: boolean,
  nowMs: number,
  random: Random,
): [EndedSession, BreakerState] {
  const judgement = judge(before, BREAKER_SETTINGS, nowMs)
  if (!judgement.admitted) {
    const { retryAfterMs } = judgement
    return [shed('breaker_open', retryAfterMs + Math.max(1_000, retryAfterMs / 2) * random()), before]
  }
  const entered = reduce(before, { kind: 'entered' }, BREAKER_SETTINGS, nowMs)
  const call = { failed: isDown, slow: false }
  const after = reduce(entered, { kind: 'ended', era: entered.era, call }, BREAKER_SETTINGS, nowMs)
  return [isDown ? failedBy('database_away', 0, random) : GOOD, after]
}

describe.each(OUTAGES)('an outage that devices meet as %s', (outage) => {
  test.each([5, 60, 300, 1_800])('[BO4] of %i s: no second sees twice the steady rate', (seconds) => {
    for (const seed of [1, 2, 3]) {
      const { peak } = simulate(outage, seconds * 1_000, seededRandom(seed))
      expect(peak, `seed ${seed}`).toBeLessThan(2 * STEADY_PER_SECOND)
    }
  })

  test('[BO4] afterwards the rate is the steady one again, and all are served', () => {
    const { perSecond, lastFailureMs } = simulate(outage, 60_000, seededRandom(4))
    const last = perSecond.slice(-301, -1)
    const mean = last.reduce((sum, count) => sum + count, 0) / last.length
    expect(mean).toBeGreaterThan(0.9 * STEADY_PER_SECOND)
    expect(mean).toBeLessThan(1.1 * STEADY_PER_SECOND)
    // BR3: the breaker may stay open for twice as long as it knew, and no longer.
    expect(lastFailureMs).toBeLessThanOrEqual(OUTAGE_AT_MS + 60_000 + 120_000)
  })
})
