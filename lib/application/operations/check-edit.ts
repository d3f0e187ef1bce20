import type { OperationEdit, OperationRow } from '#lib/storage/ports.ts'
import type { Context } from '../context.ts'
import { badRequest } from '../errors.ts'
import { keepsMasks, namedCollections } from './masked-edit.ts'

/**
 * Refuses an edit that can't do what it says, whatever a letter holds: one that would show what is masked (DL20), and
 * up-migrations from a version that no collection which the filter takes has gone beyond (DL19).
 * @throws ApplicationError `bad_request`
 */
export async function checkEdit(
  ctx: Pick<Context, 'storage' | 'secret' | 'groupCommit'>,
  fleetId: string,
  edit: OperationEdit | null,
  conditions: OperationRow['conditions'],
): Promise<void> {
  await keepsMasks(ctx, fleetId, edit, conditions)
  if (edit === null || !('upMigrateFrom' in edit)) return
  const { upMigrateFrom } = edit
  const names = namedCollections(conditions)
  // As it is published now: another process may have published a moment ago.
  const { collections } = await ctx.groupCommit.rules.reload(fleetId)
  const taken = [...collections].filter(([name]) => names === null || names.has(name))
  if (taken.some(([, { schemaVersion }]) => schemaVersion > upMigrateFrom)) return
  const newest = Math.max(0, ...taken.map(([, { schemaVersion }]) => schemaVersion))
  const message =
    newest === 0
      ? 'there is no collection that the filter names'
      : `leads nowhere: the newest schema version that is published is ${newest}`
  throw badRequest([{ path: '/edit/upMigrateFrom', message }])
}
