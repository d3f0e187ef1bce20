import type { Json, JsonObject } from '#lib/kernel/json.ts'
import { jsonEqual } from '#lib/kernel/json.ts'
import type { CrdtKind, CrdtState, CrdtStates, TextState } from '#lib/protocol/crdt.ts'
import { withValue } from '../ot/paths.ts'
import type { CollectionRules } from '../types.ts'
import { claim } from './claim.ts'
import type { CrdtDocument } from './derive.ts'
import { ownState, stopsOf } from './derive.ts'
import { crdtLeaves } from './governed.ts'
import { distinct } from './set-values.ts'
import type { TextCrdt } from './text.ts'

/**
 * The document as it is now with what an edit of the record's former life added (CS9): counters go on by its step, sets
 * and texts get what it put in, other values are its own. What it removed isn't there any more, but where the life of now
 * `goesOn` from what the edit was made on: a person brought that back. Null where a value has no place.
 * @param seed of the writer's numbers in texts
 */
export function carriedOver(
  rules: Pick<CollectionRules, 'strategy' | 'fieldStrategies'>,
  { before, after, goesOn = false }: FormerEdit,
  now: CrdtDocument,
  seed: string,
  text: TextCrdt | null,
): Carried | null {
  const stops = new Set([before, after, now].flatMap(({ states }) => stopsOf(states)))
  const [was, is, current] = [before, after, now].map(({ data }) => crdtLeaves(rules, data, stops))
  let document: JsonObject | null = now.data
  const typed = new Map<string, TextState>()
  for (const [path, value] of is ?? []) {
    const old = was?.get(path)
    if (!document || jsonEqual(old, value)) continue
    const kind = kindAt(now.states, path) ?? kindAt(after.states, path)
    const today = current?.get(path)
    const turns = goesOn ? [today ?? ''] : ['', today ?? '']
    const both = kind === 'text' && text ? typedInto(text, before.states, after.states, path, turns) : null
    const onto = ownState(now.states, path)
    const delta = both && onto?.kind === 'text' && text?.carry(both.was, both.is, onto, `${seed}${path}`)
    if (delta && delta.ok) typed.set(path, delta.value)
    const removed = goesOn && kind === 'or-set' ? withoutRemoved(old, value, today) : today
    document = withValue(document, path, both?.read ?? joined(kind, old, value, removed))
  }
  return document && { data: document, typed: Object.fromEntries(typed) }
}

export interface Carried {
  readonly data: JsonObject
  /** Of its texts the deltas, which say where each part was typed. */
  readonly typed: CrdtStates
}

/** A document of a former life before an edit and after it. */
export interface FormerEdit {
  readonly before: CrdtDocument
  readonly after: CrdtDocument
  readonly goesOn?: boolean
}

/** The states of today with their plain values as what they were in the former life, where they can be that (`claim`). */
export const claimedAs = (states: CrdtStates, former: CrdtStates, text: TextCrdt | null): CrdtStates =>
  Object.fromEntries(
    Object.entries(states).map(([path, state]) => {
      const kind = kindAt(former, path)
      const claimed = kind && state.kind === 'lww-register' ? claim(state, kind, text) : null
      return [path, claimed?.ok ? claimed.value : state]
    }),
  )

const kindAt = (states: CrdtStates, path: string): CrdtKind | undefined => ownState(states, path)?.kind

/** Today's text, the last of what the former one was turned into, and that with what was typed there; null where that was no text. */
function typedInto(
  text: TextCrdt,
  before: CrdtStates,
  after: CrdtStates,
  path: string,
  turns: readonly Json[],
): { readonly was: TextState; readonly is: TextState; readonly read: string } | null {
  const [was, is] = [ownState(before, path), ownState(after, path)]
  const former = was ? claim(was, 'text', text) : null
  if (!former?.ok || former.value.kind !== 'text' || !is) return null
  const typed =
    is.kind === 'text' && text.holds(is, former.value) ? is : retyped(text, former.value, is, path)
  if (!typed) return null
  let state = former.value
  for (const next of turns) {
    if (typeof next !== 'string') return null
    const edit = text.edit(state, next, `${path} ${next}`)
    const edited = edit.ok ? text.merge(state, edit.value) : edit
    if (!edited.ok) return null
    state = edited.value
  }
  const both = text.merge(state, typed)
  const read = both.ok ? text.read(both.value) : both
  return both.ok && read.ok ? { was: state, is: both.value, read: read.value } : null
}

/** What stands on nothing of the former text, since another life or a plain value is between them: edited as it reads. */
function retyped(text: TextCrdt, former: TextState, is: CrdtState, path: string): TextState | null {
  const plain = is.kind === 'lww-register' ? is.value : null
  const read = is.kind === 'text' ? text.read(is) : null
  const next = read?.ok ? read.value : plain
  const was = text.read(former)
  if (typeof next !== 'string' || !was.ok) return null
  let state = former
  for (const [i, step] of typingSteps(was.value, next).entries()) {
    const edit = text.edit(state, step, `${path} ${i}`)
    const edited = edit.ok ? text.merge(state, edit.value) : edit
    if (!edited.ok) return null
    state = edited.value
  }
  return state
}

/** Places of one text, each of which is an edit of its own; what was typed at more is one edit. */
const PLACES_MAX = 16

/** A text on its way to another one: place by place where that has only more in it, else at once. */
function typingSteps(was: string, is: string): readonly string[] {
  const [old, next] = [Array.from(was), Array.from(is)]
  const steps: string[] = []
  let kept = 0
  let isTyping = false
  for (const [i, each] of next.entries()) {
    const stays = each === old[kept]
    if (stays && isTyping) steps.push([...next.slice(0, i), ...old.slice(kept)].join(''))
    if (stays) kept += 1
    isTyping = !stays
    if (steps.length === PLACES_MAX) return [is]
  }
  return kept === old.length ? [...steps, is] : [is]
}

/** What isn't of its kind is taken as it is: the difference then says what doesn't fit. */
function joined(kind: CrdtKind | undefined, was: Json | undefined, is: Json, now: Json | undefined): Json {
  if (kind === 'or-set') return withAdded(was ?? [], is, now ?? [])
  if (kind !== 'g-counter' && kind !== 'pn-counter') return is
  const [from, at] = [was ?? 0, now ?? 0]
  return typeof from === 'number' && typeof is === 'number' && typeof at === 'number' ? at + is - from : is
}

function withoutRemoved(was: Json | undefined, is: Json, now: Json | undefined): Json | undefined {
  if (!Array.isArray(was) || !Array.isArray(is) || !Array.isArray(now)) return now
  const [old, left] = [distinct(was as readonly Json[]), distinct(is as readonly Json[])]
  const stays = ([key]: readonly [string, Json]): boolean => left.has(key) || !old.has(key)
  return [...distinct(now as readonly Json[])].filter(stays).map(([, item]) => item)
}

function withAdded(was: Json, is: Json, now: Json): Json {
  if (!Array.isArray(was) || !Array.isArray(is) || !Array.isArray(now)) return is
  const old = distinct(was as readonly Json[])
  const added = [...distinct(is as readonly Json[])].filter(([key]) => !old.has(key))
  return [...new Map([...distinct(now as readonly Json[]), ...added]).values()]
}
