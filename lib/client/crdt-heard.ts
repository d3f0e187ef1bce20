import { joinDeltas } from '#lib/engine/crdt/apply-changes.ts'
import { deltaOf, mergeStates } from '#lib/engine/crdt/crdt-state.ts'
import type { Dot } from '#lib/engine/crdt/dots.ts'
import { mergeSeen, parseDot, seenOfRuns } from '#lib/engine/crdt/dots.ts'
import { strategyAt } from '#lib/engine/crdt/governed.ts'
import { pathOf } from '#lib/engine/crdt/materialise.ts'
import { checkOrSet } from '#lib/engine/crdt/or-set.ts'
import type { Json, JsonObject } from '#lib/kernel/json.ts'
import { isJsonObject } from '#lib/kernel/json.ts'
import type { CrdtChange, CrdtState, CrdtStates } from '#lib/protocol/crdt.ts'
import type { CrdtRules } from './crdt-parts.ts'
import { stateAt } from './crdt-state-at.ts'
import { need, text } from './crdt-text.ts'

/** A state that came from outside, in its plain form; null for what is none. */
export function checkState(path: string, state: unknown): CrdtState | null {
  if (!isJsonObject(state) || !pathOf(path)) return null
  const change = { ...state, path } as unknown as CrdtChange
  const kind = String(state['kind'])
  switch (kind) {
    case 'or-set':
      return checkSetState(state)
    case 'g-counter':
    case 'pn-counter': {
      const totals = state['state']
      const isWhole =
        isJsonObject(totals) &&
        (kind === 'g-counter' || (isJsonObject(totals['p']) && isJsonObject(totals['n'])))
      return isWhole ? plain(deltaOf(change, text)) : null
    }
    case 'lww-register':
      return typeof state['hlc'] === 'string' ? plain(deltaOf(change, text)) : null
    case 'text':
      return typeof state['update'] === 'string' ? plain(deltaOf(change, text)) : null
    default:
      return null
  }
}

function plain(state: ReturnType<typeof deltaOf>): CrdtState | null {
  if (state.ok) return state.value
  need(state.error)
  return null
}

/** Elements under dots, and the runs of dots ever heard of; every element's dot is heard of. */
function checkSetState({ add, seen }: JsonObject): CrdtState | null {
  if (!Array.isArray(add) || !isJsonObject(seen)) return null
  const elements = (add as readonly unknown[]).filter(
    (each): each is { value: Json; dot: string } =>
      isJsonObject(each) && each['value'] !== undefined && typeof each['dot'] === 'string',
  )
  const set = elements.length === add.length ? checkOrSet({ add: elements }) : null
  if (!set?.ok) return null
  const runs: (readonly [Dot, number])[] = []
  for (const [deviceId, list] of Object.entries(seen)) {
    for (const run of Array.isArray(list) ? (list as readonly unknown[]) : [null]) {
      const [from, to] = Array.isArray(run) ? (run as readonly unknown[]) : []
      const first = typeof from === 'number' ? parseDot(`${deviceId}:${from}`) : null
      if (!first || typeof to !== 'number' || !Number.isSafeInteger(to) || to < first.n) return null
      runs.push([first, to])
    }
  }
  return { ...set.value, seen: mergeSeen(set.value.seen, seenOfRuns(runs)) }
}

/** Both in one; null where they don't fit each other, or the collection. */
export function hear(rules: CrdtRules, heard: CrdtStates, more: CrdtStates): CrdtStates | null {
  const isOwn = (path: string): boolean => strategyAt(rules, pathOf(path) ?? []).strategy === 'crdt'
  const joined = joinDeltas(heard, more, text)
  if (!joined.ok) need(joined.error.code)
  return joined.ok && Object.keys(more).every(isOwn) ? joined.value : null
}

/** What of it the server's states don't hold; undefined when that is nothing. */
export function stillHeard(states: CrdtStates, heard: CrdtStates): CrdtStates | undefined {
  const left = Object.entries(heard).filter(([path, state]) => {
    const shown = stateAt(states, path)
    const [both, alone] = shown ? [mergeStates(shown, state, text), mergeStates(shown, shown, text)] : []
    if (both && !both.ok) need(both.error)
    // Of another kind by now: the server's is the one that counts.
    if (both && !both.ok) return false
    return !both || !alone?.ok || JSON.stringify(both.value) !== JSON.stringify(alone.value)
  })
  return left.length > 0 ? Object.fromEntries(left) : undefined
}
