import { z } from 'zod'
import { LETTER_RESTORABLE_MS } from '#lib/protocol/limits.ts'
import type { DeadLetterRow } from '#lib/storage/ports.ts'
import { auditEntry } from '../access/audit-entry.ts'
import { authorize } from '../access/authorize.ts'
import type { Actor, Context } from '../context.ts'
import { ApplicationError, parsedOrThrow } from '../errors.ts'
import { letterMasks } from './letter-masks.ts'

export const restoreInput = z.strictObject({ reason: z.string().trim().min(1).max(1_000) })

export interface RestoreOutcome {
  readonly letter: DeadLetterRow
  /** Letters that were discarded with this one and are open again. */
  readonly held: readonly string[]
}

/**
 * Opens a discarded dead letter again, with those that were discarded along with it.
 * @throws ApplicationError `forbidden`, `not_found`, `bad_request`, `not_restorable`
 */
export async function restore(
  ctx: Context,
  input: { readonly actor: Actor; readonly fleetId: string; readonly id: string; readonly body: unknown },
): Promise<RestoreOutcome> {
  const { actor, fleetId, id } = input
  authorize(actor, fleetId, 'operator')
  const { reason } = parsedOrThrow(restoreInput, input.body)
  const { deadLetters } = ctx.storage
  if (!(await deadLetters.get(fleetId, id))) throw new ApplicationError('not_found')
  const auditOf = (target: string) => {
    const after = { letter: 'open', ...(target === id ? {} : { with: id }) }
    const before = { letter: 'discarded' }
    return auditEntry(ctx, actor, { action: 'dead-letter.restore', target, fleetId, reason, before, after })
  }
  const held = await deadLetters.restore(fleetId, id, ctx.clock.now() - LETTER_RESTORABLE_MS, auditOf)
  const letter = await deadLetters.get(fleetId, id)
  if (!held || !letter) throw new ApplicationError('not_restorable')
  return { letter: (await letterMasks(ctx, fleetId)).letter(letter), held }
}
