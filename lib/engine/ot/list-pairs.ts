import type { Json, JsonObject } from '#lib/kernel/json.ts'
import { canonicalJson, isJsonObject, jsonEqual, ownValue } from '#lib/kernel/json.ts'

/** How many pairs of items may still be compared; what lies between the like ends of lists that would take more counts as changed. */
interface Bound {
  pairs: number
}

/** An item before and the one that it is after, by their indices. */
export type ItemPair = readonly [from: number, to: number]
type List = readonly Json[]

/**
 * Which items of a list are which of another, in order: those that are equal, by the longest order that both have, and
 * between them those that were changed in their place. What is in no pair was removed or put in.
 */
export function pairItems(before: List, after: List, bound: Bound): readonly ItemPair[] {
  const pairs: ItemPair[] = []
  let [from, to] = [0, 0]
  for (const [stays, is] of [...equalItems(before, after, bound), [before.length, after.length] as const]) {
    for (const [gone, come] of changedItems(before.slice(from, stays), after.slice(to, is)))
      pairs.push([from + gone, to + come])
    if (stays < before.length && is < after.length) pairs.push([stays, is])
    ;[from, to] = [stays + 1, is + 1]
  }
  return pairs
}

function equalItems(before: List, after: List, bound: Bound): readonly ItemPair[] {
  const [old, next] = [before.map(canonicalJson), after.map(canonicalJson)]
  const isSame = (from: number, to: number): boolean => old[from] === next[to]
  const { head, tail } = likeEnds(old.length, next.length, isSame)
  const between = longestCommon(
    old.slice(head, old.length - tail),
    next.slice(head, next.length - tail),
    bound,
  )
  return [
    ...atHead(head),
    ...between.map(([from, to]): ItemPair => [head + from, head + to]),
    ...atTail(tail, old.length, next.length),
  ]
}

/** Those at both ends that are one item by what they say of themselves. Any others are strangers, whose parts must not blend. */
function changedItems(gone: List, come: List): readonly ItemPair[] {
  const { head, tail } = likeEnds(gone.length, come.length, (from, to) => isOneItem(gone[from], come[to]))
  return [...atHead(head), ...atTail(tail, gone.length, come.length)]
}

/** Two objects of one id; where they have none, with most of their names' values in common. */
function isOneItem(a: Json | undefined, b: Json | undefined): boolean {
  if (a === undefined || b === undefined || !isJsonObject(a) || !isJsonObject(b)) return false
  const [one, other] = [idOf(a), idOf(b)]
  if (one !== null || other !== null) return one === other
  const names = [...new Set([...Object.keys(a), ...Object.keys(b)])]
  const alike = names.filter((name) => jsonEqual(ownValue(a, name), ownValue(b, name)))
  return alike.length * 2 > names.length
}

/** Names under which items say which one they are. */
const IDENTIFYING = ['id', '_id', 'key'] as const

function idOf(item: JsonObject): string | null {
  // Null says that it has none yet.
  const named = IDENTIFYING.filter((name) => (ownValue(item, name) ?? null) !== null)
  return named.length === 0 ? null : canonicalJson(named.map((name) => [name, item[name] as Json]))
}

/** Items of no pair that stand in another place after: of one id, or equal where they have none. */
export function movedItems(before: List, after: List, pairs: readonly ItemPair[]): readonly ItemPair[] {
  const [stay, are] = [new Set(pairs.map(([from]) => from)), new Set(pairs.map(([, to]) => to))]
  const nameOf = (item: Json): string => {
    const id = isJsonObject(item) ? idOf(item) : null
    return id === null ? `equal to ${canonicalJson(item)}` : `of id ${id}`
  }
  const left = new Map<string, number[]>()
  for (const [from, item] of before.entries()) {
    if (stay.has(from)) continue
    const name = nameOf(item)
    const alike = left.get(name)
    if (alike) alike.push(from)
    else left.set(name, [from])
  }
  return [...after.entries()].flatMap(([to, item]): ItemPair[] => {
    const from = are.has(to) ? undefined : left.get(nameOf(item))?.shift()
    return from === undefined ? [] : [[from, to]]
  })
}

function likeEnds(
  before: number,
  after: number,
  isLike: (from: number, to: number) => boolean,
): { readonly head: number; readonly tail: number } {
  const shorter = Math.min(before, after)
  let head = 0
  while (head < shorter && isLike(head, head)) head++
  let tail = 0
  while (tail < shorter - head && isLike(before - 1 - tail, after - 1 - tail)) tail++
  return { head, tail }
}
const atHead = (count: number): ItemPair[] => Array.from({ length: count }, (_, i): ItemPair => [i, i])
const atTail = (count: number, before: number, after: number): ItemPair[] =>
  Array.from({ length: count }, (_, i): ItemPair => [before - count + i, after - count + i])

/** By the table of all pairs, from the end; none where it would be too large. */
function longestCommon(old: readonly string[], next: readonly string[], bound: Bound): readonly ItemPair[] {
  const width = next.length + 1
  if (old.length * next.length > bound.pairs) return []
  bound.pairs -= old.length * next.length
  const lengths = new Uint32Array((old.length + 1) * width)
  const lengthAt = (from: number, to: number): number => lengths[from * width + to] as number
  for (let from = old.length - 1; from >= 0; from--)
    for (let to = next.length - 1; to >= 0; to--)
      lengths[from * width + to] =
        old[from] === next[to]
          ? lengthAt(from + 1, to + 1) + 1
          : Math.max(lengthAt(from + 1, to), lengthAt(from, to + 1))
  const pairs: ItemPair[] = []
  for (let [from, to] = [0, 0]; from < old.length && to < next.length;) {
    if (old[from] === next[to]) pairs.push([from++, to++])
    else if (lengthAt(from + 1, to) >= lengthAt(from, to + 1)) from++
    else to++
  }
  return pairs
}
