import type { JsonObject } from '#lib/kernel/json.ts'
import { valueAt } from '#lib/kernel/json-pointer.ts'
import type { OtStates } from '#lib/protocol/ot.ts'
import { withValue } from './paths.ts'

/** The states of a record that is deleted: with what stands at its paths, for what returns (CS9). */
export function keepValues(states: OtStates, paths: readonly string[], document: JsonObject): OtStates {
  const kept = { ...states }
  for (const path of paths) {
    const was = valueAt(document, path)
    if (was === undefined) continue
    const state = states[path] ?? { kind: typeof was === 'string' ? 'text' : 'json', revision: 0 }
    kept[path] = { ...state, was }
  }
  return kept
}

/** The states of a record that is there. */
export const withoutValues = (kept: OtStates): OtStates =>
  Object.fromEntries(Object.entries(kept).map(([path, { was: _, ...state }]) => [path, state]))

/** The document with what stood at the paths when it was deleted; null where that has no place in it. */
export const restored = (document: JsonObject, kept: OtStates): JsonObject | null =>
  Object.entries(kept).reduce<JsonObject | null>(
    (whole, [path, { was }]) => whole && withValue(whole, path, was),
    document,
  )
