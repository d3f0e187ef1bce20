import { z } from 'zod'
import type { Override } from '#lib/engine/breaker/override.ts'
import { APPROVED_WITHIN_MS, EXPIRES_AFTER_MAX_MS, phaseOf } from '#lib/engine/breaker/override.ts'
import { isoTime, uuid } from '#lib/protocol/mutation.ts'
import type { BreakerControl } from '#lib/storage/ports.ts'
import type { Context } from '../context.ts'
import { ApplicationError, badRequest, parsedOrThrow } from '../errors.ts'
import type { BreakerInput } from './control.ts'
import {
  commandedScope,
  controlSeen,
  controlVersion,
  overrideReason,
  personOf,
  saveControl,
} from './control.ts'
import { instantOf, overrideInput, withNext } from './force-breaker.ts'
import { needsSecondPerson } from './second-person.ts'

export const extensionInput = z.strictObject({
  id: uuid,
  /** At most a day from now. */
  expiresAt: isoTime.optional(),
  /** The same by the server's clock: so long from now. */
  lastsMs: overrideInput.shape.lastsMs,
  reason: overrideReason,
  version: controlVersion,
})

/**
 * PATCH /breakers/:scope/override: another end for what holds. What needed a second person needs one for this too, and ends
 * as it was said before until that one agrees.
 * @throws ApplicationError `not_found`, `forbidden`, `bad_request`, `override_state`, `stale_version`
 */
export async function extendOverride(ctx: Context, input: BreakerInput): Promise<BreakerControl> {
  const { actor } = input
  const scope = await commandedScope(ctx, input, 'operator')
  const { id, expiresAt, lastsMs, reason, version } = parsedOrThrow(extensionInput, input.body)
  const before = await controlSeen(ctx, scope, version)
  const nowMs = ctx.clock.now()
  const held = before.overrides.find((one) => one.id === id)
  if (!held || phaseOf(held, nowMs) !== 'active') throw new ApplicationError('override_state')
  const expiresAtMs = instantOf('expiresAt', expiresAt, lastsMs, nowMs)
  if (expiresAtMs === null) throw badRequest([{ path: '/expiresAt', message: 'is missing' }])
  if (expiresAtMs <= nowMs) throw badRequest([{ path: '/expiresAt', message: 'is over' }])
  if (expiresAtMs - nowMs > EXPIRES_AFTER_MAX_MS)
    throw badRequest([{ path: '/expiresAt', message: 'is more than a day ahead' }])
  const isShorter = expiresAtMs <= held.expiresAtMs
  const needsApproval = !isShorter && (await needsSecondPerson(ctx, scope, held.kind))
  const next: Override = {
    ...held,
    id: ctx.ids(),
    reason,
    by: personOf(actor),
    askedAtMs: nowMs,
    startsAtMs: nowMs,
    expiresAtMs,
    approval: needsApproval ? { untilMs: nowMs + APPROVED_WITHIN_MS, by: null, atMs: null } : null,
    breakGlass: false,
  }
  return saveControl(ctx, {
    before,
    next: { overrides: withNext(before.overrides, next, nowMs) },
    actor,
    action: 'breaker.extend',
    reason,
  })
}
