import type { Json } from '#lib/kernel/json.ts'

/** Values of a letter that are looked for in one text: the longest. */
const VALUES_MAX = 200
/** Longer values are not repeated whole by anybody. */
const VALUE_CHARS_MAX = 2_000

/**
 * A text without the given values: each scalar in them, where it stands as a word of its own in any case of letters,
 * becomes its mask. Nulls, truth values and empty texts tell nothing. Pure, where `hide` is.
 */
export function maskWords(text: string, values: readonly Json[], hide: (value: Json) => string): string {
  const words = new Map<string, Json>()
  for (const value of values) collect(value, words)
  const wanted = [...words.keys()].sort((a, b) => b.length - a.length).slice(0, VALUES_MAX)
  if (wanted.length === 0) return text
  const pattern = new RegExp(
    `(?<![\\p{L}\\p{N}])(?:${wanted.map(escaped).join('|')})(?![\\p{L}\\p{N}])`,
    'giu',
  )
  return text.replace(pattern, (found) => hide(words.get(found.toLowerCase()) ?? found))
}

function collect(value: Json, into: Map<string, Json>): void {
  if (typeof value === 'object' && value !== null) {
    for (const inner of Object.values(value)) collect(inner as Json, into)
    return
  }
  if (typeof value !== 'string' && typeof value !== 'number') return
  const text = String(value).trim()
  if (text !== '' && text.length <= VALUE_CHARS_MAX) into.set(text.toLowerCase(), value)
}

const escaped = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&')
