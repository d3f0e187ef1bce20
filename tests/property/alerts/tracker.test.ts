import fc from 'fast-check'
import { expect, test } from 'vitest'
import { seededRandom } from '#lib/kernel/random.ts'
import { replayRule } from '#lib/telemetry/alerts/replay-rule.ts'
import type { ThresholdCondition } from '#lib/telemetry/alerts/rule.ts'
import type { AlertStatus, Tracked } from '#lib/telemetry/alerts/tracker.ts'
import { NO_DATA_AFTER_MS_MIN, statusOf, track } from '#lib/telemetry/alerts/tracker.ts'
import { fleetSeries, MINUTE_MS, shippedRule } from '#tests/support/alert-series.ts'

const PERIOD_MS = 15_000
const T0 = Date.UTC(2026, 5, 15)
const times = fc.record({
  forMs: fc.nat(12).map((n) => n * PERIOD_MS),
  keepFiringMs: fc.nat(12).map((n) => n * PERIOD_MS),
})

const findingOf = (word: 'bad' | 'well' | 'unknown') =>
  word === 'unknown' ? null : { breached: word === 'bad', holds: word === 'bad' }

/** Says what must be at each moment by looking at the whole past anew, as the words of `for` and `keep_firing_for` have it. */
function oracle(
  words: readonly ('bad' | 'well' | 'unknown')[],
  { forMs, keepFiringMs }: { forMs: number; keepFiringMs: number },
): AlertStatus[] {
  const known: ('bad' | 'well')[] = []
  let blind = 0
  let standing: AlertStatus = 'inactive'
  return words.map((word) => {
    if (word === 'unknown') {
      blind += 1
      const blindMs = (blind - 1) * PERIOD_MS
      return blindMs >= Math.max(forMs, NO_DATA_AFTER_MS_MIN) ? 'no_data' : standing
    }
    // The clocks stood for as long as nothing was known: those moments are not there.
    blind = 0
    known.push(word)
    const forSteps = forMs / PERIOD_MS
    const keepSteps = keepFiringMs / PERIOD_MS
    let firing = false
    for (let end = 0; end < known.length; end++) {
      if (!firing) {
        const run = known.slice(Math.max(0, end - forSteps), end + 1)
        firing = run.length === forSteps + 1 && run.every((one) => one === 'bad')
      } else {
        const run = known.slice(Math.max(0, end - keepSteps), end + 1)
        firing = !(run.length === keepSteps + 1 && run.every((one) => one === 'well'))
      }
    }
    standing = firing ? 'firing' : word === 'bad' ? 'pending' : 'inactive'
    return standing
  })
}

test('[alerts] the reducer says at each moment what the whole past says, with what is not known left out', () => {
  const words = fc.array(
    fc.constantFrom('bad' as const, 'bad' as const, 'well' as const, 'unknown' as const),
    {
      maxLength: 80,
    },
  )
  fc.assert(
    fc.property(words, times, (said, rule) => {
      let tracked: Tracked | null = null
      const found = said.map((word, i) => {
        // Through JSON each time: nothing but what is stored may count.
        const stored: Tracked | null = JSON.parse(JSON.stringify(tracked)) as Tracked | null
        tracked = track(stored, findingOf(word), T0 + i * PERIOD_MS, rule)
        return statusOf(tracked, rule, T0 + i * PERIOD_MS)
      })
      // A gap at the very start freezes nothing: the oracle counts the first unknown as the clocks do.
      expect(found).toEqual(oracle(said, rule))
    }),
    { numRuns: 500 },
  )
})

test('[alerts] what was not evaluated counts neither way: after a stop of the server pending goes on where it stood', () => {
  const rule = { forMs: 120_000, keepFiringMs: 120_000 }
  const bad = { breached: true, holds: true }
  const well = { breached: false, holds: false }
  let tracked = track(null, bad, T0, rule)
  tracked = track(tracked, bad, T0 + 60_000, rule)
  const afterHour = T0 + 3_660_000
  tracked = track(tracked, bad, afterHour, rule)
  expect(statusOf(tracked, rule, 0)).toBe('pending')
  tracked = track(tracked, bad, afterHour + 60_000, rule)
  expect(statusOf(tracked, rule, 0)).toBe('firing')
  tracked = track(tracked, well, afterHour + 75_000, rule)
  tracked = track(tracked, well, afterHour + 7_200_000, rule)
  expect(statusOf(tracked, rule, 0)).toBe('firing')
  for (let at = 15_000; at <= 120_000; at += 15_000)
    tracked = track(tracked, well, afterHour + 7_200_000 + at, rule)
  expect(statusOf(tracked, rule, 0)).toBe('inactive')
})

test('[alerts] what fired and is known of no more ends after a day, and not before', () => {
  const rule = { forMs: 0, keepFiringMs: 0 }
  let tracked = track(null, { breached: true, holds: true }, T0, rule)
  for (let at = 60_000; at < 86_400_000; at += 60_000) tracked = track(tracked, null, T0 + at, rule)
  expect([tracked.held.kind, statusOf(tracked, rule, T0 + 86_400_000 - 60_000)]).toEqual([
    'firing',
    'no_data',
  ])
  tracked = track(tracked, null, T0 + 86_460_000, rule)
  expect(tracked.held.kind).toBe('inactive')
})

test('[alerts] no flapping on noise around the bound: a second bound and keep_firing_for, on 100 noisy series of a day', () => {
  const SHIPPED = shippedRule('queue-deep')
  const condition: ThresholdCondition = {
    ...(SHIPPED.condition as ThresholdCondition),
    value: 100,
    clear: 90,
  }
  const steady = { ...SHIPPED, condition, forMs: 5 * MINUTE_MS, keepFiringMs: 5 * MINUTE_MS }
  const naive = { ...steady, condition: { ...condition, clear: null }, forMs: 0, keepFiringMs: 0 }
  let [flaps, naiveFlaps] = [0, 0]
  for (let seed = 0; seed < 100; seed++) {
    const random = seededRandom(seed)
    // Noise of four parts in a hundred right on the bound, both from minute to minute and slowly.
    let drift = 0
    const depth = Array.from({ length: 24 * 60 }, () => {
      drift = 0.98 * drift + (random() - 0.5)
      return 100 + drift + 8 * (random() - 0.5)
    })
    const series = fleetSeries({}, { queueDepthMax: depth })
    const { episodes } = replayRule(steady, series)
    expect(episodes.length, `seed ${seed}`).toBeLessThanOrEqual(1)
    flaps += episodes.length
    naiveFlaps += replayRule(naive, series).episodes.length
  }
  // It fires where it is meant to, and the same noise makes the plain comparison flap some hundreds of times a day.
  expect(flaps).toBeGreaterThan(90)
  expect(naiveFlaps / 100).toBeGreaterThan(200)
})
