import type { Json } from '#lib/kernel/json.ts'
import { canonicalJson } from '#lib/kernel/json.ts'
import type { OpNode } from './json-op.ts'
import { touches } from './json-op.ts'

/** What an operation takes is told in the indices of the document before it, what it puts or edits in those after. */
export const PICKS = ['r', 'p'] as const
export const DROPS = ['i', 'd', 'es', 'ena'] as const

/** Pairs of items that are compared; of longer lists what lies between their like ends changes as a whole. */
const PAIRS_MAX = 100_000

/** The index of an item before and after. */
type Pair = readonly [from: number, to: number]

/**
 * The operation that makes one list of another, item by item: what stays is let be, and so is what another one puts
 * beside it meanwhile. Items in place of as many others are those, changed; any others are removed and put in.
 * @param change makes one item of another; null where nothing is to do
 * @returns null for like lists
 */
export function listDifference(
  before: readonly Json[],
  after: readonly Json[],
  change: (before: Json, after: Json) => OpNode | null,
): OpNode | null {
  const places = new Map<number, OpNode>()
  const add = (index: number, node: OpNode | null): void => {
    if (node) places.set(index, merged(places.get(index), node))
  }
  let [from, to] = [0, 0]
  for (const [stays, is] of [...staying(before, after), [before.length, after.length] as const]) {
    const isChanged = stays - from === is - to
    for (; from < stays || to < is; from++, to++) {
      if (isChanged) {
        const node = change(before[from] as Json, after[to] as Json)
        add(from, node && part(node, PICKS))
        add(to, node && part(node, DROPS))
      } else {
        if (from < stays) add(from, { component: { r: true }, children: [] })
        if (to < is) add(to, { component: { i: after[to] as Json }, children: [] })
      }
    }
    ;[from, to] = [stays + 1, is + 1]
  }
  const children = [...places].sort(([a], [b]) => a - b)
  return children.length === 0 ? null : { component: null, children }
}

/** What of an operation counts in the indices of before, or of after. */
function part({ component, children }: OpNode, fields: readonly string[]): OpNode | null {
  const entries = Object.entries(component ?? {}).filter(([field]) => fields.includes(field))
  const below = children.flatMap(([key, child]): OpNode['children'][number][] => {
    const node = touches(child, fields) ? part(child, fields) : null
    return node ? [[key, node]] : []
  })
  if (entries.length === 0 && below.length === 0) return null
  return { component: entries.length === 0 ? null : Object.fromEntries(entries), children: below }
}

/** Both at one place: the one takes from what was there, the other puts into what comes there. */
function merged(one: OpNode | undefined, other: OpNode): OpNode {
  if (!one) return other
  const component = one.component || other.component ? { ...one.component, ...other.component } : null
  const children = new Map(one.children)
  for (const [key, node] of other.children) children.set(key, merged(children.get(key), node))
  return { component, children: [...children].sort(([a], [b]) => inOrder(a, b)) }
}

/** Indices by number; names stand in the order that `json-type.ts` gave them, in either operation. */
const inOrder = (a: string | number, b: string | number): number =>
  typeof a === 'number' && typeof b === 'number' ? a - b : 0

/** The longest run of items that both lists have in one order: their like ends, and what is found between them. */
function staying(before: readonly Json[], after: readonly Json[]): readonly Pair[] {
  const [old, next] = [before.map(canonicalJson), after.map(canonicalJson)]
  const shorter = Math.min(old.length, next.length)
  let head = 0
  while (head < shorter && old[head] === next[head]) head++
  let tail = 0
  while (tail < shorter - head && old[old.length - 1 - tail] === next[next.length - 1 - tail]) tail++
  const between = longestCommon(old.slice(head, old.length - tail), next.slice(head, next.length - tail))
  return [
    ...Array.from({ length: head }, (_, i): Pair => [i, i]),
    ...between.map(([from, to]): Pair => [head + from, head + to]),
    ...Array.from({ length: tail }, (_, i): Pair => [old.length - tail + i, next.length - tail + i]),
  ]
}

/** By the table of all pairs, from the end; none where it would be too large. */
function longestCommon(old: readonly string[], next: readonly string[]): readonly Pair[] {
  const width = next.length + 1
  if (old.length * next.length > PAIRS_MAX) return []
  const lengths = new Uint32Array((old.length + 1) * width)
  const lengthAt = (from: number, to: number): number => lengths[from * width + to] as number
  for (let from = old.length - 1; from >= 0; from--)
    for (let to = next.length - 1; to >= 0; to--)
      lengths[from * width + to] =
        old[from] === next[to]
          ? lengthAt(from + 1, to + 1) + 1
          : Math.max(lengthAt(from + 1, to), lengthAt(from, to + 1))
  const pairs: Pair[] = []
  for (let [from, to] = [0, 0]; from < old.length && to < next.length;) {
    if (old[from] === next[to]) pairs.push([from++, to++])
    else if (lengthAt(from + 1, to) >= lengthAt(from, to + 1)) from++
    else to++
  }
  return pairs
}
