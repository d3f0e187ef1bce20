import { z } from 'zod'
import type { Override } from '#lib/engine/breaker/override.ts'
import {
  APPROVED_WITHIN_MS,
  EXPIRES_AFTER_DEFAULT_MS,
  EXPIRES_AFTER_MAX_MS,
  liveAt,
  phaseOf,
} from '#lib/engine/breaker/override.ts'
import { isoTime } from '#lib/protocol/mutation.ts'
import type { BreakerControl } from '#lib/storage/ports.ts'
import type { Context } from '../context.ts'
import { badRequest, parsedOrThrow } from '../errors.ts'
import type { BreakerInput } from './control.ts'
import {
  commandedScope,
  controlSeen,
  controlVersion,
  overrideReason,
  personOf,
  saveControl,
} from './control.ts'
import { needsSecondPerson } from './second-person.ts'

export const overrideInput = z.strictObject({
  kind: z.enum(['forced_open', 'forced_closed', 'metrics_only']),
  reason: overrideReason,
  /** Left out: an hour after it starts. At most a day after. */
  expiresAt: isoTime.optional(),
  /** Left out: now. */
  startsAt: isoTime.optional(),
  /** Takes effect without the second person that it would need: marked in the audit log. */
  breakGlass: z.boolean().optional(),
  version: controlVersion,
})

/**
 * POST /breakers/:scope/override: a person takes the lever (BR4). What needs a second person waits for one, and whatever holds
 * the scope holds it until then; anything else takes its place at once, or when it starts.
 * @throws ApplicationError `not_found`, `forbidden`, `bad_request`, `stale_version`
 */
export async function forceBreaker(ctx: Context, input: BreakerInput): Promise<BreakerControl> {
  const { actor } = input
  const scope = await commandedScope(ctx, input, 'operator')
  const { version, ...asked } = parsedOrThrow(overrideInput, input.body)
  const before = await controlSeen(ctx, scope, version)
  const nowMs = ctx.clock.now()
  const times = timesOf(asked, nowMs)
  const breakGlass = asked.breakGlass ?? false
  const needsApproval = !breakGlass && (await needsSecondPerson(ctx, scope, asked.kind))
  const override: Override = {
    id: ctx.ids(),
    kind: asked.kind,
    reason: asked.reason,
    by: personOf(actor),
    askedAtMs: nowMs,
    ...times,
    approval: needsApproval ? { untilMs: nowMs + APPROVED_WITHIN_MS, by: null, atMs: null } : null,
    breakGlass,
    endedAtMs: null,
  }
  return saveControl(ctx, {
    before,
    next: { overrides: withNext(before.overrides, override, nowMs) },
    actor,
    action: breakGlass ? 'breaker.break_glass' : needsApproval ? 'breaker.ask' : `breaker.${asked.kind}`,
    reason: asked.reason,
  })
}

/** What holds stays beside one that is yet to come; what only waits makes room for it. */
export const withNext = (
  overrides: readonly Override[],
  next: Override,
  nowMs: number,
): readonly Override[] => {
  if (phaseOf(next, nowMs) === 'active') return [next]
  return [
    ...liveAt(overrides, nowMs)
      .filter((one) => phaseOf(one, nowMs) === 'active')
      .slice(-1),
    next,
  ]
}

/** @throws ApplicationError `bad_request` */
export function timesOf(
  { startsAt, expiresAt }: Pick<z.output<typeof overrideInput>, 'startsAt' | 'expiresAt'>,
  nowMs: number,
): Pick<Override, 'startsAtMs' | 'expiresAtMs'> {
  const startsAtMs = Math.max(nowMs, startsAt === undefined ? nowMs : Date.parse(startsAt))
  const expiresAtMs = expiresAt === undefined ? startsAtMs + EXPIRES_AFTER_DEFAULT_MS : Date.parse(expiresAt)
  if (startsAtMs - nowMs > EXPIRES_AFTER_MAX_MS)
    throw badRequest([{ path: '/startsAt', message: 'is more than a day ahead' }])
  if (expiresAtMs <= startsAtMs) throw badRequest([{ path: '/expiresAt', message: 'is not after its start' }])
  if (expiresAtMs - startsAtMs > EXPIRES_AFTER_MAX_MS)
    throw badRequest([{ path: '/expiresAt', message: 'is more than a day after its start' }])
  return { startsAtMs, expiresAtMs }
}
