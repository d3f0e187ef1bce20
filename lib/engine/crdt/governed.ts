import type { Json, JsonObject } from '#lib/kernel/json.ts'
import { defineKey, isJsonObject } from '#lib/kernel/json.ts'
import type { Path } from '#lib/kernel/json-pointer.ts'
import { fromPointer, toPointer } from '#lib/kernel/json-pointer.ts'
import type { StrategyName } from '#lib/protocol/device.ts'
import type { CollectionRules } from '../types.ts'

type Rules = Pick<CollectionRules, 'strategy' | 'fieldStrategies'>

/** True when the collection, or a field of it, is of strategy `crdt`. */
export const usesCrdt = ({ strategy, fieldStrategies }: Rules): boolean =>
  strategy === 'crdt' || Object.values(fieldStrategies).includes('crdt')

/** True when nothing in the collection's documents is plain. */
export const holdsOnlyCrdts = ({ strategy, fieldStrategies }: Rules): boolean =>
  strategy === 'crdt' && Object.values(fieldStrategies).every((name) => name === 'crdt')

interface Field {
  strategy?: StrategyName
  readonly within: Fields
}
/** Fields with a strategy of their own, and those that hold such ones, by name. */
type Fields = Map<string, Field>

const trees = new WeakMap<Rules['fieldStrategies'], Fields>()

/** Made once for the rules: to make each value's pointer, to look it up, costs more than all else that a walk does. */
function fieldsOf({ fieldStrategies }: Rules): Fields {
  const known = trees.get(fieldStrategies)
  if (known) return known
  const root: Field = { within: new Map() }
  for (const [pointer, strategy] of Object.entries(fieldStrategies)) {
    let at = root
    for (const key of fromPointer(pointer) ?? []) {
      const field: Field = at.within.get(key) ?? { within: new Map() }
      at.within.set(key, field)
      at = field
    }
    at.strategy = strategy
  }
  trees.set(fieldStrategies, root.within)
  return root.within
}

/** The strategy of a path: the nearest of `fieldStrategies`, else the collection's; `named` when a field's. */
export function strategyAt(
  rules: Rules,
  path: Path,
): { readonly strategy: StrategyName; readonly named: boolean } {
  let fields: Fields | undefined = fieldsOf(rules)
  let found: StrategyName | undefined
  for (const key of path) {
    const field: Field | undefined = fields?.get(key)
    found = field?.strategy ?? found
    fields = field?.within
  }
  return { strategy: found ?? rules.strategy, named: found !== undefined }
}

/** The document without what CRDTs hold. An object that only held such fields goes too, where it is theirs itself. */
export const plainPart = (rules: Rules, document: JsonObject): JsonObject =>
  withoutCrdts(fieldsOf(rules), rules.strategy, document) ?? {}

function withoutCrdts(
  fields: Fields | undefined,
  inherited: StrategyName,
  node: JsonObject,
): JsonObject | null {
  if (!fields?.size && inherited !== 'crdt') return node
  const kept: Record<string, Json> = {}
  for (const key of Object.keys(node)) {
    const field = fields?.get(key)
    const strategy = field?.strategy ?? inherited
    const value = node[key] as Json
    if (isJsonObject(value)) {
      const part = withoutCrdts(field?.within, strategy, value)
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
  collect(fieldsOf(rules), '', rules.strategy, document, stops, leaves)
  return leaves
}

function collect(
  fields: Fields | undefined,
  at: string,
  inherited: StrategyName,
  node: JsonObject,
  stops: ReadonlySet<string>,
  leaves: Map<string, Json>,
): void {
  for (const key of Object.keys(node)) {
    const field = fields?.get(key)
    const strategy = field?.strategy ?? inherited
    if (strategy !== 'crdt' && !field?.within.size) continue
    const pointer = at + toPointer([key])
    const value = node[key] as Json
    const isLeaf = !isJsonObject(value) || Object.keys(value).length === 0 || stops.has(pointer)
    if (!isLeaf) collect(field?.within, pointer, strategy, value, stops, leaves)
    else if (strategy === 'crdt') leaves.set(pointer, value)
  }
}
