import type { TextEdit } from '#lib/client/text-edits.ts'

const isHigh = (code: number): boolean => code >= 0xd800 && code < 0xdc00
const isLow = (code: number): boolean => code >= 0xdc00 && code < 0xe000

/** What a person did to a text: the smallest range that differs, widened so that it cuts no character in half; null when nothing does. Pure. */
export function editBetween(before: string, after: string): Required<TextEdit> | null {
  if (before === after) return null
  const shorter = Math.min(before.length, after.length)
  let start = 0
  while (start < shorter && before[start] === after[start]) start++
  if (start > 0 && isHigh(before.charCodeAt(start - 1))) start--
  let same = 0
  while (same < shorter - start && before.at(-1 - same) === after.at(-1 - same)) same++
  if (same > 0 && isLow(before.charCodeAt(before.length - same))) same--
  return {
    index: start,
    removed: before.length - same - start,
    inserted: after.slice(start, after.length - same),
  }
}
