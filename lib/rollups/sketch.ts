import type { Histogram } from 'hdr-histogram-js'
import { build } from 'hdr-histogram-js'
import { decodeBase64url, encodeBase64url } from '#lib/kernel/base64url.ts'
import { assert } from '#lib/kernel/result.ts'

/** Longest time told apart; longer ones count as this. The hour tier is kept as long (metrics.md, rollups). */
export const SKETCH_VALUE_MAX = 400 * 86_400_000

/**
 * A mergeable distribution of whole numbers ≥ 0, here milliseconds or counts. It keeps how many values fell
 * into each slot of an HdrHistogram of two significant digits, so a quantile is at most 0.4 % off.
 */
export type Sketch = Histogram & Counts

/** The counts by slot: public in the library's classes, missing in the interface that `build` names. */
interface Counts {
  readonly countsArrayLength: number
  countsArrayIndex(value: number): number
  getCountAtIndex(index: number): number
  addToCountAtIndex(index: number, count: number): void
  addToTotalCount(count: number): void
  valueFromIndex(index: number): number
  medianEquivalentValue(value: number): number
}

/** `build` without WebAssembly makes one of the typed-array classes, which have these methods. */
export const emptySketch = (): Sketch =>
  build({
    lowestDiscernibleValue: 1,
    highestTrackableValue: SKETCH_VALUE_MAX,
    numberOfSignificantValueDigits: 2,
    bitBucketSize: 64,
    useWebAssembly: false,
  }) as Histogram & Counts

/** Counts one value; it is rounded, and values outside 0 … 400 days count at the border. */
export function addValue(sketch: Sketch, value: number): void {
  const inRange = Math.min(Math.max(Math.round(value), 0), SKETCH_VALUE_MAX)
  addCount(sketch, sketch.countsArrayIndex(inRange), 1)
}

export function sketchOf(values: Iterable<number>): Sketch {
  const sketch = emptySketch()
  for (const value of values) addValue(sketch, value)
  return sketch
}

export const countOf = (sketch: Sketch): number => sketch.totalCount

/**
 * Nearest-rank quantile, as `percentile_disc` defines it: the value of rank ⌈q × count⌉, given as the middle
 * of its slot. Null when nothing was counted. 0 is the least value, 1 the greatest.
 */
export function quantile(sketch: Sketch, q: number): number | null {
  const total = sketch.totalCount
  if (total === 0) return null
  // A product like 0.95 × 20 comes out a hair above 19; its rank is 19.
  const rank = Math.max(1, Math.ceil(q * total - 1e-9))
  let passed = 0
  for (let index = 0; index < sketch.countsArrayLength; index++) {
    passed += sketch.getCountAtIndex(index)
    if (passed >= rank) return sketch.medianEquivalentValue(sketch.valueFromIndex(index))
  }
  throw new Error('assertion failed: the slots of a sketch hold fewer values than its total')
}

/**
 * Text of a sketch: slot by slot up to the last in use, LEB128 in base64url; an even number is twice a count,
 * an odd one stands for that half of unused slots. Equal contents give equal texts, in whatever order counted.
 */
export function encodeSketch(sketch: Sketch): string {
  const bytes: number[] = []
  let unused = 0
  for (let index = 0; index < sketch.countsArrayLength; index++) {
    const count = sketch.getCountAtIndex(index)
    if (count === 0) {
      unused += 1
      continue
    }
    if (unused > 0) pushVarint(bytes, unused * 2 + 1)
    pushVarint(bytes, count * 2)
    unused = 0
  }
  return encodeBase64url(Uint8Array.from(bytes))
}

/** Adds an encoded sketch to this one. The text is our own, so a damaged one is an impossible state. */
export function mergeEncoded(sketch: Sketch, text: string): void {
  const bytes = decodeBase64url(text)
  assert(bytes !== null, 'an encoded sketch is base64url')
  const reader = { bytes, at: 0 }
  let index = 0
  while (reader.at < bytes.length) {
    const token = readVarint(reader)
    if (token % 2 === 1) {
      index += (token - 1) / 2
    } else {
      addCount(sketch, index, token / 2)
      index += 1
    }
  }
}

/** The union of encoded sketches. */
export function decodeSketches(texts: Iterable<string>): Sketch {
  const sketch = emptySketch()
  for (const text of texts) mergeEncoded(sketch, text)
  return sketch
}

/** Each slot in use, least value first, with how many values are in it. */
export function forEachSlot(sketch: Sketch, visit: (value: number, count: number) => void): void {
  for (let index = 0; index < sketch.countsArrayLength; index++) {
    const count = sketch.getCountAtIndex(index)
    if (count > 0) visit(sketch.medianEquivalentValue(sketch.valueFromIndex(index)), count)
  }
}

function addCount(sketch: Sketch, index: number, count: number): void {
  assert(index < sketch.countsArrayLength, 'a slot of a sketch is within its range')
  sketch.addToCountAtIndex(index, count)
  sketch.addToTotalCount(count)
}

/** Division instead of shifts: a count may exceed 32 bits. */
function pushVarint(bytes: number[], value: number): void {
  let rest = value
  while (rest >= 128) {
    bytes.push((rest % 128) + 128)
    rest = Math.floor(rest / 128)
  }
  bytes.push(rest)
}

function readVarint(reader: { readonly bytes: Uint8Array; at: number }): number {
  let value = 0
  let factor = 1
  for (;;) {
    const byte = reader.bytes[reader.at++]
    assert(byte !== undefined, 'an encoded sketch ends after a whole number')
    value += (byte % 128) * factor
    if (byte < 128) return value
    factor *= 128
  }
}
