import type { Fields } from './field.ts'
import type { SuggestedKey } from './suggest.ts'

/** The keys of a list for its box; `found` has values that there are, by key. Pure. */
export const suggestedKeys = (
  fields: Fields,
  found: Readonly<Record<string, readonly string[]>> = {},
): readonly SuggestedKey[] =>
  Object.entries(fields).map(([key, field]) => ({
    key,
    kind: field.kind,
    meaning: field.meaning,
    example: field.examples[0] ?? '',
    values:
      field.kind === 'choice' ? field.choices : (found[key] ?? []).map((value) => ({ value, meaning: '' })),
  }))
