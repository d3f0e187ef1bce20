import type { JsonObject } from '#lib/kernel/json.ts'
import { valueAt } from '#lib/kernel/json-pointer.ts'
import type { Operation } from '#lib/protocol/mutation.ts'
import type { CollectionRules } from '../types.ts'
import { otPaths, withValue } from './paths.ts'

/**
 * The document that a write leaves (CS5), by the same rule on both sides: what a `put` leaves out under OT it lets be, and
 * a text that a patch unsets, alone or with what it lies in, is empty. What has no place any more goes.
 * @param next the operation, plainly applied to `before`
 */
export function withLetBe(
  rules: Pick<CollectionRules, 'strategy' | 'fieldStrategies'>,
  states: Readonly<Record<string, { readonly kind?: 'text' | 'json' | undefined }>>,
  before: JsonObject | null,
  { type }: Operation,
  next: JsonObject,
): JsonObject {
  if (type !== 'put' && type !== 'patch') return next
  let document = next
  for (const path of otPaths(rules, states)) {
    const was = valueAt(before, path)
    if (was === undefined || valueAt(next, path) !== undefined) continue
    const isText = typeof was === 'string' && states[path]?.kind !== 'json'
    const left = type === 'put' ? was : isText ? '' : undefined
    if (left !== undefined) document = withValue(document, path, left) ?? document
  }
  return document
}
