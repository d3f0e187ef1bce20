import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ToldEvents } from '#lib/application/ingest/told-events.ts'
import { decodeSketches, quantile } from '#lib/rollups/sketch.ts'
import type { ToldSeries } from '#lib/telemetry/told/advance.ts'
import { advance } from '#lib/telemetry/told/advance.ts'
import type { Spread, ToldPoint, ToldValue } from '#lib/telemetry/told/point.ts'
import { sourceGauges } from '#lib/telemetry/told/source-gauges.ts'
import { forEachBucket } from '#lib/telemetry/told/spread-values.ts'

const OF = { id: 'id', source: 'powersync', heardMs: 0 }
const count = (value: number, cumulative = true): ToldValue => ({
  kind: 'count',
  counters: ['conflicts'],
  code: null,
  cumulative,
  value,
})
const pointAt = (atMs: number, told: ToldValue, startMs: number | null = null): ToldPoint => ({
  series: 's',
  collection: null,
  platform: null,
  appVersion: null,
  startMs,
  atMs,
  told,
})

/** What each point adds; null for one without effect. */
function gains(points: readonly ToldPoint[]) {
  let known: ToldSeries | undefined
  return points.map((point) => {
    const next = advance(known, point, OF)
    if (next === null) return null
    known = next.series
    if (next.gain === null) return 0
    return next.gain.kind === 'count' ? next.gain.value : next.gain.spread
  })
}

describe('what a point adds', () => {
  test('the first point of a running count is where counting begins, and each later one adds what came since', () => {
    expect(gains([pointAt(1, count(900)), pointAt(2, count(903)), pointAt(3, count(903))])).toEqual([0, 3, 0])
  })

  test('a point that is not newer has no effect', () => {
    expect(
      gains([pointAt(2, count(5)), pointAt(2, count(5)), pointAt(1, count(4)), pointAt(3, count(6))]),
    ).toEqual([0, null, null, 1])
    expect(
      gains([pointAt(1, count(5, false)), pointAt(1, count(5, false)), pointAt(2, count(1, false))]),
    ).toEqual([5, null, 1])
  })

  test('after a reset all that is told came since, whether the start says so or the count fell', () => {
    expect(gains([pointAt(1, count(10), 1), pointAt(2, count(12), 1), pointAt(5, count(30), 4)])).toEqual([
      0, 2, 30,
    ])
    expect(gains([pointAt(1, count(10)), pointAt(2, count(4)), pointAt(3, count(5))])).toEqual([0, 4, 1])
  })

  test('counts of any history with resets add up to what was counted after the first point', () => {
    const step = fc.record({ by: fc.nat(50), restart: fc.boolean() })
    fc.assert(
      fc.property(fc.nat(1_000), fc.array(step, { maxLength: 30 }), (first, steps) => {
        let [total, startMs, counted] = [first, 1, 0]
        const points = [pointAt(1, count(first), 1)]
        for (const [i, { by, restart }] of steps.entries()) {
          if (restart) [total, startMs] = [0, i + 2]
          total += by
          counted += by
          points.push(pointAt(i + 2, count(total), startMs))
        }
        const sum = gains(points).reduce<number>((all, gain) => all + Number(gain), 0)
        expect(sum).toBe(counted)
      }),
    )
  })

  test('buckets of a histogram are held one by one; other bounds are another life', () => {
    const spread = (counts: readonly number[], bounds = [1, 5]): ToldValue => ({
      kind: 'spread',
      stage: 'upload',
      cumulative: true,
      unitMs: 1_000,
      spread: { kind: 'explicit', bounds, counts },
    })
    const told = [
      pointAt(1, spread([7, 7, 7])),
      pointAt(2, spread([8, 7, 9])),
      pointAt(3, spread([8, 6, 9])),
      pointAt(4, spread([1, 0, 0], [2, 6])),
    ]
    expect(
      gains(told).map((gain) =>
        gain !== null && typeof gain === 'object' ? gain.kind === 'explicit' && gain.counts : gain,
      ),
    ).toEqual([0, [1, 0, 2], [8, 6, 9], [1, 0, 0]])
  })

  test('an exponential histogram that grows coarser keeps every value it had', () => {
    const values = fc.array(fc.integer({ min: 1, max: 1e6 }), { minLength: 1, maxLength: 30 })
    fc.assert(
      fc.property(
        values,
        values,
        fc.integer({ min: -2, max: 6 }),
        fc.nat(4),
        (before, since, scale, down) => {
          const first = exponentialOf(before, scale)
          const then = exponentialOf([...before, ...since], scale - down)
          const told = (spread: Spread): ToldValue => ({
            kind: 'spread',
            stage: 'upload',
            cumulative: true,
            unitMs: 1,
            spread,
          })
          const [, gain] = gains([pointAt(1, told(first)), pointAt(2, told(then))])
          expect(trimmed(gain as Spread)).toEqual(trimmed(exponentialOf(since, scale - down)))
        },
      ),
      { numRuns: 200 },
    )
  })
})

