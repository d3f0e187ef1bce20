import { joinDeltas } from '#lib/engine/crdt/apply-changes.ts'
import { claim } from '#lib/engine/crdt/claim.ts'
import { deltaOf, mergeStates } from '#lib/engine/crdt/crdt-state.ts'
import type { Dot } from '#lib/engine/crdt/dots.ts'
import { mergeSeen, parseDot, seenOfRuns } from '#lib/engine/crdt/dots.ts'
import { strategyAt } from '#lib/engine/crdt/governed.ts'
import { pathOf } from '#lib/engine/crdt/materialise.ts'
import { checkOrSet } from '#lib/engine/crdt/or-set.ts'
import type { Json, JsonObject } from '#lib/kernel/json.ts'
import { isJsonObject } from '#lib/kernel/json.ts'
import type { CrdtChange, CrdtKind, CrdtState, CrdtStates } from '#lib/protocol/crdt.ts'
import type { CrdtRules } from './crdt-parts.ts'
import { stateAt } from './crdt-state-at.ts'
import { loadedText, need, text } from './crdt-text.ts'

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
      return typeof state['update'] === 'string'
        ? plain(loadedText().checkWhole({ update: state['update'] }))
        : null
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

const RANKS: Record<CrdtKind, number> = {
  'lww-register': 0,
  'g-counter': 1,
  'pn-counter': 1,
  'or-set': 2,
  text: 3,
}

/**
 * Two states of one path as one kind, so that joining stays free of order (CS4): what claims a register holds it
 * already, a counter grows only until it went down somewhere, and of kinds that never meet the higher one is shown.
 */
export function alike(a: CrdtState, b: CrdtState): readonly [CrdtState, CrdtState] {
  const order = RANKS[a.kind] - RANKS[b.kind]
  if (order !== 0) return order > 0 ? [a, a] : [b, b]
  if (a.kind === b.kind) return [a, b]
  const goneDown = [a, b].some(
    (state) => state.kind === 'pn-counter' && Object.keys(state.state.n).length > 0,
  )
  return goneDown ? [upAndDown(a), upAndDown(b)] : [onlyUp(a), onlyUp(b)]
}

const upAndDown = (state: CrdtState): CrdtState =>
  state.kind === 'g-counter' ? { kind: 'pn-counter', state: { p: state.state, n: {} } } : state
const onlyUp = (state: CrdtState): CrdtState =>
  state.kind === 'pn-counter' ? { kind: 'g-counter', state: state.state.p } : state

/** Both in one; null where they contradict each other, are too much, or don't fit the collection. */
export function hear(rules: CrdtRules, heard: CrdtStates, more: CrdtStates): CrdtStates | null {
  const isOwn = (path: string): boolean => strategyAt(rules, pathOf(path) ?? []).strategy === 'crdt'
  const [before, after] = [new Map(Object.entries(heard)), new Map(Object.entries(more))]
  for (const [path, state] of after) {
    const known = before.get(path)
    if (!known) continue
    const [first, second] = alike(known, state)
    before.set(path, first)
    after.set(path, second)
  }
  const joined = joinDeltas(Object.fromEntries(before), Object.fromEntries(after), text)
  if (!joined.ok) need(joined.error.code)
  return joined.ok && Object.keys(more).every(isOwn) ? joined.value : null
}

/** What of it the server's states don't hold; undefined when that is nothing. */
export function stillHeard(states: CrdtStates, heard: CrdtStates): CrdtStates | undefined {
  const left = Object.entries(heard).filter(([path, state]) => {
    const shown = stateAt(states, path)
    if (!shown) return true
    if (shown.kind !== 'lww-register' || state.kind === shown.kind) return !holds(shown, state)
    // Nobody has told the server what it is by now. A value that is newer than what was heard counts.
    const claimed = claim(shown, state.kind, text)
    if (!claimed.ok) need(claimed.error)
    return claimed.ok && holds(state, claimed.value)
  })
  return left.length > 0 ? Object.fromEntries(left) : undefined
}

/** True when joining `part` changes nothing, or can't: of another kind by now, the server's is the one that counts. */
function holds(whole: CrdtState, part: CrdtState): boolean {
  const [both, alone] = [mergeStates(whole, part, text), mergeStates(whole, whole, text)]
  for (const result of [both, alone]) if (!result.ok) need(result.error)
  return !both.ok || !alone.ok || JSON.stringify(both.value) === JSON.stringify(alone.value)
}
