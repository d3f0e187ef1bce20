import type { JsonObject } from '#lib/kernel/json.ts'
import { jsonEqual, ownValue } from '#lib/kernel/json.ts'
import { toPointer } from '#lib/kernel/json-pointer.ts'

/** Pointers of the top-level fields in which two documents differ, sorted; the root's when only one is there. */
export function differingFields(a: JsonObject | null, b: JsonObject | null): readonly string[] {
  if (a === null || b === null) return a === b ? [] : ['']
  const differing = Object.keys(a).filter((key) => !jsonEqual(a[key], ownValue(b, key)))
  for (const key of Object.keys(b)) if (!Object.hasOwn(a, key)) differing.push(key)
  return differing.sort().map((key) => toPointer([key]))
}
