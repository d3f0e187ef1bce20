import type { Result } from '#lib/kernel/result.ts'
import { err, ok } from '#lib/kernel/result.ts'
import type { CrdtChange, CrdtState, CrdtStates } from '#lib/protocol/crdt.ts'
import { JSON_DEPTH_MAX } from '#lib/protocol/limits.ts'
import type { CollectionRules } from '../types.ts'
import { claim } from './claim.ts'
import { deltaOf, mergeStates } from './crdt-state.ts'
import type { CrdtFailure, CrdtFailureCode } from './failure.ts'
import { strategyAt } from './governed.ts'
import { pathOf } from './materialise.ts'
import { reusesDot } from './or-set.ts'
import type { TextCrdt } from './text.ts'

/** CRDTs of one record, and the JSON text that they make together. */
export const CRDT_PATHS_MAX = 1_000
export const CRDT_CHARS_MAX = 1024 * 1024

/** The delta-states of an operation by path; a path that comes twice has both in one. */
export function deltasOf(
  rules: Pick<CollectionRules, 'strategy' | 'fieldStrategies'>,
  changes: readonly CrdtChange[],
  text: TextCrdt | null,
): Result<CrdtStates, CrdtFailure> {
  const deltas = new Map<string, CrdtState>()
  for (const change of changes) {
    const { path } = change
    const code = checkPlace(rules, path)
    if (code) return err({ code, path })
    const delta = deltaOf(change, text)
    if (!delta.ok) return err({ code: delta.error, path })
    const before = deltas.get(path)
    const both = before ? mergeStates(before, delta.value, text) : delta
    if (!both.ok) return err({ code: both.error, path })
    deltas.set(path, both.value)
  }
  return ok(Object.fromEntries(deltas))
}

function checkPlace(
  rules: Pick<CollectionRules, 'strategy' | 'fieldStrategies'>,
  pointer: string,
): CrdtFailureCode | null {
  const path = pathOf(pointer)
  if (!path) return 'bad_pointer'
  if (path.length > JSON_DEPTH_MAX) return 'too_deep'
  return strategyAt(rules, path).strategy === 'crdt' ? null : 'not_crdt'
}

/** The record's states with these delta-states joined in. */
export function joinDeltas(
  states: CrdtStates,
  deltas: CrdtStates,
  text: TextCrdt | null,
): Result<CrdtStates, CrdtFailure> {
  const joined = new Map(Object.entries(states))
  for (const [path, delta] of Object.entries(deltas)) {
    const before = joined.get(path)
    const after = before ? joinOne(before, delta, text) : ok(delta)
    if (!after.ok) return err({ code: after.error, path })
    joined.set(path, after.value)
  }
  const result = Object.fromEntries(joined)
  const [path = ''] = Object.keys(deltas)
  if (joined.size > CRDT_PATHS_MAX || jsonCharsOf(joined) > CRDT_CHARS_MAX)
    return err({ code: 'too_large', path })
  return ok(result)
}

/** Of their JSON text. A text's update is in base64, which JSON leaves as it is, and may be most of them. */
function jsonCharsOf(states: ReadonlyMap<string, CrdtState>): number {
  let chars = 0
  const rest = [...states].map(([path, state]) => {
    if (state.kind !== 'text') return [path, state]
    chars += state.update.length
    return [path, { ...state, update: '' }]
  })
  return chars + JSON.stringify(Object.fromEntries(rest)).length
}

/** What would be lost without a trace is refused here, where the authority can still say so. */
function joinOne(
  state: CrdtState,
  delta: CrdtState,
  text: TextCrdt | null,
): Result<CrdtState, CrdtFailureCode> {
  const claimed = claim(state, delta.kind, text)
  if (!claimed.ok) return claimed
  const before = claimed.value
  if (before.kind === 'or-set' && delta.kind === 'or-set' && reusesDot(before, delta))
    return err('dot_reused')
  const clash = before.kind === 'text' && delta.kind === 'text' ? text?.clash(before, delta) : null
  if (clash) return err(clash)
  return mergeStates(before, delta, text)
}
