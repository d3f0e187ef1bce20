/**
 * Links that change one thing of a page's state and keep the rest (the URL is the console's state).
 * `null` removes a parameter.
 */
export function withParams(
  path: string,
  current: URLSearchParams | string,
  changes: Readonly<Record<string, string | null>>,
): string {
  const params = new URLSearchParams(current)
  for (const [key, value] of Object.entries(changes)) {
    if (value === null || value === '') params.delete(key)
    else params.set(key, value)
  }
  const query = params.toString()
  return query === '' ? path : `${path}?${query}`
}

/** The parameters that every page shares and that navigation carries along. */
export const SHARED_PARAMS = ['fleet', 'range', 'from', 'to'] as const

/** A link to another page that stays in the same fleet and time range. */
export function carryShared(path: string, current: URLSearchParams | string): string {
  const params = new URLSearchParams(current)
  const kept = Object.fromEntries(SHARED_PARAMS.map((key) => [key, params.get(key)]))
  return withParams(path, '', kept)
}
