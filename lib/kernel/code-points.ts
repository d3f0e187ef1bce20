/** Code points of a text; JavaScript counts UTF-16 units, of which a character outside the BMP has two. */
export function codePoints(text: string): number {
  let count = 0
  for (let i = 0; i < text.length; i++) if (!isLow(text.charCodeAt(i))) count++
  return count
}

/** Whether the position lies in the middle of a character of two UTF-16 units. */
export const splitsPair = (text: string, at: number): boolean =>
  at > 0 && at < text.length && isHigh(text.charCodeAt(at - 1)) && isLow(text.charCodeAt(at))

/** Whether a unit and a code point are not the same in it. */
export const hasPairs = (text: string): boolean => SURROGATE.test(text)
const SURROGATE = /[\ud800-\udfff]/

const isHigh = (unit: number): boolean => unit >= 0xd800 && unit <= 0xdbff
const isLow = (unit: number): boolean => unit >= 0xdc00 && unit <= 0xdfff
