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
    expect(encodeSketch(sketchOf([0, 1, 1, 1_000, 3_600_000]))).toBe('.AHQDjgGegA')
  })

  test('texts of the first format are read still, and written in the new one', () => {
    // Slots 0, 1, 506 and 2011 of an HdrHistogram: 1×2, 2×2, 504 unused, 1×2, 1504 unused, 1×2.
    const old = decodeSketches(['AgTxBwLBFwI'])
    expect([countOf(old), quantile(old, 0.2), quantile(old, 0.6)]).toEqual([5, 0, 1])
    for (const [q, value] of [
      [0.8, 1_000],
      [1, 3_600_000],
    ] as const)
      expect(Math.abs((quantile(old, q) ?? 0) / value - 1)).toBeLessThan(0.014)
    expect(encodeSketch(old)).toBe(encodeSketch(sketchOf([0, 1, 1, 1_000, 3_600_000])))
  })

  test('counts beyond 32 bits survive the text', () => {
    const sketch = emptySketch()
    addValue(sketch, 7)
    let text = encodeSketch(sketch)
    for (let doubling = 0; doubling < 34; doubling++) text = encodeSketch(decodeSketches([text, text]))
    expect(countOf(decodeSketches([text]))).toBe(2 ** 34)
  })

  test('a minute of a group stays far below 1.2 kB, and any sketch is bounded', () => {
    const random = seededRandom(7)
    const spread = (count: number, decades: number) =>
      encodeSketch(sketchOf(Array.from({ length: count }, () => 10 ** (random() * decades)))).length
    expect(spread(600, 3)).toBeLessThan(500)
    expect(spread(5_000, 10.5)).toBeLessThan(1_000)
    expect(spread(50_000, 10.5)).toBeLessThan(1_600)
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
    for (const text of ['!', '.!', '#AgTx']) expect(() => decodeSketches([text])).toThrow('base64url')
    for (const text of ['gQ', '.AAAB']) expect(() => decodeSketches([text]), text).toThrow('whole number')
  })
})
