import { z } from 'zod'
import { RULE_TEST_STEPS_MAX } from '#lib/protocol/limits.ts'
import { TIER_KEPT_MS, TIER_MS } from '#lib/rollups/bucket.ts'
import { ALERT_COUNTERS, ALERT_GAUGES, GROUPINGS } from '#lib/telemetry/alerts/measures.ts'
import type { Episode } from '#lib/telemetry/alerts/replay-rule.ts'
import { replayRule, runRuleTest } from '#lib/telemetry/alerts/replay-rule.ts'
import type { AlertRule, GroupLabels } from '#lib/telemetry/alerts/rule.ts'
import { labelsOf } from '#lib/telemetry/alerts/rule.ts'
import type { FleetSeries } from '#lib/telemetry/alerts/series.ts'
import { authorize } from '../access/authorize.ts'
import type { Actor, Context } from '../context.ts'
import { ApplicationError, parsedOrThrow } from '../errors.ts'
import { readFleetLimits } from './fleet-limits.ts'
import { rulesOfFleet } from './fleet-rules.ts'
import { isPastKept, leadMs, POINTS_MAX, pointsOf, readPastParts, type PastPoint } from './past-of-rule.ts'
import { alertRule, checkedRule } from './rule-input.ts'

const DAY_MS = 86_400_000
export const PREVIEW_DAYS = { default: 30, max: 30 } as const
/** Of a month some nine thousand steps; what a rule looks at by the minute is looked at by five. */
const STEP_MS = TIER_MS.total_five
/** Parts that are replayed, the busiest; the others are a number. */
const PARTS_MAX = 20
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
  readonly points: readonly PastPoint[]
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
  const stored = await ctx.storage.alerts.rules(fleetId)
  const rule = checkedRule(
    asked,
    rulesOfFleet(stored).map((one) => one.rule),
  )
  const toMs = Math.floor(ctx.clock.now() / STEP_MS) * STEP_MS
  const fromMs = toMs - days * DAY_MS
  const past = isPastKept(rule) ? await replayPast(ctx, fleetId, rule, fromMs, toMs) : null
  return { fromMs, toMs, stepMs: STEP_MS, past, tests: tests.map((test) => runRuleTest(rule, test)) }
}

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
  const all = await readPastParts(ctx, fleetId, rule, { fromMs: fromMs - lead, toMs, stepMs: STEP_MS })
  const parts = all.slice(0, PARTS_MAX)
  const series: FleetSeries = {
    fromMs: fromMs - lead,
    stepMs: STEP_MS,
    parts,
    limits: await readFleetLimits(ctx, fleet),
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
