import { conflicts } from '#lib/application/pillars/conflicts.ts'
import { failures } from '#lib/application/pillars/failures.ts'
import { lag } from '#lib/application/pillars/lag.ts'
import { queue } from '#lib/application/pillars/queue.ts'
import type { Visit } from '../viewer.ts'
import type { PillarView } from './pillar-view.ts'
import type { PillarParams, PillarPath } from './search-params.ts'
import { conflictsView, failuresView, lagView, queueView } from './view-of.ts'

/** Reads one pillar for its page: the time shown, the part of the fleet that the address names, split as it says. */
export async function readPillar(
  { ctx, fleet, span }: Visit,
  pillar: PillarPath,
  params: PillarParams,
): Promise<PillarView> {
  const query = {
    ...partOf(params),
    fleetId: fleet.id,
    fromMs: span.fromMs,
    toMs: span.toMs,
    groupBy: params.by,
  }
  switch (pillar) {
    case 'lag':
      return lagView(await lag(ctx, query), params.stage, span)
    case 'conflicts':
      return conflictsView(await conflicts(ctx, query), span)
    case 'failures':
      return failuresView(await failures(ctx, query), span)
    case 'queue':
      return queueView(await queue(ctx, query), span)
  }
}

/** The part of the fleet that an address names. */
export const partOf = ({ collection, platform, version }: PillarParams) => ({
  ...(collection === null ? {} : { collection }),
  ...(platform === null ? {} : { platform }),
  ...(version === null ? {} : { appVersion: version }),
})
