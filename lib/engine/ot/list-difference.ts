import type { Json, JsonObject } from '#lib/kernel/json.ts'
import type { OpNode } from './json-op.ts'
import { touches } from './json-op.ts'
import { toInnerKey } from './json-keys.ts'
import { movedItems, pairItems } from './list-pairs.ts'

/** What an operation takes is told in the indices of the document before it, what it puts or edits in those after. */
export const PICKS = ['r', 'p'] as const
export const DROPS = ['i', 'd', 'es', 'ena'] as const

/** What all lists of one difference share. */
export interface Differing {
  /** The number of the next move; each has its own. */
  move: number
  /** Pairs of items that may still be compared: of lists that would take more, only their like ends count as let be. */
  pairs: number
  /** Places that may still be written; past them lists are replaced. */
  places: number
}

/**
 * The operation that makes one list of another, item by item: what stays is let be, and so is what another one puts
 * beside it meanwhile; what stands elsewhere after is moved, with what another one does in it.
 * @param change makes one item of another; null where nothing is to do
 * @returns null for like lists
 */
export function listDifference(
  before: readonly Json[],
  after: readonly Json[],
  differing: Differing,
  change: (before: Json, after: Json) => OpNode | null,
): OpNode | null {
  const places = new Map<number, OpNode>()
  const add = (index: number, node: OpNode | null): void => {
    if (node) places.set(index, merged(places.get(index), node))
  }
  const here = (component: JsonObject): OpNode => ({ component, children: [] })
  const pairs = pairItems(before, after, differing)
  const moved = movedItems(before, after, pairs)
  for (const [from, to] of moved) {
    const slot = differing.move++
    add(from, here({ p: slot }))
    add(to, here({ d: slot }))
  }
  const all = [...pairs, ...moved]
  for (const [from, to] of all) {
    const node = change(before[from] as Json, after[to] as Json)
    add(from, node && part(node, PICKS))
    add(to, node && part(node, DROPS))
  }
  const [stay, are] = [new Set(all.map(([from]) => from)), new Set(all.map(([, to]) => to))]
  for (const from of before.keys()) if (!stay.has(from)) add(from, here({ r: true }))
  for (const [to, i] of after.entries()) if (!are.has(to)) add(to, here({ i }))
  differing.places -= places.size
  return places.size === 0 ? null : { component: null, children: [...places].sort(inOrder) }
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
  return { component, children: [...children].sort(inOrder) }
}

type Child = readonly [key: string | number, node: OpNode]

/** The library wants indices before names, and both in order: names as it has them. */
function inOrder([a]: Child, [b]: Child): number {
  if (typeof a === 'number' || typeof b === 'number')
    return typeof a === typeof b ? Number(a) - Number(b) : typeof a === 'number' ? -1 : 1
  return toInnerKey(a) < toInnerKey(b) ? -1 : 1
}
