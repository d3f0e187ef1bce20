import type { Json, JsonObject } from '#lib/kernel/json.ts'
import { defineKey, isJsonObject } from '#lib/kernel/json.ts'
import type { Path } from '#lib/kernel/json-pointer.ts'
import { toPointer } from '#lib/kernel/json-pointer.ts'
import type { StrategyName } from '#lib/protocol/device.ts'
import type { CollectionRules } from '../types.ts'

type Rules = Pick<CollectionRules, 'strategy' | 'fieldStrategies'>

/** True when the collection, or a field of it, is of strategy `crdt`. */
export const usesCrdt = ({ strategy, fieldStrategies }: Rules): boolean =>
  strategy === 'crdt' || Object.values(fieldStrategies).includes('crdt')

/** True when nothing in the collection's documents is plain. */
export const holdsOnlyCrdts = ({ strategy, fieldStrategies }: Rules): boolean =>
  strategy === 'crdt' && Object.values(fieldStrategies).every((name) => name === 'crdt')

/** The strategy of a path: the nearest of `fieldStrategies`, else the collection's; `named` when a field's. */
export function strategyAt(
  rules: Rules,
  path: Path,
): { readonly strategy: StrategyName; readonly named: boolean } {
  for (let length = path.length; length > 0; length--) {
    const found = ownStrategy(rules, toPointer(path.slice(0, length)))
    if (found) return { strategy: found, named: true }
  }
  return { strategy: rules.strategy, named: false }
}

const ownStrategy = ({ fieldStrategies }: Rules, pointer: string): StrategyName | undefined =>
  Object.hasOwn(fieldStrategies, pointer) ? fieldStrategies[pointer] : undefined

/** The document without what CRDTs hold. An object that only held such fields goes too, where it is theirs itself. */
export const plainPart = (rules: Rules, document: JsonObject): JsonObject =>
  withoutCrdts(rules, [], rules.strategy, document) ?? {}

function withoutCrdts(
  rules: Rules,
  path: Path,
  inherited: StrategyName,
  node: JsonObject,
): JsonObject | null {
  const kept: Record<string, Json> = {}
  for (const key of Object.keys(node)) {
    const at = [...path, key]
    const strategy = ownStrategy(rules, toPointer(at)) ?? inherited
    const value = node[key] as Json
    if (isJsonObject(value)) {
      const part = withoutCrdts(rules, at, strategy, value)
      if (part) defineKey(kept, key, part)
    } else if (strategy !== 'crdt') defineKey(kept, key, value)
  }
  return inherited === 'crdt' && Object.keys(kept).length === 0 ? null : kept
}

/** What CRDTs hold in a document, or would: values that are no objects, empty objects, and whatever stands at `stops`. */
export function crdtLeaves(
  rules: Rules,
  document: JsonObject,
  stops: ReadonlySet<string>,
): ReadonlyMap<string, Json> {
  const leaves = new Map<string, Json>()
  collect(rules, [], rules.strategy, document, stops, leaves)
  return leaves
}

function collect(
  rules: Rules,
  path: Path,
  inherited: StrategyName,
  node: JsonObject,
  stops: ReadonlySet<string>,
  leaves: Map<string, Json>,
): void {
  for (const key of Object.keys(node)) {
    const at = [...path, key]
    const pointer = toPointer(at)
    const strategy = ownStrategy(rules, pointer) ?? inherited
    const value = node[key] as Json
    const isLeaf = !isJsonObject(value) || Object.keys(value).length === 0 || stops.has(pointer)
    if (!isLeaf) collect(rules, at, strategy, value, stops, leaves)
    else if (strategy === 'crdt') leaves.set(pointer, value)
  }
}
