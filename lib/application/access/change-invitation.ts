import { z } from 'zod'
import type { Actor } from '#lib/application/context.ts'
import { ApplicationError, parsedOrThrow } from '#lib/application/errors.ts'
import type { Invitation } from '#lib/storage/ports.ts'
import { removalInput } from '../removal-input.ts'
import { auditEntry } from './audit-entry.ts'
import type { AccessContext } from './context.ts'
import { hashCredential, secretText } from './credentials.ts'
import {
  administers,
  fleetOfRoles,
  invitationPath,
  invitationState,
  invitationView,
  type InvitationView,
} from './invitation-view.ts'
import { INVITATION_LIFE_MS, type NewInvitation } from './invite.ts'

export const invitationRenewal = z.strictObject({})

interface Call {
  readonly actor: Actor
  readonly id: string
  readonly body: unknown
}

/**
 * A new link in place of the one before, which is dead from now on; it works for 72 h. Also for one that has expired.
 * @throws ApplicationError `forbidden`, `not_found`, `bad_request`, `gone` for one that was accepted or revoked
 */
export async function renewInvitation(ctx: AccessContext, call: Call): Promise<NewInvitation> {
  parsedOrThrow(invitationRenewal, call.body)
  const token = secretText()
  const expiresAtMs = ctx.clock.now() + INVITATION_LIFE_MS
  const view = await save(ctx, call, 'invitation.renew', null, (invitation) => {
    const state = invitationState(invitation, ctx.clock.now())
    if (state === 'accepted' || state === 'revoked')
      throw new ApplicationError('gone', { detail: `This invitation was ${state}` })
    return { ...invitation, hash: hashCredential(token), expiresAtMs }
  })
  return { ...view, link: invitationPath(token) }
}

/**
 * Its link is dead from now on. The same again changes nothing.
 * @throws ApplicationError `forbidden`, `not_found`, `bad_request`, `gone` for one that was accepted
 */
export async function revokeInvitation(ctx: AccessContext, call: Call): Promise<InvitationView> {
  const { reason } = parsedOrThrow(removalInput, call.body)
  return save(ctx, call, 'invitation.revoke', reason ?? null, (invitation) => {
    if (invitation.acceptedAtMs !== null)
      throw new ApplicationError('gone', {
        detail: 'This invitation was accepted: change the person instead',
      })
    return { ...invitation, revokedAtMs: invitation.revokedAtMs ?? ctx.clock.now() }
  })
}

/** Who sees one role of it sees it; changing it takes all that it gives. */
async function save(
  ctx: AccessContext,
  { actor, id }: Call,
  action: string,
  reason: string | null,
  changed: (invitation: Invitation) => Invitation,
): Promise<InvitationView> {
  const saved = await ctx.storage.invitations.update(id, (before) => {
    const scopes = Object.keys(before.roles)
    if (!scopes.some((scope) => administers(actor, scope))) throw new ApplicationError('not_found')
    if (!scopes.every((scope) => administers(actor, scope))) throw new ApplicationError('forbidden')
    const next = changed(before)
    const { email, roles } = before
    const told = {
      target: `invitation/${id}`,
      fleetId: fleetOfRoles(roles),
      reason,
      before: { email, roles },
    }
    const { expiresAtMs, revokedAtMs } = next
    return { next, audit: auditEntry(ctx, actor, { action, ...told, after: { expiresAtMs, revokedAtMs } }) }
  })
  if (!saved) throw new ApplicationError('not_found')
  return invitationView(actor, saved, ctx.clock.now())
}
