import { describe, expect, test } from 'vitest'
import { limitsOfTrip, tripAsked, tripSentence } from '../../../app/(console)/breakers/trip-words.ts'
import type { BreakerTransition } from '#lib/application/breakers/terms.ts'
import { BREAKER_SETTINGS } from '#lib/engine/breaker/breaker.ts'

const change = (atMs: number, rest: Partial<BreakerTransition>): BreakerTransition => ({
  id: String(atMs),
  scope: 'engine',
  fleetId: null,
  processId: 'p',
  atMs,
  before: 'closed',
  after: 'open',
  trip: null,
  ...rest,
})
const limits = { failureRateMax: 0.05, slowRateMax: 0.5, callsMin: 20 }
const window = { openMs: 30_000, calls: 612, failures: 31, slow: 4, bad: [], limits }
const trial = { openMs: 60_000, calls: 3, failures: 1, slow: 0, bad: [] }
const tripped = change(1, { trip: window })
const tried = change(2, { before: 'open', after: 'half_open' })
const failed = change(3, { before: 'half_open', trip: trial })
const changes = [failed, tried, tripped]

describe('[BR3] the trip that a page is about', () => {
  test('is what shut it, however many trials failed since; the one asked for; none of a closed one', () => {
    expect(tripAsked({ state: 'open', changes }, null)).toBe(tripped)
    expect(tripAsked({ state: 'open', changes }, 3)).toBe(failed)
    expect(tripAsked({ state: 'open', changes: [failed, tried] }, null)).toBe(failed)
    expect(tripAsked({ state: 'closed', changes }, null)).toBeNull()
    expect(tripAsked({ state: 'open', changes }, 'now')).toBeNull()
    expect(tripAsked({ state: 'open', changes }, 2)).toBeNull()
  })

  test.each([
    [window, 'closed', 'It tripped at 5.07 %: 31 of 612 calls failed in the 60 s before'],
    [
      { ...window, failures: 2, slow: 400 },
      'closed',
      'It tripped at 65.4 %: 400 of 612 calls were slow in the 60 s before',
    ],
    [trial, 'half_open', 'A trial call failed, after 2 good ones, and shut it for 1 min more at'],
    [
      { ...trial, calls: 1, failures: 0, slow: 1 },
      'half_open',
      'A trial call was slow, after 0 good ones, and shut it for 1 min more at',
    ],
  ] as const)('%j from %s', (trip, before, sentence) => {
    expect(tripSentence({ ...tripped, before, trip }, BREAKER_SETTINGS)).toBe(sentence)
  })

  test('is told by what the breaker went by then, whatever it goes by now', () => {
    const now = { ...BREAKER_SETTINGS, failureRateMax: 0.1 }
    expect(tripSentence({ ...tripped, trip: window }, now)).toMatch(/31 of 612 calls failed/)
    expect(limitsOfTrip({ ...tripped, trip: window }, now)).toEqual(limits)
    expect(limitsOfTrip(null, now)).toBe(now)
  })
})
