import { compareHlc } from '#lib/kernel/hlc.ts'
import type { Json, JsonObject } from '#lib/kernel/json.ts'
import { isJsonObject, jsonEqual, ownValue } from '#lib/kernel/json.ts'
import { toPointer } from '#lib/kernel/json-pointer.ts'
import type { FieldStamps, RecordState } from '../types.ts'

/** Fields of a record with a stamp of their own; past it all have the record's, which is the newest. */
const FIELD_STAMPS_MAX = 64

type Stamped = Pick<RecordState, 'hlc' | 'stamps'>

const newest = (stamps: readonly string[]): string =>
  stamps.reduce((best, hlc) => (compareHlc(hlc, best) > 0 ? hlc : best))
const isBelow = (pointer: string, parent: string): boolean => pointer.startsWith(`${parent}/`)

/** When what stands at a path was last written: there, in something around it, or somewhere below it (CS3). */
export function stampAt({ hlc, stamps }: Stamped, pointer: string): string {
  if (!stamps) return hlc
  const below = Object.keys(stamps).filter((one) => isBelow(one, pointer))
  return newest([nearestStamp({ hlc, stamps }, pointer), ...below.map((one) => stamps[one] ?? hlc)])
}

/** The stamp of a path, or of the nearest thing around it that has one. */
export function nearestStamp({ hlc, stamps = {} }: Stamped, pointer: string): string {
  const around = Object.keys(stamps).filter((one) => one === pointer || isBelow(pointer, one))
  return stamps[around.reduce((best, one) => (one.length > best.length ? one : best), '')] ?? hlc
}

/** The stamps of a record's fields after a write of `data`; undefined when all have the record's own. */
export function stampsAfter(
  current: RecordState,
  { data, hlc }: { readonly data: JsonObject | null; readonly hlc: string },
): FieldStamps | undefined {
  if (!current.data || !data) return undefined
  const before = current.stamps ?? { '': current.hlc }
  const changed = changedPlaces(current.data, data)
  const stamps = new Map(
    Object.entries(before).filter(([one]) => !changed.some((place) => isBelow(one, place))),
  )
  for (const place of changed)
    stamps.set(place, newest([hlc, stampAt({ hlc: current.hlc, stamps: before }, place)]))
  return stamps.size > FIELD_STAMPS_MAX ? undefined : Object.fromEntries(stamps)
}

/** Where two documents differ: names by name, arrays as a whole. */
export function changedPlaces(
  a: Json | undefined,
  b: Json | undefined,
  path: readonly string[] = [],
): string[] {
  if (jsonEqual(a, b)) return []
  if (!isJsonObject(a) || !isJsonObject(b)) return [toPointer(path)]
  const keys = new Set([...Object.keys(a), ...Object.keys(b)])
  return [...keys].flatMap((key) => changedPlaces(ownValue(a, key), ownValue(b, key), [...path, key]))
}
