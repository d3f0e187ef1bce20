import { z } from 'zod'
import type { Actor } from '#lib/application/context.ts'
import { ApplicationError, badRequest, parsedOrThrow } from '#lib/application/errors.ts'
import type { Invitation, Inviter, Role, User } from '#lib/storage/ports.ts'
import { auditEntry, SYSTEM } from './audit-entry.ts'
import { EVERY_FLEET } from './authorize.ts'
import type { AccessContext } from './context.ts'
import { hashCredential } from './credentials.ts'
import { administers, fleetOfRoles, invitationState, type InvitationState } from './invitation-view.ts'
import { hashPassword, passwordProblem } from './password.ts'
import { userActor } from './sessions.ts'
import { isRemoved, newPassword, personName } from './users.ts'

const acceptance = z.strictObject({
  token: z.string().min(1).max(200),
  name: personName.optional(),
  password: newPassword,
})

/** What an invitation's page says. `empty`: nobody may give any more what it gave. Looking uses nothing up. */
export async function lookAtInvitation(
  ctx: AccessContext,
  token: string,
): Promise<
  | { readonly state: Exclude<InvitationState, 'open'> | 'unknown' | 'empty' }
  | {
      readonly state: 'open'
      readonly email: string
      readonly invitedBy: string
      readonly expiresAtMs: number
    }
> {
  const invitation = await ctx.storage.invitations.find(hashCredential(token))
  if (!invitation) return { state: 'unknown' }
  const state = invitationState(invitation, ctx.clock.now())
  if (state !== 'open') return { state }
  if (Object.keys(await rolesStillGiven(ctx, invitation)).length === 0) return { state: 'empty' }
  const { email, expiresAtMs } = invitation
  return { state, email, expiresAtMs, invitedBy: invitation.invitedBy.name }
}

/**
 * Makes the account of whoever was invited, with the roles of the invitation that its inviter may still give. Of any number
 * at once one succeeds.
 * @throws ApplicationError `gone` when the link was used, has expired, was revoked, or gives nothing any more; `bad_request`;
 * `shed` while too many do the same
 */
export async function acceptInvitation(
  ctx: AccessContext,
  body: unknown,
  address: string | null,
): Promise<User> {
  const input = parsedOrThrow(acceptance, body)
  const hash = hashCredential(input.token)
  const invitation = await ctx.storage.invitations.find(hash)
  // Asked before the costly hash; the storage asks again.
  if (!invitation || invitationState(invitation, ctx.clock.now()) !== 'open')
    throw new ApplicationError('gone')
  const roles = await rolesStillGiven(ctx, invitation)
  if (Object.keys(roles).length === 0) throw new ApplicationError('gone')
  const { email } = invitation
  // Judged here: the e-mail is the invitation's, and no link that is dead tells it.
  const problem = passwordProblem(input.password, [email, ...(input.name === undefined ? [] : [input.name])])
  if (problem !== null) throw badRequest([{ path: '/password', message: problem }])
  const passwordHash = await hashPassword(input.password)
  const made = { email, name: input.name ?? email, passwordHash, roles }
  const user = await taken(ctx, invitation, made, { address })
  if (!user) throw new ApplicationError('gone')
  return user
}

/**
 * The same for whom a provider vouches for: by the e-mail that it has verified, without the link and without a password.
 * Null when that address has no open invitation that gives something.
 */
export async function acceptByIdentity(
  ctx: AccessContext,
  who: { readonly email: string; readonly issuer: string; readonly address: string | null },
): Promise<User | null> {
  const email = who.email.toLowerCase()
  const invitation = await ctx.storage.invitations.findOpenByEmail(email, ctx.clock.now())
  if (!invitation) return null
  const roles = await rolesStillGiven(ctx, invitation)
  if (Object.keys(roles).length === 0) return null
  const made = { email, name: email, passwordHash: null, roles }
  return taken(ctx, invitation, made, who)
}

/** Uses the invitation up and puts the account. @throws ApplicationError `gone` for somebody who has one */
function taken(
  ctx: AccessContext,
  { id: invitationId, hash }: Invitation,
  made: Pick<User, 'email' | 'name' | 'passwordHash' | 'roles'>,
  { issuer = null, address }: { readonly issuer?: string | null; readonly address: string | null },
): Promise<User | null> {
  const { email } = made
  return ctx.storage.invitations.accept(hash, ctx.clock.now(), ({ invitedBy }, known, inviter) => {
    // Asked again: who invited may have lost it meanwhile, and the lock holds them as they are.
    const roles = rolesBy(actorNow(ctx, invitedBy, inviter), made.roles)
    if (Object.keys(roles).length === 0) throw new ApplicationError('gone')
    if (known && !isRemoved(known))
      throw new ApplicationError('gone', { detail: 'You have an account: sign in' })
    const id = known?.id ?? ctx.ids()
    const next: User = {
      ...made,
      roles,
      id,
      disabled: false,
      removedAtMs: null,
      createdAtMs: ctx.clock.now(),
    }
    const details = { action: 'invitation.accept', target: `user/${next.id}`, fleetId: fleetOfRoles(roles) }
    const after = { invitation: invitationId, email, roles, ...(issuer !== null && { issuer }) }
    return { next, audit: auditEntry(ctx, userActor(next), { ...details, after, address }) }
  })
}

/** Roles in fleets that there still are, and that the inviter, as they are now, could still give. */
async function rolesStillGiven(
  ctx: AccessContext,
  { roles, invitedBy }: Invitation,
): Promise<Readonly<Record<string, Role>>> {
  const { kind, id } = invitedBy
  const inviter = actorNow(ctx, invitedBy, {
    user: kind === 'user' ? await ctx.storage.access.getUser(id) : null,
    key: kind === 'key' ? await ctx.storage.access.getApiKey(id) : null,
  })
  const given: [string, Role][] = []
  for (const [scope, role] of Object.entries(rolesBy(inviter, roles)))
    if (scope === EVERY_FLEET || (await ctx.storage.fleets.get(scope)) !== null) given.push([scope, role])
  return Object.fromEntries(given)
}

/** Those of the roles that this inviter could give. */
const rolesBy = (inviter: Actor | null, roles: Invitation['roles']): Invitation['roles'] =>
  Object.fromEntries(
    Object.entries(roles).filter(([scope]) => inviter !== null && administers(inviter, scope)),
  )

/** Who invited, with the roles of today; null for somebody who is shut out. */
function actorNow(
  ctx: AccessContext,
  { kind, id }: Invitation['invitedBy'],
  { user, key }: Inviter,
): Actor | null {
  if (kind === 'system') return SYSTEM
  if (kind === 'user') return user && !user.disabled ? userActor(user) : null
  const isDead =
    !key || key.revokedAtMs !== null || (key.expiresAtMs !== null && key.expiresAtMs <= ctx.clock.now())
  if (isDead) return null
  return { kind: 'key', id, name: key.name, roles: { [key.fleetId ?? EVERY_FLEET]: key.role } }
}