/** Naive: each value into its bucket. */
function exponentialOf(values: readonly number[], scale: number): Extract<Spread, { kind: 'exponential' }> {
  const places = values.map((value) => Math.ceil(Math.log2(value) * 2 ** scale - 1e-9) - 1)
  const offset = Math.min(...places)
  const counts = Array.from({ length: Math.max(...places) - offset + 1 }, () => 0)
  for (const place of places) counts[place - offset] = (counts[place - offset] ?? 0) + 1
  return { kind: 'exponential', scale, offset, counts, zero: 0 }
}

/** Buckets that hold something, by their place. */
const trimmed = (spread: Spread) =>
  spread.kind === 'exponential'
    ? spread.counts.flatMap((held, i) => (held > 0 ? [[spread.offset + i, held]] : []))
    : spread.counts

describe('what an export tells', () => {
  test('lags are spread by their buckets, in milliseconds', () => {
    const seen: [number, number][] = []
    const visit = (value: number, times: number): unknown => seen.push([value, times])
    forEachBucket({ kind: 'explicit', bounds: [1, 5], counts: [2, 0, 3] }, visit)
    expect(seen).toEqual([
      [0.5, 2],
      [5, 3],
    ])
    seen.length = 0
    forEachBucket({ kind: 'exponential', scale: -40, offset: -3, counts: [1, 1, 1, 1], zero: 4 }, visit)
    expect(seen.map(([, times]) => times)).toEqual([4, 1, 1, 1, 1])
    expect(seen.some(([value]) => Number.isNaN(value))).toBe(false)
    const told = new ToldEvents('powersync')
    const lag: ToldValue = {
      kind: 'spread',
      stage: 'delivery',
      cumulative: false,
      unitMs: 1_000,
      spread: { kind: 'explicit', bounds: [2, 4], counts: [0, 10, 0] },
    }
    told.add(pointAt(61_000, lag), { kind: 'spread', spread: (lag as { spread: Spread }).spread }, 61_000)
    const [event] = told.all()
    expect(event?.atMs).toBe(60_000)
    expect(Object.keys(event?.payload.lag ?? {})).toEqual(['delivery'])
    expect(quantile(decodeSketches([event?.payload.lag.delivery ?? '']), 0.5)).toBeCloseTo(3_000, -2)
  })

  test('of figures that stand the sum or the worst is told, and null where there is none', () => {
    const series = (gauge: ToldSeries['gauge'], value: number, source = 'zero'): ToldSeries => ({
      id: `${gauge} ${value}`,
      source,
      gauge,
      startMs: null,
      atMs: 1,
      heardMs: 1,
      value,
    })
    const told = [
      series('queueDepth', 3),
      series('queueDepth', 4),
      series('oldestAgeMs', 5),
      series('oldestAgeMs', 9),
    ]
    expect(sourceGauges([...told, series('breaker', 2, 'other')])).toEqual([
      {
        kind: 'source-gauges',
        source: 'zero',
        queueDepth: 7,
        oldestPendingAgeMs: 9,
        deadLetters: null,
        lagMs: null,
        breaker: null,
        jobs: null,
        jobsFailing: null,
      },
      {
        kind: 'source-gauges',
        source: 'other',
        queueDepth: null,
        oldestPendingAgeMs: null,
        deadLetters: null,
        lagMs: null,
        breaker: 2,
        jobs: null,
        jobsFailing: null,
      },
    ])
  })
})
