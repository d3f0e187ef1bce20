import type { Json } from '#lib/kernel/json.ts'
import { jsonEqual } from '#lib/kernel/json.ts'
import type { Mutation } from '#lib/protocol/mutation.ts'

/** No part of the payload, so that a re-stamped mutation is still the same one (ID4). */
const OUTSIDE: ReadonlySet<string> = new Set(['hlc', 'madeAt', 'madeOffsetMs'])

/** True for two spellings of one mutation: all but its stamps is equal, whatever the order of keys (ID4). */
export function isSamePayload(a: Mutation, b: Mutation): boolean {
  const names = new Set([...Object.keys(a), ...Object.keys(b)])
  return [...names].every((name) => OUTSIDE.has(name) || jsonEqual(fieldOf(a, name), fieldOf(b, name)))
}

const fieldOf = (mutation: Mutation, name: string): Json | undefined =>
  (mutation as unknown as Readonly<Record<string, Json | undefined>>)[name]
