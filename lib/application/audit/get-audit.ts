import type { StoredAudit } from '#lib/storage/ports.ts'
import { authorizeScope, canSee } from '../access/authorize.ts'
import type { Actor } from '../context.ts'
import { ApplicationError } from '../errors.ts'
import type { AuditContext } from './audit-context.ts'

/** One entry, for operators of its fleet; of none, for those of every fleet. @throws ApplicationError `forbidden`, `not_found` */
export async function getAudit(
  ctx: Pick<AuditContext, 'storage'>,
  input: { readonly actor: Actor; readonly id: string },
): Promise<StoredAudit> {
  const entry = await ctx.storage.audit.get(input.id)
  // What is in another's fleet is not there.
  if (!entry || (entry.fleetId === null ? !canSee(input.actor, '*') : !canSee(input.actor, entry.fleetId)))
    throw new ApplicationError('not_found')
  authorizeScope(input.actor, entry.fleetId, 'operator')
  return entry
}
