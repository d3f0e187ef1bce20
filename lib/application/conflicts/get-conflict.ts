import type { RecordState } from '#lib/engine/types.ts'
import type { ConflictRow } from '#lib/storage/ports.ts'
import { authorize } from '../access/authorize.ts'
import type { Actor, Context } from '../context.ts'
import { ApplicationError } from '../errors.ts'
import { conflictMasks } from './conflict-masks.ts'

export interface ConflictDetail {
  readonly conflict: ConflictRow
  /** The record as it is now: a decision names its version, 0 when there is none. */
  readonly record: RecordState | null
}

/** One conflict beside the record as it is now, masked (DL20). @throws ApplicationError `not_found` */
export async function getConflict(
  ctx: Pick<Context, 'storage' | 'secret'>,
  input: { readonly actor: Actor; readonly fleetId: string; readonly id: string },
): Promise<ConflictDetail> {
  const { actor, fleetId, id } = input
  authorize(actor, fleetId, 'viewer')
  const [detail, masks] = await Promise.all([readConflict(ctx, fleetId, id), conflictMasks(ctx, fleetId)])
  return masks.detail(detail)
}

/** The same with nothing masked: for what decides, not for who looks. @throws ApplicationError `not_found` */
export async function readConflict(
  ctx: Pick<Context, 'storage'>,
  fleetId: string,
  id: string,
): Promise<ConflictDetail> {
  const conflict = await ctx.storage.conflicts.get(fleetId, id)
  if (!conflict) throw new ApplicationError('not_found')
  const { collection, recordId } = conflict
  return { conflict, record: await ctx.storage.sync.getRecord(fleetId, collection, recordId) }
}
