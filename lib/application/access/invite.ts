import { z } from 'zod'
import type { Actor } from '#lib/application/context.ts'
import { ApplicationError, badRequest, parsedOrThrow } from '#lib/application/errors.ts'
import { uuid } from '#lib/protocol/mutation.ts'
import type { Invitation } from '#lib/storage/ports.ts'
import { auditEntry } from './audit-entry.ts'
import { authorizeScope, EVERY_FLEET, ROLES } from './authorize.ts'
import type { AccessContext } from './context.ts'
import { hashCredential, secretText } from './credentials.ts'
import { fleetOfRoles, invitationPath, invitationView, type InvitationView } from './invitation-view.ts'
import { requireFleet } from './require-fleet.ts'
import { emailAddress, isRemoved } from './users.ts'

/** Three days: over a weekend, and no longer than a mailbox can be trusted with it. */
export const INVITATION_LIFE_MS = 72 * 3_600_000
/** Open at once, of one inviter and of all: whoever administers one fleet must not use up what the others have. */
export const OPEN_INVITATIONS_PER_INVITER_MAX = 100
export const OPEN_INVITATIONS_MAX = 1_000
/** Closed ones are listed for as long; the audit log names them for good. */
const CLOSED_KEPT_MS = 90 * 86_400_000
const ROLES_PER_INVITATION_MAX = 50

export const invitationInput = z.strictObject({
  email: emailAddress,
  /** By fleet id, or `*` for every fleet. */
  roles: z
    .record(z.union([z.literal(EVERY_FLEET), uuid]), z.enum(ROLES))
    .refine((roles) => Object.keys(roles).length > 0, 'must have a role')
    .refine((roles) => Object.keys(roles).length <= ROLES_PER_INVITATION_MAX, {
      message: `must have at most ${ROLES_PER_INVITATION_MAX} roles`,
    }),
})

export type NewInvitation = InvitationView & { readonly link: string }

/**
 * Invites somebody who has no account; `link` is a path that works once, for 72 h, and is shown this once. The actor must
 * administer each scope that it gives a role in.
 * @throws ApplicationError `forbidden`, `not_found`, `bad_request` with too many open ones, `already_exists` for an e-mail
 * that has an account or an open invitation
 */
export async function invite(
  ctx: AccessContext,
  { actor, body }: { readonly actor: Actor; readonly body: unknown },
): Promise<NewInvitation> {
  const { email, roles } = parsedOrThrow(invitationInput, body)
  for (const scope of Object.keys(roles)) {
    const fleetId = scope === EVERY_FLEET ? null : scope
    authorizeScope(actor, fleetId, 'admin')
    await requireFleet(ctx, fleetId)
  }
  const known = await ctx.storage.access.findUserByEmail(email)
  if (known && !isRemoved(known))
    throw new ApplicationError('already_exists', { detail: 'Somebody with this e-mail has an account' })
  const nowMs = ctx.clock.now()
  const token = secretText()
  const { kind, id, name } = actor
  const invitation: Invitation = {
    id: ctx.ids(),
    email,
    roles,
    hash: hashCredential(token),
    invitedBy: { kind, id, name },
    createdAtMs: nowMs,
    expiresAtMs: nowMs + INVITATION_LIFE_MS,
    acceptedAtMs: null,
    revokedAtMs: null,
  }
  const told = { action: 'invitation.create', target: `invitation/${invitation.id}`, after: { email, roles } }
  await ctx.storage.invitations.create(
    invitation,
    nowMs - CLOSED_KEPT_MS,
    (open) => requireRoom(open, invitation),
    auditEntry(ctx, actor, { ...told, fleetId: fleetOfRoles(roles) }),
  )
  return { ...invitationView(actor, invitation, nowMs), link: invitationPath(token) }
}

function requireRoom(open: readonly Invitation[], { email, invitedBy }: Invitation): void {
  if (open.some((other) => other.email === email))
    throw new ApplicationError('already_exists', { detail: 'Somebody with this e-mail is invited already' })
  const own = open.filter((other) => other.invitedBy.id === invitedBy.id)
  if (open.length >= OPEN_INVITATIONS_MAX || own.length >= OPEN_INVITATIONS_PER_INVITER_MAX)
    throw badRequest([{ path: '', message: 'too many invitations are open: revoke some, or wait for them' }])
}
