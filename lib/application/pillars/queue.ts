import type { Slice } from '#lib/rollups/aggregate.ts'
import { gaugeMax, gaugeSum, quantilesIn } from '#lib/rollups/aggregate.ts'
import type { Bucket } from '#lib/rollups/bucket.ts'
import { ALL_COLLECTIONS } from '#lib/rollups/bucket.ts'
import { GAUGE, GAUGE_SKETCH } from '#lib/rollups/counters.ts'
import type { QueueDevices, QueueFigure } from '#lib/telemetry/pillars.ts'
import { queueLevel } from '#lib/telemetry/thresholds.ts'
import type { TelemetryContext } from '#lib/application/telemetry/context.ts'
import type { AnnotatedPillar, PillarQuery, PillarRule } from './pillar.ts'
import { answerPillar } from './pillar.ts'

/** Queue depth: of a range the newest snapshot in it, never a sum over time. */
export const queue = (ctx: TelemetryContext, query: PillarQuery): Promise<AnnotatedPillar<QueueFigure>> =>
  answerPillar(ctx, query, QUEUE)

export const QUEUE: PillarRule<QueueFigure> = {
  pillar: 'queue',
  parts: ['sketches', 'gauges'],
  figureOf,
  levelOf: queueLevel,
  weightOf: ({ depth }) => depth ?? 0,
}

function figureOf({ snapshot }: Slice): QueueFigure | null {
  if (snapshot === null || snapshot.buckets.length === 0) return null
  const whole = snapshot.buckets.filter(({ key }) => key.collection === ALL_COLLECTIONS)
  const openDeadLetters = gaugeSum(whole, GAUGE.openDeadLetters)
  const openConflicts = gaugeSum(whole, GAUGE.openConflicts)
  return {
    atMs: snapshot.atMs,
    // The collections' depths are parts of the whole one: adding both would count twice.
    depth: gaugeSum(whole.length > 0 ? whole : snapshot.buckets, GAUGE.queueDepth) ?? depthOfNone(whole),
    depthOfEngines: gaugeSum(whole.filter(isOfEngine), GAUGE.queueDepth) ?? 0,
    devices: whole.length > 0 ? devicesOf(whole) : null,
    server: openDeadLetters === null || openConflicts === null ? null : { openDeadLetters, openConflicts },
  }
}

/** Where there is no device none holds a change, as far as our own are meant; of others it isn't known. */
const depthOfNone = (whole: readonly Bucket[]): number | null =>
  whole.some(({ key }) => key.source === undefined) && (gaugeSum(whole, GAUGE.devices) ?? 0) === 0 ? 0 : null

/** Devices of another engine have no report, so that what is told of its queue is told as a whole. */
const isOfEngine = ({ key }: Bucket): boolean => key.source !== undefined

function devicesOf(whole: readonly Bucket[]): QueueDevices {
  return {
    total: gaugeSum(whole, GAUGE.devices) ?? 0,
    pending: gaugeSum(whole, GAUGE.devicesPending),
    depth: quantilesIn(whole, GAUGE_SKETCH.queueDepths),
    oldestAgeMs: gaugeMax(whole, GAUGE.oldestPendingAgeMs),
    reportAge: quantilesIn(whole, GAUGE_SKETCH.reportAge),
  }
}
