import type { ReplacedRange } from '#lib/engine/crdt/replaced-range.ts'
import { edited } from '#lib/engine/crdt/replaced-range.ts'
import { codePoints, hasPairs, splitsPair } from '#lib/kernel/code-points.ts'
import { hasHalfPair } from '#lib/kernel/half-pairs.ts'
import { ReplicaError } from './errors.ts'

/** At `index`, in UTF-16 units, first so many go, then a text comes; none and nothing where that is left out. */
export interface TextEdit {
  readonly index: number
  readonly removed?: number
  readonly inserted?: string
}

/** An edit that fits, with its place and how much goes in code points too, as operations count (CS5). */
interface CheckedEdit extends ReplacedRange {
  readonly at: number
  readonly gone: number
}

/** What the edits of one call make of a text has to fit into one update (CS4), with two parts or more of an edit. */
export const TEXT_EDITS_MAX = 2_000

/**
 * Each edit on the text that those before it made.
 * @throws ReplicaError `invalid_patch` when one of them does not fit
 */
export function checkedEdits(
  before: string,
  edits: readonly TextEdit[],
  path: string,
): readonly CheckedEdit[] {
  if (!Array.isArray(edits) || edits.length === 0) throw misfit('nothing to change', path)
  if (edits.length > TEXT_EDITS_MAX) throw misfit(`more than ${TEXT_EDITS_MAX} edits`, path)
  // Else no place lies inside a character, and the texts in between need not be made.
  const isPaired = [before, ...edits.map(({ inserted = '' }) => inserted)].some(hasPairs)
  let [text, length] = [before, before.length]
  return edits.map(({ index: from, removed = 0, inserted = '' }) => {
    if (typeof inserted !== 'string') throw misfit('no_text', path)
    const [edit, end] = [{ from, removed, inserted }, from + removed]
    const isCount = Number.isInteger(from) && Number.isInteger(removed) && from >= 0 && removed >= 0
    if (!isCount || end > length) throw misfit('index_out_of_range', path)
    length += inserted.length - removed
    if (!isPaired) return { ...edit, at: from, gone: removed }
    // What was half a character before is no fault of this edit.
    if (splitsPair(text, from) || splitsPair(text, end) || hasHalfPair(inserted))
      throw misfit('half_a_character', path)
    const [at, gone] = [codePoints(text.slice(0, from)), codePoints(text.slice(from, end))]
    text = edited({ before: text, ranges: [edit] })
    return { ...edit, at, gone }
  })
}

const misfit = (code: string, path: string): ReplicaError =>
  new ReplicaError('invalid_patch', `${code} at ${path}`)
