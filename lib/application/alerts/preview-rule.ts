import { z } from 'zod'
import { RULE_TEST_STEPS_MAX } from '#lib/protocol/limits.ts'
import type { Bucket } from '#lib/rollups/bucket.ts'
import { ALL_COLLECTIONS, TIER_KEPT_MS, TIER_MS } from '#lib/rollups/bucket.ts'
import { ALERT_COUNTERS, ALERT_GAUGES, GROUPINGS, measureOf } from '#lib/telemetry/alerts/measures.ts'
import type { AlertCounter } from '#lib/telemetry/alerts/measures.ts'
import type { Reading } from '#lib/telemetry/alerts/read-condition.ts'
import type { Episode, Replay } from '#lib/telemetry/alerts/replay-rule.ts'
import { replayRule, runRuleTest, worseOf } from '#lib/telemetry/alerts/replay-rule.ts'
import type { AlertRule, GroupLabels } from '#lib/telemetry/alerts/rule.ts'
import { ANOMALY_WEEKS, labelsOf, WEEK_MS } from '#lib/telemetry/alerts/rule.ts'
import type { FleetSeries, PartSeries } from '#lib/telemetry/alerts/series.ts'
import type { Part } from '#lib/telemetry/alerts/signals.ts'
import { thresholdsOf } from '#lib/telemetry/thresholds.ts'
import { authorize } from '../access/authorize.ts'
import type { Actor, Context } from '../context.ts'
import { ApplicationError, parsedOrThrow } from '../errors.ts'
import { readBuckets } from '../pillars/read-buckets.ts'
import { alertCounters, partsOfTotal, partsOfVersion } from './counters.ts'
import { gaugesOf } from './fleet-figures.ts'
import { alertRule, checkedRule } from './rule-input.ts'

const DAY_MS = 86_400_000
export const PREVIEW_DAYS = { default: 30, max: 30 } as const
/** Of a month some nine thousand steps; what a rule looks at by the minute is looked at by five. */
const STEP_MS = TIER_MS.total_five
/** Parts that are replayed, the busiest; the others are a number. */
const PARTS_MAX = 20
/** Points of the figure that a chart shows. */
const POINTS_MAX = 1_500
const EPISODES_MAX = 200

const values = z.array(z.number().nullable()).max(RULE_TEST_STEPS_MAX)
const ruleTest = z.strictObject({
  given: z.strictObject({
    fromMs: z.int(),
    stepMs: z.int().min(1_000).max(DAY_MS),
    parts: z
      .array(
        z.strictObject({
          by: z.enum(GROUPINGS),
          key: z.string().max(200),
          counters: z.partialRecord(z.enum(ALERT_COUNTERS), values),
          gauges: z.partialRecord(z.enum(ALERT_GAUGES), values),
        }),
      )
      .min(1)
      .max(5),
  }),
  expect: z
    .array(
      z.strictObject({
        atMs: z.int(),
        key: z.string().max(200),
        status: z.enum(['inactive', 'pending', 'firing', 'no_data']),
      }),
    )
    .min(1)
    .max(100),
})
export const previewInput = z.strictObject({
  rule: alertRule,
  days: z.int().min(1).max(PREVIEW_DAYS.max).optional(),
  /** Series that are given, and where the rule has to stand when. */
  tests: z.array(ruleTest).max(10).optional(),
})

export interface RulePreview {
  readonly fromMs: number
  readonly toMs: number
  readonly stepMs: number
  /** Null where the past of its figure isn't kept: breakers, what waits for a person, how far folding is behind. */
  readonly past: RulePast | null
  /** What each test finds otherwise; empty where it passes. */
  readonly tests: readonly (readonly {
    readonly atMs: number
    readonly key: string
    readonly status: string | null
  }[])[]
}

export interface RulePast {
  readonly fired: number
  readonly firingMs: number
  readonly episodes: readonly (Omit<Episode, 'key'> & { readonly group: GroupLabels })[]
  /** Of the part that fired most, or is the busiest: its figure and its bound, null where not known. */
  readonly points: readonly {
    readonly atMs: number
    readonly value: number | null
    readonly bound: number | null
  }[]
  readonly pointsOf: GroupLabels
  readonly partsLeftOut: number
}

