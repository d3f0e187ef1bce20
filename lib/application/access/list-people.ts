import { z } from 'zod'
import { FILTER_LENGTH_MAX } from '#lib/query/field.ts'
import type { Actor } from '../context.ts'
import { parsedOrThrow } from '../errors.ts'
import type { AccessContext } from './context.ts'
import { listUsers, type UserView } from './users.ts'

/** A person with when they were seen last, within a minute; null for who never signed in. Unix ms. */
export interface PersonView extends UserView {
  readonly lastSeenMs: number | null
}

/** Words in a person's name, e-mail, or one of their roles; each has to be there. */
export const personWords = z.string().trim().max(FILTER_LENGTH_MAX).optional()

/**
 * Those whom this actor administers, by e-mail; with words, those that have them.
 * @throws ApplicationError `forbidden`, `bad_request`
 */
export async function listPeople(
  ctx: AccessContext,
  { actor, words }: { readonly actor: Actor; readonly words?: unknown },
): Promise<readonly PersonView[]> {
  const wanted = (parsedOrThrow(personWords, words) ?? '').toLowerCase().split(/\s+/)
  const users = (await listUsers(ctx, { actor })).filter(({ name, email, roles }) => {
    const text = [name, email, ...Object.values(roles)].join(' ').toLowerCase()
    return wanted.every((word) => text.includes(word))
  })
  const seen = await ctx.storage.access.usersSeen(users.map(({ id }) => id))
  return users.map((user) => ({ ...user, lastSeenMs: seen.get(user.id) ?? null }))
}
