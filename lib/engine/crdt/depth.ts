import type { Json } from '#lib/kernel/json.ts'

/** Whether a value nests at most `levels` deep, a scalar being 0. Looks no deeper, so that no nesting is too much for it. */
export function depthWithin(value: Json, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return levels >= 0
  if (levels < 1) return false
  const items: readonly Json[] = Array.isArray(value) ? value : Object.values(value)
  return items.every((item) => depthWithin(item, levels - 1))
}
