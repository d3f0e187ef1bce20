import type { Json } from '#lib/kernel/json.ts'
import type { CrdtKind } from '#lib/protocol/crdt.ts'
import type { CollectionRules } from '../types.ts'
import { strategyAt } from './governed.ts'
import { pathOf } from './materialise.ts'
import { distinct } from './set-values.ts'

/**
 * What a path becomes that holds no CRDT yet. Under a field that is named `crdt` a whole number counts and an array
 * is a set; anywhere else, and for any other value, the last writer's value stays until a `crdt` change claims it.
 */
export function kindFor(
  rules: Pick<CollectionRules, 'strategy' | 'fieldStrategies'>,
  pointer: string,
  value: Json | undefined,
): Exclude<CrdtKind, 'text' | 'g-counter'> {
  const path = pathOf(pointer)
  if (!path || !strategyAt(rules, path).named) return 'lww-register'
  if (Number.isSafeInteger(value)) return 'pn-counter'
  const isSet = Array.isArray(value) && distinct(value as readonly Json[]).size === value.length
  return isSet ? 'or-set' : 'lww-register'
}
