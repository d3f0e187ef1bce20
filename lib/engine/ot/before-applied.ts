import { diffArrays } from 'diff'
import type { TextOp } from 'ot-text-unicode'
import { codePoints } from '#lib/kernel/code-points.ts'
import type { Json } from '#lib/kernel/json.ts'
import type { PushWork } from '../push-work.ts'
import { noWork, spend } from '../push-work.ts'

/** An operation that was applied. An own one is of whoever asks, and what it did no change. */
export interface AppliedOp {
  readonly ops: Json
  readonly isOwn: boolean
}

/** Pieces that are gone over, of all texts between together: a tenth of a second at worst. */
const PIECES_MAX = 2_000_000
const UNITS_PER_PIECE = 0.1
/** Characters that are compared one by one, and how many may differ. */
const COMPARED_MAX = 100_000
const DIFFERENT_MAX = 100

interface Piece {
  readonly count: number
  /** Put in, or taken away, by one of the operations that isn't own. */
  readonly kind: 'stands' | 'put in' | 'gone'
}

/**
 * The text that these operations, the newest ones on it, were applied to, as far as it can be told, and one operation with
 * their effect; null where they aren't those, or are too many. What they took away no log has: it is what `before` has at
 * that place, where that is as long, else left out of both.
 */
export function beforeApplied(
  before: string,
  after: string,
  applied: readonly AppliedOp[],
  work: PushWork = noWork(),
): { readonly text: string; readonly ops: TextOp } | null {
  const points = Array.from(after)
  const grown = applied.reduce((sum, { ops }) => sum + growthBy(ops as TextOp), 0)
  if (grown > points.length) return null
  let pieces: readonly Piece[] | null = [{ count: points.length - grown, kind: 'stands' }]
  let done = 0
  for (const { ops, isOwn } of applied) {
    pieces = behind(pieces, ops as TextOp, isOwn)
    done += pieces?.length ?? 0
    spend(work, (pieces?.length ?? 0) * UNITS_PER_PIECE)
    if (!pieces || done > PIECES_MAX) return null
  }
  return withGone(pieces, points, pieces.some(({ kind }) => kind === 'gone') ? before : null, work)
}

function withGone(
  pieces: readonly Piece[],
  points: readonly string[],
  before: string | null,
  work: PushWork,
): { readonly text: string; readonly ops: TextOp } {
  let at = 0
  const stood = pieces.flatMap(({ count, kind }) => {
    const piece = kind === 'gone' ? [] : points.slice(at, (at += count))
    return kind === 'stands' ? piece : []
  })
  const removed = before === null ? new Map<number, readonly string[]>() : removedAt(before, stood, work)
  const ops: TextOp = []
  let [text, place] = ['', 0]
  at = 0
  for (const { count, kind } of pieces) {
    const gone = kind === 'gone' ? removed.get(place) : undefined
    if (gone?.length === count) {
      text += gone.join('')
      ops.push({ d: count })
      removed.delete(place)
    }
    if (kind === 'gone') continue
    const piece = points.slice(at, (at += count)).join('')
    ops.push(kind === 'stands' ? count : piece)
    if (kind === 'put in') continue
    text += piece
    place += count
  }
  return { text, ops }
}

/** What `before` has more than a text, by the place in that. */
function removedAt(before: string, text: readonly string[], work: PushWork): Map<number, readonly string[]> {
  const removed = new Map<number, readonly string[]>()
  const points = Array.from(before)
  const size = points.length + text.length
  if (size > COMPARED_MAX) return removed
  spend(work, size)
  let place = 0
  for (const step of diffArrays(points, [...text], { maxEditLength: DIFFERENT_MAX }) ?? [])
    if (step.removed) removed.set(place, step.value)
    else place += step.value.length
  return removed
}

const growthBy = (ops: TextOp): number =>
  ops.reduce<number>((sum, component) => {
    if (typeof component === 'number') return sum
    return sum + (typeof component === 'string' ? codePoints(component) : -Number(component.d))
  }, 0)

/** What a text is made of behind one more operation; null where that goes over more than there is. */
function behind(pieces: readonly Piece[], ops: TextOp, isOwn: boolean): readonly Piece[] | null {
  const next: Piece[] = []
  let [place, used] = [0, 0]
  const pass = (count: number, isKept: boolean): boolean => {
    for (let left = count; left > 0;) {
      const piece = pieces[place]
      if (!piece) return false
      const { kind } = piece
      const taken = kind === 'gone' ? piece.count : Math.min(left, piece.count - used)
      if (isKept || kind === 'gone') next.push({ kind, count: taken })
      else if (!isOwn && kind === 'stands') next.push({ kind: 'gone', count: taken })
      if (kind !== 'gone') left -= taken
      used += taken
      if (used >= piece.count) [place, used] = [place + 1, 0]
    }
    return true
  }
  for (const component of ops) {
    if (typeof component === 'string')
      next.push({ count: codePoints(component), kind: isOwn ? 'stands' : 'put in' })
    else {
      const isKept = typeof component === 'number'
      if (!pass(isKept ? component : Number(component.d), isKept)) return null
    }
  }
  const open = pieces[place]
  const rest = open ? [{ ...open, count: open.count - used }, ...pieces.slice(place + 1)] : []
  return joined([...next, ...rest])
}

/** Neighbours of one kind are one piece: what is gone at one place is looked for as a whole. */
function joined(pieces: readonly Piece[]): readonly Piece[] {
  const whole: Piece[] = []
  for (const piece of pieces) {
    const last = whole.at(-1)
    if (last?.kind === piece.kind) whole[whole.length - 1] = { ...last, count: last.count + piece.count }
    else if (piece.count > 0) whole.push(piece)
  }
  return whole
}