/**
 * What a rule would have done, before anybody saves it. Changes nothing.
 * @throws ApplicationError `forbidden`, `not_found`, `bad_request`
 */
export async function previewRule(
  ctx: Pick<Context, 'storage' | 'clock'>,
  input: { readonly actor: Actor; readonly fleetId: string; readonly body: unknown },
): Promise<RulePreview> {
  const { actor, fleetId } = input
  authorize(actor, fleetId, 'operator')
  const { rule: asked, days = PREVIEW_DAYS.default, tests = [] } = parsedOrThrow(previewInput, input.body)
  const rule = checkedRule(asked, [])
  const toMs = Math.floor(ctx.clock.now() / STEP_MS) * STEP_MS
  const fromMs = toMs - days * DAY_MS
  const past = isKept(rule) ? await replayPast(ctx, fleetId, rule, fromMs, toMs) : null
  return { fromMs, toMs, stepMs: STEP_MS, past, tests: tests.map((test) => runRuleTest(rule, test)) }
}

/** One point for so many steps: the worst of them, so that what fired is seen to be over its bound. */
function pointsOf(rule: AlertRule, { steps, readings }: Replay, every: number): RulePast['points'] {
  const isWorse = worseOf(rule)
  return steps.flatMap(({ atMs }, first) => {
    if (first % every !== 0) return []
    const known = readings.slice(first, first + every).filter((reading) => reading !== null)
    const worst = known.reduce<Reading | null>((before, one) => {
      const than = before?.value ?? null
      return than === null || (one.value !== null && isWorse(one.value, than)) ? one : before
    }, null)
    return [{ atMs, value: worst?.value ?? null, bound: worst?.bound ?? null }]
  })
}

function isKept({ condition }: AlertRule): boolean {
  if (!('measure' in condition)) return true
  const measure = measureOf(condition.measure)
  if (measure.kind !== 'gauge') return true
  return KEPT_GAUGES.has(measure.gauge)
}
const KEPT_GAUGES: ReadonlySet<string> = new Set(gaugesOf([]).map(([gauge]) => gauge))

async function replayPast(
  ctx: Pick<Context, 'storage' | 'clock'>,
  fleetId: string,
  rule: AlertRule,
  fromMs: number,
  toMs: number,
): Promise<RulePreview['past']> {
  const fleet = await ctx.storage.fleets.get(fleetId)
  if (!fleet) throw new ApplicationError('not_found')
  const lead = Math.min(leadMs(rule), TIER_KEPT_MS.minute - (toMs - fromMs))
  const all = await readParts(ctx, fleetId, rule, fromMs - lead, toMs)
  const parts = all.slice(0, PARTS_MAX)
  const series: FleetSeries = {
    fromMs: fromMs - lead,
    stepMs: STEP_MS,
    parts,
    limits: thresholdsOf(fleet.settings.thresholds),
  }
  const { episodes } = replayRule(rule, series, fromMs)
  const firingMs = episodes.reduce(
    (sum, { firedAtMs, endedAtMs }) => sum + ((endedAtMs ?? toMs) - firedAtMs),
    0,
  )
  const chosen = parts.find((part) => part.key === episodes[0]?.key) ?? parts[0]
  const shown = chosen ? replayRule(rule, { ...series, parts: [chosen] }, fromMs) : null
  const every = Math.ceil((shown?.steps.length ?? 0) / POINTS_MAX) || 1
  return {
    fired: episodes.length,
    firingMs,
    episodes: episodes.slice(0, EPISODES_MAX).map(({ key, ...rest }) => ({
      ...rest,
      group: labelsOf(rule.groupBy, key),
    })),
    points: shown === null ? [] : pointsOf(rule, shown, every),
    pointsOf: labelsOf(rule.groupBy, chosen?.key ?? ''),
    partsLeftOut: all.length - parts.length,
  }
}

