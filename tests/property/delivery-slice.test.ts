import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { ShownRange } from '#lib/storage/delivery-slice.ts'
import { DELIVERED_VERSIONS_MAX, deliverySlice } from '#lib/storage/delivery-slice.ts'

const range = fc.record({
  previous: fc.nat(20_000),
  version: fc.nat(20_000),
  counts: fc.boolean(),
})
const shown = fc
  .dictionary(fc.constantFrom('a', 'b', 'c', 'd'), range)
  .map((by): ShownRange[] => Object.entries(by).map(([collection, at]) => ({ collection, ...at })))

test('slices join without gap or overlap to the whole, and none reads more than its bound', () => {
  fc.assert(
    fc.property(shown, (wanted) => {
      let now = wanted
      for (let slices = 0, more = true; more; slices++) {
        expect(slices).toBeLessThan(40)
        const slice = deliverySlice(now)
        const read = slice.ranges.filter(({ counts }) => counts)
        expect(read.reduce((sum, { previous, version }) => sum + version - previous, 0)).toBeLessThanOrEqual(
          DELIVERED_VERSIONS_MAX,
        )
        const moved = new Map(slice.ranges.map((part) => [part.collection, part]))
        for (const { collection, previous, version } of moved.values()) {
          expect(previous).toBe(now.find((one) => one.collection === collection)?.previous)
          expect(version).toBeGreaterThan(previous)
        }
        now = now.map((one) => ({ ...one, previous: moved.get(one.collection)?.version ?? one.previous }))
        more = slice.more
      }
      for (const { previous, version } of now) expect(previous).toBeGreaterThanOrEqual(version)
    }),
  )
})
