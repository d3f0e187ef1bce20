import { z } from 'zod'
import { uuid } from '#lib/protocol/mutation.ts'
import type { DeadLetterRow } from '#lib/storage/ports.ts'
import { authorize } from '../access/authorize.ts'
import type { Actor, Context } from '../context.ts'
import { parsedOrThrow } from '../errors.ts'
import type { ItemList } from '../page.ts'
import { itemList, pageInput, pageRequest, rangeInput, since } from '../page.ts'

export const deadLettersQuery = z.strictObject({
  ...pageInput,
  ...rangeInput,
  status: z.enum(['open', 'replayed', 'discarded']).optional(),
  code: z.string().max(64).optional(),
  collection: z.string().max(64).optional(),
  appVersion: z.string().max(40).optional(),
  /** A place in the document, as the causes name it; empty for letters without one. */
  path: z.string().max(4_000).optional(),
  deviceId: uuid.optional(),
  sessionId: uuid.optional(),
})

/** A fleet's dead letters, newest first. @throws ApplicationError `not_found`, `bad_request` */
export async function listDeadLetters(
  ctx: Pick<Context, 'storage'>,
  input: { readonly actor: Actor; readonly fleetId: string; readonly query: unknown },
): Promise<ItemList<DeadLetterRow>> {
  authorize(input.actor, input.fleetId, 'viewer')
  const { cursor, limit, from, to, ...query } = parsedOrThrow(deadLettersQuery, input.query)
  const filter = {
    status: query.status ?? null,
    code: query.code ?? null,
    collection: query.collection ?? null,
    appVersion: query.appVersion ?? null,
    path: query.path ?? null,
    deviceId: query.deviceId ?? null,
    sessionId: query.sessionId ?? null,
  }
  const page = await ctx.storage.deadLetters.list(input.fleetId, filter, pageRequest({ cursor, limit, to }))
  return itemList(
    since(page, from, (row) => row.createdAtMs),
    (row) => row,
  )
}
