import { z } from 'zod'
import type { Json } from '#lib/kernel/json.ts'
import { ALERT_RULES_PER_FLEET_MAX } from '#lib/protocol/limits.ts'
import type { AlertRule } from '#lib/telemetry/alerts/rule.ts'
import { auditEntry } from '../access/audit-entry.ts'
import { authorize } from '../access/authorize.ts'
import type { Actor, Context } from '../context.ts'
import { ApplicationError, badRequest, parsedOrThrow } from '../errors.ts'
import { rulesOfFleet, shippedRule, type FleetRule } from './fleet-rules.ts'
import { getRule, type RuleView } from './list-rules.ts'
import { alertRule, checkedRule, ruleFields } from './rule-input.ts'

export const ruleChange = ruleFields.extend({
  /** The one that the person saw; 0 of a shipped rule that nobody changed. */
  version: z.int().min(0),
})
export const ruleReset = z.strictObject({ version: z.int().min(1) })

interface Input {
  readonly actor: Actor
  readonly fleetId: string
  readonly body: unknown
}
type Named = Input & { readonly name: string }

/**
 * POST /alerts/rules: a rule of the fleet's own.
 * @throws ApplicationError `forbidden`, `not_found`, `bad_request`, `already_exists`
 */
export async function createRule(ctx: Context, input: Input): Promise<RuleView> {
  const { actor, fleetId } = input
  authorize(actor, fleetId, 'admin')
  const rule = parsedOrThrow(alertRule, input.body)
  const all = await rulesNow(ctx, fleetId)
  if (all.some((one) => one.rule.name === rule.name)) throw new ApplicationError('already_exists')
  return save(ctx, input, {
    rule: checkedRule(
      rule,
      all.map((one) => one.rule),
    ),
    version: 1,
    before: null,
  })
}

/**
 * PATCH /alerts/rules/:rule: changes a rule, a shipped one for this fleet alone.
 * @throws ApplicationError `forbidden`, `not_found`, `bad_request`, `stale_version`
 */
export async function changeRule(ctx: Context, input: Named): Promise<RuleView> {
  const { actor, fleetId, name } = input
  authorize(actor, fleetId, 'admin')
  const { version, ...said } = parsedOrThrow(ruleChange, input.body)
  const all = await rulesNow(ctx, fleetId)
  const found = seen(all, name, version)
  const given = Object.fromEntries(Object.entries(said).filter(([, value]) => value !== undefined))
  const rule: AlertRule = checkedRule(
    { ...found.rule, ...given },
    all.map((one) => one.rule),
  )
  return save(ctx, input, { rule, version: version + 1, before: found.rule })
}

/**
 * DELETE /alerts/rules/:rule: takes a rule of the fleet's own away; a shipped one is as shipped again.
 * @throws ApplicationError `forbidden`, `not_found`, `bad_request`, `stale_version`
 */
export async function resetRule(ctx: Context, input: Named): Promise<{ readonly name: string }> {
  const { actor, fleetId, name } = input
  authorize(actor, fleetId, 'admin')
  const { version } = parsedOrThrow(ruleReset, input.body)
  const { rule } = seen(await rulesNow(ctx, fleetId), name, version)
  const isShipped = shippedRule(name) !== null
  const audit = auditEntry(ctx, actor, {
    action: isShipped ? 'alert-rule.reset' : 'alert-rule.remove',
    target: name,
    fleetId,
    before: asJson(rule),
  })
  if ((await ctx.storage.alerts.removeRule(fleetId, name, version, audit)) === 'stale')
    throw new ApplicationError('stale_version')
  return { name }
}

const rulesNow = async (ctx: Context, fleetId: string): Promise<readonly FleetRule[]> =>
  rulesOfFleet(await ctx.storage.alerts.rules(fleetId))

function seen(all: readonly FleetRule[], name: string, version: number): FleetRule {
  const found = all.find(({ rule }) => rule.name === name)
  if (!found) throw new ApplicationError('not_found')
  if (found.version !== version)
    throw new ApplicationError('stale_version', { extra: { version: found.version } })
  return found
}

async function save(
  ctx: Context,
  { actor, fleetId }: Input,
  {
    rule,
    version,
    before,
  }: { readonly rule: AlertRule; readonly version: number; readonly before: AlertRule | null },
): Promise<RuleView> {
  const audit = auditEntry(ctx, actor, {
    action: before === null ? 'alert-rule.create' : 'alert-rule.change',
    target: rule.name,
    fleetId,
    before: before && asJson(before),
    after: asJson(rule),
  })
  const stored = {
    fleetId,
    rule,
    version,
    changedAtMs: ctx.clock.now(),
    changedBy: { id: actor.id, name: actor.name },
  }
  const outcome = await ctx.storage.alerts.saveRule(stored, ALERT_RULES_PER_FLEET_MAX, audit)
  if (outcome === 'stale') throw new ApplicationError('stale_version')
  if (outcome === 'full')
    throw badRequest([
      { path: '', message: `a fleet has at most ${ALERT_RULES_PER_FLEET_MAX} rules other than shipped` },
    ])
  return getRule(ctx, { actor, fleetId, name: rule.name })
}

/** Plain data by its type; it has no undefined members once it was parsed. */
const asJson = (rule: AlertRule): Json => JSON.parse(JSON.stringify(rule)) as Json
