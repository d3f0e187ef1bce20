import { z } from 'zod'
import { LETTER_RESTORABLE_MS } from '#lib/protocol/limits.ts'
import { auditEntry, SYSTEM } from '../access/audit-entry.ts'
import { authorize } from '../access/authorize.ts'
import type { Actor, Context } from '../context.ts'
import { ApplicationError, parsedOrThrow } from '../errors.ts'

/** Letters that one transaction deletes, and batches that one run makes of a fleet's. */
const BATCH = 500
const BATCHES_PER_RUN_MAX = 20

/**
 * Deletes a fleet's letters that were closed longer ago than they are kept; open ones never (DL22). Each batch is in the
 * audit log with how many went. True when there may be more.
 */
export async function purgeLetters(ctx: Context, fleetId: string): Promise<boolean> {
  const beforeMs = ctx.clock.now() - LETTER_RESTORABLE_MS
  for (let batch = 0; batch < BATCHES_PER_RUN_MAX; batch++) {
    const { replayed, discarded } = await ctx.storage.deadLetters.purge(fleetId, beforeMs, BATCH, (purged) =>
      auditEntry(ctx, SYSTEM, {
        action: 'dead-letter.expire',
        target: fleetId,
        fleetId,
        reason: `closed before ${new Date(beforeMs).toISOString()}`,
        after: { ...purged },
      }),
    )
    if (replayed + discarded < BATCH) return false
  }
  return true
}

export const purgeInput = z.strictObject({ reason: z.string().trim().min(1).max(1_000) })

/**
 * Deletes one closed letter with its payload at once, for what must not be kept. Nothing brings it back.
 * @throws ApplicationError `forbidden`, `not_found`, `bad_request`, `not_purgeable` while it is open
 */
export async function purgeLetter(
  ctx: Context,
  input: { readonly actor: Actor; readonly fleetId: string; readonly id: string; readonly body: unknown },
): Promise<{ readonly id: string }> {
  const { actor, fleetId, id } = input
  authorize(actor, fleetId, 'admin')
  const { reason } = parsedOrThrow(purgeInput, input.body)
  const letter = await ctx.storage.deadLetters.get(fleetId, id)
  if (!letter) throw new ApplicationError('not_found')
  const { status, code, mutation, deviceId } = letter
  const before = { status, code, collection: mutation.collection, mutationId: mutation.id, deviceId }
  const audit = auditEntry(ctx, actor, { action: 'dead-letter.purge', target: id, fleetId, reason, before })
  if (!(await ctx.storage.deadLetters.purgeOne(fleetId, id, audit)))
    throw new ApplicationError('not_purgeable')
  return { id }
}
