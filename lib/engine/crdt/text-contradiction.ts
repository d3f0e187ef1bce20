import * as Y from 'yjs'

type Struct = Y.Item | Y.GC | Y.Skip
type Id = { readonly client: number; readonly clock: number }

/**
 * Whether two updates say different things of one unit of one writer. Yjs would keep what came first and drop the
 * other without a word. What is deleted on one side has no content to compare; its place still counts.
 */
export function contradicts(held: readonly Struct[], told: readonly Struct[]): boolean {
  const known = itemsByClient(held)
  for (const [client, items] of itemsByClient(told)) {
    const others = known.get(client) ?? []
    let at = 0
    for (const item of items) {
      while (at < others.length && endOf(others[at] as Y.Item) <= item.id.clock) at += 1
      for (let i = at; i < others.length && (others[i] as Y.Item).id.clock < endOf(item); i++)
        if (differ(others[i] as Y.Item, item)) return true
    }
  }
  return false
}

const endOf = ({ id, length }: Y.Item): number => id.clock + length

function itemsByClient(structs: readonly Struct[]): ReadonlyMap<number, readonly Y.Item[]> {
  const byClient = new Map<number, Y.Item[]>()
  for (const struct of structs) {
    if (!(struct instanceof Y.Item)) continue
    const items = byClient.get(struct.id.client)
    if (items) items.push(struct)
    else byClient.set(struct.id.client, [struct])
  }
  for (const items of byClient.values()) items.sort((a, b) => a.id.clock - b.id.clock)
  return byClient
}

/** Both have units from `from` to `to`: the same place, and the same content where it is there. */
function differ(a: Y.Item, b: Y.Item): boolean {
  const from = Math.max(a.id.clock, b.id.clock)
  const to = Math.min(endOf(a), endOf(b))
  if (!sameId(originAt(a, from), originAt(b, from)) || !sameId(a.rightOrigin, b.rightOrigin)) return true
  const [left, right] = [a.content, b.content]
  if (left instanceof Y.ContentString && right instanceof Y.ContentString)
    return !sameText(
      left.str.slice(from - a.id.clock, to - a.id.clock),
      right.str.slice(from - b.id.clock, to - b.id.clock),
    )
  if (left instanceof Y.ContentDeleted || right instanceof Y.ContentDeleted) return false
  if (left instanceof Y.ContentFormat && right instanceof Y.ContentFormat)
    return left.key !== right.key || JSON.stringify(left.value) !== JSON.stringify(right.value)
  return true
}

/** What a unit stands after: inside of a run, the unit before it. */
const originAt = ({ id, origin }: Y.Item, clock: number): Id | null =>
  clock === id.clock ? origin : { client: id.client, clock: clock - 1 }

const sameId = (a: Id | null, b: Id | null): boolean =>
  a === null || b === null ? a === b : a.client === b.client && a.clock === b.clock

/** Yjs puts a replacement mark for each half of a surrogate pair that it had to part. */
const sameText = (a: string, b: string): boolean => a === b || (a.length === b.length && sameButParted(a, b))
function sameButParted(a: string, b: string): boolean {
  for (let i = 0; i < a.length; i++) {
    const [x, y] = [a.charAt(i), b.charAt(i)]
    if (x !== y && !(isHalf(x) && y === PARTED) && !(isHalf(y) && x === PARTED)) return false
  }
  return true
}
const PARTED = '\ufffd'
const isHalf = (unit: string): boolean => unit >= '\ud800' && unit <= '\udfff'
