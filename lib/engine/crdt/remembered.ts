/** Results that are kept; what a keystroke asks for again was asked for a moment ago. */
const KEPT = 8
/** Of all texts that one function keeps results for. */
const CHARS_MAX = 1024 * 1024

interface Kept<Value> {
  readonly texts: readonly string[]
  readonly value: Value
}

/**
 * A function of texts that remembers its last results. They are compared whole: to hash long texts takes as long.
 * @param make gives the same for the same texts, and nobody changes what it gives
 */
export function remembered<Value>(
  make: (texts: readonly string[]) => Value,
): (texts: readonly string[]) => Value {
  let kept: Kept<Value>[] = []
  return (texts) => {
    const known = kept.find((one) => one.texts.every((text, i) => text === texts[i]))
    if (known) return known.value
    const value = make(texts)
    kept = [{ texts, value }, ...kept.slice(0, KEPT - 1)]
    while (charsOf(kept) > CHARS_MAX) kept.pop()
    return value
  }
}

const charsOf = (kept: readonly Kept<unknown>[]): number =>
  kept.reduce((sum, { texts }) => texts.reduce((chars, text) => chars + text.length, sum), 0)
