import { z } from 'zod'
import type { FacetCounts } from '#lib/query/facets.ts'
import { SESSION_FIELDS, type SessionKey } from '#lib/query/session-fields.ts'
import type { ListedSession } from '#lib/storage/ports.ts'
import { authorize } from '../access/authorize.ts'
import type { Actor, Context } from '../context.ts'
import { parsedOrThrow } from '../errors.ts'
import { filterInput, filterOrThrow } from '../filter.ts'
import type { ItemList } from '../page.ts'
import { itemList, pageInput, pageRequest } from '../page.ts'

export const sessionsQuery = z.strictObject({
  ...pageInput,
  fromMs: z.coerce.number().int().min(0),
  toMs: z.coerce.number().int().min(0),
  q: filterInput(SESSION_FIELDS),
})
export type SessionsQuery = z.input<typeof sessionsQuery>

/**
 * Sessions that ended in [fromMs, toMs) and match `q` (docs/filters.md), newest first.
 * @throws ApplicationError `not_found`, `bad_request`
 */
export async function listSessions(
  ctx: Pick<Context, 'storage'>,
  input: { readonly actor: Actor; readonly fleetId: string; readonly query: unknown },
): Promise<ItemList<ListedSession>> {
  authorize(input.actor, input.fleetId, 'viewer')
  const { cursor, limit, fromMs, toMs, q } = parsedOrThrow(sessionsQuery, input.query)
  const filter = { fromMs, toMs, conditions: filterOrThrow(q, SESSION_FIELDS) }
  const page = await ctx.storage.sessions.list(input.fleetId, filter, pageRequest({ cursor, limit }))
  return itemList(page, (row) => row)
}

export const sessionFacetsQuery = sessionsQuery.omit({ cursor: true, limit: true })

/**
 * How many sessions of the range match `q`, and how many have each value of some keys, of the newest
 * SESSION_FACET_ROWS_MAX. @throws ApplicationError `not_found`, `bad_request`
 */
export async function sessionFacets(
  ctx: Pick<Context, 'storage'>,
  input: { readonly actor: Actor; readonly fleetId: string; readonly query: unknown },
): Promise<FacetCounts<SessionKey>> {
  authorize(input.actor, input.fleetId, 'viewer')
  const { fromMs, toMs, q } = parsedOrThrow(sessionFacetsQuery, input.query)
  const conditions = filterOrThrow(q, SESSION_FIELDS)
  return ctx.storage.sessions.facets(input.fleetId, { fromMs, toMs, conditions })
}
