import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  SKETCH_VALUE_MAX,
  countOf,
  decodeSketches,
  encodeSketch,
  quantile,
  sketchOf,
} from '#lib/rollups/sketch.ts'

/** PostgreSQL's percentile_disc: the first value whose cumulative share reaches q. */
function percentileDisc(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted.find((_, at) => (at + 1) / sorted.length >= q) ?? NaN
}

const lag = fc.oneof(fc.nat(300), fc.nat(60_000), fc.nat(SKETCH_VALUE_MAX))
const values = fc.array(lag, { minLength: 1, maxLength: 300 })

describe('sketch properties', () => {
  test('every quantile is within 1 % of percentile_disc', () => {
    fc.assert(
      fc.property(values, fc.constantFrom(0.01, 0.25, 0.5, 0.9, 0.95, 0.99, 1), (lags, q) => {
        const exact = percentileDisc(lags, q)
        const told = quantile(sketchOf(lags), q) ?? NaN
        expect(Math.abs(told - exact)).toBeLessThanOrEqual(exact * 0.01)
      }),
    )
  })

  test('merging parts in any order gives the bytes of the whole', () => {
    fc.assert(
      fc.property(fc.array(values, { minLength: 1, maxLength: 6 }), (parts) => {
        const texts = parts.map((part) => encodeSketch(sketchOf(part)))
        const whole = encodeSketch(sketchOf(parts.flat()))
        expect(encodeSketch(decodeSketches(texts))).toBe(whole)
        expect(encodeSketch(decodeSketches([...texts].reverse()))).toBe(whole)
        expect(countOf(decodeSketches(texts))).toBe(parts.flat().length)
      }),
    )
  })

  test('5,000 values fit into 1.2 kB, however they are spread', () => {
    const borders = Array.from({ length: 1_100 }, (_, n) => Math.round(1.0222 ** n))
    const shape = fc.record({
      /** Values stand at every so many of the borders, from one on, and each is there as often as its weight says. */
      every: fc.integer({ min: 1, max: 30 }),
      from: fc.nat(1_000),
      weights: fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 40 }),
    })
    const valuesOf = ({ every, from, weights }: { every: number; from: number; weights: number[] }) => {
      const values: number[] = []
      for (let n = 0; values.length < 5_000; n++) {
        const value = borders[(from + n * every) % borders.length] ?? 0
        for (let left = weights[n % weights.length] ?? 1; left > 0 && values.length < 5_000; left--)
          values.push(value)
      }
      return values
    }
    fc.assert(
      fc.property(
        fc.oneof(shape.map(valuesOf), fc.array(lag, { minLength: 5_000, maxLength: 5_000 })),
        (values) => {
          expect(encodeSketch(sketchOf(values)).length).toBeLessThanOrEqual(1_200)
        },
      ),
      { numRuns: 60 },
    )
  })
})
