import { createLoader } from 'nuqs/server'
import { CONFLICT_SORTS } from '#lib/query/conflict-fields.ts'
import { LIST, oneOf } from '../search-params.ts'

export const CONFLICTS = { ...LIST, sort: oneOf(CONFLICT_SORTS, 'waiting') }
export const loadConflicts = createLoader(CONFLICTS)
