import * as Y from 'yjs'
import { splitsPair } from '#lib/kernel/code-points.ts'
import { replacedRange } from '../replaced-range.ts'

/** A part of one writer is in both, or nothing is in one of them: what waits for an earlier part counts for nothing. */
export function areOfOneText(a: Y.Doc, b: Y.Doc): boolean {
  const [one, other] = [a.store.clients, b.store.clients]
  return one.size === 0 || other.size === 0 || [...one.keys()].some((client) => other.has(client))
}

/**
 * What these writers wrote that is seen in `whole` and not in `ground`, since it stands on parts that only `whole` has: an
 * edit of `ground` that says it there, at the same places, and takes back the former parts, so that it isn't seen
 * twice once what they stand on comes. Where `ground` is another text, in whose place that of `whole` was written as a plain
 * value, the places are those that read alike. Null where there is none. Changes both documents.
 */
export function restated(
  whole: Y.Doc,
  ground: Y.Doc,
  root: string,
  writers: ReadonlySet<number>,
  clientOf: () => number,
): Uint8Array | null {
  const [text, former] = [ground.getText(root), whole.getText(root)]
  const found = strandedPieces(former, ground, writers)
  if (found.pieces.length === 0) return null
  const isOther = !areOfOneText(whole, ground)
  const shown = text.toString()
  const pieces = isOther ? byWords(found, shown) : found.pieces
  const before = Y.encodeStateVector(ground)
  ground.clientID = clientOf()
  // What waits for an earlier part is the state's, not this edit's.
  ground.store.pendingStructs = null
  ground.store.pendingDs = null
  ground.transact(() => {
    let moved = 0
    for (const { at, content } of pieces) {
      // Where a part between the halves of a pair made two parts of it: Yjs would destroy the pair here too.
      const place = splitsPair(shown, at) ? at + 1 : at
      text.insert(place + moved, content)
      moved += content.length
    }
  })
  const taken: Uint8Array[] = []
  whole.on('update', (update: Uint8Array) => taken.push(update))
  whole.transact(() => {
    for (const { seenAt, content } of [...pieces].reverse()) former.delete(seenAt, content.length)
  })
  return Y.mergeUpdates([Y.encodeStateAsUpdate(ground, before), ...taken])
}

interface Piece {
  /** Where it belongs in the text as `ground` reads it. */
  readonly at: number
  /** Where it is in the text as `whole` reads it. */
  readonly seenAt: number
  readonly content: string
}

interface Stranded {
  readonly pieces: readonly Piece[]
  /** What `whole` reads without them. */
  readonly rest: string
}

/** At the places of another text that reads as the rest does, but for one range. */
function byWords({ pieces, rest }: Stranded, text: string): readonly Piece[] {
  const { from, removed, inserted } = replacedRange(rest, text)
  const placeOf = (at: number): number =>
    at < from + removed ? Math.min(at, from) : at - removed + inserted.length
  let before = 0
  return pieces.map((piece) => {
    const at = placeOf(piece.seenAt - before)
    before += piece.content.length
    return { ...piece, at }
  })
}

function strandedPieces(text: Y.Text, ground: Y.Doc, writers: ReadonlySet<number>): Stranded {
  const pieces: Piece[] = []
  let rest = ''
  let [at, seenAt] = [0, 0]
  for (let item = text._start; item !== null; item = item.right) {
    const seen = !item.deleted && item.content instanceof Y.ContentString ? item.content.str : ''
    const known = Math.min(Math.max(Y.getState(ground.store, item.id.client) - item.id.clock, 0), item.length)
    const stranded = writers.has(item.id.client) ? seen.slice(known) : ''
    at += seenIn(ground, item, known)
    if (stranded !== '') pieces.push({ at, seenAt: seenAt + known, content: stranded })
    rest += seen.slice(0, seen.length - stranded.length)
    seenAt += seen.length
  }
  return { pieces, rest }
}

/** How much of the first `known` units of an item the document shows: what only the other one deleted is still in it. */
function seenIn({ store }: Y.Doc, { id }: Y.Item, known: number): number {
  let seen = 0
  for (let unit = 0; unit < known;) {
    const there = Y.getItem(store, Y.createID(id.client, id.clock + unit))
    const length = Math.min(there.id.clock + there.length - id.clock, known) - unit
    // By the document's own item: of what is deleted, the other one no longer tells whether it was text.
    if (!there.deleted && there.countable) seen += length
    unit += length
  }
  return seen
}
