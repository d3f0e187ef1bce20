import { z } from 'zod'
import type { Override } from '#lib/engine/breaker/override.ts'
import { phaseOf } from '#lib/engine/breaker/override.ts'
import { uuid } from '#lib/protocol/mutation.ts'
import type { BreakerControl } from '#lib/storage/ports.ts'
import type { Context } from '../context.ts'
import { ApplicationError, parsedOrThrow } from '../errors.ts'
import type { BreakerInput } from './control.ts'
import { commandedScope, controlSeen, controlVersion, personOf, saveControl } from './control.ts'
import { withNext } from './force-breaker.ts'
import { isSamePerson } from './same-person.ts'

export const approvalInput = z.strictObject({ id: uuid, version: controlVersion })

/**
 * POST /breakers/:scope/override/approve: a second person agrees, and it takes effect. Whoever asked can't.
 * @throws ApplicationError `not_found`, `forbidden`, `second_person_needed`, `override_state`, `stale_version`
 */
export async function approveOverride(ctx: Context, input: BreakerInput): Promise<BreakerControl> {
  const { actor } = input
  const scope = await commandedScope(ctx, input, 'operator')
  const { id, version } = parsedOrThrow(approvalInput, input.body)
  const before = await controlSeen(ctx, scope, version)
  const nowMs = ctx.clock.now()
  const asked = waitingOne(before.overrides, id, nowMs)
  if (await isSamePerson(ctx, scope, asked.by.id, actor.id))
    throw new ApplicationError('second_person_needed')
  const approved: Override = {
    ...asked,
    approval: asked.approval && { ...asked.approval, by: personOf(actor), atMs: nowMs },
  }
  const others = before.overrides.filter((one) => one !== asked)
  return saveControl(ctx, {
    before,
    next: { overrides: withNext(others, approved, nowMs) },
    actor,
    action: 'breaker.approve',
    reason: asked.reason,
  })
}

function waitingOne(overrides: readonly Override[], id: string, nowMs: number): Override {
  const asked = overrides.find((one) => one.id === id)
  if (!asked || phaseOf(asked, nowMs) !== 'waiting') throw new ApplicationError('override_state')
  return asked
}
