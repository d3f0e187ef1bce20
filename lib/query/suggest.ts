import type { Choice, Field } from './field.ts'

/** A key as the box shows it: its field, and values of it that there are. */
export interface SuggestedKey {
  readonly key: string
  readonly kind: Field['kind']
  readonly meaning: string
  readonly example: string
  readonly values: readonly Choice[]
}

/** What one may take instead of the piece that is being typed, which stands in [from, to). */
export interface Suggestion {
  readonly text: string
  readonly meaning: string
  readonly from: number
  readonly to: number
}

export const SUGGESTIONS_MAX = 12

/** What may stand where the cursor is: keys, or behind a colon its values, those first that begin as what was typed. Pure. */
export function suggest(text: string, cursor: number, keys: readonly SuggestedKey[]): readonly Suggestion[] {
  const before = /[^\s]*$/.exec(text.slice(0, cursor))?.[0] ?? ''
  const after = /^[^\s]*/.exec(text.slice(cursor))?.[0] ?? ''
  const [from, to] = [cursor - before.length, cursor + after.length]
  if (before.includes('"')) return []
  const sign = before.startsWith('-') ? '-' : ''
  const typed = before.slice(sign.length)
  const colon = typed.indexOf(':')
  const at = (piece: string, meaning: string): Suggestion => ({ text: `${sign}${piece}`, meaning, from, to })
  if (colon === -1) {
    const found = keys.filter(({ key }) => key.startsWith(typed.toLowerCase()))
    return found
      .slice(0, SUGGESTIONS_MAX)
      .map(({ key, meaning, example }) => at(`${key}:`, `${meaning} · ${example}`))
  }
  const known = keys.find(({ key }) => key === typed.slice(0, colon).toLowerCase())
  if (known === undefined) return []
  const comma = Math.max(colon, typed.lastIndexOf(','))
  const [head, start] = [typed.slice(0, comma + 1), typed.slice(comma + 1).toLowerCase()]
  const taken = typed.slice(colon + 1, comma).split(',')
  return known.values
    .filter(({ value }) => value.toLowerCase().startsWith(start) && !taken.includes(value))
    .slice(0, SUGGESTIONS_MAX)
    .map(({ value, meaning }) =>
      at(`${head}${/[\s",\\]/.test(value) ? JSON.stringify(value) : value}`, meaning),
    )
}
