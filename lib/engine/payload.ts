import type { JsonObject } from '#lib/kernel/json.ts'
import { canonicalObject } from '#lib/kernel/json.ts'
import type { Mutation } from '#lib/protocol/mutation.ts'

/** Left out of the payload hash, so that a re-stamped mutation is still the same one (ID4). */
const OUTSIDE: ReadonlySet<string> = new Set(['hlc', 'madeAt', 'madeOffsetMs'])

/** The text that a mutation's payload hash is taken over: equal for every spelling of the same mutation. */
export function payloadText(mutation: Mutation): string {
  const object = mutation as unknown as JsonObject
  const keys = Object.keys(object).filter((key) => !OUTSIDE.has(key) && object[key] !== undefined)
  return canonicalObject(object, keys)
}
