import type { Json } from '#lib/kernel/json.ts'
import { canonicalJson } from '#lib/kernel/json.ts'
import type { DottedValue } from '#lib/protocol/crdt.ts'
import type { Dot } from './dots.ts'
import { formatDot } from './dots.ts'

/** The values by their canonical text, each once, in order of their first appearance. */
export function distinct(values: readonly Json[]): ReadonlyMap<string, Json> {
  const found = new Map<string, Json>()
  for (const value of values) {
    const text = canonicalJson(value)
    if (!found.has(text)) found.set(text, value)
  }
  return found
}

/** Values under consecutive dots, so that they keep their order. */
export const elementsFrom = ({ deviceId, n }: Dot, values: readonly Json[]): readonly DottedValue[] =>
  values.map((value, i) => ({ value, dot: formatDot({ deviceId, n: n + i }) }))
