import { createLoader, parseAsString } from 'nuqs/server'
import { SHARED } from '../search-params.ts'

/** What the lists of rules and of channels understand: each is short enough for one page. */
export const SEARCHED = { ...SHARED, q: parseAsString.withDefault('') }
export const loadSearched = createLoader(SEARCHED)
