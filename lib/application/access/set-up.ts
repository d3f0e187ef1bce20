import { z } from 'zod'
import { ApplicationError, parsedOrThrow } from '#lib/application/errors.ts'
import type { OneTimeLink, User } from '#lib/storage/ports.ts'
import { auditEntry, SYSTEM } from './audit-entry.ts'
import type { AccessContext } from './context.ts'
import { hashCredential, secretText } from './credentials.ts'
import { requireNotOwnName } from './own-password.ts'
import { hashPassword } from './password.ts'
import { userActor } from './sessions.ts'
import { emailAddress, newPassword, personName } from './users.ts'

/** Security check 9. */
export const SET_UP_LINK_LIFE_MS = 30 * 60_000

export type SetUp =
  | { readonly kind: 'done' }
  /** The first administrator was made from the two environment variables. */
  | { readonly kind: 'created'; readonly email: string }
  /** Print this: opening it makes the first administrator. */
  | { readonly kind: 'link'; readonly path: string; readonly expiresAtMs: number }

/**
 * At boot: nothing when there is an administrator, else one from the environment, else a one-time set-up link
 * (README.md). Any number of processes may start at once: one administrator is made.
 * @throws ApplicationError `bad_request` for an e-mail or password that will not do
 */
export async function prepareSetUp(
  ctx: AccessContext,
  env: { readonly email: string | null; readonly password: string | null },
): Promise<SetUp> {
  if ((await ctx.storage.access.countAdmins()) > 0) return { kind: 'done' }
  if (env.email !== null && env.password !== null) {
    const user = await firstAdmin(ctx, adminOf(env))
    const details = { action: 'user.create', target: `user/${user.id}`, after: { roles: user.roles } }
    const audit = auditEntry(ctx, SYSTEM, details)
    const outcome = await ctx.storage.access.claimSetUp(null, user, ctx.clock.now(), audit)
    return outcome === 'created' ? { kind: 'created', email: user.email } : { kind: 'done' }
  }
  const token = secretText()
  const expiresAtMs = ctx.clock.now() + SET_UP_LINK_LIFE_MS
  const link: OneTimeLink = {
    hash: hashCredential(token),
    kind: 'set_up',
    userId: null,
    expiresAtMs,
    usedAtMs: null,
  }
  await ctx.storage.access.createLink(
    link,
    auditEntry(ctx, SYSTEM, { action: 'link.create', target: 'set-up' }),
  )
  return { kind: 'link', path: `/set-up?token=${token}`, expiresAtMs }
}

/** Whether a set-up link can still make the first administrator, or why it can't. Looking uses nothing up. */
export async function setUpLinkState(
  ctx: Pick<AccessContext, 'storage' | 'clock'>,
  token: string,
): Promise<'live' | 'set_up_done' | 'dead'> {
  if ((await ctx.storage.access.countAdmins()) > 0) return 'set_up_done'
  const hash = hashCredential(token)
  return (await ctx.storage.access.isLinkLive(hash, 'set_up', ctx.clock.now())) ? 'live' : 'dead'
}

/** @throws ApplicationError `bad_request` whose message names the variable and what it needs */
function adminOf(env: { readonly email: string | null; readonly password: string | null }) {
  const told = credentials.safeParse(env)
  if (told.success) return told.data
  const detail = told.error.issues.map(
    ({ path, message }) => `TIDEMARK_ADMIN_${String(path[0]).toUpperCase()}: ${message}`,
  )
  throw new ApplicationError('bad_request', { detail: detail.join('; ') })
}

const credentials = z.object({ email: emailAddress, password: newPassword }).superRefine(requireNotOwnName)
const setUpClaim = z
  .strictObject({
    token: z.string().min(1).max(200),
    email: emailAddress,
    name: personName.optional(),
    password: newPassword,
  })
  .superRefine(requireNotOwnName)

/**
 * Makes the first administrator by the set-up link. Of many claims at once one wins, by the storage.
 * @throws ApplicationError `gone` when the link was used, has expired, or there is an administrator already; `shed`
 */
export async function claimSetUp(ctx: AccessContext, body: unknown, address: string | null): Promise<User> {
  const input = parsedOrThrow(setUpClaim, body)
  // Asked before the costly hash; the storage asks again.
  if ((await setUpLinkState(ctx, input.token)) !== 'live') throw new ApplicationError('gone')
  const user = await firstAdmin(ctx, input)
  const details = {
    action: 'set-up.claim',
    target: `user/${user.id}`,
    after: { roles: user.roles },
    address,
  }
  const audit = auditEntry(ctx, userActor(user), details)
  const nowMs = ctx.clock.now()
  const outcome = await ctx.storage.access.claimSetUp(hashCredential(input.token), user, nowMs, audit)
  if (outcome === 'gone') throw new ApplicationError('gone')
  return user
}

async function firstAdmin(
  ctx: AccessContext,
  input: { email: string; password: string; name?: string | undefined },
): Promise<User> {
  return {
    id: ctx.ids(),
    email: input.email,
    name: input.name ?? input.email,
    passwordHash: await hashPassword(input.password),
    disabled: false,
    removedAtMs: null,
    createdAtMs: ctx.clock.now(),
    roles: { '*': 'admin' },
  }
}
