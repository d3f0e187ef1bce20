import { z } from 'zod'
import { STRATEGIES } from '#lib/protocol/device.ts'
import { uuid } from '#lib/protocol/mutation.ts'
import type { ConflictRow } from '#lib/storage/ports.ts'
import { authorize } from '../access/authorize.ts'
import type { Actor, Context } from '../context.ts'
import { parsedOrThrow } from '../errors.ts'
import type { ItemList } from '../page.ts'
import { itemList, pageInput, pageRequest, rangeInput } from '../page.ts'
import { conflictMasks } from './conflict-masks.ts'

export const conflictsQuery = z.strictObject({
  ...pageInput,
  status: z.enum(['open', 'resolved']).optional(),
  strategy: z.enum(STRATEGIES).optional(),
  collection: z.string().max(64).optional(),
  recordId: uuid.optional(),
  deviceId: uuid.optional(),
  sessionId: uuid.optional(),
  ...rangeInput,
})

/** A fleet's conflicts, newest first, with both sides, masked (DL20), and who lost what (CS7). @throws ApplicationError `not_found`, `bad_request` */
export async function listConflicts(
  ctx: Pick<Context, 'storage' | 'secret'>,
  input: { readonly actor: Actor; readonly fleetId: string; readonly query: unknown },
): Promise<ItemList<ConflictRow>> {
  authorize(input.actor, input.fleetId, 'viewer')
  const { cursor, limit, from, to, ...query } = parsedOrThrow(conflictsQuery, input.query)
  const filter = {
    status: query.status ?? null,
    strategy: query.strategy ?? null,
    collection: query.collection ?? null,
    recordId: query.recordId ?? null,
    deviceId: query.deviceId ?? null,
    sessionId: query.sessionId ?? null,
    fromMs: from ?? null,
    toMs: to ?? null,
  }
  const [page, masks] = await Promise.all([
    ctx.storage.conflicts.list(input.fleetId, filter, pageRequest({ cursor, limit })),
    conflictMasks(ctx, input.fleetId),
  ])
  return itemList(page, masks.conflict)
}
