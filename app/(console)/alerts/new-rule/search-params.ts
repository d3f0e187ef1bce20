import { createLoader, parseAsStringLiteral } from 'nuqs/server'
import { PILLARS } from '../../pillars/search-params.ts'
import { oneOf, SHARED } from '../../search-params.ts'
import { PARTS } from './begin.ts'

/** What a new rule begins with: the pillar that it is about, and how it looks at the fleet. */
export const NEW_RULE = {
  ...SHARED,
  on: { ...parseAsStringLiteral(PILLARS), choices: PILLARS },
  by: oneOf(PARTS, 'fleet'),
}
export const loadNewRule = createLoader(NEW_RULE)
