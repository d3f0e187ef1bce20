/**
 * The language of a filter box: `state:shed app:2.4.1 free words`. Pure.
 * A value with spaces is quoted: `airport:"Dallas Fort Worth"`. Unknown keys are words.
 */
export type Query = { tokens: { key: string; value: string }[]; text: string }

/** Longer text than this isn't a search. */
export const QUERY_LENGTH_MAX = 400

export function parseQuery(source: string, keys: readonly string[]): Query {
  const tokens: Query['tokens'] = []
  const words: string[] = []
  for (const piece of source.slice(0, QUERY_LENGTH_MAX).match(/[^\s"]*"[^"]*"?|\S+/g) ?? []) {
    const colon = piece.indexOf(':')
    const key = piece.slice(0, Math.max(0, colon))
    const value = piece.slice(colon + 1).replaceAll('"', '')
    if (colon > 0 && value !== '' && keys.includes(key)) tokens.push({ key, value })
    else words.push(piece.replaceAll('"', ''))
  }
  return { tokens, text: words.join(' ').trim() }
}

export function formatQuery({ tokens, text }: Query): string {
  const written = tokens.map(({ key, value }) => `${key}:${/\s/.test(value) ? `"${value}"` : value}`)
  return [...written, text].filter((part) => part !== '').join(' ')
}

export function hasToken(query: Query, key: string, value: string): boolean {
  return query.tokens.some((token) => token.key === key && token.value === value)
}

/** Adds a token, or takes it away when it is there. One value a key: another one replaces it. */
export function toggleToken(query: Query, key: string, value: string): Query {
  const others = query.tokens.filter((token) => token.key !== key)
  const tokens = hasToken(query, key, value) ? others : [...others, { key, value }]
  return { ...query, tokens }
}
