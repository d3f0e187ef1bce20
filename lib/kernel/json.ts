/** Any JSON value. Objects are data only: `__proto__` and `constructor` are ordinary keys. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject
export interface JsonObject {
  readonly [key: string]: Json
}

export const isJsonObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** The own property, never one from the prototype. */
export const ownValue = (object: JsonObject, key: string): Json | undefined =>
  Object.hasOwn(object, key) ? object[key] : undefined

/** Sets a key as data on a fresh object, `__proto__` included. */
export function withKey(object: JsonObject, key: string, value: Json | undefined): JsonObject {
  const copy = copyObject(object)
  if (value === undefined) delete copy[key]
  else defineKey(copy, key, value)
  return copy
}

export function copyObject(object: JsonObject): Record<string, Json> {
  const copy: Record<string, Json> = {}
  for (const key of Object.keys(object)) defineKey(copy, key, object[key] as Json)
  return copy
}

/** Plain assignment would set the prototype for the key `__proto__`. */
export function defineKey(object: Record<string, Json>, key: string, value: Json): void {
  if (key === '__proto__')
    Object.defineProperty(object, key, { value, enumerable: true, writable: true, configurable: true })
  else object[key] = value
}

/** Deep equality of JSON values; key order does not matter. */
export function jsonEqual(a: Json | undefined, b: Json | undefined): boolean {
  if (a === b) return true
  if (a === undefined || b === undefined || a === null || b === null) return false
  if (Array.isArray(a)) {
    return (
      Array.isArray(b) &&
      a.length === b.length &&
      a.every((item, i) => jsonEqual(item, (b as readonly Json[])[i]))
    )
  }
  if (!isJsonObject(a) || !isJsonObject(b)) return false
  const keys = Object.keys(a)
  if (keys.length !== Object.keys(b).length) return false
  return keys.every((key) => Object.hasOwn(b, key) && jsonEqual(a[key], b[key]))
}

/** One text per JSON value: keys sorted by code unit. Equal values give equal texts, so it can be hashed. */
export function canonicalJson(value: Json): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`
  const object = value as JsonObject
  const keys = Object.keys(object).sort((a, b) => (a < b ? -1 : a > b ? 1 : 0))
  return `{${keys.map((key) => `${JSON.stringify(key)}:${canonicalJson(object[key] as Json)}`).join(',')}}`
}

/** Bytes of its text in UTF-8. */
export function jsonBytes(value: Json): number {
  const text = JSON.stringify(value)
  let bytes = text.length
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    if (unit < 0x80) continue
    // Halves of a pair have two each; a half alone is escaped.
    bytes += unit < 0x800 || (unit >= 0xd800 && unit <= 0xdfff) ? 1 : 2
  }
  return bytes
}

/** The most bytes of text for each of `roughSize`: a character is escaped in six. */
export const JSON_BYTES_PER_ROUGH_MAX = 6

/** About as many characters as its text has, without making it. */
export function roughSize(value: Json): number {
  if (typeof value === 'string') return value.length + 2
  if (typeof value !== 'object' || value === null) return 8
  let size = 2
  if (Array.isArray(value)) for (const item of value as readonly Json[]) size += roughSize(item) + 1
  else
    for (const key of Object.keys(value))
      size += key.length + 4 + roughSize((value as JsonObject)[key] as Json)
  return size
}

/** Whether a value nests at most `levels` deep, a scalar being 0. Looks no deeper, so that no nesting is too much for it. */
export function depthWithin(value: Json, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return levels >= 0
  if (levels < 1) return false
  const items: readonly Json[] = Array.isArray(value) ? value : Object.values(value)
  return items.every((item) => depthWithin(item, levels - 1))
}
