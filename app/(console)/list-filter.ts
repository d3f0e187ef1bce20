import { FILTER_LENGTH_MAX, type Fields, type Filter } from '#lib/query/field.ts'
import { parseFilter, problemText } from '#lib/query/parse-filter.ts'

/** What `q` of a page asks for, or the sentence that tells what in it is not understood; nothing is searched then. Pure. */
export function listFilter<Key extends string>(
  q: string,
  fields: Fields<Key>,
): { readonly filter: Filter<Key>; readonly problem: string | null } {
  const parsed = parseFilter(q, fields)
  return parsed.ok
    ? { filter: parsed.value, problem: null }
    : { filter: [], problem: problemText(parsed.error) }
}

/** Why the words of `q` are not looked for, on a page that knows no conditions; null where they are. Pure. */
export const wordsProblem = (q: string): string | null =>
  q.trim().length > FILTER_LENGTH_MAX ? `A search has at most ${FILTER_LENGTH_MAX} characters` : null
