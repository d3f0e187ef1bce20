import type { Slice } from '#lib/rollups/aggregate.ts'
import { sliceOf, sumAll } from '#lib/rollups/aggregate.ts'
import { COUNTER, byPart } from '#lib/rollups/counters.ts'
import type { FailureFigure, Share } from '#lib/telemetry/pillars.ts'
import { REQUESTS_FOR_RATE_MIN, SESSIONS_FOR_RATE_MIN, failureLevel } from '#lib/telemetry/thresholds.ts'
import type { TelemetryContext } from '#lib/application/telemetry/context.ts'
import type { AnnotatedPillar, PillarQuery, PillarRule } from './pillar.ts'
import { answerPillar, hasWhole, shareOf, topOf } from './pillar.ts'
import type { RangeQuery } from './window.ts'
import { readWhole } from './window.ts'

/** Failure rate. Requests belong to no single collection: asked for one, all is null. */
export const failures = (
  ctx: TelemetryContext,
  query: PillarQuery,
): Promise<AnnotatedPillar<FailureFigure>> => answerPillar(ctx, query, FAILURES)

export const FAILURES: PillarRule<FailureFigure> = {
  pillar: 'failures',
  parts: ['counters'],
  figureOf: (slice) => (hasWhole(slice) ? figureOf(slice) : null),
  levelOf: failureLevel,
  weightOf: ({ requests }) => requests.whole,
}

/** How many sessions of the range failed; null without telemetry. As the figure of `failures` has it, of one read alone. */
export async function failedSessions(ctx: TelemetryContext, query: RangeQuery): Promise<Share | null> {
  const { buckets } = await readWhole(ctx, query, { split: 'total', parts: FAILURES.parts })
  const slice = sliceOf(buckets)
  return hasWhole(slice) ? figureOf(slice).sessions : null
}

function figureOf(slice: Slice): FailureFigure {
  const counts = sumAll(slice.buckets)
  const count = (name: string): number => counts[name] ?? 0
  return {
    requests: shareOf(count(COUNTER.failures), count(COUNTER.requests), REQUESTS_FOR_RATE_MIN),
    shed: count(COUNTER.shed),
    byCode: topOf(byPart(counts, 'failuresBy')),
    sessions: shareOf(count(COUNTER.sessionsBy('failed')), count(COUNTER.sessions), SESSIONS_FOR_RATE_MIN),
  }
}
