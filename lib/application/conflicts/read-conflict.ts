import type { RecordState } from '#lib/engine/types.ts'
import type { ConflictRow } from '#lib/storage/ports.ts'
import type { Context } from '../context.ts'
import { ApplicationError } from '../errors.ts'

export interface ConflictDetail {
  readonly conflict: ConflictRow
  /** The record as it is now: a decision names its version, 0 when there is none. */
  readonly record: RecordState | null
}

/** One conflict beside the record as it is now, with nothing masked: for what decides. @throws ApplicationError `not_found` */
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
