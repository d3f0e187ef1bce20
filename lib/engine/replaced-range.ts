import { splitsPair } from '#lib/kernel/code-points.ts'

/** One range of a text that was replaced by another text; positions in UTF-16 units, as Yjs and JavaScript count. */
export interface ReplacedRange {
  readonly from: number
  readonly removed: number
  readonly inserted: string
}

/** What lies between the common beginning and the common end of two texts. Surrogate pairs stay whole. */
export function replacedRange(before: string, after: string): ReplacedRange {
  const shorter = Math.min(before.length, after.length)
  let start = 0
  while (start < shorter && before[start] === after[start]) start += 1
  if (splitsPair(before, start) || splitsPair(after, start)) start -= 1
  let end = 0
  while (end < shorter - start && before[before.length - 1 - end] === after[after.length - 1 - end]) end += 1
  if (splitsPair(before, before.length - end) || splitsPair(after, after.length - end)) end -= 1
  return {
    from: start,
    removed: before.length - end - start,
    inserted: after.slice(start, after.length - end),
  }
}

/** Edits of a text, each on what those before it made. */
export interface TextEdits {
  readonly before: string
  readonly ranges: readonly ReplacedRange[]
}

/** The text behind them. */
export const edited = ({ before, ranges }: TextEdits): string =>
  ranges.reduce(
    (text, { from, removed, inserted }) => text.slice(0, from) + inserted + text.slice(from + removed),
    before,
  )
