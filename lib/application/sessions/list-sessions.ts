import { z } from 'zod'
import { uuid } from '#lib/protocol/mutation.ts'
import { SESSION_RESULTS } from '#lib/protocol/session.ts'
import type { SessionRow } from '#lib/storage/ports.ts'
import { authorize } from '../access/authorize.ts'
import type { Actor, Context } from '../context.ts'
import { parsedOrThrow } from '../errors.ts'
import type { ItemList } from '../page.ts'
import { itemList, pageInput, pageRequest } from '../page.ts'

export const sessionsQuery = z.strictObject({
  ...pageInput,
  fromMs: z.coerce.number().int().min(0),
  toMs: z.coerce.number().int().min(0),
  deviceId: uuid.optional(),
  deviceName: z.string().max(120).optional(),
  text: z.string().max(120).optional(),
  result: z.enum(SESSION_RESULTS).optional(),
  appVersion: z.string().max(40).optional(),
  platform: z.string().max(40).optional(),
  withConflicts: z.boolean().optional(),
  withDeadLetters: z.boolean().optional(),
})
export type SessionsQuery = z.input<typeof sessionsQuery>

/** Sessions that ended in [fromMs, toMs), newest first. @throws ApplicationError `not_found`, `bad_request` */
export async function listSessions(
  ctx: Pick<Context, 'storage'>,
  input: { readonly actor: Actor; readonly fleetId: string; readonly query: unknown },
): Promise<ItemList<SessionRow>> {
  authorize(input.actor, input.fleetId, 'viewer')
  const { cursor, limit, ...query } = parsedOrThrow(sessionsQuery, input.query)
  const filter = {
    fromMs: query.fromMs,
    toMs: query.toMs,
    deviceId: query.deviceId ?? null,
    deviceName: query.deviceName ?? null,
    text: query.text ?? null,
    result: query.result ?? null,
    appVersion: query.appVersion ?? null,
    platform: query.platform ?? null,
    withConflicts: query.withConflicts ?? false,
    withDeadLetters: query.withDeadLetters ?? false,
  }
  const page = await ctx.storage.sessions.list(input.fleetId, filter, pageRequest({ cursor, limit }))
  return itemList(page, (row) => row)
}
