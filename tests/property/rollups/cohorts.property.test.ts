import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { seededRandom } from '#lib/kernel/random.ts'
import { quantile, sketchOf } from '#lib/rollups/sketch.ts'
import { cohortRow, differenceOf, estimateQuantile, estimateShare } from '#lib/telemetry/cohorts.ts'

const share = fc
  .tuple(fc.integer({ min: 20, max: 5_000 }), fc.double({ min: 0, max: 1, noNaN: true }))
  .map(([whole, p]) => ({ part: Math.round(whole * p), whole }))
const figureOf = (of: { part: number; whole: number }) => ({ estimate: estimateShare(of), of: of.whole })

describe('comparison of two app versions', () => {
  test('an interval holds its value and stays within 0 and 1; the difference turns round with its sides', () => {
    fc.assert(
      fc.property(share, share, (first, second) => {
        const [a, b] = [estimateShare(first), estimateShare(second)]
        if (!a || !b) throw new Error('20 and more have an estimate')
        for (const { value, low, high } of [a, b]) {
          expect(low).toBeGreaterThanOrEqual(0)
          expect(high).toBeLessThanOrEqual(1)
          expect(low <= value && value <= high).toBe(true)
        }
        const [there, back] = [differenceOf(a, b), differenceOf(b, a)]
        expect(there.low).toBeCloseTo(-back.high, 12)
        expect(there.high).toBeCloseTo(-back.low, 12)
        const verdicts = [
          cohortRow('failures', figureOf(first), figureOf(second)).verdict,
          cohortRow('failures', figureOf(second), figureOf(first)).verdict,
        ].sort()
        expect([
          ['alike', 'alike'],
          ['better', 'worse'],
        ]).toContainEqual(verdicts)
      }),
    )
  })

  test('the true difference of two shares is within the interval some 95 times of 100', () => {
    const random = seededRandom(20_261_126)
    const draw = (n: number, p: number) =>
      estimateShare({ part: Array.from({ length: n }, random).filter((x) => x < p).length, whole: n })
    for (const [p, q, n, m] of [
      [0.01, 0.01, 400, 900],
      [0.02, 0.05, 300, 300],
      [0.5, 0.4, 60, 200],
    ] as const) {
      let held = 0
      for (let round = 0; round < 1_000; round++) {
        const [a, b] = [draw(n, p), draw(m, q)]
        const { low, high } = differenceOf(a as NonNullable<typeof a>, b as NonNullable<typeof b>)
        if (low <= p - q && p - q <= high) held += 1
      }
      expect(held, `${p} and ${q}`).toBeGreaterThanOrEqual(930)
      expect(held, `${p} and ${q}`).toBeLessThanOrEqual(990)
    }
  })

  test('the true p95 of a long-tailed lag is within the interval some 95 times of 100', () => {
    const random = seededRandom(7)
    const truth = -Math.log(0.05) * 60_000
    let held = 0
    for (let round = 0; round < 1_000; round++) {
      const lags = sketchOf(Array.from({ length: 200 }, () => -Math.log(1 - random()) * 60_000))
      const { low, high } = estimateQuantile(0.95, 200, (q) => quantile(lags, q)) ?? { low: NaN, high: NaN }
      // A sketch itself is up to 1 % off.
      if (low * 0.99 <= truth && truth <= high * 1.01) held += 1
    }
    expect(held).toBeGreaterThanOrEqual(930)
    expect(held).toBeLessThanOrEqual(995)
  })

  test('fewer than 20 say nothing, and neither does what is compared with them', () => {
    expect(estimateShare({ part: 19, whole: 19 })).toBeNull()
    expect(estimateQuantile(0.95, 19, () => 1)).toBeNull()
    const row = cohortRow('failures', figureOf({ part: 9, whole: 19 }), figureOf({ part: 0, whole: 5_000 }))
    expect([row.difference, row.verdict]).toEqual([null, 'unk'])
  })

  test('a share as published: Wilson of 15 out of 148, Newcombe of 56/70 and 48/80', () => {
    const wilson = estimateShare({ part: 15, whole: 148 })
    expect([wilson?.low, wilson?.high].map((x) => x?.toFixed(4))).toEqual(['0.0624', '0.1605'])
    const [a, b] = [estimateShare({ part: 56, whole: 70 }), estimateShare({ part: 48, whole: 80 })]
    const { value, low, high } = differenceOf(a as NonNullable<typeof a>, b as NonNullable<typeof b>)
    expect([value, low, high].map((x) => x.toFixed(4))).toEqual(['0.2000', '0.0524', '0.3339'])
  })
})
