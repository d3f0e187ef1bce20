import { z } from 'zod'
import { ApplicationError, parsedOrThrow } from '#lib/application/errors.ts'
import { tellDenial } from '../audit/denials.ts'
import { auditEntry } from './audit-entry.ts'
import type { AccessContext } from './context.ts'
import { verifyPassword } from './password.ts'
import { ownUser, type Person } from './person.ts'
import type { Principal } from './principal.ts'
import { counted, forgetTries, requireTry } from './tries.ts'

/** Dangerous acts take somebody who showed who they are within this time (security check 18). */
export const STEP_UP_MS = 30 * 60_000

/**
 * Whether this caller may do dangerous acts now. A key always: nobody sits at a program who could show who they are
 * again, and its owner took a fresh sign-in to make it; it is bounded by role, fleet and end instead.
 */
export const isRecent = ({ provedAtMs }: Principal, nowMs: number): boolean =>
  provedAtMs === null || nowMs - provedAtMs < STEP_UP_MS

export const stepUpInput = z.strictObject({ password: z.string().max(1_000) })

/**
 * Shows again who somebody is, by their password; dangerous acts are open to this session for a while.
 * @returns until when, Unix ms
 * @throws ApplicationError `wrong_password`, `rate_limited` after ten wrong ones, `forbidden` for a key
 */
export async function stepUp(
  ctx: AccessContext,
  { principal, address, body }: Person & { readonly body: unknown },
): Promise<{ provedUntilMs: number }> {
  const { password } = parsedOrThrow(stepUpInput, body)
  const { user, sessionId } = await ownUser(ctx, principal)
  await requirePassword(ctx, { principal, address }, user.passwordHash, password)
  const nowMs = ctx.clock.now()
  const details = { action: 'session.prove', target: `user/${user.id}`, after: { how: 'password' }, address }
  if (!(await ctx.storage.access.proveSession(sessionId, nowMs, auditEntry(ctx, principal.actor, details))))
    throw new ApplicationError('unauthorized')
  return { provedUntilMs: nowMs + STEP_UP_MS }
}

/**
 * Passes when this is the caller's own password. Its tries are counted by session: a stranger cannot use them up, and who
 * found an open browser has ten.
 * @throws ApplicationError `wrong_password`, `rate_limited`
 */
export async function requirePassword(
  ctx: AccessContext,
  { principal, address }: Person,
  stored: string | null,
  password: string,
): Promise<void> {
  const key = `session ${principal.sessionId ?? ''}`
  await requireTry(ctx, [key])
  if (await counted(ctx, [key], verifyPassword(password, stored))) return forgetTries(ctx, key)
  const { actor } = principal
  const target = `user/${actor.id}`
  await tellDenial(ctx, {
    actor,
    action: 'session.prove',
    code: 'wrong_password',
    fleetId: null,
    address,
    target,
  })
  throw new ApplicationError('wrong_password')
}
