import { describe, expect, test } from 'vitest'
import { BREAKER_SETTINGS, CLOSED, isOver, reduce } from '#lib/engine/breaker/breaker.ts'
import type { BreakerState } from '#lib/engine/breaker/breaker.ts'
import { seededRandom } from '#lib/kernel/random.ts'

const START_MS = Date.UTC(2026, 0, 5, 8)
const HISTORIES = 100_000
const CALLS_MAX = 60
/** Of those histories some are long enough for windows in which 5 % is a whole number of hundreds of calls. */
const LONG = { every: 1_000, calls: 900 }
const FAILING = [0, 0.02, 0.049, 0.05, 0.051, 0.08, 0.5, 1]
const SLOW = [0, 0, 0, 0.3, 0.6]
const GAPS_MS = [0, 20, 900, 1_500, 4_000, 61_000]

const fail = { failed: true, slow: false }
const good = { failed: false, slow: false }

const end = (state: BreakerState, call: typeof fail, nowMs: number): BreakerState =>
  reduce(state, { kind: 'ended', era: state.era, call }, BREAKER_SETTINGS, nowMs)

describe('[BR2] the minimum and the threshold', () => {
  test('19 failures of 19 stay closed, the 20th call opens, whether it fails or not', () => {
    for (const last of [good, fail]) {
      let state = CLOSED
      for (let n = 1; n <= 19; n++) {
        state = end(state, fail, START_MS + n)
        expect(state.kind).toBe('closed')
      }
      expect(end(state, last, START_MS + 20).kind).toBe('open')
    }
  })

  test('exactly 5 % opens at any size of the window, and one failure fewer never does', () => {
    for (let calls = 20; calls <= 4_000; calls += 20) {
      const failures = calls / 20
      const before = (count: number): BreakerState => ({
        kind: 'closed',
        era: 0,
        window: [{ second: START_MS / 1_000, calls: calls - 1, failures: count, slow: 0 }],
      })
      expect({ calls, kind: end(before(failures - 1), fail, START_MS).kind }).toEqual({ calls, kind: 'open' })
      expect({ calls, kind: end(before(failures - 1), good, START_MS).kind }).toEqual({
        calls,
        kind: 'closed',
      })
    }
  })

  test('so does any other whole percentage', () => {
    for (let percent = 1; percent <= 100; percent++)
      for (let calls = 100; calls <= 2_000; calls += 100) {
        const failures = (percent * calls) / 100
        const settings = { ...BREAKER_SETTINGS, failureRateMax: percent / 100 }
        const over = [failures - 1, failures].map((count) =>
          isOver({ calls, failures: count, slow: 0 }, settings),
        )
        expect({ percent, calls, over }).toEqual({ percent, calls, over: [false, true] })
      }
  })

  test(`${HISTORIES} generated histories open at the very call at which a count of all their calls says so`, () => {
    let [opened, judged] = [0, 0]
    for (let seed = 1; seed <= HISTORIES; seed++) {
      const random = seededRandom(seed)
      const pick = (from: readonly number[]): number => from[Math.floor(random() * from.length)] ?? 0
      const [failing, slowly, gapMs] = [pick(FAILING), pick(SLOW), pick(GAPS_MS)]
      const length = seed % LONG.every === 0 ? LONG.calls : 1 + Math.floor(random() * CALLS_MAX)
      const seconds: number[] = []
      const failed: boolean[] = []
      const slow: boolean[] = []
      let state: BreakerState = CLOSED
      let nowMs = START_MS + Math.floor(random() * 1_000)
      for (let n = 0; n < length; n++) {
        nowMs += Math.floor(random() * gapMs)
        const call = { failed: random() < failing, slow: random() < slowly }
        seconds.push(Math.floor(nowMs / 1_000))
        failed.push(call.failed)
        slow.push(call.slow)
        state = end(state, call, nowMs)
        judged += 1
        const expected = opens(seconds, failed, slow) ? 'open' : 'closed'
        if (state.kind !== expected)
          throw new Error(`seed ${seed}, call ${n + 1}: ${state.kind}, and the count says ${expected}`)
        if (expected === 'open') break
      }
      opened += Number(state.kind === 'open')
    }
    // Neither side of the line is left out.
    expect(opened).toBeGreaterThan(HISTORIES / 10)
    expect(HISTORIES - opened).toBeGreaterThan(HISTORIES / 10)
    expect(judged).toBeGreaterThan(10 * HISTORIES)
  })
})

/** The rule as a sentence, in whole numbers: of the calls of this second and the 59 before it, 20 at least, 5 % failed or half were slow. */
function opens(seconds: readonly number[], failed: readonly boolean[], slow: readonly boolean[]): boolean {
  const newest = seconds.at(-1) ?? 0
  let [calls, failures, slowOnes] = [0, 0, 0]
  for (let n = seconds.length - 1; n >= 0 && (seconds[n] ?? 0) > newest - 60; n--) {
    calls += 1
    failures += Number(failed[n])
    slowOnes += Number(slow[n])
  }
  return calls >= 20 && (20 * failures >= calls || 2 * slowOnes >= calls)
}
