import { z } from 'zod'
import { RULE_FIELDS, type RuleKey } from '#lib/query/alert-fields.ts'
import { matchesFilter, type RowReader } from '#lib/query/matches-filter.ts'
import type { TrackedPart } from '#lib/storage/ports.ts'
import type { GroupLabels } from '#lib/telemetry/alerts/rule.ts'
import { labelsOf } from '#lib/telemetry/alerts/rule.ts'
import type { AlertStatus } from '#lib/telemetry/alerts/tracker.ts'
import { statusOf } from '#lib/telemetry/alerts/tracker.ts'
import { authorize } from '../access/authorize.ts'
import type { Actor, Context } from '../context.ts'
import { ApplicationError, parsedOrThrow } from '../errors.ts'
import { filterInput, filterOrThrow } from '../filter.ts'
import { rulesOfFleet, type FleetRule } from './fleet-rules.ts'
import { runbookOf } from './notice-of.ts'

export const rulesQuery = z.looseObject({ q: filterInput(RULE_FIELDS) })

/** A rule as it is shown, with where it stands. Times in Unix ms. */
export interface RuleView extends FleetRule {
  /** Those parts of the fleet for which it is not inactive. */
  readonly parts: readonly RulePart[]
  /** When it began to fire last, for any part; null where none of the newest INCIDENTS_LOOKED_AT incidents is of it. */
  readonly lastFiredMs: number | null
  readonly runbook: string
}
export interface RulePart {
  readonly group: GroupLabels
  readonly status: AlertStatus
  /** Since when it is so; of what isn't known, since when it isn't. */
  readonly sinceMs: number
}

interface Input {
  readonly actor: Actor
  readonly fleetId: string
}
type Deps = Pick<Context, 'storage' | 'clock'>

/** The rules of a fleet that match `q`, in their order. @throws ApplicationError `not_found`, `bad_request` */
export async function listRules(
  ctx: Deps,
  { actor, fleetId, query }: Input & { readonly query: unknown },
): Promise<readonly RuleView[]> {
  authorize(actor, fleetId, 'viewer')
  const filter = filterOrThrow(parsedOrThrow(rulesQuery, query).q, RULE_FIELDS)
  return (await ruleViews(ctx, fleetId)).filter((row) => matchesFilter(row, filter, RULE_FIELDS, READER))
}

/** @throws ApplicationError `not_found` */
export async function getRule(
  ctx: Deps,
  { actor, fleetId, name }: Input & { readonly name: string },
): Promise<RuleView> {
  authorize(actor, fleetId, 'viewer')
  const found = (await ruleViews(ctx, fleetId)).find(({ rule }) => rule.name === name)
  if (!found) throw new ApplicationError('not_found')
  return found
}

/** Of before them a rule's last time is told by the list of incidents. */
const INCIDENTS_LOOKED_AT = 200

async function ruleViews({ storage, clock }: Deps, fleetId: string): Promise<readonly RuleView[]> {
  const nowMs = clock.now()
  const [{ rules, states }, { items }] = await Promise.all([
    storage.alerts.input(fleetId, nowMs),
    storage.alerts.incidents(fleetId, null, { limit: INCIDENTS_LOOKED_AT, cursor: null }),
  ])
  const fired = new Map<string, number>()
  for (const { rule, startedAtMs } of items.flatMap(({ alerts }) => alerts))
    fired.set(rule, Math.max(fired.get(rule) ?? 0, startedAtMs))
  return rulesOfFleet(rules).map((one) => ({
    ...one,
    parts: states
      .filter(({ rule, by }) => rule === one.rule.name && by === one.rule.groupBy)
      .map((part) => shownPart(part, one, nowMs)),
    lastFiredMs: fired.get(one.rule.name) ?? null,
    runbook: runbookOf(one.rule.name),
  }))
}

function shownPart({ by, key, tracked }: TrackedPart, { rule }: FleetRule, nowMs: number): RulePart {
  const status = statusOf(tracked, rule, nowMs)
  const { held, blindSinceMs } = tracked
  const heldSinceMs = held.kind === 'firing' ? held.firedAtMs : held.kind === 'pending' ? held.sinceMs : nowMs
  return {
    group: labelsOf(by, key),
    status,
    sinceMs: status === 'no_data' ? (blindSinceMs ?? nowMs) : heldSinceMs,
  }
}

const READER: RowReader<RuleView, RuleKey> = {
  values: {
    severity: ({ rule }) => [rule.severity],
    family: ({ rule }) => [rule.family],
    rule: ({ rule }) => [rule.name],
    origin: ({ origin }) => [origin],
    is: ({ rule, parts }) => [rule.enabled ? 'on' : 'off', ...parts.map(({ status }) => status)],
  },
  words: ({ rule }) => [rule.name, rule.title],
}
