import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { countsInBands } from '#lib/rollups/bands.ts'
import { sketchOf } from '#lib/rollups/sketch.ts'
import { LAG_BORDERS_MS } from '#lib/telemetry/lag-heat.ts'

const DAY_MS = 86_400_000
const lag = fc.oneof(fc.nat(2_000), fc.nat(600_000), fc.nat(30 * DAY_MS))
const isNearBorder = (value: number): boolean =>
  LAG_BORDERS_MS.some((border) => Math.abs(value - border) <= border * 0.011 + 1)

describe('bands of a sketch', () => {
  test('count what a plain look at the values counts, but for those within 1 % of a border', () => {
    fc.assert(
      fc.property(fc.array(lag, { maxLength: 200 }), (all) => {
        const values = all.filter((value) => !isNearBorder(value))
        const bandOf = (value: number): number => LAG_BORDERS_MS.filter((border) => border <= value).length
        const plain = [...LAG_BORDERS_MS, 0].map(
          (_, band) => values.filter((value) => bandOf(value) === band).length,
        )
        expect(countsInBands(sketchOf(values), LAG_BORDERS_MS)).toEqual(plain)
      }),
    )
  })

  test('lose no value, wherever it lies', () => {
    fc.assert(
      fc.property(fc.array(lag, { maxLength: 200 }), (values) => {
        const counts = countsInBands(sketchOf(values), LAG_BORDERS_MS)
        expect(counts.reduce((sum, count) => sum + count, 0)).toBe(values.length)
      }),
    )
  })
})
