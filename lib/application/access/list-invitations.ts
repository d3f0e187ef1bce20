import type { Actor } from '#lib/application/context.ts'
import { ApplicationError } from '#lib/application/errors.ts'
import { strongestRole } from './authorize.ts'
import type { AccessContext } from './context.ts'
import { administers, invitationView, type InvitationView } from './invitation-view.ts'

/**
 * Invitations to what this actor administers, newest first: open ones, and those that closed in the last 90 days.
 * @throws ApplicationError `forbidden`
 */
export async function listInvitations(
  ctx: AccessContext,
  { actor }: { readonly actor: Actor },
): Promise<readonly InvitationView[]> {
  if (strongestRole(actor) !== 'admin') throw new ApplicationError('forbidden')
  const nowMs = ctx.clock.now()
  const all = await ctx.storage.invitations.list()
  return all
    .filter(({ roles }) => Object.keys(roles).some((scope) => administers(actor, scope)))
    .map((invitation) => invitationView(actor, invitation, nowMs))
}
