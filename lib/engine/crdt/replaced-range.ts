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

/** Whether the position lies in the middle of a character of two UTF-16 units. */
export const splitsPair = (text: string, at: number): boolean =>
  at > 0 && at < text.length && isHigh(text.charCodeAt(at - 1)) && isLow(text.charCodeAt(at))
const isHigh = (unit: number): boolean => unit >= 0xd800 && unit <= 0xdbff
const isLow = (unit: number): boolean => unit >= 0xdc00 && unit <= 0xdfff
