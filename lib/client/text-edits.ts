import type { ReplacedRange, TextEdits } from '#lib/engine/replaced-range.ts'
import { edited } from '#lib/engine/replaced-range.ts'
import { codePoints, hasPairs, splitsPair } from '#lib/kernel/code-points.ts'
import { hasHalfPair } from '#lib/kernel/half-pairs.ts'
import { ReplicaError } from './errors.ts'

/** At `index`, in UTF-16 units, first so many go, then a text comes; none and nothing where that is left out. */
export interface TextEdit {
  readonly index: number
  readonly removed?: number
  readonly inserted?: string
}

/** In most texts so many fit into one update (CS4), of whose parts an edit makes two; where they do not they are one range. */
export const TEXT_EDITS_MAX = 2_000

/**
 * Each edit on the text that those before it made.
 * @throws ReplicaError `invalid_patch` when one of them does not fit
 */
export function checkedEdits(
  before: string,
  edits: readonly TextEdit[],
  path: string,
): readonly ReplacedRange[] {
  if (!Array.isArray(edits) || edits.length === 0) throw misfit('no edits', path)
  if (edits.length > TEXT_EDITS_MAX) throw misfit(`more than ${TEXT_EDITS_MAX} edits`, path)
  const ranges = edits.map((edit: TextEdit) => rangeOf(edit, path))
  const isPaired = anyPairs({ before, ranges })
  let [text, length] = [before, before.length]
  for (const range of ranges) {
    const { from, removed, inserted } = range
    const end = from + removed
    if (end > length) throw misfit('index_out_of_range', path)
    length += inserted.length - removed
    if (!isPaired) continue
    // What was half a character before is no fault of this edit.
    if (splitsPair(text, from) || splitsPair(text, end) || hasHalfPair(inserted))
      throw misfit('half_a_character', path)
    text = edited({ before: text, ranges: [range] })
  }
  return ranges
}

/** What is left out is nothing; what is there has to be what it should be. */
function rangeOf(edit: TextEdit, path: string): ReplacedRange {
  if (typeof edit !== 'object' || edit === null) throw misfit('no edit', path)
  const from = edit.index
  const removed = 'removed' in edit ? edit.removed : 0
  const inserted = 'inserted' in edit ? edit.inserted : ''
  if (typeof inserted !== 'string') throw misfit('no_text', path)
  if (![from, removed].every((count) => Number.isInteger(count) && count >= 0))
    throw misfit('index_out_of_range', path)
  return { from, removed, inserted }
}

/** Else no place lies inside a character, units are code points, and the texts between edits need not be made. */
const anyPairs = ({ before, ranges }: TextEdits): boolean =>
  hasPairs(before) || ranges.some(({ inserted }) => hasPairs(inserted))

/** Edits that fit, each with its place and how much goes in code points, as operations count (CS5). */
export function inCodePoints({
  before,
  ranges,
}: TextEdits): readonly { readonly at: number; readonly gone: number; readonly inserted: string }[] {
  if (!anyPairs({ before, ranges }))
    return ranges.map(({ from, removed, inserted }) => ({ at: from, gone: removed, inserted }))
  let [text, unit, at] = [before, 0, 0]
  return ranges.map((range) => {
    const { from, removed, inserted } = range
    // From the edit before, which is near in most texts.
    at += from < unit ? -codePoints(text.slice(from, unit)) : codePoints(text.slice(unit, from))
    unit = from
    const gone = codePoints(text.slice(from, from + removed))
    text = edited({ before: text, ranges: [range] })
    return { at, gone, inserted }
  })
}

const misfit = (code: string, path: string): ReplicaError =>
  new ReplicaError('invalid_patch', `${code} at ${path}`)
