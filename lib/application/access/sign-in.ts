import type { Result } from '#lib/kernel/result.ts'
import { err, ok } from '#lib/kernel/result.ts'
import type { User, UserSession } from '#lib/storage/ports.ts'
import { tellDenial } from '../audit/denials.ts'
import { auditEntry } from './audit-entry.ts'
import type { AccessContext } from './context.ts'
import { hashCredential } from './credentials.ts'
import { hashPassword, isOutdated, verifyPassword } from './password.ts'
import { startSession, userActor, type Browser } from './sessions.ts'
import { addressKeys, countTry, counted, forgetTries, forgiveTries } from './tries.ts'

export interface SignedIn {
  readonly user: User
  readonly session: UserSession
}
export type SignInRefusal =
  | { readonly code: 'unauthorized' }
  | { readonly code: 'rate_limited' | 'provider_unavailable'; readonly retryAfterMs: number }

/** A browser, and whether somebody signed in at it as this user before: the id that it then got. */
export interface SigningBrowser extends Browser {
  readonly knownAs: (user: User) => string | null
}

/**
 * Signs in by e-mail and password. Ten bad tries for an account, or from an address, are `rate_limited` until their
 * window ends; a browser where this user signed in before has ten of its own. An unknown user answers as a wrong password
 * does, in the same time (security checks 11 and 12).
 */
export async function signInByPassword(
  ctx: AccessContext,
  input: { readonly email: string; readonly password: string },
  browser: SigningBrowser,
): Promise<Result<SignedIn, SignInRefusal>> {
  const user = await ctx.storage.access.findUserByEmail(input.email)
  const known = user && browser.knownAs(user)
  const own = known ? `browser ${known}` : `account ${hashCredential(input.email.toLowerCase())}`
  const shared = known ? [] : addressKeys(browser.address)
  const waitMs = await countTry(ctx, [own, ...shared])
  if (waitMs !== null) return err({ code: 'rate_limited', retryAfterMs: waitMs })
  const hashed = verifyPassword(input.password, user?.passwordHash ?? null)
  const matches = await counted(ctx, [own, ...shared], hashed)
  if (!user || user.passwordHash === null || !matches || user.disabled)
    return refuse(ctx, 'password', browser.address, user)
  await forgetTries(ctx, own)
  await forgiveTries(ctx, shared)
  const renewed = await renewHash(ctx, user, input.password)
  const { passwordHash } = renewed
  const shown = { how: 'password', provedAtMs: ctx.clock.now(), passwordHash: passwordHash ?? '' } as const
  const session = await startSession(ctx, renewed, shown, browser)
  return session ? ok({ user: renewed, session }) : refuse(ctx, 'password', browser.address, user)
}

/**
 * Signs in by a one-time link: the first use wins, all later ones are refused. Only those that lead nowhere count as tries:
 * nobody guesses 192 bits, and a link is the way back of people whose address is locked out (security check 11).
 */
export async function signInByLink(
  ctx: AccessContext,
  input: { readonly token: string },
  browser: Browser,
): Promise<Result<SignedIn, SignInRefusal>> {
  const link = await ctx.storage.access.useLink(hashCredential(input.token), ctx.clock.now())
  const user = link?.userId ? await ctx.storage.access.getUser(link.userId) : null
  if (!user || user.disabled) {
    const waitMs = await countTry(ctx, addressKeys(browser.address))
    if (waitMs !== null) return err({ code: 'rate_limited', retryAfterMs: waitMs })
    return refuse(ctx, 'link', browser.address, user)
  }
  const shown = { how: 'link', provedAtMs: ctx.clock.now() } as const
  const session = await startSession(ctx, user, shown, browser)
  return session ? ok({ user, session }) : refuse(ctx, 'link', browser.address, user)
}

/** A hash that is weaker than today's is made anew, while the password is at hand (security check 13). */
async function renewHash(ctx: AccessContext, user: User, password: string): Promise<User> {
  if (user.passwordHash === null || !isOutdated(user.passwordHash)) return user
  const renewed = await hashPassword(password)
  const details = { action: 'user.rehash', target: `user/${user.id}` }
  const saved = await ctx.storage.access.updateUser(user.id, (now) => ({
    // Somebody may have changed it meanwhile.
    next: now.passwordHash === user.passwordHash ? { ...now, passwordHash: renewed } : now,
    audit: auditEntry(ctx, userActor(user), details),
  }))
  if (saved === null || saved.passwordHash === renewed) return saved ?? user
  // Another sign-in made it anew at the same time, or it is another password by now.
  return (await verifyPassword(password, saved.passwordHash)) ? saved : user
}

/**
 * Leaves an audit event, within the bound of all denials. The e-mail is not written down: people type passwords into that field.
 * @param user whose account was tried, where there is one
 */
export async function refuse(
  ctx: AccessContext,
  how: UserSession['how'],
  address: string | null,
  user: Pick<User, 'id'> | null,
): Promise<Result<SignedIn, SignInRefusal>> {
  await tellDenial(ctx, {
    actor: null,
    action: 'session.start',
    code: 'unauthorized',
    fleetId: null,
    address,
    target: user ? `user/${user.id}` : 'user',
    after: { how },
  })
  return err({ code: 'unauthorized' })
}
