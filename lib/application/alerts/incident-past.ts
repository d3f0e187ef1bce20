import { TIER_KEPT_MS, TIER_MS } from '#lib/rollups/bucket.ts'
import type { Annotation } from '#lib/telemetry/annotations.ts'
import { leadOf } from '#lib/telemetry/alerts/fold-incidents.ts'
import { replayRule, worseOf } from '#lib/telemetry/alerts/replay-rule.ts'
import type { AlertRule, GroupLabels } from '#lib/telemetry/alerts/rule.ts'
import { keyOfLabels, labelsOf } from '#lib/telemetry/alerts/rule.ts'
import { authorize } from '../access/authorize.ts'
import type { Actor, Context } from '../context.ts'
import { ApplicationError } from '../errors.ts'
import { annotationsIn } from '../pillars/annotations.ts'
import { readFleetLimits } from './fleet-limits.ts'
import { rulesOfFleet } from './fleet-rules.ts'
import type { IncidentView } from './incidents.ts'
import { isPastKept, leadMs, POINTS_MAX, pointsOf, readPastParts, type PastPoint } from './past-of-rule.ts'

/** The figure that an incident is about, from before it began until now or until it was over. Times in Unix ms. */
export interface IncidentPast {
  /** As the fleet has it now. */
  readonly rule: AlertRule
  /** It was changed after the incident had begun: the bound is not the one that it began by. */
  readonly ruleChanged: boolean
  readonly group: GroupLabels
  readonly fromMs: number
  readonly toMs: number
  readonly stepMs: number
  readonly points: readonly PastPoint[]
  /** The worst of it since the incident began; null where nothing is known. */
  readonly worst: number | null
  /** What was done to the fleet meanwhile. */
  readonly annotations: readonly Annotation[]
}

/** What came before it, and what came after it: so much of each is shown. */
const BEFORE_MS = 60 * 60_000
const AFTER_MS = 30 * 60_000
/** Of so much with what its windows look back on it is known minute by minute; of more in steps of five. */
const BY_MINUTE_MAX_MS = 12 * 60 * 60_000

/**
 * The past of what fires in an incident, or fired; of several rules the one that it is called by. Null where that is not
 * kept, or where the fleet has the rule no more.
 * @throws ApplicationError `not_found`
 */
export async function incidentPast(
  ctx: Pick<Context, 'storage' | 'clock'>,
  {
    actor,
    incident,
  }: {
    readonly actor: Actor
    readonly incident: Pick<IncidentView, 'fleetId' | 'alerts' | 'openedAtMs' | 'resolvedAtMs'>
  },
): Promise<IncidentPast | null> {
  const { fleetId, alerts, openedAtMs, resolvedAtMs } = incident
  authorize(actor, fleetId, 'viewer')
  const lead = leadOf(alerts)
  if (!lead) return null
  const [fleet, stored] = await Promise.all([
    ctx.storage.fleets.get(fleetId),
    ctx.storage.alerts.rules(fleetId),
  ])
  if (!fleet) throw new ApplicationError('not_found')
  const found = rulesOfFleet(stored).find(({ rule }) => rule.name === lead.rule)
  if (!found || !isPastKept(found.rule)) return null
  const { rule, changed } = found
  const key = keyOfLabels(rule.groupBy, lead.group)
  if (key === null) return null
  const nowMs = ctx.clock.now()
  const untilMs = Math.min(nowMs, (resolvedAtMs ?? nowMs) + AFTER_MS)
  const sinceMs = Math.max(openedAtMs - BEFORE_MS, nowMs - TIER_KEPT_MS.minute)
  const backMs = leadMs(rule)
  const stepMs = untilMs - sinceMs + backMs <= BY_MINUTE_MAX_MS ? TIER_MS.total_minute : TIER_MS.total_five
  // The step that is running belongs to it: what fired just now is in no other.
  const toMs = Math.ceil(untilMs / stepMs) * stepMs
  const fromMs = Math.min(Math.floor(sinceMs / stepMs) * stepMs, toMs - stepMs)
  const firstMs = fromMs - Math.ceil(Math.min(backMs, TIER_KEPT_MS.minute) / stepMs) * stepMs
  const [parts, limits, annotations] = await Promise.all([
    readPastParts(ctx, fleetId, rule, { fromMs: firstMs, toMs, stepMs }),
    readFleetLimits(ctx, fleet),
    annotationsIn(ctx, { fleetId, fromMs, toMs }),
  ])
  const part = parts.find((one) => one.key === key)
  const replay = part ? replayRule(rule, { fromMs: firstMs, stepMs, parts: [part], limits }, fromMs) : null
  const every = Math.ceil((replay?.steps.length ?? 0) / POINTS_MAX) || 1
  const points = replay === null ? [] : pointsOf(rule, replay, every)
  const isWorse = worseOf(rule)
  const worst = points
    .filter(({ atMs }) => atMs >= openedAtMs)
    .reduce<number | null>(
      (than, { value }) => (value !== null && (than === null || isWorse(value, than)) ? value : than),
      null,
    )
  return {
    rule,
    ruleChanged: changed !== null && changed.changedAtMs > openedAtMs,
    group: labelsOf(rule.groupBy, key),
    fromMs,
    toMs,
    stepMs: stepMs * every,
    points,
    worst,
    annotations,
  }
}
