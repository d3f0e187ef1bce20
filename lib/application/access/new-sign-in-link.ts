import { z } from 'zod'
import { ApplicationError, parsedOrThrow } from '#lib/application/errors.ts'
import { removalInput } from '../removal-input.ts'
import { auditEntry } from './audit-entry.ts'
import { authorizeEverywhere } from './authorize.ts'
import type { AccessContext } from './context.ts'
import { makeSignInLink } from './links.ts'
import type { Principal } from './principal.ts'
import { isRemoved } from './users.ts'

export const signInLinkInput = z.strictObject({ reason: removalInput.shape.reason })

/**
 * POST /users/:id/link: for somebody who forgot their password. It opens nothing any more, and whoever is signed in
 * by it no longer is; the link signs them in once, and then they set a new one. `link` is a path, shown this once.
 * @throws ApplicationError `forbidden`, `not_found`, `bad_request` for somebody who is disabled
 */
export async function newSignInLink(
  ctx: AccessContext,
  {
    principal: { actor, sessionId },
    id,
    body,
  }: { readonly principal: Principal; readonly id: string; readonly body: unknown },
): Promise<{ id: string; email: string; link: string }> {
  authorizeEverywhere(actor, 'admin')
  const { reason } = parsedOrThrow(signInLinkInput, body)
  const told = { action: 'user.reset-password', target: `user/${id}`, reason: reason ?? null }
  const endAll = { ...told, action: 'session.end-all', after: { kept: actor.id === id ? 'this' : 'none' } }
  // Of one's own the one that asks stays: the link is shown there.
  const reset = await ctx.storage.access.updatePassword(id, sessionId, (now) => {
    if (isRemoved(now)) throw new ApplicationError('not_found')
    if (now.disabled)
      throw new ApplicationError('bad_request', { detail: 'This person is disabled: enable them first' })
    const sides = { before: { hasPassword: now.passwordHash !== null }, after: { hasPassword: false } }
    return {
      next: { ...now, passwordHash: null },
      audit: auditEntry(ctx, actor, { ...told, ...sides }),
      ended: auditEntry(ctx, actor, endAll),
    }
  })
  if (!reset) throw new ApplicationError('not_found')
  const { user } = reset
  return { id, email: user.email, link: await makeSignInLink(ctx, actor, user) }
}
