import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { BREAKER_SETTINGS, CLOSED, judge, reduce } from '#lib/engine/breaker/breaker.ts'
import type { BreakerState } from '#lib/engine/breaker/breaker.ts'
import { mergedSeconds, suppose } from '#lib/engine/breaker/what-if.ts'
import type { Second } from '#lib/engine/breaker/window.ts'

const NOW = { ...BREAKER_SETTINGS, windowSeconds: 60 }
const second = (at: number, calls: number, failures = 0, slow = 0): Second => ({
  second: at,
  calls,
  failures,
  slow,
})

describe('[BR2] what a breaker would have done', () => {
  test('19 failures of 19 trip nothing, the 20th does; under 5 % never', () => {
    expect(suppose([second(0, 19, 19)], NOW).trips).toEqual([])
    expect(suppose([second(0, 19, 19), second(1, 1)], NOW).trips).toEqual([{ second: 1, seconds: 30 }])
    expect(suppose([second(0, 1_000, 49)], NOW).trips).toEqual([])
  })

  test('what came while it was open would have been shed; a good trial closes it, a bad one opens it for twice as long', () => {
    const calls = [second(0, 100, 10), second(10, 7, 2), second(31, 5), second(32, 50, 0)]
    expect(suppose(calls, NOW)).toEqual({
      trips: [{ second: 0, seconds: 30 }],
      openSeconds: 30,
      shed: 7,
      failuresShed: 2,
      calls: 162,
    })
    const bad = suppose([second(0, 100, 10), second(31, 5, 1), second(40, 9)], NOW)
    expect(bad.trips).toEqual([
      { second: 0, seconds: 30 },
      { second: 31, seconds: 60 },
    ])
    expect(bad.shed).toBe(9)
  })

  test('a lower threshold, a longer window and a smaller minimum find what the present ones don’t', () => {
    const slowly = Array.from({ length: 60 }, (_, i) => second(i * 3, 10, i % 10 === 9 ? 1 : 0))
    expect(suppose(slowly, NOW).trips).toEqual([])
    expect(suppose(slowly, { ...NOW, failureRateMax: 0.01 }).trips.length).toBeGreaterThan(0)
    const few = [second(0, 5, 5), second(70, 5, 5), second(140, 5, 5), second(210, 5, 5)]
    expect(suppose(few, NOW).trips).toEqual([])
    expect(suppose(few, { ...NOW, windowSeconds: 300 }).trips).toHaveLength(1)
    expect(suppose(few, { ...NOW, callsMin: 5 }).trips.length).toBeGreaterThan(0)
  })

  test('with one call a second it trips when the reducer does', () => {
    const one = fc.record({ failed: fc.boolean(), gap: fc.integer({ min: 1, max: 5 }) })
    fc.assert(
      fc.property(
        fc.array(one, { maxLength: 120 }),
        fc.constantFrom(0.05, 0.3, 0.6),
        (calls, failureRateMax) => {
          const settings = { ...BREAKER_SETTINGS, failureRateMax, callsMin: 10 }
          let state: BreakerState = CLOSED
          let at = 1_000
          const seconds: Second[] = []
          const trips: number[] = []
          for (const { failed, gap } of calls) {
            at += gap
            seconds.push(second(at, 1, Number(failed)))
            // A second is over when its calls have ended; a wait of 30 s ends with the 31st second after it.
            const nowMs = at * 1_000
            if (state.kind === 'open' && at < state.sinceMs / 1_000 + 31) continue
            if (!judge(state, settings, nowMs).admitted) continue
            state = reduce(state, { kind: 'entered' }, settings, nowMs)
            const before = state.kind
            state = reduce(
              state,
              { kind: 'ended', era: state.era, call: { failed, slow: false } },
              settings,
              nowMs,
            )
            if (state.kind === 'open') trips.push(at)
            if (before !== 'closed') break
          }
          const supposed = suppose(seconds, { ...settings, windowSeconds: 60 }).trips
          expect(supposed.slice(0, trips.length).map((trip) => trip.second)).toEqual(trips)
        },
      ),
    )
  })
})

test('seconds of several processes are one list in order', () => {
  const add = (a: Second, b: Second): Second => ({
    ...a,
    calls: a.calls + b.calls,
    failures: a.failures + b.failures,
  })
  expect(
    mergedSeconds(
      [
        [second(2, 1), second(5, 1)],
        [second(1, 3), second(5, 2, 1)],
      ],
      add,
    ),
  ).toEqual([second(1, 3), second(2, 1), second(5, 3, 1)])
})
