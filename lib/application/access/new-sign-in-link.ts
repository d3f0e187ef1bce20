import { z } from 'zod'
import type { Actor } from '#lib/application/context.ts'
import { ApplicationError, parsedOrThrow } from '#lib/application/errors.ts'
import { removalInput } from '../removal-input.ts'
import { auditEntry } from './audit-entry.ts'
import { authorizeEverywhere } from './authorize.ts'
import type { AccessContext } from './context.ts'
import { makeSignInLink } from './links.ts'
import { isRemoved } from './users.ts'

export const signInLinkInput = z.strictObject({ reason: removalInput.shape.reason })

/**
 * POST /users/:id/link: for somebody who forgot their password. It opens nothing any more; the link signs them in once, and
 * then they set a new one. `link` is a path, shown this once.
 * @throws ApplicationError `forbidden`, `not_found`, `bad_request` for somebody who is disabled
 */
export async function newSignInLink(
  ctx: AccessContext,
  { actor, id, body }: { readonly actor: Actor; readonly id: string; readonly body: unknown },
): Promise<{ id: string; email: string; link: string }> {
  authorizeEverywhere(actor, 'admin')
  const { reason } = parsedOrThrow(signInLinkInput, body)
  const told = { action: 'user.reset-password', target: `user/${id}`, reason: reason ?? null }
  const user = await ctx.storage.access.updateUser(id, (now) => {
    if (isRemoved(now)) throw new ApplicationError('not_found')
    if (now.disabled)
      throw new ApplicationError('bad_request', { detail: 'This person is disabled: enable them first' })
    const sides = { before: { hasPassword: now.passwordHash !== null }, after: { hasPassword: false } }
    return { next: { ...now, passwordHash: null }, audit: auditEntry(ctx, actor, { ...told, ...sides }) }
  })
  if (!user) throw new ApplicationError('not_found')
  return { id, email: user.email, link: await makeSignInLink(ctx, actor, user) }
}
