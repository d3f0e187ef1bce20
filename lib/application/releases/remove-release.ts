import type { AppRelease } from '#lib/storage/ports.ts'
import { auditEntry } from '../access/audit-entry.ts'
import { authorize } from '../access/authorize.ts'
import type { Actor, Context } from '../context.ts'
import { ApplicationError, parsedOrThrow } from '../errors.ts'
import { removalInput } from '../removal-input.ts'

/**
 * DELETE /releases/:id: it was told by mistake. Devices and their figures stay as they are.
 * @throws ApplicationError `forbidden`, `not_found`, `bad_request`
 */
export async function removeRelease(
  ctx: Context,
  input: { readonly actor: Actor; readonly fleetId: string; readonly id: string; readonly body: unknown },
): Promise<AppRelease> {
  const { actor, fleetId, id } = input
  authorize(actor, fleetId, 'operator')
  const { reason = null } = parsedOrThrow(removalInput, input.body)
  const removed = await ctx.storage.releases.remove(fleetId, id, ({ version, releasedAtMs, note }) =>
    auditEntry(ctx, actor, {
      action: 'release.remove',
      target: id,
      fleetId,
      reason,
      before: { version, releasedAtMs, note },
    }),
  )
  if (!removed) throw new ApplicationError('not_found')
  return removed
}
