import { mergeOf, sumAll } from '#lib/rollups/aggregate.ts'
import type { Bucket } from '#lib/rollups/bucket.ts'
import { COUNTER, SKETCH } from '#lib/rollups/counters.ts'
import { countOf, quantile } from '#lib/rollups/sketch.ts'
import type { CohortAnswer, CohortFigure, CohortMeasure } from '#lib/telemetry/cohorts.ts'
import { COHORT_MEASURES, cohortRow, estimateQuantile, estimateShare } from '#lib/telemetry/cohorts.ts'
import type { TelemetryContext } from '#lib/application/telemetry/context.ts'
import type { RangeQuery } from './window.ts'
import { readRange } from './window.ts'

export interface CohortQuery extends RangeQuery {
  /** App versions; `a` is asked about, `b` is what it is held against. */
  readonly a: string
  readonly b: string
}

const LAG_QUANTILE = 0.95

/** Whether app version `a` does worse than `b`, measure by measure, and how sure that is. */
export async function cohorts(ctx: TelemetryContext, query: CohortQuery): Promise<CohortAnswer> {
  const { a, b } = query
  const { buckets, fromMs, toMs } = await readRange(ctx, query)
  const [ofA, ofB] = [a, b].map((version) =>
    figuresOf(buckets.filter(({ key }) => key.appVersion === version)),
  ) as [Figures, Figures]
  return {
    fromMs,
    toMs,
    a,
    b,
    rows: COHORT_MEASURES.map((measure) => cohortRow(measure, ofA[measure], ofB[measure])),
  }
}

type Figures = Readonly<Record<CohortMeasure, CohortFigure>>

function figuresOf(buckets: readonly Bucket[]): Figures {
  const counts = sumAll(buckets)
  const share = (part: string, whole: string): CohortFigure => {
    const of = counts[whole] ?? 0
    return { estimate: estimateShare({ part: counts[part] ?? 0, whole: of }), of }
  }
  const lags = mergeOf(buckets, SKETCH.uploadLag)
  const of = countOf(lags)
  return {
    uploadLag: { estimate: estimateQuantile(LAG_QUANTILE, of, (q) => quantile(lags, q)), of },
    conflicts: share(COUNTER.conflicts, COUNTER.pushed),
    failures: share(COUNTER.failures, COUNTER.requests),
    failedSessions: share(COUNTER.sessionsBy('failed'), COUNTER.sessions),
    deadLetters: share(COUNTER.mutations('dead_lettered'), COUNTER.pushed),
  }
}
