import type { JsonObject } from '#lib/kernel/json.ts'
import type { CrdtState, CrdtStates } from '#lib/protocol/crdt.ts'
import type { CollectionRules } from '../types.ts'
import { crdtLeaves, strategyAt } from './governed.ts'
import { claim } from './claim.ts'
import { kindFor } from './kind-for.ts'
import { registerOf } from './lww-register.ts'
import { pathOf } from './materialise.ts'
import type { TextCrdt } from './text.ts'

/**
 * The states of a document by today's rules. A value that a CRDT should hold and none does, since the collection was
 * of another strategy when it was written, is a CRDT of that write; a state where no CRDT belongs any more goes.
 */
export function adoptStates(
  rules: Pick<CollectionRules, 'strategy' | 'fieldStrategies'>,
  data: JsonObject,
  states: CrdtStates,
  hlc: string,
  text: TextCrdt | null,
): CrdtStates {
  const adopted = new Map<string, CrdtState>()
  for (const [pointer, state] of Object.entries(states)) {
    const path = pathOf(pointer)
    if (path && strategyAt(rules, path).strategy === 'crdt') adopted.set(pointer, state)
  }
  const held = new Set(adopted.keys())
  for (const [pointer, value] of crdtLeaves(rules, data, held)) {
    if (held.has(pointer)) continue
    const register = registerOf(value, hlc)
    const claimed = claim(register, kindFor(rules, pointer, value), text)
    adopted.set(pointer, claimed.ok ? claimed.value : register)
  }
  return Object.fromEntries(adopted)
}
