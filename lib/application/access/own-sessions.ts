import { z } from 'zod'
import type { Actor } from '#lib/application/context.ts'
import { ApplicationError, parsedOrThrow } from '#lib/application/errors.ts'
import type { UserSession } from '#lib/storage/ports.ts'
import { removalInput } from '../removal-input.ts'
import { auditEntry } from './audit-entry.ts'
import { authorizeEverywhere } from './authorize.ts'
import type { AccessContext } from './context.ts'
import { ownUser, type Person } from './person.ts'
import { SESSION_IDLE_MS, endSession } from './sessions.ts'

/** One's own session as the API shows it. Times in Unix ms; `lastSeenMs` may be a minute old. */
export interface OwnSession {
  readonly id: string
  readonly createdAtMs: number
  readonly lastSeenMs: number
  readonly expiresAtMs: number
  readonly how: UserSession['how']
  readonly address: string | null
  /** What the browser called itself, cut off: the sender's own words. */
  readonly userAgent: string | null
  /** The one that asks. */
  readonly current: boolean
}

/** The caller's live sessions, used last first. @throws ApplicationError `forbidden` for a key */
export async function listOwnSessions(
  ctx: AccessContext,
  { principal }: Pick<Person, 'principal'>,
): Promise<readonly OwnSession[]> {
  const { user, sessionId } = await ownUser(ctx, principal)
  const sessions = await ctx.storage.access.listSessions(user.id, ctx.clock.now(), SESSION_IDLE_MS)
  return sessions.map(({ userId: _, provedAtMs: __, ...session }) => ({
    ...session,
    current: session.id === sessionId,
  }))
}

/** Signs out one of the caller's sessions, this one too. @throws ApplicationError `forbidden` for a key, `not_found` */
export async function endOwnSession(
  ctx: AccessContext,
  { principal, address, id, body }: Person & { readonly id: string; readonly body: unknown },
): Promise<{ id: string }> {
  parsedOrThrow(removalInput, body)
  const own = await listOwnSessions(ctx, { principal })
  const ended = own.find((session) => session.id === id)
  if (!ended) throw new ApplicationError('not_found')
  const { createdAtMs, how, address: from } = ended
  await endSession(ctx, principal.actor, id, address, { createdAtMs, how, address: from })
  return { id }
}

export const sessionsEnd = z.strictObject({
  /** True to stay signed in here. */
  keepThis: z.boolean().optional(),
})

/** Signs the caller out everywhere, or everywhere else. @throws ApplicationError `forbidden` for a key */
export async function endOwnSessions(
  ctx: AccessContext,
  { principal, address, body }: Person & { readonly body: unknown },
): Promise<{ endedSessions: number }> {
  const { keepThis = false } = parsedOrThrow(sessionsEnd, body)
  const { user, sessionId } = await ownUser(ctx, principal)
  const after = { kept: keepThis ? 'this' : 'none' }
  const details = { action: 'session.end-all', target: `user/${user.id}`, after, address }
  const audit = auditEntry(ctx, principal.actor, details)
  return {
    endedSessions: await ctx.storage.access.endSessionsOf(user.id, keepThis ? sessionId : null, audit),
  }
}

/**
 * An administrator of every fleet signs somebody out everywhere; that person can sign in again.
 * @throws ApplicationError `forbidden`, `not_found`
 */
export async function endSessionsOfUser(
  ctx: AccessContext,
  { actor, id, body }: { readonly actor: Actor; readonly id: string; readonly body: unknown },
): Promise<{ endedSessions: number }> {
  authorizeEverywhere(actor, 'admin')
  const { reason } = parsedOrThrow(removalInput, body)
  if (!(await ctx.storage.access.getUser(id))) throw new ApplicationError('not_found')
  const audit = auditEntry(ctx, actor, {
    action: 'session.end-all',
    target: `user/${id}`,
    after: { kept: 'none' },
    reason: reason ?? null,
  })
  return { endedSessions: await ctx.storage.access.endSessionsOf(id, null, audit) }
}
