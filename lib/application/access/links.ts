import type { Actor } from '#lib/application/context.ts'
import type { OneTimeLink, User } from '#lib/storage/ports.ts'
import { auditEntry } from './audit-entry.ts'
import type { AccessContext } from './context.ts'
import { hashCredential, secretText } from './credentials.ts'

const SIGN_IN_LINK_LIFE_MS = 12 * 3_600_000

/**
 * A link that signs this user in, once. Its path is relative to the server's URL. Opening it uses nothing up: the
 * page posts the token, so that a mail scanner's preview doesn't spend it.
 */
export async function makeSignInLink(ctx: AccessContext, actor: Actor, user: User): Promise<string> {
  const token = secretText()
  const link: OneTimeLink = {
    hash: hashCredential(token),
    kind: 'sign_in',
    userId: user.id,
    expiresAtMs: ctx.clock.now() + SIGN_IN_LINK_LIFE_MS,
    usedAtMs: null,
  }
  const details = { action: 'link.create', target: `user/${user.id}` }
  await ctx.storage.access.createLink(link, auditEntry(ctx, actor, details))
  return `/link?token=${token}`
}
