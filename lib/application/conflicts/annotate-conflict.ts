import { z } from 'zod'
import { NOBODY } from '#lib/query/conflict-words.ts'
import { auditEntry } from '../access/audit-entry.ts'
import { authorize } from '../access/authorize.ts'
import type { Actor, Context } from '../context.ts'
import { ApplicationError, parsedOrThrow } from '../errors.ts'
import { conflictMasks } from './conflict-masks.ts'
import { readConflict, type ConflictDetail } from './read-conflict.ts'

export const annotateInput = z.strictObject({
  /** A person or a team; null for nobody. */
  assigned: z
    .string()
    .trim()
    .min(1)
    .max(80)
    .refine((name) => name !== NOBODY, `${NOBODY} is what null says`)
    .nullable()
    .optional(),
  note: z.string().max(4_000).optional(),
  /** That of `desk`, as it was seen: 0 until somebody says something. */
  version: z.int().min(0),
})

/**
 * PATCH /conflicts/:id: who looks after a conflict, and what is known of it. Decides nothing.
 * @throws ApplicationError `forbidden`, `not_found`, `bad_request`, `stale_version`
 */
export async function annotateConflict(
  ctx: Context,
  input: { readonly actor: Actor; readonly fleetId: string; readonly id: string; readonly body: unknown },
): Promise<ConflictDetail> {
  const { actor, fleetId, id } = input
  authorize(actor, fleetId, 'operator')
  const { assigned, note, version } = parsedOrThrow(annotateInput, input.body)
  const row = await ctx.storage.conflicts.annotate(fleetId, id, ({ desk }) => {
    if (desk.version !== version) throw new ApplicationError('stale_version')
    const next = {
      assigned: assigned === undefined ? desk.assigned : assigned,
      note: note ?? desk.note,
      version: version + 1,
    }
    const [before, after] = [desk, next].map((one) => ({ assigned: one.assigned, note: one.note }))
    const audit = auditEntry(ctx, actor, {
      action: 'conflict.annotate',
      target: id,
      fleetId,
      before: before ?? null,
      after: after ?? null,
    })
    return { desk: next, audit }
  })
  if (!row) throw new ApplicationError('not_found')
  const [detail, masks] = await Promise.all([readConflict(ctx, fleetId, id), conflictMasks(ctx, fleetId)])
  return masks.detail(detail)
}
