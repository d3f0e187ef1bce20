import { createLoader, parseAsString } from 'nuqs/server'
import { oneOf, SHARED } from '../search-params.ts'

export const PILLARS = ['lag', 'conflicts', 'failures', 'queue'] as const
export type PillarPath = (typeof PILLARS)[number]

/** Of sync lag: how long what arrived took, and how long what hasn’t waits on devices that are heard, and on those that are not. */
export const LAG_VIEWS = ['upload', 'delivery', 'visibility', 'pending', 'offline'] as const
export type LagView = (typeof LAG_VIEWS)[number]
export type LagStage = Exclude<LagView, PendingView>
export type PendingView = 'pending' | 'offline'
export const isPending = (view: LagView): view is PendingView => view === 'pending' || view === 'offline'

export const GROUPINGS = ['appVersion', 'platform', 'collection', 'source'] as const
export type Grouping = (typeof GROUPINGS)[number]

/** A pillar's page: by what it is split, of which part of the fleet it tells, and which two app versions it compares. */
export const PILLAR = {
  ...SHARED,
  by: oneOf(GROUPINGS, 'appVersion'),
  stage: oneOf(LAG_VIEWS, 'upload'),
  collection: parseAsString,
  platform: parseAsString,
  source: parseAsString,
  version: parseAsString,
  a: parseAsString,
  b: parseAsString,
}
export const loadPillarParams = createLoader(PILLAR)
export type PillarParams = Awaited<ReturnType<typeof loadPillarParams>>
