import type { Slice } from '#lib/rollups/aggregate.ts'
import { noteCut, sliceOf } from '#lib/rollups/aggregate.ts'
import type { BucketPart } from '#lib/storage/ports.ts'
import type { Bucket, Split } from '#lib/rollups/bucket.ts'
import { TIER_KEPT_MS, TIER_MS } from '#lib/rollups/bucket.ts'
import type { AsOf } from '#lib/telemetry/pillars.ts'
import type { TelemetryContext } from '#lib/application/telemetry/context.ts'
import { readBuckets } from './read-buckets.ts'

const MINUTE = TIER_MS.minute
const HOUR = TIER_MS.hour
const DAY = 24 * HOUR
const POINTS_MAX = 1_500
/** Longer ranges are read by the hour but for their edges: minutes would be too many rows. */
const MINUTE_TIER_SPAN_MAX_MS = 26 * HOUR
/** Enough for a smooth line; an automatic step gives at most this many. */
const POINTS_AIMED = 300
const STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1_440, 2_880].map((minutes) => minutes * MINUTE)

export interface RangeQuery {
  readonly fleetId: string
  readonly fromMs: number
  readonly toMs: number
  /** Length of a point; rounded up to whole minutes, and longer when it would give over 1,500 points. */
  readonly stepMs?: number | undefined
}

/** The buckets of a range and of the same length of time before it; each moment is in one of them. */
export interface Window {
  readonly fromMs: number
  readonly toMs: number
  readonly stepMs: number
  readonly buckets: readonly Bucket[]
  /** Null when the time before is no longer kept as finely. */
  readonly before: readonly Bucket[] | null
  /** Both cut into their steps, once for all pillars. */
  readonly steps: readonly Step[]
  readonly stepsBefore: readonly Step[]
  readonly asOf: AsOf
}
export interface Step {
  readonly atMs: number
  readonly slice: Slice
}

const floorTo = (ms: number, unit: number): number => Math.floor(ms / unit) * unit
const ceilTo = (ms: number, unit: number): number => Math.ceil(ms / unit) * unit

interface Stretch extends Pick<Window, 'fromMs' | 'toMs' | 'stepMs'> {
  readonly beforeKept: boolean
}

function stretchOf(query: RangeQuery, nowMs: number, pointsAimed = POINTS_AIMED): Stretch {
  const keptFromMs = floorTo(nowMs - TIER_KEPT_MS.minute, HOUR) + HOUR
  const aged = query.fromMs < keptFromMs
  const fromMs = floorTo(query.fromMs, aged ? HOUR : MINUTE)
  const toMs = Math.max(ceilTo(query.toMs, aged ? HOUR : MINUTE), fromMs + MINUTE)
  const span = toMs - fromMs
  const unit = aged || span > MINUTE_TIER_SPAN_MAX_MS ? HOUR : MINUTE
  const stepMs = stepFor(span, query.stepMs, unit, pointsAimed)
  return { fromMs, toMs, stepMs, beforeKept: aged || fromMs - span >= keptFromMs }
}

/** What of the buckets is wanted. */
export interface Wanted {
  /** How they are kept apart. */
  readonly split: Split
  readonly parts?: readonly BucketPart[]
}

/** Whole minutes around a range, whole hours where only hours are kept: what each of these reads. */
export function wholeRange(query: RangeQuery, nowMs: number): Pick<Window, 'fromMs' | 'toMs'> {
  const { fromMs, toMs } = stretchOf(query, nowMs)
  return { fromMs, toMs }
}

/** The buckets of a range, for figures of all of it: the coarsest that make it up. */
export async function readWhole(
  ctx: TelemetryContext,
  query: RangeQuery,
  wanted: Wanted,
): Promise<Pick<Window, 'fromMs' | 'toMs' | 'buckets'>> {
  const range = wholeRange(query, ctx.clock.now())
  const buckets = await readBuckets(ctx.storage.telemetry, query.fleetId, range, wanted)
  return { ...range, buckets }
}

/** The buckets of a range alone, as `readWindow` has them: for what is compared with no time before. */
export async function readRange(
  ctx: TelemetryContext,
  query: RangeQuery,
  wanted: Wanted,
  pointsAimed?: number,
): Promise<Pick<Window, 'fromMs' | 'toMs' | 'stepMs' | 'buckets'>> {
  const { fromMs, toMs, stepMs } = stretchOf(query, ctx.clock.now(), pointsAimed)
  const range = { fromMs, toMs, stepMs }
  const buckets = await readBuckets(ctx.storage.telemetry, query.fleetId, range, wanted)
  return { ...range, buckets }
}

/** Reads what every pillar needs of a range, once. A range given in whole minutes is met exactly. */
export async function readWindow(ctx: TelemetryContext, query: RangeQuery, wanted: Wanted): Promise<Window> {
  const nowMs = ctx.clock.now()
  const { fromMs, toMs, stepMs, beforeKept } = stretchOf(query, nowMs)
  const span = toMs - fromMs
  const port = ctx.storage.telemetry
  const read = (from: number, to: number) =>
    readBuckets(port, query.fleetId, { fromMs: from, toMs: to, stepMs }, wanted)
  const [buckets, before, oldestMs] = await Promise.all([
    read(fromMs, toMs),
    beforeKept ? read(fromMs - span, fromMs) : null,
    port.oldestUnfoldedMs(query.fleetId),
  ])
  const foldLagMs = oldestMs === null ? 0 : Math.max(0, nowMs - oldestMs)
  const cut = (all: readonly Bucket[], from: number, to: number): readonly Step[] =>
    stepsOf(all, from, to, stepMs).map((step) => ({ atMs: step.atMs, slice: sliceOf(step.buckets) }))
  const steps = cut(buckets, fromMs, toMs)
  const stepsBefore = before === null ? [] : cut(before, fromMs - span, fromMs)
  return { fromMs, toMs, stepMs, buckets, before, steps, stepsBefore, asOf: { nowMs, foldLagMs } }
}

function stepFor(span: number, asked: number | undefined, unit: number, pointsAimed: number): number {
  const least = Math.max(unit, ceilTo(span / (POINTS_MAX - 1), unit))
  // Steps of an hour and more are whole hours, so that no hour's bucket belongs to two points.
  if (asked !== undefined) return Math.max(least, ceilTo(asked, asked > HOUR ? HOUR : unit))
  const step = STEPS.find((candidate) => candidate >= unit && span / candidate <= pointsAimed)
  return step ?? ceilTo(span / pointsAimed, DAY)
}

/** The buckets of each step of [fromMs, toMs): steps start at whole multiples, so the first may be a part of one. */
export function stepsOf(
  buckets: readonly Bucket[],
  fromMs: number,
  toMs: number,
  stepMs: number,
): readonly { atMs: number; buckets: readonly Bucket[] }[] {
  const steps: { atMs: number; buckets: Bucket[] }[] = []
  const first = floorTo(fromMs, stepMs)
  for (let startMs = first; startMs < toMs; startMs += stepMs)
    steps.push({ atMs: Math.max(startMs, fromMs), buckets: [] })
  for (const bucket of buckets) steps[Math.floor((bucket.key.startMs - first) / stepMs)]?.buckets.push(bucket)
  noteCut(
    buckets,
    steps.map((step) => step.buckets),
  )
  return steps
}
