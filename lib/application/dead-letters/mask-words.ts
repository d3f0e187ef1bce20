import type { Json } from '#lib/kernel/json.ts'

/** Values of a letter that are looked for in one text: the longest. */
const VALUES_MAX = 200
/** Longer values are not repeated whole by anybody. */
const VALUE_CHARS_MAX = 2_000

const BEHIND_A_WORD = /[\p{L}\p{N}]$/u
const BEFORE_A_WORD = /^[\p{L}\p{N}]/u
// oxlint-disable-next-line no-control-regex
const ASCII = /^[\u0000-\u007f]*$/

/**
 * A text without the given values: each scalar in them, where it stands as a word of its own in any case of letters,
 * becomes its mask. Nulls, truth values and empty texts tell nothing. Pure, where `hide` is.
 */
export function maskWords(text: string, values: readonly Json[], hide: (value: Json) => string): string {
  const words = new Map<string, Json>()
  for (const value of values) collect(value, words)
  const wanted = [...words].sort(([a], [b]) => b.length - a.length).slice(0, VALUES_MAX)
  const folded = fold(text)
  // One pattern of all of them would be compiled for each text, which takes a millisecond.
  const found = wanted.flatMap(([word, value]) =>
    placesOf(word, text, folded).map((at) => ({ at, word, value })),
  )
  found.sort((a, b) => a.at - b.at || b.word.length - a.word.length)
  let shown = ''
  let end = 0
  for (const { at, word, value } of found) {
    if (at < end) continue
    shown += text.slice(end, at) + hide(value)
    end = at + word.length
  }
  return shown + text.slice(end)
}

function placesOf(word: string, text: string, folded: string): readonly number[] {
  const places: number[] = []
  for (let at = folded.indexOf(word); at !== -1; at = folded.indexOf(word, at + 1)) {
    const end = at + word.length
    const isWithin =
      BEHIND_A_WORD.test(text.slice(Math.max(0, at - 2), at)) || BEFORE_A_WORD.test(text.slice(end, end + 2))
    if (!isWithin) places.push(at)
  }
  return places
}

function collect(value: Json, into: Map<string, Json>): void {
  if (typeof value === 'object' && value !== null) {
    for (const inner of Object.values(value)) collect(inner as Json, into)
    return
  }
  if (typeof value !== 'string' && typeof value !== 'number') return
  const text = String(value).trim()
  if (text !== '' && text.length <= VALUE_CHARS_MAX) into.set(fold(text), value)
}

/** Equal for texts that differ in the case of letters alone, and as long as the text, so that a place in one is one in the other. */
const fold = (text: string): string =>
  ASCII.test(text) ? text.toLowerCase() : Array.from(text, foldLetter).join('')

/** By way of the upper case, since some letters have several lower ones (σ and ς). */
function foldLetter(letter: string): string {
  const upper = letter.toUpperCase()
  const lower = (upper.length === letter.length ? upper : letter).toLowerCase()
  return lower.length === letter.length ? lower : letter
}
