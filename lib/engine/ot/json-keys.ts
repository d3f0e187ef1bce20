import type { Json } from '#lib/kernel/json.ts'
import { defineKey, isJsonObject } from '#lib/kernel/json.ts'

/**
 * ot-json1 reads and copies objects by plain assignment, so that names which every object inherits (`__proto__`,
 * `constructor`) are not free there. Here they are data: such a name travels through the library with a `~` before it,
 * and one that reads like that already gets one more.
 */
const isInherited = (key: string): boolean => key.replace(/^~+/, '') in Object.prototype

export const toInnerKey = (key: string): string => (isInherited(key) ? `~${key}` : key)
export const toOuterKey = (key: string): string =>
  key.startsWith('~') && isInherited(key) ? key.slice(1) : key

export const toInner = (value: Json): Json => mapKeys(value, toInnerKey)
export const toOuter = (value: Json): Json => mapKeys(value, toOuterKey)

/** A copy in any case, since the library may change what it is given. */
function mapKeys(value: Json, name: (key: string) => string): Json {
  if (Array.isArray(value)) return (value as readonly Json[]).map((item) => mapKeys(item, name))
  if (!isJsonObject(value)) return value
  const copy: Record<string, Json> = {}
  for (const [key, item] of Object.entries(value)) defineKey(copy, name(key), mapKeys(item, name))
  return copy
}
