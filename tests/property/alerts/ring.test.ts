import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Ring } from '#lib/application/alerts/ring.ts'

const STEP_MS = 60_000
const SLOTS = 20
const T0 = Date.UTC(2026, 5, 15)

test('[alerts] a ring says what a plain list of buckets says, however time jumps and buckets are read anew', () => {
  const reading = fc.record({
    aheadMs: fc.integer({ min: 0, max: 8 * STEP_MS }),
    again: fc.nat(SLOTS - 1),
    values: fc.array(fc.nat(50), { minLength: SLOTS, maxLength: SLOTS }),
    windowMs: fc.integer({ min: STEP_MS, max: 10 * STEP_MS }),
    agoMs: fc.integer({ min: 0, max: 5 * STEP_MS }),
  })
  fc.assert(
    fc.property(fc.array(reading, { minLength: 1, maxLength: 15 }), (readings) => {
      const ring = new Ring(STEP_MS, SLOTS)
      const plain = new Map<number, number>()
      let nowMs = T0
      for (const { aheadMs, again, values, windowMs, agoMs } of readings) {
        nowMs += aheadMs
        const newestMs = Math.floor(nowMs / STEP_MS) * STEP_MS
        const fromMs = newestMs - again * STEP_MS
        ring.clear(fromMs, newestMs + STEP_MS)
        for (let startMs = fromMs; startMs <= newestMs; startMs += STEP_MS) plain.delete(startMs)
        for (let startMs = fromMs, i = 0; startMs <= newestMs; startMs += STEP_MS, i++) {
          const value = values[i] ?? 0
          ring.hear(startMs)
          ring.add('a', startMs, value)
          plain.set(startMs, value)
        }
        const [from, to] = [nowMs - agoMs - windowMs, nowMs - agoMs]
        let expected = 0
        let heard = false
        for (const [startMs, value] of plain) {
          // As time goes on the oldest are gone.
          if (startMs <= newestMs - SLOTS * STEP_MS) continue
          const endMs = startMs === newestMs ? Math.max(nowMs, startMs) : startMs + STEP_MS
          if (startMs >= to || startMs + STEP_MS <= from) continue
          heard = true
          const before = Math.max(0, from - startMs)
          const after = startMs === newestMs ? 0 : Math.max(0, endMs - to)
          expected += value * (1 - (before + after) / STEP_MS)
        }
        expect(ring.sum('a', from, to)).toBeCloseTo(expected, 6)
        expect(ring.isHeard(from, to)).toBe(heard)
      }
    }),
    { numRuns: 300 },
  )
})
