import { conflicts } from '#lib/application/pillars/conflicts.ts'
import { failures } from '#lib/application/pillars/failures.ts'
import { lag } from '#lib/application/pillars/lag.ts'
import { queue } from '#lib/application/pillars/queue.ts'
import type { Visit } from '../viewer.ts'
import { marksOf } from './mark-words.ts'
import { pendingView } from './pending-view.ts'
import type { PillarView } from './pillar-view.ts'
import { isPending, type PillarParams, type PillarPath } from './search-params.ts'
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
  const marked = <T extends { annotations: Annotations }>(answer: T, view: Unmarked): PillarView => ({
    ...view,
    marks: marksOf(answer.annotations),
  })
  switch (pillar) {
    case 'lag': {
      const answer = await lag(ctx, query)
      return marked(
        answer,
        isPending(params.stage)
          ? pendingView(answer, params.stage, span)
          : lagView(answer, params.stage, span),
      )
    }
    case 'conflicts': {
      const answer = await conflicts(ctx, query)
      return marked(answer, conflictsView(answer, span, params.source))
    }
    case 'failures': {
      const answer = await failures(ctx, query)
      return marked(answer, failuresView(answer, span, params.collection, params.source))
    }
    case 'queue': {
      const answer = await queue(ctx, query)
      return marked(answer, queueView(answer, span))
    }
  }
}

type Annotations = Parameters<typeof marksOf>[0]
type Unmarked = Omit<PillarView, 'marks'>

/** The part of the fleet that an address names. */
export const partOf = ({ collection, platform, source, version }: PillarParams) => ({
  ...(collection === null ? {} : { collection }),
  ...(platform === null ? {} : { platform }),
  ...(source === null ? {} : { source }),
  ...(version === null ? {} : { appVersion: version }),
})

/** Two app versions within that part; one that the page is about is the one asked about. */
export function comparedPart(params: PillarParams) {
  const { appVersion, ...part } = partOf(params)
  return { ...part, a: params.a ?? appVersion, b: params.b ?? undefined }
}
