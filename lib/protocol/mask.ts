import type { Json } from '#lib/kernel/json.ts'

/** What stands in the place of a masked value: equal for equal values of one letter, and a text whatever the value is. */
export const maskText = (tag: string): string => `‹masked ${tag}›`
const MASK = /^‹masked [0-9a-f]{6}›$/
export const isMask = (value: Json | undefined): boolean => typeof value === 'string' && MASK.test(value)

/** Whether a mask stands somewhere in a value. */
export function holdsMask(value: Json | undefined): boolean {
  if (typeof value !== 'object' || value === null) return isMask(value)
  return Object.values(value).some((inner) => holdsMask(inner as Json))
}
