import { z } from 'zod'
import { badRequest, ApplicationError, parsedOrThrow } from '#lib/application/errors.ts'
import { auditEntry } from './audit-entry.ts'
import type { AccessContext } from './context.ts'
import { hashPassword, passwordProblem } from './password.ts'
import { ownUser, type Person } from './person.ts'
import { requirePassword } from './step-up.ts'
import { newPassword } from './users.ts'

export const passwordChange = z.strictObject({
  /** Left out by somebody who has none yet. */
  current: z.string().max(1_000).optional(),
  password: newPassword,
})

/**
 * Sets one's own password: every other session of this person ends, and no browser is known any more.
 * @returns how many sessions ended
 * @throws ApplicationError `bad_request`, `wrong_password`, `rate_limited`, `forbidden` for a key
 */
export async function changePassword(
  ctx: AccessContext,
  { principal, address, body }: Person & { readonly body: unknown },
): Promise<{ endedSessions: number }> {
  const { current, password } = parsedOrThrow(passwordChange, body)
  const { user, sessionId } = await ownUser(ctx, principal)
  if (user.passwordHash !== null)
    await requirePassword(ctx, { principal, address }, user.passwordHash, current ?? '')
  const problem = passwordProblem(password, [user.email, user.name])
  if (problem !== null) throw badRequest([{ path: '/password', message: problem }])
  const passwordHash = await hashPassword(password)
  const told = { action: 'account.password', target: `user/${user.id}`, address }
  const endAll = { ...told, action: 'session.end-all', after: { kept: 'this' } }
  const saved = await ctx.storage.access.updatePassword(user.id, sessionId, (now) => {
    // What was shown is theirs no more: an administrator has reset it meanwhile, or they changed it elsewhere.
    if (now.passwordHash !== user.passwordHash) throw new ApplicationError('wrong_password')
    if (now.disabled) throw new ApplicationError('unauthorized')
    return {
      next: { ...now, passwordHash },
      audit: auditEntry(ctx, principal.actor, told),
      ended: auditEntry(ctx, principal.actor, endAll),
    }
  })
  if (!saved) throw new ApplicationError('unauthorized')
  return { endedSessions: saved.endedSessions }
}
