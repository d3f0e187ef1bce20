import { err, ok, type Result } from '#lib/kernel/result.ts'

/** One piece of a filter between blanks, its quotes and commas understood. */
export interface Token {
  /** As it was typed. */
  readonly source: string
  readonly not: boolean
  /** What stands before the colon, in lower case; null for free words. */
  readonly key: string | null
  readonly values: readonly string[]
}

/** What is wrong, and at which piece of the text. */
export interface FilterProblem {
  readonly token: string
  readonly message: string
}

const BLANK = /\s/
const KEY = /^([A-Za-z]+):/

/** The pieces of a text. Commas part values behind a key only. Pure. */
export function readTokens(text: string): Result<readonly Token[], FilterProblem> {
  const tokens: Token[] = []
  let at = 0
  while (at < text.length) {
    if (BLANK.test(text.charAt(at))) {
      at++
      continue
    }
    const start = at
    const not = text.charAt(at) === '-' && at + 1 < text.length && !BLANK.test(text.charAt(at + 1))
    if (not) at++
    const key = KEY.exec(text.slice(at))?.[1] ?? null
    if (key !== null) at += key.length + 1
    const read = readValues(text, at, key !== null)
    if (read === null) return err({ token: text.slice(start), message: 'a quote is not closed' })
    at = read.end
    const source = text.slice(start, at)
    tokens.push({ source, not, key: key?.toLowerCase() ?? null, values: read.values })
  }
  return ok(tokens)
}

/** Up to the next blank outside of quotes; null where a quote stays open. */
function readValues(
  text: string,
  start: number,
  commas: boolean,
): { readonly values: readonly string[]; readonly end: number } | null {
  const values = ['']
  let quoted = false
  let at = start
  for (; at < text.length; at++) {
    const char = text.charAt(at)
    const next = text.charAt(at + 1)
    if (quoted && char === '\\' && (next === '"' || next === '\\')) {
      values[values.length - 1] += next
      at++
    } else if (char === '"') quoted = !quoted
    else if (!quoted && BLANK.test(char)) break
    else if (!quoted && commas && char === ',') values.push('')
    else values[values.length - 1] += char
  }
  return quoted ? null : { values, end: at }
}
