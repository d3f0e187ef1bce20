import { compareHlc } from '#lib/kernel/hlc.ts'
import type { Json, JsonObject } from '#lib/kernel/json.ts'
import { defineKey, isJsonObject, jsonEqual, ownValue } from '#lib/kernel/json.ts'
import { toPointer } from '#lib/kernel/json-pointer.ts'
import type { StrategyName, TieRule } from '#lib/protocol/device.ts'
import type { ConflictContext, Strategy } from './decision.ts'
import { stampAt } from './field-stamps.ts'

/** Stands for a base that nobody knows: it equals nothing, so every touched field is in conflict. */
const UNKNOWN = Symbol('unknown base')
type Base = Json | undefined | typeof UNKNOWN

interface Merge {
  readonly context: ConflictContext
  /** Whether the local side of a field was written after the other one. */
  readonly localIsNewer: (pointer: string) => boolean
  /** Fields that both sides changed, and the rule that sends them to a person, if one does. */
  readonly fields: string[]
  person: 'fww' | 'manual' | null
}

/**
 * Three-way merge over the base document (CS3): disjoint fields merge, nested objects by path, equal values are no
 * conflict, arrays are one value. A field changed by both falls to its rule: its own strategy (the nearest in
 * `fieldStrategies`), where that is `field-merge` the tie rule. One field for a person sends the whole mutation there.
 */
export const decideFieldMerge: Strategy = (base, current, mutation, context) => {
  const { local } = context
  if (jsonEqual(local, current.data)) return { kind: 'same' }
  if (local === null || current.data === null) {
    const localIsNewer = compareHlc(mutation.hlc, current.hlc) > 0
    return decideWhole(ruleOf(context.strategy, context.tieRule), localIsNewer)
  }
  const localIsNewer = (pointer: string): boolean => compareHlc(mutation.hlc, stampAt(current, pointer)) > 0
  const merge: Merge = { context, localIsNewer, fields: [], person: null }
  const known: Base = base.kind === 'unknown' ? UNKNOWN : (base.data ?? {})
  const data = mergeValue(merge, [], context.strategy, known, local, current.data) as JsonObject
  const { fields, person } = merge
  if (person) return { kind: 'person', strategy: person, fields }
  if (fields.length > 0 && jsonEqual(data, current.data)) return { kind: 'remote', fields }
  return jsonEqual(data, local) ? { kind: 'local', fields } : { kind: 'merge', data, fields }
}

/** The same merge for a person who takes one side wherever both changed something. */
export function mergeWith(
  base: JsonObject | null,
  local: JsonObject,
  remote: JsonObject,
  side: 'local' | 'remote',
): JsonObject {
  const context = { strategy: 'field-merge', fieldStrategies: {}, tieRule: 'lww', local } as const
  const merge: Merge = { context, localIsNewer: () => side === 'local', fields: [], person: null }
  return mergeValue(merge, [], 'field-merge', base ?? {}, local, remote) as JsonObject
}

/** Edit × delete (CS9): the rule over the whole record. */
function decideWhole(rule: TieRule, localIsNewer: boolean): ReturnType<Strategy> {
  if (rule === 'lww') return { kind: localIsNewer ? 'local' : 'remote', fields: [''] }
  return { kind: 'person', strategy: rule, fields: [''] }
}

/** What merges by its state (`crdt`, `ot`) has no rule of its own for a plain value. */
const ruleOf = (strategy: StrategyName, tieRule: TieRule): TieRule =>
  strategy === 'lww' || strategy === 'fww' || strategy === 'manual' ? strategy : tieRule

function mergeValue(
  merge: Merge,
  path: readonly string[],
  inherited: StrategyName,
  base: Base,
  local: Json | undefined,
  remote: Json | undefined,
): Json | undefined {
  if (jsonEqual(local, remote)) return remote
  if (base !== UNKNOWN && jsonEqual(base, local)) return remote
  if (base !== UNKNOWN && jsonEqual(base, remote)) return local
  const pointer = toPointer(path)
  const { fieldStrategies, tieRule } = merge.context
  const strategy = (Object.hasOwn(fieldStrategies, pointer) && fieldStrategies[pointer]) || inherited
  const splits =
    strategy === 'field-merge' || Object.keys(fieldStrategies).some((key) => key.startsWith(`${pointer}/`))
  if (splits && isJsonObject(local) && isJsonObject(remote))
    return mergeObjects(merge, path, strategy, base, local, remote)
  merge.fields.push(pointer)
  const rule = ruleOf(strategy, tieRule)
  if (rule === 'lww') return merge.localIsNewer(pointer) ? local : remote
  merge.person = rule
  return remote
}

function mergeObjects(
  merge: Merge,
  path: readonly string[],
  strategy: StrategyName,
  base: Base,
  local: JsonObject,
  remote: JsonObject,
): JsonObject {
  const merged: Record<string, Json> = {}
  for (const key of [...new Set([...Object.keys(local), ...Object.keys(remote)])].sort()) {
    const under = base === UNKNOWN ? UNKNOWN : isJsonObject(base) ? ownValue(base, key) : undefined
    const value = mergeValue(
      merge,
      [...path, key],
      strategy,
      under,
      ownValue(local, key),
      ownValue(remote, key),
    )
    if (value !== undefined) defineKey(merged, key, value)
  }
  return merged
}
