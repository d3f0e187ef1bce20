import type { Json } from '#lib/kernel/json.ts'
import type { Actor } from '#lib/application/context.ts'
import type { User, UserSession } from '#lib/storage/ports.ts'
import { auditEntry } from './audit-entry.ts'
import type { AccessContext } from './context.ts'

/** A person's session ends after this long without a request (security check 17). */
export const SESSION_IDLE_MS = 8 * 3_600_000
/** … and after this long in any case. */
export const SESSION_LIFE_MS = 7 * 86_400_000
/** Of what a browser calls itself, so much is kept: it is the sender's own words. */
const USER_AGENT_CHARS_MAX = 200

/** From where somebody signs in: as the edge saw it. */
export interface Browser {
  readonly address: string | null
  readonly userAgent: string | null
}

export const userActor = (user: User): Actor => ({
  kind: 'user',
  id: user.id,
  name: user.name,
  roles: user.roles,
})

/**
 * A fresh session for someone who has just shown who they are; never an id that came with the request.
 * @param shown how they did, and when (Unix ms): a sign-in provider may have asked them long ago; by a password also the hash
 * that it was checked against
 * @returns null for somebody who was disabled meanwhile, or whose password isn't that any more
 */
export async function startSession(
  ctx: AccessContext,
  user: User,
  shown: { readonly how: UserSession['how']; readonly provedAtMs: number; readonly passwordHash?: string },
  { address, userAgent }: Browser,
): Promise<UserSession | null> {
  const nowMs = ctx.clock.now()
  const session: UserSession = {
    id: ctx.ids(),
    userId: user.id,
    createdAtMs: nowMs,
    lastSeenMs: nowMs,
    expiresAtMs: nowMs + SESSION_LIFE_MS,
    provedAtMs: shown.provedAtMs,
    how: shown.how,
    address,
    userAgent: userAgent === null ? null : userAgent.slice(0, USER_AGENT_CHARS_MAX),
  }
  const details = { action: 'session.start', target: `user/${user.id}`, after: { how: shown.how }, address }
  const audit = auditEntry(ctx, userActor(user), details)
  return (await ctx.storage.access.createSession(session, audit, shown.passwordHash)) ? session : null
}

/** The live session with its user as they are now; null when it ended, expired, or the user was disabled. */
export function findSession(
  ctx: AccessContext,
  id: string,
): Promise<{ session: UserSession; user: User } | null> {
  return ctx.storage.access.findSession(id, ctx.clock.now(), SESSION_IDLE_MS)
}

/** Signs out: the row goes, so every copy of the cookie is dead at once (security check 16). `before` says which, where it isn't one's own. */
export async function endSession(
  ctx: AccessContext,
  actor: Actor,
  sessionId: string,
  address: string | null,
  before: Json = null,
): Promise<void> {
  const details = { action: 'session.end', target: `user/${actor.id}`, before, address }
  await ctx.storage.access.endSession(sessionId, auditEntry(ctx, actor, details))
}
