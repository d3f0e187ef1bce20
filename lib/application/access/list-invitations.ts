import type { Actor } from '#lib/application/context.ts'
import { ApplicationError } from '#lib/application/errors.ts'
import { EVERY_FLEET, strongestRole } from './authorize.ts'
import type { AccessContext } from './context.ts'
import { administers, invitationView, type InvitationView } from './invitation-view.ts'

/**
 * Invitations to what this actor administers, newest first: open ones, and those that closed in the last 90 days.
 * @param fleet those that name it alone
 * @throws ApplicationError `forbidden`
 */
export async function listInvitations(
  ctx: AccessContext,
  { actor, fleet }: { readonly actor: Actor; readonly fleet?: string | undefined },
): Promise<readonly InvitationView[]> {
  if (strongestRole(actor) !== 'admin') throw new ApplicationError('forbidden')
  const nowMs = ctx.clock.now()
  const all = await ctx.storage.invitations.list(scopesOf(actor, fleet ?? null))
  return all.map((invitation) => invitationView(actor, invitation, nowMs))
}

/** What the actor administers, or the fleet that is asked for when it is among it; null for everything. */
function scopesOf(actor: Actor, fleet: string | null): readonly string[] | null {
  if (fleet !== null) return administers(actor, fleet) ? [fleet] : []
  if (administers(actor, EVERY_FLEET)) return null
  return Object.keys(actor.roles).filter((scope) => administers(actor, scope))
}
