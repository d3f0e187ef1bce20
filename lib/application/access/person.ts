import { ApplicationError } from '#lib/application/errors.ts'
import type { User } from '#lib/storage/ports.ts'
import type { AccessContext } from './context.ts'
import type { Principal } from './principal.ts'

/** Somebody at a browser, who does something with their own account. */
export interface Person {
  readonly principal: Principal
  readonly address: string | null
}

/** The user behind a session. @throws ApplicationError `forbidden` for a key, `unauthorized` once the user is no more */
export async function ownUser(
  ctx: Pick<AccessContext, 'storage'>,
  { actor, sessionId }: Principal,
): Promise<{ user: User; sessionId: string }> {
  if (sessionId === null)
    throw new ApplicationError('forbidden', {
      detail: 'This is about the account of a person, and a key has none',
    })
  const user = await ctx.storage.access.getUser(actor.id)
  if (!user) throw new ApplicationError('unauthorized')
  return { user, sessionId }
}
