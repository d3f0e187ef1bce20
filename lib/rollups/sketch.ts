import { decodeBase64url, encodeBase64url } from '#lib/kernel/base64url.ts'
import { assert } from '#lib/kernel/result.ts'
import { BitReader, BitWriter, golombLength } from './bits.ts'
import { isFirstFormat, readFirstFormat } from './first-sketch-format.ts'
import { RecentTexts } from './recent-texts.ts'

/** Longest time told apart; longer ones count as this. The hour tier is kept as long. */
export const SKETCH_VALUE_MAX = 400 * 86_400_000

/**
 * Least value of each slot, and one past the last: single numbers up to 50, from there 2 % wide, so that a slot's
 * middle is at most 1 % off. Whole numbers only: logarithms may differ between machines, and equal contents must not.
 */
const BORDERS: readonly number[] = bordersUpTo(SKETCH_VALUE_MAX)
const SLOTS = BORDERS.length - 1

/**
 * A mergeable distribution of whole numbers ≥ 0, here milliseconds or counts: how many values fell into each slot.
 * A quantile is at most 1 % off.
 */
export interface Sketch {
  readonly counts: Float64Array
  total: number
}

export const emptySketch = (): Sketch => ({ counts: new Float64Array(SLOTS), total: 0 })

/** Counts one value; it is rounded, and values outside 0 … 400 days count at the border. */
export function addValue(sketch: Sketch, value: number): void {
  addValues(sketch, value, 1)
}

/** Counts a value as often as it came; `times` is whole. */
export function addValues(sketch: Sketch, value: number, times: number): void {
  addCount(sketch, slotOf(inRange(value)), times)
}

const inRange = (value: number): number => Math.min(Math.max(Math.round(value), 0), SKETCH_VALUE_MAX)

export function sketchOf(values: Iterable<number>): Sketch {
  const sketch = emptySketch()
  for (const value of values) addValue(sketch, value)
  return sketch
}

export const countOf = (sketch: Sketch): number => sketch.total

/** Values that will be a sketch: as texts, by their slot, and as other such lists. Costs what is in it, no more. */
export interface Tally {
  readonly texts: string[]
  readonly slots: number[]
  readonly parts: Tally[]
}

export const emptyTally = (): Tally => ({ texts: [], slots: [], parts: [] })

/** As `addValue`. */
export function addSlot(tally: Tally, value: number): void {
  tally.slots.push(slotOf(inRange(value)))
}

/** Every tally is put together here: a sketch of its own for each would be 9 kB. */
const TABLE = emptySketch()

/** What `read` makes of a sketch that `fill` has filled. It is the next one's soon, so it must not be kept. */
export function withSketch<T>(fill: (sketch: Sketch) => void, read: (sketch: Sketch) => T): T {
  TABLE.counts.fill(0)
  TABLE.total = 0
  fill(TABLE)
  return read(TABLE)
}

/** As `encodeSketch`. */
export const encodeTally = (tally: Tally): string =>
  withSketch((sketch) => addTally(sketch, tally), encodeSketch)

function addTally(sketch: Sketch, { texts, slots, parts }: Tally): void {
  for (const text of texts) mergeEncoded(sketch, text)
  for (const slot of slots) addCount(sketch, slot, 1)
  for (const part of parts) addTally(sketch, part)
}

/**
 * Nearest-rank quantile, as `percentile_disc` defines it: the value of rank ⌈q × count⌉, given as the middle
 * of its slot. Null when nothing was counted. 0 is the least value, 1 the greatest.
 */
export function quantile(sketch: Sketch, q: number): number | null {
  return quantiles(sketch, [q])[0] ?? null
}

/** Several of them in one pass. @param qs ascending */
export function quantiles({ counts, total }: Sketch, qs: readonly number[]): readonly (number | null)[] {
  if (total === 0) return qs.map(() => null)
  const found: number[] = []
  let passed = 0
  for (let slot = 0; slot < SLOTS; slot++) {
    const count = counts[slot] as number
    if (count === 0) continue
    passed += count
    while (found.length < qs.length && passed >= rankOf(qs[found.length] as number, total))
      found.push(middleOf(slot))
    if (found.length === qs.length) return found
  }
  throw new Error('assertion failed: the slots of a sketch hold fewer values than its total')
}

/** A product like 0.95 × 20 comes out a hair above 19; its rank is 19. */
const rankOf = (q: number, total: number): number => Math.max(1, Math.ceil(q * total - 1e-9))

/** Orders of the two codes in a text's first byte and a half; larger ones never pay. */
const GAP_ORDER_BITS = 4
const COUNT_ORDER_BITS = 5
/** No text of the first format starts with it. */
const MARK = '.'

/**
 * Text of a sketch: for each slot in use the unused ones before it and its count less one, as exponential Golomb
 * codes whose orders suit this sketch best, in base64url. Equal contents give equal texts, in whatever order counted.
 */
