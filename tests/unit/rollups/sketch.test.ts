import { describe, expect, test } from 'vitest'
import { seededRandom } from '#lib/kernel/random.ts'
import {
  SKETCH_VALUE_MAX,
  addValue,
  countOf,
  decodeSketches,
  emptySketch,
  encodeSketch,
  forEachSlot,
  quantile,
  sketchOf,
} from '#lib/rollups/sketch.ts'

describe('sketch', () => {
  test('an empty sketch has no quantile and an empty text', () => {
    expect(quantile(emptySketch(), 0.5)).toBeNull()
    expect(encodeSketch(emptySketch())).toBe('')
    expect(countOf(decodeSketches([]))).toBe(0)
  })

  test('small values are exact, by nearest rank', () => {
    const sketch = sketchOf([15, 20, 35, 40, 50])
    expect([0.05, 0.3, 0.4, 0.5, 1].map((q) => quantile(sketch, q))).toEqual([15, 20, 20, 35, 50])
  })

  test('0.95 of 20 values is the 19th, although 0.95 × 20 is a hair more in floating point', () => {
    const twenty = sketchOf(Array.from({ length: 20 }, (_, at) => at + 1))
    expect(quantile(twenty, 0.95)).toBe(19)
  })

  test('values out of range count at its borders', () => {
    const sketch = sketchOf([-5, 0.4, SKETCH_VALUE_MAX * 10])
    expect(quantile(sketch, 0.5)).toBe(0)
    expect(Math.abs((quantile(sketch, 1) ?? 0) / SKETCH_VALUE_MAX - 1)).toBeLessThan(0.01)
  })

  test('its text is known: a change of it would orphan stored buckets', () => {
    // Slots 0, 1, 506 and 2011: 1×2, 2×2, 504 unused, 1×2, 1504 unused, 1×2.
    expect(encodeSketch(sketchOf([0, 1, 1, 1_000, 3_600_000]))).toBe('AgTxBwLBFwI')
  })

  test('counts beyond 32 bits survive the text', () => {
    const sketch = emptySketch()
    addValue(sketch, 7)
    let text = encodeSketch(sketch)
    for (let doubling = 0; doubling < 34; doubling++) text = encodeSketch(decodeSketches([text, text]))
    expect(countOf(decodeSketches([text]))).toBe(2 ** 34)
  })

  test('a minute of a group stays within 1.2 kB, and any sketch is bounded', () => {
    const random = seededRandom(7)
    const spread = (decades: number) => () => 100 * 10 ** (random() * decades)
    expect(encodeSketch(sketchOf(Array.from({ length: 600 }, spread(3)))).length).toBeLessThan(1_200)
    expect(encodeSketch(sketchOf(Array.from({ length: 50_000 }, spread(8)))).length).toBeLessThan(8_000)
  })

  test('slots are visited in order with all their values', () => {
    const seen: [number, number][] = []
    forEachSlot(sketchOf([9, 3, 9]), (value, count) => seen.push([value, count]))
    expect(seen).toEqual([
      [3, 1],
      [9, 2],
    ])
  })

  test('a damaged text is refused loudly', () => {
    expect(() => decodeSketches(['!'])).toThrow('base64url')
    expect(() => decodeSketches(['gQ'])).toThrow('whole number')
  })
})
