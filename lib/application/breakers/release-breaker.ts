import { z } from 'zod'
import { liveAt } from '#lib/engine/breaker/override.ts'
import { uuid } from '#lib/protocol/mutation.ts'
import type { BreakerControl } from '#lib/storage/ports.ts'
import type { Context } from '../context.ts'
import { ApplicationError, parsedOrThrow } from '../errors.ts'
import type { BreakerInput } from './control.ts'
import { commandedScope, controlSeen, controlVersion, overrideReason, saveControl } from './control.ts'

export const releaseOverrideInput = z.strictObject({
  /** Left out: all that hold the scope, or may yet. */
  id: uuid.optional(),
  reason: overrideReason,
  version: controlVersion,
})

/**
 * DELETE /breakers/:scope/override: what held the breaker ends, and it is tried (HALF_OPEN); what waited for a second person
 * is withdrawn, by whoever asked or by whoever declines.
 * @throws ApplicationError `not_found`, `forbidden`, `override_state`, `stale_version`
 */
export async function releaseBreaker(ctx: Context, input: BreakerInput): Promise<BreakerControl> {
  const { actor } = input
  const scope = await commandedScope(ctx, input, 'operator')
  const { id, reason, version } = parsedOrThrow(releaseOverrideInput, input.body)
  const before = await controlSeen(ctx, scope, version)
  const live = liveAt(before.overrides, ctx.clock.now())
  const overrides = id === undefined ? [] : live.filter((one) => one.id !== id)
  if (overrides.length === live.length) throw new ApplicationError('override_state')
  return saveControl(ctx, { before, next: { overrides }, actor, action: 'breaker.release', reason })
}
