import { createLoader, createParser } from 'nuqs/server'
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

/** Longer than any of them is. What is beyond fits no filter of the lists to which the page leads. */
const PART_CHARS_MAX = 200
/** A collection, a platform, a source or an app version, which the fleet need not have. */
const part = {
  ...createParser({
    // A page can't show U+0000: HTML has no such character.
    parse: (text) => (text.length <= PART_CHARS_MAX && !text.includes('\0') ? text : null),
    serialize: (text: string) => text,
  }),
  choices: [`a name of at most ${PART_CHARS_MAX} characters`],
}

/** A pillar's page: by what it is split, of which part of the fleet it tells, and which two app versions it compares. */
export const PILLAR = {
  ...SHARED,
  by: oneOf(GROUPINGS, 'appVersion'),
  stage: oneOf(LAG_VIEWS, 'upload'),
  collection: part,
  platform: part,
  source: part,
  version: part,
  a: part,
  b: part,
}
export const loadPillarParams = createLoader(PILLAR)
export type PillarParams = Awaited<ReturnType<typeof loadPillarParams>>
