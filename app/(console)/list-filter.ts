import type { Fields, Filter } from '#lib/query/field.ts'
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
