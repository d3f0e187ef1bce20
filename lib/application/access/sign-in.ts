import type { Result } from '#lib/kernel/result.ts'
import { err, ok } from '#lib/kernel/result.ts'
import type { Storage, User, UserSession } from '#lib/storage/ports.ts'
import { auditEntry, NOBODY } from './audit-entry.ts'
import type { AccessContext } from './context.ts'
import { hashCredential } from './credentials.ts'
import { verifyPassword } from './password.ts'
import { startSession } from './sessions.ts'
import { Throttle } from './throttle.ts'

export interface SignedIn {
  readonly user: User
  readonly session: UserSession
}
export type SignInRefusal =
  { readonly code: 'unauthorized' } | { readonly code: 'rate_limited'; readonly retryAfterMs: number }

/** One throttle for each storage, so that tests don't share one. */
const throttles = new WeakMap<Storage, Throttle>()

/**
 * Signs in by e-mail and password. Ten bad tries for an account, or from an address, are `rate_limited` until
 * their window ends. An unknown user answers as a wrong password does, in the same time (security.md, 11 and 12).
 */
export async function signInByPassword(
  ctx: AccessContext,
  input: { readonly email: string; readonly password: string; readonly address: string | null },
): Promise<Result<SignedIn, SignInRefusal>> {
  const keys = [`account ${hashCredential(input.email.toLowerCase())}`, ...addressKeys(input.address)]
  const waitMs = throttleOf(ctx).admit(keys, ctx.clock.now())
  if (waitMs !== null) return err({ code: 'rate_limited', retryAfterMs: waitMs })
  const user = await ctx.storage.access.findUserByEmail(input.email)
  const matches = await verifyPassword(input.password, user?.passwordHash ?? null)
  if (!user || !matches || user.disabled) return refuse(ctx, 'password', input.address)
  throttleOf(ctx).clear(keys[0] as string)
  addressKeys(input.address).forEach((key) => throttleOf(ctx).forgive(key))
  return ok({ user, session: await startSession(ctx, user, 'password', input.address) })
}

/** Signs in by a one-time link: the first use wins, all later ones are refused. */
export async function signInByLink(
  ctx: AccessContext,
  input: { readonly token: string; readonly address: string | null },
): Promise<Result<SignedIn, SignInRefusal>> {
  const waitMs = throttleOf(ctx).admit(addressKeys(input.address), ctx.clock.now())
  if (waitMs !== null) return err({ code: 'rate_limited', retryAfterMs: waitMs })
  const link = await ctx.storage.access.useLink(hashCredential(input.token), ctx.clock.now())
  const user = link?.userId ? await ctx.storage.access.getUser(link.userId) : null
  if (!user || user.disabled) return refuse(ctx, 'link', input.address)
  addressKeys(input.address).forEach((key) => throttleOf(ctx).forgive(key))
  return ok({ user, session: await startSession(ctx, user, 'link', input.address) })
}

/** The e-mail is not written down: people type passwords into that field. */
async function refuse(
  ctx: AccessContext,
  how: string,
  address: string | null,
): Promise<Result<SignedIn, SignInRefusal>> {
  const details = {
    action: 'session.start',
    target: 'user',
    after: { how },
    address,
    outcome: 'denied',
  } as const
  await ctx.storage.audit.append(auditEntry(ctx, NOBODY, details))
  return err({ code: 'unauthorized' })
}

const addressKeys = (address: string | null): readonly string[] =>
  address === null ? [] : [`address ${address}`]

function throttleOf(ctx: AccessContext): Throttle {
  const known = throttles.get(ctx.storage) ?? new Throttle()
  throttles.set(ctx.storage, known)
  return known
}
