import type { Json } from '#lib/kernel/json.ts'
import { defineKey, isJsonObject } from '#lib/kernel/json.ts'
import type { Result } from '#lib/kernel/result.ts'
import { err, ok } from '#lib/kernel/result.ts'

/** A JSON value as CEL sees it. Objects become maps, so that `constructor` and `__proto__` are keys like any other. */
function toCel(value: Json): unknown {
  if (Array.isArray(value)) return value.map(toCel)
  if (!isJsonObject(value)) return value
  return new Map(Object.entries(value).map(([key, item]) => [key, toCel(item)]))
}

/** Values and characters of what an expression gives; several times what a document may have. */
const RESULT_UNITS_MAX = 1_000_000

/**
 * What an expression gave, as JSON; times, durations, types and bytes have no JSON of their own. An expression may name a
 * document a hundred times in one list: what gets too large is none either.
 */
export function fromCel(value: unknown, room = { left: RESULT_UNITS_MAX }): Result<Json, string> {
  room.left -= 1 + (typeof value === 'string' ? value.length : 0)
  if (room.left < 0) return err('larger than a document may be')
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return ok(value)
  if (typeof value === 'bigint')
    return Number.isSafeInteger(Number(value)) ? ok(Number(value)) : err('a whole number beyond 2^53')
  if (typeof value === 'number') return Number.isFinite(value) ? ok(value) : err('a number without a value')
  if (Array.isArray(value)) return listFromCel(value, room)
  const entries = entriesOf(value)
  if (!entries) return err('a value that JSON has no form for')
  const object: Record<string, Json> = {}
  for (const [key, item] of entries) {
    if (typeof key !== 'string') return err('a map with a key that is no text')
    const made = fromCel(item, room)
    if (!made.ok) return made
    defineKey(object, key, made.value)
  }
  return ok(object)
}

function listFromCel(items: readonly unknown[], room: { left: number }): Result<Json, string> {
  const list: Json[] = []
  for (const item of items) {
    const made = fromCel(item, room)
    if (!made.ok) return made
    list.push(made.value)
  }
  return ok(list)
}

function entriesOf(value: unknown): readonly (readonly [unknown, unknown])[] | null {
  if (value instanceof Map) return [...value] as readonly (readonly [unknown, unknown])[]
  const isPlain =
    typeof value === 'object' &&
    value !== null &&
    [Object.prototype, null].includes(Object.getPrototypeOf(value) as object | null)
  return isPlain ? Object.entries(value) : null
}

export interface Weight {
  /** Values of all lists and objects. */
  readonly items: number
  /** Those of them that are lists and objects themselves. */
  readonly boxes: number
  /** UTF-16 units of all texts and names. */
  readonly chars: number
}

/** What a value has in it, itself included: what it can cost to read it whole. */
export function weightOf(value: Json | Readonly<Record<string, Json>>): Weight {
  if (typeof value === 'string') return { items: 1, boxes: 0, chars: value.length }
  if (typeof value !== 'object' || value === null) return { items: 1, boxes: 0, chars: 0 }
  let [items, boxes, chars] = [1, 1, 0]
  const parts = Array.isArray(value) ? (value as readonly Json[]) : Object.values(value)
  if (!Array.isArray(value)) for (const key of Object.keys(value)) chars += key.length
  for (const part of parts) {
    const one = weightOf(part)
    items += one.items
    boxes += one.boxes
    chars += one.chars
  }
  return { items, boxes, chars }
}

/** Values that are read in a microsecond. */
const READ_PER_STEP = 8

/** What expressions are evaluated over; it is made CEL's own once for all of them. */
export class CelData {
  readonly values: Readonly<Record<string, Json>>
  private made: Readonly<Record<string, unknown>> | null = null
  private weighed: Weight | null = null

  constructor(values: Readonly<Record<string, Json>>) {
    this.values = values
  }

  read(): Readonly<Record<string, unknown>> {
    this.made ??= Object.fromEntries(Object.entries(this.values).map(([name, value]) => [name, toCel(value)]))
    return this.made
  }

  get weight(): Weight {
    this.weighed ??= weightOf(this.values)
    return this.weighed
  }

  /** What the next `read` takes. */
  stepsToRead(): number {
    return this.made ? 0 : this.weight.items / READ_PER_STEP
  }
}
