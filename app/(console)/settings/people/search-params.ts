import { createLoader, parseAsString } from 'nuqs/server'
import { SHARED } from '../../search-params.ts'

/** A search, and the last person of the page before. */
export const PEOPLE = { ...SHARED, q: parseAsString.withDefault(''), cursor: parseAsString }
export const loadPeople = createLoader(PEOPLE)
