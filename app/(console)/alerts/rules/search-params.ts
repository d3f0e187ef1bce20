import { createLoader, parseAsString } from 'nuqs/server'
import { SHARED } from '../../search-params.ts'

/** What the list of rules understands: it is short enough for one page. */
export const RULES = { ...SHARED, q: parseAsString.withDefault('') }
export const loadRules = createLoader(RULES)
