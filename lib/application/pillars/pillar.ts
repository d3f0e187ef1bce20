import { OWN_SOURCE } from '#lib/protocol/ingest.ts'
import type { BucketKey, Split } from '#lib/rollups/bucket.ts'
import { ALL_COLLECTIONS, ALL_DEVICES } from '#lib/rollups/bucket.ts'
import type { Slice } from '#lib/rollups/aggregate.ts'
import { partOf, sliceOf } from '#lib/rollups/aggregate.ts'
import type { BucketPart, Collection, Fleet } from '#lib/storage/ports.ts'
import type { Annotation } from '#lib/telemetry/annotations.ts'
import type {
  Count,
  Level,
  PillarAnswer,
  PillarGroup,
  PillarName,
  PillarPoint,
  Share,
} from '#lib/telemetry/pillars.ts'
import type { Thresholds } from '#lib/telemetry/thresholds.ts'
import { thresholdsOf } from '#lib/telemetry/thresholds.ts'
import type { TelemetryContext } from '#lib/application/telemetry/context.ts'
import { annotationsIn } from './annotations.ts'
import type { RangeQuery, Step, Window } from './window.ts'
import { readWindow } from './window.ts'

/** Groups of one answer; the rest is told as a number. */
const GROUPS_MAX = 20
const TOP_MAX = 10

export interface PillarFilter {
  /** Only this collection; what isn't told by collection (requests, sessions, pending age) is null then. */
  readonly collection?: string | undefined
  readonly platform?: string | undefined
  readonly appVersion?: string | undefined
  /** The engine that told; `tidemark` for the one in here. */
  readonly source?: string | undefined
}

export interface PillarQuery extends RangeQuery, PillarFilter {
  readonly groupBy?: 'collection' | 'platform' | 'appVersion' | 'source' | undefined
}

/** The buckets that tell this apart, and nothing that isn't asked for: the fewer, the faster. */
export function splitFor({
  collection,
  platform,
  appVersion,
  groupBy,
}: Omit<PillarQuery, keyof RangeQuery>): Split {
  const [byVersion, byCollection] = [
    appVersion !== undefined || groupBy === 'appVersion',
    collection !== undefined || groupBy === 'collection',
  ]
  if (platform !== undefined || groupBy === 'platform' || (byVersion && byCollection)) return 'full'
  return byVersion ? 'version' : 'total'
}

/** Whether a bucket is of the part that is asked for. */
export const keeperOf =
  ({ collection, platform, appVersion, source }: PillarFilter) =>
  (key: BucketKey): boolean =>
    (collection === undefined || key.collection === collection) &&
    (platform === undefined || key.platform === platform) &&
    (appVersion === undefined || key.appVersion === appVersion) &&
    (source === undefined || sourceOf(key) === source)

const sourceOf = ({ source }: BucketKey): string => source ?? OWN_SOURCE

/** A pillar with what was done to the fleet meanwhile. */
export interface AnnotatedPillar<F> extends PillarAnswer<F> {
  readonly annotations: readonly Annotation[]
}

/** One pillar's rule: what its figure is, and when it is over its limit. */
export interface PillarRule<F> {
  readonly pillar: PillarName
  /** The parts of buckets that its figure is made of. */
  readonly parts: readonly BucketPart[]
  readonly figureOf: (slice: Slice) => F | null
  readonly levelOf: (figure: F | null, limits: Thresholds) => Level
  /** The larger, the earlier a group is listed. */
  readonly weightOf: (figure: F) => number
}

/** The whole answer for one pillar: figure, points, the time before, groups. */
export async function answerPillar<F>(
  ctx: TelemetryContext,
  query: PillarQuery,
  rule: PillarRule<F>,
): Promise<AnnotatedPillar<F>> {
  const [window, limits, annotations] = await Promise.all([
    readWindow(ctx, query, { split: splitFor(query), parts: rule.parts }),
    limitsFor(ctx, query),
    annotationsIn(ctx, query),
  ])
  return { ...answerFrom(window, rule, limits, query), annotations }
}

/** What a figure is judged by: the collection asked for, or the fleet; and in groups by collection each by its own. */
export interface Limits {
  readonly whole: Thresholds
  readonly ofCollection: (name: string) => Thresholds
}

async function limitsFor(
  ctx: TelemetryContext,
  { fleetId, collection, groupBy }: PillarQuery,
): Promise<Limits> {
  const { fleets, collections } = ctx.storage
  const [fleet, all] = await Promise.all([
    fleets.get(fleetId),
    collection === undefined && groupBy !== 'collection' ? [] : collections.list(fleetId),
  ])
  const limits = limitsOf(fleet, all)
  return { ...limits, whole: collection === undefined ? limits.whole : limits.ofCollection(collection) }
}

