import { z } from 'zod'
import { auditEntry } from '../access/audit-entry.ts'
import { authorize } from '../access/authorize.ts'
import type { Actor, Context } from '../context.ts'
import { ApplicationError, parsedOrThrow } from '../errors.ts'

const discardInput = z.strictObject({ reason: z.string().trim().min(1).max(1_000) })

/**
 * Closes an open dead letter without effect; its record of what was meant stays.
 * @throws ApplicationError `forbidden`, `not_found`, `bad_request`, `not_replayable`
 */
export async function discard(
  ctx: Context,
  input: { readonly actor: Actor; readonly fleetId: string; readonly id: string; readonly body: unknown },
): Promise<void> {
  const { actor, fleetId, id } = input
  authorize(actor, fleetId, 'operator')
  const { reason } = parsedOrThrow(discardInput.safeParse(input.body))
  const letter = await ctx.storage.deadLetters.get(fleetId, id)
  if (!letter) throw new ApplicationError('not_found')
  const audit = auditEntry(ctx, actor, { action: 'dead-letter.discard', target: id, fleetId, reason })
  if (!(await ctx.storage.deadLetters.discard(fleetId, id, ctx.clock.now(), audit)))
    throw new ApplicationError('not_replayable')
  ctx.pokes.tell(fleetId, { event: 'discarded', deadLetterId: id, deviceId: letter.deviceId })
}
