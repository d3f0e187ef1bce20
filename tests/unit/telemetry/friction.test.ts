import { describe, expect, test } from 'vitest'
import {
  byFriction,
  CLUSTERED_MIN,
  frictionTime,
  frictionVerdict,
  type CollectionFriction,
} from '#lib/telemetry/friction.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR
const START = 20_000 * DAY
const share = (part: number, whole: number) => ({ part, whole, rate: whole === 0 ? null : part / whole })

describe('friction', () => {
  test('[FR2] is a rate above the limit, of enough changes; else it is said why not', () => {
    expect(frictionVerdict(share(11, 100), 0.1)).toBe('friction')
    expect(frictionVerdict(share(10, 100), 0.1)).toBe('calm')
    expect(frictionVerdict(share(19, 19), 0.1)).toBe('few')
    expect(frictionVerdict(share(20, 20), 0.1)).toBe('friction')
    expect(frictionVerdict(share(0, 0), 0.1)).toBe('unknown')
    // Conflicts that are told without the changes that they are of.
    expect(frictionVerdict(share(4, 0), 0.1)).toBe('unknown')
  })

  test('[FR2] the worst against its own limit comes first', () => {
    const of = (collection: string, part: number, whole: number, limit: number): CollectionFriction => {
      const changes = share(part, whole)
      return { collection, changes, limit, verdict: frictionVerdict(changes, limit), cause: null }
    }
    const sorted = [
      of('quiet', 0, 0, 0.1),
      of('few', 3, 5, 0.1),
      of('calm', 5, 100, 0.1),
      of('calmer', 1, 100, 0.01),
      of('loud', 30, 100, 0.2),
      of('worst', 9, 100, 0.01),
      of('any', 1, 100, 0),
      of('as loud', 60, 200, 0.2),
    ].toSorted(byFriction)
    expect(sorted.map(({ collection }) => collection)).toEqual([
      'any',
      'worst',
      'as loud',
      'loud',
      'calm',
      'calmer',
      'few',
      'quiet',
    ])
  })

  const columns = (counts: readonly (number | null)[], stepMs = HOUR, fromMs = START) =>
    counts.map((count, at) => ({ atMs: fromMs + at * stepMs, count }))
  const none = (count: number) => Array.from({ length: count }, () => 0)

  test('[FR3] half of the conflicts in a quarter of the time are a cluster', () => {
    const counts = [...none(10), 1, 12, 9, ...none(11)]
    expect(frictionTime(columns(counts), HOUR, START + DAY)).toEqual({
      kind: 'once',
      fromMs: START + 11 * HOUR,
      toMs: START + 12 * HOUR,
      share: 12 / 22,
    })
    expect(frictionTime(columns(Array.from({ length: 24 }, () => 5)), HOUR, START + DAY)).toBeNull()
  })

  test('[FR3] of few conflicts no time is told', () => {
    const [some, enough] = [CLUSTERED_MIN - 1, CLUSTERED_MIN].map((count) =>
      frictionTime(columns([count, ...none(23)]), HOUR, START + DAY),
    )
    expect(some).toBeNull()
    expect(enough).toMatchObject({ kind: 'once', fromMs: START, share: 1 })
  })

  test('[FR3] what is not known is no quiet time, and the last column ends with the range', () => {
    const unknown = Array.from({ length: 20 }, () => null)
    expect(frictionTime(columns([20, 20, 20, 20, ...unknown]), HOUR, START + DAY)).toBeNull()
    const last = columns([...none(23), 20])
    expect(frictionTime(last, HOUR, START + 23.5 * HOUR)).toMatchObject({ toMs: START + 23.5 * HOUR })
  })

  test('[FR3] the same hours of several days are told as such, over midnight too', () => {
    const day = (at: readonly number[]) =>
      Array.from({ length: 24 }, (_, hour) => (at.includes(hour) ? 6 : 1))
    const week = (at: readonly number[]) => Array.from({ length: 7 }, () => day(at)).flat()
    expect(frictionTime(columns(week([6, 7, 8, 9])), HOUR, START + 7 * DAY)).toMatchObject({
      kind: 'daily',
      fromMinute: 6 * 60,
      toMinute: 10 * 60,
    })
    expect(frictionTime(columns(week([22, 23, 0, 1])), HOUR, START + 7 * DAY)).toMatchObject({
      kind: 'daily',
      fromMinute: 22 * 60,
      toMinute: 2 * 60,
    })
    expect(frictionTime(columns(week([])), HOUR, START + 7 * DAY)).toBeNull()
    // Half a day's columns tell no hours.
    const long = Array.from({ length: 60 }, (_, at) => (at % 2 === 0 ? 9 : 0))
    expect(frictionTime(columns(long, 12 * HOUR), 12 * HOUR, START + 30 * DAY)).toBeNull()
  })
})
