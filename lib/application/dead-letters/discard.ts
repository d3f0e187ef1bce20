import { z } from 'zod'
import type { DeadLetterRow } from '#lib/storage/ports.ts'
import { auditEntry } from '../access/audit-entry.ts'
import { authorize } from '../access/authorize.ts'
import type { Actor, Context } from '../context.ts'
import { ApplicationError, parsedOrThrow } from '../errors.ts'
import { letterMasks } from './letter-masks.ts'
import { HELD_MAX } from './replay.ts'
import { tellClosed } from './tell-closed.ts'

export const discardInput = z.strictObject({ reason: z.string().trim().min(1).max(1_000) })

export interface DiscardOutcome {
  readonly letter: DeadLetterRow
  /** Letters that were held behind this one and are discarded with it (DL3). */
  readonly held: readonly string[]
  /** More than HELD_MAX were held: those past it are open still. */
  readonly moreHeld: boolean
}

/**
 * Closes an open dead letter without effect, and those held behind it; the record of what was meant stays.
 * @throws ApplicationError `forbidden`, `not_found`, `bad_request`, `not_replayable`
 */
export async function discard(
  ctx: Context,
  input: { readonly actor: Actor; readonly fleetId: string; readonly id: string; readonly body: unknown },
): Promise<DiscardOutcome> {
  const { actor, fleetId, id } = input
  authorize(actor, fleetId, 'operator')
  const { reason } = parsedOrThrow(discardInput, input.body)
  const { deadLetters } = ctx.storage
  const letter = await deadLetters.get(fleetId, id)
  if (!letter) throw new ApplicationError('not_found')
  const found = await deadLetters.heldBy(fleetId, letter.mutation.id, HELD_MAX + 1)
  const moreHeld = found.length > HELD_MAX
  const behind = found.slice(0, HELD_MAX)
  const ids = behind.map((one) => one.id)
  const auditOf = (target: string) => {
    const after = target === id ? { held: ids, moreHeld } : { with: id }
    return auditEntry(ctx, actor, { action: 'dead-letter.discard', target, fleetId, reason, after })
  }
  const held = await deadLetters.discard(fleetId, id, ids, ctx.clock.now(), auditOf)
  if (!held) throw new ApplicationError('not_replayable')
  const along = behind.filter((one) => held.includes(one.id))
  await tellClosed(ctx, fleetId, 'discarded', [letter, ...along])
  const masks = await letterMasks(ctx, fleetId)
  return { letter: masks.letter((await deadLetters.get(fleetId, id)) ?? letter), held, moreHeld }
}
