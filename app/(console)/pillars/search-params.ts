import { createLoader, parseAsString } from 'nuqs/server'
import { oneOf, SHARED } from '../search-params.ts'

export const PILLARS = ['lag', 'conflicts', 'failures', 'queue'] as const
export type PillarPath = (typeof PILLARS)[number]

export const GROUPINGS = ['appVersion', 'platform', 'collection', 'source'] as const
export type Grouping = (typeof GROUPINGS)[number]

/** A pillar's page: by what it is split, of which part of the fleet it tells, and which two app versions it compares. */
export const PILLAR = {
  ...SHARED,
  by: oneOf(GROUPINGS, 'appVersion'),
  stage: oneOf(['upload', 'delivery', 'visibility'], 'upload'),
  collection: parseAsString,
  platform: parseAsString,
  source: parseAsString,
  version: parseAsString,
  a: parseAsString,
  b: parseAsString,
}
export const loadPillarParams = createLoader(PILLAR)
export type PillarParams = Awaited<ReturnType<typeof loadPillarParams>>
