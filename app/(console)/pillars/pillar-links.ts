import { withParams } from '#components/ui/search-params.ts'
import { listHref } from '../overview/overview-links.ts'
import { isPending, type Grouping, type PillarParams, type PillarPath } from './search-params.ts'

const PARAM_OF: Readonly<Record<Grouping, string>> = {
  appVersion: 'version',
  platform: 'platform',
  collection: 'collection',
  source: 'source',
}

/** The same pillar, of this part alone. Pure. */
export const partHref = (path: string, query: string, by: Grouping, key: string): string =>
  withParams(path, query, { [PARAM_OF[by]]: key, by: by === 'appVersion' ? 'platform' : null })

/** The list behind a pillar, with the filters that stand in its address. Pure. */
export function behindHref(pillar: PillarPath, query: string, params: PillarParams): string {
  const part = behindPart(params)
  switch (pillar) {
    case 'lag':
      return isPending(params.stage)
        ? listHref('/devices', query, { ...part, collection: null, ...PENDING_FILTERS[params.stage] })
        : listHref('/sessions', query, part)
    case 'conflicts':
      return listHref('/sessions', query, { ...part, has: 'conflict' })
    case 'failures':
      return listHref('/sessions', query, { ...part, result: 'failed' })
    case 'queue':
      // A device's queue is told as a whole.
      return listHref('/devices', query, { ...part, collection: null, has: 'waiting' })
  }
}

/** The part of the fleet as the lists name it. */
export const behindPart = ({ version, platform, source, collection }: PillarParams) => ({
  version,
  platform,
  source,
  collection,
})

/** The same as the conflict desk names it: a conflict is of no platform and no engine. */
export const deskPart = ({ version, collection }: PillarParams) => ({ version, collection })

const PENDING_FILTERS = {
  pending: { has: 'waiting', connectivity: 'online' },
  offline: { connectivity: 'offline' },
} as const

/** What `behindHref` leads to. Pure. */
export function behindLabel(pillar: PillarPath, { stage }: Pick<PillarParams, 'stage'>): string {
  if (pillar !== 'lag' || !isPending(stage)) return BEHIND[pillar]
  return stage === 'pending' ? BEHIND.queue : 'Offline devices'
}
const BEHIND: Readonly<Record<PillarPath, string>> = {
  lag: 'Sessions',
  conflicts: 'Sessions with conflicts',
  failures: 'Failed sessions',
  queue: 'Devices that hold changes',
}
