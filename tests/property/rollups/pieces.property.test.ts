import fc from 'fast-check'
import { expect, test } from 'vitest'
import { piecesOf } from '#lib/application/pillars/read-buckets.ts'
import { TIER_MS, TIERS_OF } from '#lib/rollups/bucket.ts'

const MINUTE = 60_000
const minutes = fc.nat(5 * 1_440)
const range = fc.tuple(minutes, minutes).map(([a, b]) => ({
  fromMs: Math.min(a, b) * MINUTE,
  toMs: Math.max(a, b) * MINUTE,
}))

test('the pieces of a range hold each minute once, begin and end with their tier, and are few', () => {
  fc.assert(
    fc.property(range, fc.constantFrom('full', 'total', 'version'), ({ fromMs, toMs }, split) => {
      const pieces = piecesOf({ fromMs, toMs }, TIERS_OF[split])
      let at = fromMs
      for (const piece of pieces) {
        expect(piece.fromMs).toBe(at)
        expect([piece.fromMs % TIER_MS[piece.tier], piece.toMs % TIER_MS[piece.tier]]).toEqual([0, 0])
        at = piece.toMs
      }
      expect(at).toBe(toMs)
      // Ends of a range: under five minutes each way, then under an hour; of full ones under an hour of minutes.
      const finest = pieces.filter(({ tier }) => TIER_MS[tier] === MINUTE)
      const most = (split === 'full' ? 2 * 59 : 2 * 4) * MINUTE
      expect(finest.reduce((sum, piece) => sum + piece.toMs - piece.fromMs, 0)).toBeLessThanOrEqual(most)
    }),
  )
})
