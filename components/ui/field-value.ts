import { canonicalJson, ownValue, type JsonObject } from '#lib/kernel/json.ts'
import { fromPointer } from '#lib/kernel/json-pointer.ts'

/** The name and the text of a top-level field that a JSON Pointer names; null for any other place. Pure. */
export function fieldValue(document: JsonObject, pointer: string): { name: string; text: string } | null {
  const path = fromPointer(pointer)
  const name = path?.length === 1 ? path[0] : undefined
  if (name === undefined) return null
  const value = ownValue(document, name)
  return { name, text: value === undefined ? 'absent' : canonicalJson(value) }
}
