import { z } from 'zod'
import { ApplicationError, parsedOrThrow } from '#lib/application/errors.ts'
import { auditEntry } from './audit-entry.ts'
import type { AccessContext } from './context.ts'
import { ownUser, type Person } from './person.ts'
import { STEP_UP_MS } from './step-up.ts'
import { personName } from './users.ts'

/** One's own account. Times in Unix ms. */
export interface AccountView {
  readonly id: string
  readonly email: string
  readonly name: string
  readonly hasPassword: boolean
  /** Sign-in providers that know this person. */
  readonly identities: readonly { readonly issuer: string; readonly createdAtMs: number }[]
  /** Until when dangerous acts are open to this session; in the past when they are not. */
  readonly provedUntilMs: number
  /** For how long they are open yet, by the server's clock; below zero for how long they no longer are. */
  readonly provedForMs: number
}

/** @throws ApplicationError `forbidden` for a key, which has no account */
export async function getAccount(
  ctx: AccessContext,
  { principal }: Pick<Person, 'principal'>,
): Promise<AccountView> {
  const { user } = await ownUser(ctx, principal)
  const identities = await ctx.storage.access.listIdentities(user.id)
  const provedUntilMs = (principal.provedAtMs ?? 0) + STEP_UP_MS
  return {
    id: user.id,
    email: user.email,
    name: user.name,
    hasPassword: user.passwordHash !== null,
    identities: identities.map(({ issuer, createdAtMs }) => ({ issuer, createdAtMs })),
    provedUntilMs,
    provedForMs: provedUntilMs - ctx.clock.now(),
  }
}

export const accountChange = z.strictObject({ name: personName })

/** Changes what one is called by. @throws ApplicationError `forbidden` for a key, `bad_request` */
export async function changeAccount(
  ctx: AccessContext,
  { principal, address, body }: Person & { readonly body: unknown },
): Promise<AccountView> {
  const { name } = parsedOrThrow(accountChange, body)
  const { user } = await ownUser(ctx, principal)
  await ctx.storage.access.updateUser(user.id, (now) => {
    const details = { before: { name: now.name }, after: { name }, address }
    const told = { action: 'account.change', target: `user/${user.id}`, ...details }
    return { next: { ...now, name }, audit: auditEntry(ctx, principal.actor, told) }
  })
  return getAccount(ctx, { principal })
}

export const identityRemoval = z.strictObject({ issuer: z.string().min(1).max(2_000) })

/**
 * The provider no longer signs this person in, until it does so again by their verified e-mail.
 * @throws ApplicationError `forbidden` for a key, `not_found`, `bad_request` where nothing else would let them in
 */
export async function unlinkIdentity(
  ctx: AccessContext,
  { principal, address, body }: Person & { readonly body: unknown },
): Promise<AccountView> {
  const { issuer } = parsedOrThrow(identityRemoval, body)
  const { user } = await ownUser(ctx, principal)
  const known = await ctx.storage.access.listIdentities(user.id)
  if (user.passwordHash === null && known.length <= 1)
    throw new ApplicationError('bad_request', {
      detail: 'Set a password first: nothing else would let you in',
    })
  const details = { action: 'identity.unlink', target: `user/${user.id}`, before: { issuer }, address }
  const audit = auditEntry(ctx, principal.actor, details)
  if (!(await ctx.storage.access.unlinkIdentity(user.id, issuer, audit)))
    throw new ApplicationError('not_found')
  return getAccount(ctx, { principal })
}
