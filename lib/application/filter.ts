import { z } from 'zod'
import { FILTER_LENGTH_MAX, type Fields, type Filter } from '#lib/query/field.ts'
import { parseFilter, problemText } from '#lib/query/parse-filter.ts'
import { badRequest } from './errors.ts'

/** `q` of a list: its filter as text. */
export const filterInput = (fields: Fields) =>
  z
    .string()
    .max(FILTER_LENGTH_MAX)
    .optional()
    .describe(`Conditions that all hold; keys are ${Object.keys(fields).join(', ')} (docs/filters.md)`)

/** The conditions of `q`. @throws ApplicationError `bad_request`, which names what is not understood and what may stand there */
export function filterOrThrow<Key extends string>(q: string | undefined, fields: Fields<Key>): Filter<Key> {
  const parsed = parseFilter(q ?? '', fields)
  if (!parsed.ok) throw badRequest([{ path: '/q', message: problemText(parsed.error) }])
  return parsed.value
}
