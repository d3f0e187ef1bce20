import type { Slice } from '#lib/rollups/aggregate.ts'
import { quantilesIn, sumOf } from '#lib/rollups/aggregate.ts'
import type { Bucket } from '#lib/rollups/bucket.ts'
import { COUNTER, GAUGE_SKETCH, SKETCH } from '#lib/rollups/counters.ts'
import type { LagFigure, PendingFigure } from '#lib/telemetry/pillars.ts'
import { lagLevel } from '#lib/telemetry/thresholds.ts'
import type { TelemetryContext } from '#lib/application/telemetry/context.ts'
import type { AnnotatedPillar, PillarQuery, PillarRule } from './pillar.ts'
import { answerPillar, hasWhole } from './pillar.ts'

/** Sync lag and pending age. */
export const lag = (ctx: TelemetryContext, query: PillarQuery): Promise<AnnotatedPillar<LagFigure>> =>
  answerPillar(ctx, query, LAG)

export const LAG: PillarRule<LagFigure> = {
  pillar: 'lag',
  parts: ['counters', 'sketches'],
  figureOf: ({ buckets, snapshot }) => ({
    upload: quantilesIn(buckets, SKETCH.uploadLag),
    delivery: quantilesIn(buckets, SKETCH.deliveryLag),
    visibility: quantilesIn(buckets, SKETCH.visibilityLag),
    clamped: sumOf(buckets, COUNTER.clampedLags),
    deliveryMeanMs: deliveryMean(buckets),
    pending: pendingOf(snapshot),
  }),
  levelOf: lagLevel,
  weightOf: ({ upload }) => upload.count,
}

function deliveryMean(buckets: readonly Bucket[]): number | null {
  const count = sumOf(buckets, COUNTER.deliveriesTold)
  return count === 0 ? null : sumOf(buckets, COUNTER.deliveryMsTold) / count
}

/** Devices report one oldest change over all collections, so a single collection's pending age is not known. */
function pendingOf(snapshot: Slice['snapshot']): PendingFigure | null {
  if (snapshot === null || !hasWhole(snapshot)) return null
  return {
    atMs: snapshot.atMs,
    online: quantilesIn(snapshot.buckets, GAUGE_SKETCH.pendingAgeOnline),
    offline: quantilesIn(snapshot.buckets, GAUGE_SKETCH.pendingAgeOffline),
  }
}
