import type { Json, JsonObject } from './json.ts'
import { isJsonObject, ownValue } from './json.ts'

/** Names of fields and indices of arrays, from the document inwards. */
export type Path = readonly string[]

/** An index of an array as a path writes it: no sign, no leading zero. */
export const ARRAY_INDEX = /^(?:0|[1-9][0-9]{0,9})$/

/** RFC 6901. */
export const toPointer = (path: readonly PropertyKey[]): string =>
  path.map((part) => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')

/** The path that a JSON Pointer names; null for what is none. */
export function fromPointer(pointer: string): Path | null {
  if (pointer === '') return []
  if (!pointer.startsWith('/') || /~(?![01])/.test(pointer)) return null
  return pointer
    .slice(1)
    .split('/')
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
}

/** One pointer is the other, or lies below it. */
export const isWithin = (inner: string, outer: string): boolean =>
  inner === outer || inner.startsWith(`${outer}/`)

/** One of these lies within the other. */
export const overlaps = (a: string, b: string): boolean => isWithin(a, b) || isWithin(b, a)

/** What stands at a path; undefined where nothing does. */
export function valueIn(value: Json | undefined, path: Path): Json | undefined {
  let here = value
  for (const part of path) {
    if (Array.isArray(here))
      here = ARRAY_INDEX.test(part) ? (here as readonly Json[])[Number(part)] : undefined
    else here = here !== undefined && isJsonObject(here) ? ownValue(here, part) : undefined
  }
  return here
}

/** What a pointer names in a document, or in none. */
export function valueAt(document: JsonObject | null, pointer: string): Json | undefined {
  const path = fromPointer(pointer)
  return path ? valueIn(document ?? undefined, path) : undefined
}
