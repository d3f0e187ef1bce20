import { createLoader, parseAsString } from 'nuqs/server'
import { oneOf, pageCursor, SHARED } from '../search-params.ts'

export const STATUSES = ['open', 'replayed', 'discarded'] as const

/** Which group of letters is open, in which status, and where its list starts; the letter itself is the path. */
export const DEAD_LETTERS = {
  ...SHARED,
  code: parseAsString,
  version: parseAsString,
  collection: parseAsString,
  field: parseAsString,
  status: oneOf(STATUSES, 'open'),
  cursor: pageCursor,
}
export const loadDeadLettersParams = createLoader(DEAD_LETTERS)
export type DeadLettersParams = Awaited<ReturnType<typeof loadDeadLettersParams>>
