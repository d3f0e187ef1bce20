/** Up to this many units the platform's search is fast whatever stands there. */
const SHORT = 32

/**
 * Whether `text` holds `part`, in time that grows with both and no faster: the platform's own search takes their
 * product for a part like `aaabaaa` in a text of `a`, which was seconds (Knuth, Morris and Pratt, 1977).
 */
export function containsText(text: string, part: string): boolean {
  if (part.length <= SHORT) return text.includes(part)
  const borders = bordersOf(part)
  let matched = 0
  for (let i = 0; i < text.length; i++) {
    matched = extended(part, borders, matched, text.charCodeAt(i))
    if (matched === part.length) return true
  }
  return false
}

/** Of each beginning of the part how long its longest end is that is a beginning, too. */
function bordersOf(part: string): Int32Array {
  const borders = new Int32Array(part.length)
  for (let i = 1; i < part.length; i++)
    borders[i] = extended(part, borders, borders[i - 1] ?? 0, part.charCodeAt(i))
  return borders
}

function extended(part: string, borders: Int32Array, from: number, unit: number): number {
  let matched = from
  while (matched > 0 && part.charCodeAt(matched) !== unit) matched = borders[matched - 1] ?? 0
  return part.charCodeAt(matched) === unit ? matched + 1 : matched
}
