import { z } from 'zod'
import type { JsonObject } from '#lib/kernel/json.ts'
import { operation } from '#lib/protocol/mutation.ts'

import { authorize } from '../access/authorize.ts'
import type { Actor, Context } from '../context.ts'
import { ApplicationError, parsedOrThrow } from '../errors.ts'
import { editedLetter } from './edited-letter.ts'
import { maskedOutcome, NONE_HELD, replayHeld } from './replay.ts'
import type { ReplayOutcome } from './replay.ts'
import { closesLetter, runLetter } from './run-letter.ts'

/** An edited form of a letter, as a person writes it. */
export const editedInput = {
  op: operation,
  /** The schema version that the edited operation is written for; today's when it is left out. */
  schemaVersion: z.int().min(1).optional(),
}
export const editInput = z.strictObject({
  ...editedInput,
  reason: z.string().trim().min(1).max(1_000),
})

export interface EditOutcome extends ReplayOutcome {
  /** The new mutation, which the children of the old one go on from; null when the edit had no effect. */
  readonly mutationId: string | null
}

/**
 * Runs an open dead letter in an edited form: a new mutation of the same device, record and base, linked to the old one
 * (ID3, AF4), then those held behind it. What it changed is in the audit log, and masks stand for what they hide (DL20).
 * When it dies again the letter stays open as it was, with the attempt noted.
 * @throws ApplicationError `forbidden`, `not_found`, `bad_request`, `not_replayable`, `shed`, `database_unavailable`
 */
export async function edit(
  ctx: Context,
  input: { readonly actor: Actor; readonly fleetId: string; readonly id: string; readonly body: unknown },
): Promise<EditOutcome> {
  const { actor, fleetId, id } = input
  authorize(actor, fleetId, 'operator')
  const { reason, ...asked } = parsedOrThrow(editInput, input.body)
  // The operation as it came: the schema's copy would leave out a key like `__proto__`, which is data here.
  const typed = (input.body as z.infer<typeof editInput>).op
  const letter = await ctx.storage.deadLetters.get(fleetId, id)
  if (!letter) throw new ApplicationError('not_found')
  const { masks, op, changes, schemaVersion } = await editedLetter(ctx, letter, { ...asked, op: typed })
  const result = await runLetter(ctx, actor, letter, reason, {
    op,
    schemaVersion,
    isOfToday: true,
    told: { from: letter.mutation.id, ...(changes as unknown as JsonObject) },
  })
  const outcome = closesLetter(result)
    ? { result, ...(await replayHeld(ctx, actor, letter)), mutationId: result.id }
    : { result, ...NONE_HELD, mutationId: null }
  return maskedOutcome(masks, letter, outcome)
}
