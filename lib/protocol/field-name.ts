import { fromPointer } from '#lib/kernel/json-pointer.ts'

/** For people: "/damage/costs/*" is "damage.costs[]". What is no pointer is shown as it is. */
export function fieldName(pointer: string): string {
  const parts = fromPointer(pointer)?.map((name) => (name === '*' ? '[]' : `.${name}`))
  return parts ? parts.join('').replace(/^\./, '') : pointer
}

/** The top-level field that a JSON Pointer leads to or into; null for the whole document, and for what is no pointer. */
export const topField = (pointer: string): string | null => fromPointer(pointer)?.[0] || null