/** How far back the first evaluation looks. What is kept no more isn't known: an anomaly is judged from where its weeks are. */
function leadMs({ condition }: AlertRule): number {
  switch (condition.kind) {
    case 'threshold':
      return condition.windowMs
    case 'burn_rate':
      return Math.max(...condition.windows.map(({ longMs }) => longMs))
    case 'absence':
      return condition.windowMs + condition.before.windowMs
    case 'anomaly':
      return condition.windowMs + ANOMALY_WEEKS * WEEK_MS
  }
}

type Growing = { -readonly [K in 'by' | 'key']: Part[K] } & {
  counters: Partial<Record<AlertCounter, (number | null)[]>>
  gauges: Partial<Record<string, (number | null)[]>>
  weight: number
}

/** The parts that the rule looks at, the busiest first, in steps of five minutes. */
async function readParts(
  { storage }: Pick<Context, 'storage'>,
  fleetId: string,
  rule: AlertRule,
  fromMs: number,
  toMs: number,
): Promise<readonly PartSeries[]> {
  const byVersion = rule.groupBy === 'version'
  const buckets = await readBuckets(
    storage.telemetry,
    fleetId,
    { fromMs, toMs, stepMs: STEP_MS },
    {
      split: byVersion ? 'version' : 'total',
      parts: needsSketches(rule) ? ['counters', 'gauges', 'sketches'] : ['counters', 'gauges'],
    },
  )
  const steps = Math.round((toMs - fromMs) / STEP_MS)
  const parts = new Map<string, Growing>()
  const heard = new Set<number>()
  const snapshots = new Map<string, Bucket[]>()
  for (const bucket of buckets) {
    const step = Math.floor((bucket.key.startMs - fromMs) / STEP_MS)
    heard.add(step)
    const of = (byVersion ? partsOfVersion : partsOfTotal)(bucket.key).filter(({ by }) => by === rule.groupBy)
    for (const { by, key } of of) {
      const part = parts.get(key) ?? { by, key, counters: {}, gauges: {}, weight: 0 }
      parts.set(key, part)
      for (const [counter, value] of alertCounters(bucket.counters)) {
        const column = (part.counters[counter] ??= Array.from<number | null>({ length: steps }).fill(null))
        column[step] = (column[step] ?? 0) + value
        part.weight += value
      }
      if (bucket.gaugesAtMs > 0 && bucket.key.collection === ALL_COLLECTIONS) {
        const name = `${step} ${key}`
        snapshots.set(name, [...(snapshots.get(name) ?? []), bucket])
      }
    }
  }
  fillGauges(parts, snapshots, steps)
  for (const part of parts.values()) fillHeard(part, heard, steps)
  return [...parts.values()].sort((a, b) => b.weight - a.weight) as readonly PartSeries[]
}

function fillGauges(
  parts: ReadonlyMap<string, Growing>,
  snapshots: ReadonlyMap<string, readonly Bucket[]>,
  steps: number,
): void {
  for (const [name, buckets] of snapshots) {
    const at = name.indexOf(' ')
    const part = parts.get(name.slice(at + 1))
    const newest = Math.max(...buckets.map(({ gaugesAtMs }) => gaugesAtMs))
    if (!part) continue
    for (const [gauge, value] of gaugesOf(buckets.filter(({ gaugesAtMs }) => gaugesAtMs === newest))) {
      const column = (part.gauges[gauge] ??= Array.from<number | null>({ length: steps }).fill(null))
      column[Number(name.slice(0, at))] = value
    }
  }
}

/** Where the fleet was heard and a part of it not, it is 0; where nobody was, it isn't known. */
function fillHeard(part: Growing, heard: ReadonlySet<number>, steps: number): void {
  const [column] = Object.values(part.counters)
  const known = column ?? (part.counters.requests = Array.from<number | null>({ length: steps }).fill(null))
  for (const step of heard) if (step >= 0 && step < steps) known[step] ??= 0
}

const needsSketches = ({ condition }: AlertRule): boolean =>
  'measure' in condition && (condition.measure === 'pendingAge' || condition.measure === 'stuckShare')
