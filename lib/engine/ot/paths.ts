import type { Json, JsonObject } from '#lib/kernel/json.ts'
import { strategyAt } from '../crdt/governed.ts'
import { applyOperation, parseKey } from '../patch.ts'
import type { CollectionRules } from '../types.ts'

type Rules = Pick<CollectionRules, 'strategy' | 'fieldStrategies'>

/** True when the collection, or a field of it, is of strategy `ot`. */
export const usesOt = ({ strategy, fieldStrategies }: Rules): boolean =>
  strategy === 'ot' || Object.values(fieldStrategies).includes('ot')

/** True for a path whose nearest strategy is `ot`. */
export function isOtPath(rules: Rules, pointer: string): boolean {
  const path = pointer.startsWith('/') ? parseKey(pointer) : null
  return path !== null && strategyAt(rules, path).strategy === 'ot'
}

/** The record's paths under OT: those that had operations, and fields that are named so. */
export function otPaths(rules: Rules, states: Readonly<Record<string, unknown>>): readonly string[] {
  const named = Object.entries(rules.fieldStrategies).flatMap(([pointer, name]) =>
    name === 'ot' ? [pointer] : [],
  )
  return [...new Set([...Object.keys(states), ...named])].sort()
}

/** The document with another value at a path, or with none; null where its parent can hold nothing. */
export function withValue(document: JsonObject, pointer: string, value: Json | undefined): JsonObject | null {
  const op =
    value === undefined
      ? ({ type: 'patch', unset: [pointer] } as const)
      : ({ type: 'patch', set: { [pointer]: value } } as const)
  const changed = applyOperation(document, op)
  return changed.ok ? changed.value : null
}

/** The document without what is under OT. */
export const withoutPaths = (document: JsonObject, pointers: readonly string[]): JsonObject =>
  pointers.reduce((rest, pointer) => withValue(rest, pointer, undefined) ?? rest, document)

/** The rules of what is not under OT: field by field where the collection names nothing else. */
export const plainRules = <R extends Rules>(rules: R): R => ({
  ...rules,
  strategy: rules.strategy === 'ot' ? 'field-merge' : rules.strategy,
  fieldStrategies: Object.fromEntries(
    Object.entries(rules.fieldStrategies).filter(([, name]) => name !== 'ot'),
  ),
})
