import { createLoader, parseAsString } from 'nuqs/server'
import { SHARED } from '../../search-params.ts'

/** The last key of the page before. */
export const KEYS = { ...SHARED, cursor: parseAsString }
export const loadKeys = createLoader(KEYS)
