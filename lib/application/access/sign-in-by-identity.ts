import type { Result } from '#lib/kernel/result.ts'
import { ok } from '#lib/kernel/result.ts'
import type { User } from '#lib/storage/ports.ts'
import { acceptByIdentity } from './accept-invitation.ts'
import { auditEntry } from './audit-entry.ts'
import type { AccessContext } from './context.ts'
import { startSession, userActor, type Browser } from './sessions.ts'
import { isRemoved } from './users.ts'
import { refuse, type SignedIn, type SignInRefusal } from './sign-in.ts'

/** What a provider's checked ID token says of somebody. */
export interface IdentityClaims {
  readonly issuer: string
  readonly subject: string
  readonly email: string | null
  readonly emailVerified: boolean
  /** When the provider last saw a password or the like, Unix ms; null when it did not say. */
  readonly authTimeMs: number | null
}

const SUBJECT_CHARS_MAX = 255

/**
 * Signs in whom a provider vouches for: somebody who is linked to that identity, or else who has an account or an open
 * invitation by an e-mail that the provider has verified, and then is linked. What it makes is what an administrator gave
 * (security check 19).
 */
export async function signInByIdentity(
  ctx: AccessContext,
  claims: IdentityClaims,
  browser: Browser,
): Promise<Result<SignedIn, SignInRefusal>> {
  const linked = await linkedUser(ctx, claims)
  // Who was removed may have been invited again.
  const user = linked && !isRemoved(linked) ? linked : await newlyLinked(ctx, claims, browser)
  if (!user || user.disabled) return refuse(ctx, 'oidc', browser.address, user)
  // What the provider did not say is not taken as now: dangerous acts then ask it.
  const provedAtMs = Math.min(claims.authTimeMs ?? 0, ctx.clock.now())
  const session = await startSession(ctx, user, { how: 'oidc', provedAtMs }, browser)
  return session ? ok({ user, session }) : refuse(ctx, 'oidc', browser.address, user)
}

async function linkedUser(ctx: AccessContext, { issuer, subject }: IdentityClaims): Promise<User | null> {
  const identity = await ctx.storage.access.findIdentity(issuer, subject)
  return identity && ctx.storage.access.getUser(identity.userId)
}

async function newlyLinked(
  ctx: AccessContext,
  claims: IdentityClaims,
  { address }: Browser,
): Promise<User | null> {
  const { issuer, subject, email, emailVerified } = claims
  if (email === null || !emailVerified || subject === '' || subject.length > SUBJECT_CHARS_MAX) return null
  const known = await ctx.storage.access.findUserByEmail(email)
  const user = known && !isRemoved(known) ? known : await acceptByIdentity(ctx, { email, issuer, address })
  if (!user || user.disabled) return null
  const identity = { issuer, subject, userId: user.id, createdAtMs: ctx.clock.now() }
  const details = { action: 'identity.link', target: `user/${user.id}`, after: { issuer }, address }
  const linked = await ctx.storage.access.linkIdentity(identity, auditEntry(ctx, userActor(user), details))
  // Taken by another request of the same person, or this address was somebody else's at the provider before.
  return linked === 'linked' ? user : linkedUser(ctx, claims)
}
