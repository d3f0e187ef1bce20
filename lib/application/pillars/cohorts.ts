import { mergeOf, sumAll } from '#lib/rollups/aggregate.ts'
import type { Bucket } from '#lib/rollups/bucket.ts'
import { ALL_DEVICES } from '#lib/rollups/bucket.ts'
import { COUNTER, SKETCH } from '#lib/rollups/counters.ts'
import { countOf, quantile } from '#lib/rollups/sketch.ts'
import type { CohortAnswer, CohortFigure, CohortMeasure } from '#lib/telemetry/cohorts.ts'
import { COHORT_MEASURES, cohortRow, estimateQuantile, estimateShare } from '#lib/telemetry/cohorts.ts'
import type { TelemetryContext } from '#lib/application/telemetry/context.ts'
import type { PillarFilter } from './pillar.ts'
import { keeperOf, splitFor } from './pillar.ts'
import type { RangeQuery } from './window.ts'
import { readWhole } from './window.ts'

export interface CohortQuery extends RangeQuery, Omit<PillarFilter, 'appVersion'> {
  /** App versions; `a` is asked about, `b` is what it is held against. Without them the two most used, the newer one first. */
  readonly a?: string | undefined
  readonly b?: string | undefined
}

const LAG_QUANTILE = 0.95
const VERSIONS_MAX = 20

/**
 * Whether app version `a` does worse than `b`, measure by measure, and how sure that is. What isn't told by collection
 * (requests and sessions) has no figure where one is asked for.
 */
export async function cohorts(ctx: TelemetryContext, query: CohortQuery): Promise<CohortAnswer> {
  const part = { collection: query.collection, platform: query.platform, source: query.source }
  const split = splitFor({ ...part, groupBy: 'appVersion' })
  const {
    buckets: all,
    fromMs,
    toMs,
  } = await readWhole(ctx, query, { split, parts: ['counters', 'sketches'] })
  const keep = keeperOf(part)
  const buckets = all.filter(({ key }) => keep(key))
  const versions = versionsOf(buckets)
  const { a, b } = pairOf(query, versions)
  if (a === null || b === null) return { fromMs, toMs, a, b, versions, rows: [] }
  const [ofA, ofB] = [a, b].map((version) =>
    figuresOf(buckets.filter(({ key }) => key.appVersion === version)),
  ) as [Figures, Figures]
  const rows = COHORT_MEASURES.map((measure) => cohortRow(measure, ofA[measure], ofB[measure]))
  return { fromMs, toMs, a, b, versions, rows }
}

/** By how much was heard of them: requests; changes, which alone have a collection; sessions, all that other engines tell. */
function versionsOf(buckets: readonly Bucket[]): readonly string[] {
  const heard = new Map<string, number>()
  for (const { key, counters } of buckets) {
    if (key.appVersion === ALL_DEVICES) continue
    const told = [COUNTER.requests, COUNTER.pushed, COUNTER.sessions].map((slot) => counters[slot] ?? 0)
    heard.set(
      key.appVersion,
      told.reduce((sum, count) => sum + count, heard.get(key.appVersion) ?? 0),
    )
  }
  const all = [...heard].sort(([x, n], [y, m]) => m - n || (x < y ? -1 : 1))
  return all.slice(0, VERSIONS_MAX).map(([version]) => version)
}

/** One that was asked for stays; the other is the most used of the rest. */
function pairOf({ a, b }: CohortQuery, versions: readonly string[]): { a: string | null; b: string | null } {
  const rest = versions.filter((version) => version !== a && version !== b)
  if (a !== undefined) return { a, b: b ?? rest[0] ?? null }
  if (b !== undefined) return { a: rest[0] ?? null, b }
  const [first, second] = rest
  if (first === undefined || second === undefined) return { a: null, b: null }
  return NEWEST_LAST(first, second) > 0 ? { a: first, b: second } : { a: second, b: first }
}

/** 2.10 is newer than 2.9. */
const NEWEST_LAST = new Intl.Collator('en', { numeric: true }).compare

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
