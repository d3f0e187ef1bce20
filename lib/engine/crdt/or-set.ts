import type { Json } from '#lib/kernel/json.ts'
import { canonicalJson } from '#lib/kernel/json.ts'
import type { Result } from '#lib/kernel/result.ts'
import { assert, err, ok } from '#lib/kernel/result.ts'
import type { DottedValue, OrSetState } from '#lib/protocol/crdt.ts'
import type { Dot } from './dots.ts'
import { compareDots, formatDot, hasSeen, highestSeen, mergeSeen, parseDot, seenOf } from './dots.ts'

/**
 * A set whose additions win over removals that didn't see them: each addition has a dot, and a removal names the dots
 * that it saw. Removed elements leave nothing but their dots' place in `seen`, which stays short (dots.ts).
 */
export const EMPTY_OR_SET: OrSetState = { kind: 'or-set', add: [], seen: {} }

/** Numbers from here on are given by the server, when it turns a document write into a set's changes (derive.ts). */
export const DERIVED_DOTS_FROM = 2 ** 51

/** The delta-state of a wire change. One that adds and removes the same dot removes it. */
export function checkOrSet(change: {
  readonly add?: readonly DottedValue[] | undefined
  readonly remove?: readonly string[] | undefined
}): Result<OrSetState, 'bad_dot' | 'dot_reused'> {
  const added = new Elements()
  const dots: Dot[] = []
  for (const { value, dot: text } of change.add ?? []) {
    const dot = parseDot(text)
    if (!dot) return err('bad_dot')
    if (added.has(text) && canonicalJson(added.valueOf(text)) !== canonicalJson(value))
      return err('dot_reused')
    added.put(dot, value)
    dots.push(dot)
  }
  for (const text of change.remove ?? []) {
    const dot = parseDot(text)
    if (!dot) return err('bad_dot')
    added.delete(text)
    dots.push(dot)
  }
  return ok({ kind: 'or-set', add: added.inOrder(), seen: seenOf(dots) })
}

/** An element stays when both sides have it, or when the side without it never heard of it. */
export function mergeOrSets(a: OrSetState, b: OrSetState): OrSetState {
  const merged = new Elements()
  keep(merged, a, b)
  keep(merged, b, a)
  return { kind: 'or-set', add: merged.inOrder(), seen: mergeSeen(a.seen, b.seen) }
}

function keep(merged: Elements, side: OrSetState, other: OrSetState): void {
  const held = new Set(other.add.map(({ dot }) => dot))
  for (const { dot: text, value } of side.add) {
    const dot = parseDot(text)
    assert(dot, 'a state holds dots only')
    if (held.has(text) || !hasSeen(other.seen, dot)) merged.put(dot, value)
  }
}

/** True when `delta` gives a dot of this set another value: a device counted wrong, and one of the two would be lost. */
export function reusesDot(state: OrSetState, delta: OrSetState): boolean {
  const known = new Map(state.add.map(({ dot, value }) => [dot, value]))
  return delta.add.some(({ dot, value }) => {
    const before = known.get(dot)
    return before !== undefined && canonicalJson(before) !== canonicalJson(value)
  })
}

/** The elements in dot order, equal ones once. */
export function readOrSet({ add }: OrSetState): readonly Json[] {
  const byText = new Map<string, Json>()
  for (const { value } of add) {
    const text = canonicalJson(value)
    if (!byText.has(text)) byText.set(text, value)
  }
  return [...byText.values()]
}

/** The dots of an element in the set; removing it names all of them. */
export function dotsOf({ add }: OrSetState, value: Json): readonly string[] {
  const text = canonicalJson(value)
  return add.filter((element) => canonicalJson(element.value) === text).map(({ dot }) => dot)
}

/** The number of a device's next own dot: from the newest state that it has, its own pending changes included. */
export const nextDotNumber = ({ seen }: OrSetState, deviceId: string): number =>
  highestSeen(seen, deviceId, DERIVED_DOTS_FROM - 1) + 1

/** Elements by dot. Of two values under one dot, which no honest device makes, the greater text stays on every replica. */
class Elements {
  private readonly byDot = new Map<string, { readonly dot: Dot; readonly value: Json }>()

  has(text: string): boolean {
    return this.byDot.has(text)
  }

  valueOf(text: string): Json {
    return this.byDot.get(text)?.value ?? null
  }

  put(dot: Dot, value: Json): void {
    const text = formatDot(dot)
    const known = this.byDot.get(text)
    if (!known || canonicalJson(known.value) < canonicalJson(value)) this.byDot.set(text, { dot, value })
  }

  delete(text: string): void {
    this.byDot.delete(text)
  }

  inOrder(): readonly DottedValue[] {
    return [...this.byDot.values()]
      .sort((a, b) => compareDots(a.dot, b.dot))
      .map(({ dot, value }) => ({ value, dot: formatDot(dot) }))
  }
}
