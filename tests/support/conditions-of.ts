import type { Fields, Filter } from '#lib/query/field.ts'
import { parseFilter, problemText } from '#lib/query/parse-filter.ts'

/** The conditions of a filter that is understood. */
export function conditionsOf<Key extends string>(q: string, fields: Fields<Key>): Filter<Key> {
  const parsed = parseFilter(q, fields)
  if (!parsed.ok) throw new Error(problemText(parsed.error))
  return parsed.value
}
