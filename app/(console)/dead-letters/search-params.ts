import { createLoader, parseAsString, parseAsStringLiteral } from 'nuqs/server'
import { SHARED } from '../search-params.ts'

export const STATUSES = ['open', 'replayed', 'discarded'] as const

/** Which group of letters is open, in which status, and where its list starts; the letter itself is the path. */
export const loadDeadLettersParams = createLoader({
  ...SHARED,
  code: parseAsString,
  version: parseAsString,
  collection: parseAsString,
  field: parseAsString,
  status: parseAsStringLiteral(STATUSES).withDefault('open'),
  cursor: parseAsString,
})
export type DeadLettersParams = Awaited<ReturnType<typeof loadDeadLettersParams>>