/** A collection's own thresholds come before its fleet's. Pure. */
export function limitsOf(
  fleet: Pick<Fleet, 'settings'> | null,
  collections: readonly Pick<Collection, 'name' | 'thresholds'>[],
): Limits {
  const own = new Map(collections.map(({ name, thresholds }) => [name, thresholds]))
  const ofFleet = fleet?.settings.thresholds
  return { whole: thresholdsOf(ofFleet), ofCollection: (name) => thresholdsOf(ofFleet, own.get(name)) }
}

/** As `answerPillar`, of a window that was read already: the overview reads one for all four. */
export function answerFrom<F>(
  window: Window,
  rule: PillarRule<F>,
  limits: Limits,
  { groupBy, ...filter }: PillarFilter & Pick<PillarQuery, 'groupBy'> = {},
): PillarAnswer<F> {
  const { fromMs, toMs, stepMs, asOf } = window
  const keep = Object.values(filter).every((part) => part === undefined) ? EVERYTHING : keeperOf(filter)
  const figure = figureIn(sliceOf(window.buckets), rule, keep)
  const groups = groupBy === undefined ? [] : groupsOf(window, rule, limits, keep, groupBy)
  return {
    pillar: rule.pillar,
    fromMs,
    toMs,
    stepMs,
    figure,
    level: rule.levelOf(figure, limits.whole),
    limits: limits.whole,
    previous: window.before === null ? null : figureIn(sliceOf(window.before), rule, keep),
    points: pointsOf(window.steps, rule, keep),
    previousPoints: pointsOf(window.stepsBefore, rule, keep),
    groups: groups.slice(0, GROUPS_MAX),
    groupsLeftOut: Math.max(0, groups.length - GROUPS_MAX),
    asOf,
  }
}

type Keep = (key: BucketKey) => boolean
const EVERYTHING: Keep = () => true

/** Null when the fleet has no telemetry at all in this stretch, whatever is asked for: a gap and no zero. */
function figureIn<F>(slice: Slice, rule: PillarRule<F>, keep: Keep): F | null {
  if (slice.buckets.length === 0) return null
  return rule.figureOf(keep === EVERYTHING ? slice : partOf(slice, keep))
}

const pointsOf = <F>(steps: readonly Step[], rule: PillarRule<F>, keep: Keep): readonly PillarPoint<F>[] =>
  steps.map(({ atMs, slice }) => ({ atMs, figure: figureIn(slice, rule, keep) }))

function groupsOf<F>(
  { buckets, steps }: Window,
  rule: PillarRule<F>,
  limits: Limits,
  keep: Keep,
  groupBy: NonNullable<PillarQuery['groupBy']>,
): readonly PillarGroup<F>[] {
  const whole = sliceOf(buckets)
  const names = new Set(buckets.filter(({ key }) => keep(key)).map(({ key }) => partIn(key, groupBy)))
  names.delete(groupBy === 'collection' ? ALL_COLLECTIONS : ALL_DEVICES)
  const groups = [...names].flatMap((name) => {
    const inGroup = (key: BucketKey): boolean => keep(key) && partIn(key, groupBy) === name
    const figure = figureIn(whole, rule, inGroup)
    if (figure === null) return []
    const points = pointsOf(steps, rule, inGroup)
    const own = groupBy === 'collection' ? limits.ofCollection(name) : limits.whole
    return [{ key: name, figure, level: rule.levelOf(figure, own), points }]
  })
  return groups.sort((a, b) => rule.weightOf(b.figure) - rule.weightOf(a.figure) || (a.key < b.key ? -1 : 1))
}

const partIn = (key: BucketKey, groupBy: NonNullable<PillarQuery['groupBy']>): string =>
  groupBy === 'source' ? sourceOf(key) : key[groupBy]

/** @param wholeMin under this the share has no rate */
export const shareOf = (part: number, whole: number, wholeMin = 1): Share => ({
  part,
  whole,
  rate: whole < wholeMin ? null : part / whole,
})

/** Counts by key, most frequent first, at most 10. */
export function topOf(counts: Readonly<Record<string, number>>): readonly Count[] {
  const all = Object.entries(counts).map(([key, count]) => ({ key, count }))
  return all.sort((a, b) => b.count - a.count || (a.key < b.key ? -1 : 1)).slice(0, TOP_MAX)
}

/** True when the slice covers what belongs to no single collection. */
export const hasWhole = ({ buckets }: Pick<Slice, 'buckets'>): boolean =>
  buckets.some(({ key }) => key.collection === ALL_COLLECTIONS)