export function encodeSketch(sketch: Sketch): string {
  if (sketch.total === 0) return ''
  const gaps: number[] = []
  const counts: number[] = []
  let unused = 0
  for (let slot = 0; slot < SLOTS; slot++) {
    const count = sketch.counts[slot] as number
    if (count === 0) {
      unused += 1
      continue
    }
    gaps.push(unused)
    counts.push(count - 1)
    unused = 0
  }
  const gapOrder = bestOrder(gaps, 2 ** GAP_ORDER_BITS)
  const countOrder = bestOrder(counts, 2 ** COUNT_ORDER_BITS)
  const writer = new BitWriter()
  writer.bits(gapOrder, GAP_ORDER_BITS)
  writer.bits(countOrder, COUNT_ORDER_BITS)
  for (const [i, gap] of gaps.entries()) {
    writer.golomb(gap, gapOrder)
    writer.golomb(counts[i] ?? 0, countOrder)
  }
  return MARK + encodeBase64url(writer.toBytes())
}

/** Adds an encoded sketch to this one. The text is our own, so a damaged one is an impossible state. */
export function mergeEncoded(sketch: Sketch, text: string): void {
  readEncoded(text, (slot, count) => addCount(sketch, slot, count))
}

/**
 * The same for texts that are read again and again, those of charts: what each says is kept, by the text itself, so that
 * nothing has to be told when a bucket changes.
 */
export function mergeKnown(sketch: Sketch, text: string): void {
  const { slots, counts, total } = KNOWN.get(text, slotsOf)
  for (let i = 0; i < slots.length; i++) {
    const slot = slots[i] as number
    sketch.counts[slot] = (sketch.counts[slot] as number) + (counts[i] as number)
  }
  sketch.total += total
}

interface Slots {
  readonly slots: Uint16Array
  readonly counts: Float64Array
  readonly total: number
}
/** Characters of the texts that are kept; what they say takes some five times as many bytes. */
const KNOWN_CHARACTERS_MAX = 4 * 1024 * 1024
const KNOWN = new RecentTexts<Slots>(KNOWN_CHARACTERS_MAX)

function slotsOf(text: string): Slots {
  const slots: number[] = []
  const counts: number[] = []
  let total = 0
  readEncoded(text, (slot, count) => {
    slots.push(slot)
    counts.push(count)
    total += count
  })
  return { slots: Uint16Array.from(slots), counts: Float64Array.from(counts), total }
}

function readEncoded(text: string, visit: (slot: number, count: number) => void): void {
  if (text === '') return
  if (isFirstFormat(text)) {
    readFirstFormat(text, (value, count) => visit(slotOf(Math.min(value, SKETCH_VALUE_MAX)), count))
    return
  }
  const bytes = decodeBase64url(text.slice(MARK.length))
  assert(bytes !== null && text.startsWith(MARK), 'an encoded sketch is base64url')
  const reader = new BitReader(bytes)
  const gapOrder = reader.bits(GAP_ORDER_BITS)
  const countOrder = reader.bits(COUNT_ORDER_BITS)
  for (let slot = 0; reader.hasMore(); slot++) {
    slot += reader.golomb(gapOrder)
    assert(slot < SLOTS, 'a slot of a sketch is within its range')
    visit(slot, reader.golomb(countOrder) + 1)
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
  for (const [slot, count] of sketch.counts.entries()) if (count > 0) visit(middleOf(slot), count)
}

function bordersUpTo(max: number): number[] {
  const borders = [0]
  for (let border = 0; border <= max;) {
    border = Math.max(border + 1, Math.floor((border * 102) / 100))
    borders.push(border)
  }
  return borders
}

/** The slot that holds a whole number of the range, by halving. */
function slotOf(value: number): number {
  let [low, high] = [0, SLOTS - 1]
  while (low < high) {
    const middle = Math.ceil((low + high) / 2)
    if ((BORDERS[middle] ?? 0) <= value) low = middle
    else high = middle - 1
  }
  return low
}

const middleOf = (slot: number): number =>
  Math.floor(((BORDERS[slot] ?? 0) + (BORDERS[slot + 1] ?? 0) - 1) / 2)

function addCount(sketch: Sketch, slot: number, count: number): void {
  assert(slot < SLOTS, 'a slot of a sketch is within its range')
  sketch.counts[slot] = (sketch.counts[slot] ?? 0) + count
  sketch.total += count
}

/** The first order, below `orders`, that needs no more bits than the next. */
function bestOrder(values: readonly number[], orders: number): number {
  const bitsAt = (order: number): number => {
    let sum = 0
    for (const value of values) sum += golombLength(value, order)
    return sum
  }
  let [order, bits] = [0, bitsAt(0)]
  for (; order < orders - 1; order++) {
    const next = bitsAt(order + 1)
    if (next >= bits) break
    bits = next
  }
  return order
}
