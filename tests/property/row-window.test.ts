import fc from 'fast-check'
import { expect, test } from 'vitest'
import { rowRange, stretches } from '#components/table/row-window.ts'
import { cases } from '#tests/support/cases.ts'

const ROWS_DRAWN_MAX = 120

const place = fc.record({
  count: fc.integer({ min: 0, max: 100_000 }),
  rowPx: fc.integer({ min: 28, max: 64 }),
  seenPx: fc.integer({ min: -2_000, max: 7_000_000 }),
  heightPx: fc.integer({ min: 200, max: 2_000 }),
})
const kept = fc.option(fc.integer({ min: 0, max: 100_000 }))

test('every row that is seen is drawn, and few others', () => {
  fc.assert(
    fc.property(place, ({ count, rowPx, seenPx, heightPx }) => {
      const range = rowRange({ seenPx, heightPx, rowPx, count })
      expect(range.from).toBeGreaterThanOrEqual(0)
      expect(range.to).toBeLessThanOrEqual(count)
      const first = Math.max(0, Math.floor(seenPx / rowPx))
      const last = Math.min(count - 1, Math.floor((seenPx + heightPx) / rowPx))
      for (let row = first; row <= last; row += 1) {
        expect(row >= range.from && row < range.to, `row ${row}`).toBe(true)
      }
      expect(range.to - range.from).toBeLessThanOrEqual(heightPx / rowPx + 50)
      expect(range.to - range.from).toBeLessThanOrEqual(ROWS_DRAWN_MAX)
    }),
    { numRuns: cases(1_000) },
  )
})

test('stretches are the list from its first row to its last, each once, with the kept row drawn', () => {
  fc.assert(
    fc.property(place, kept, ({ count, ...rest }, keep) => {
      const all = stretches(rowRange({ count, ...rest }), keep, count)
      let at = 0
      for (const { from, to } of all) {
        expect(from).toBe(at)
        expect(to).toBeGreaterThan(from)
        at = to
      }
      expect(at).toBe(count)
      expect(all.length).toBeLessThanOrEqual(5)
      if (keep !== null && keep < count) {
        const home = all.find(({ from, to }) => keep >= from && keep < to)
        expect(home?.kind).toBe('rows')
      }
    }),
    { numRuns: cases(1_000) },
  )
})
