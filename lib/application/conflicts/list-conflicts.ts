import { z } from 'zod'
import { CONFLICT_GROUPS_MAX } from '#lib/protocol/limits.ts'
import type { ConflictKey } from '#lib/query/conflict-fields.ts'
import type { FacetCounts } from '#lib/query/facets.ts'
import type { ConflictGroups, ConflictPairs, ConflictRow } from '#lib/storage/ports.ts'
import { authorize } from '../access/authorize.ts'
import type { Actor, Context } from '../context.ts'
import { parsedOrThrow } from '../errors.ts'
import type { ItemList } from '../page.ts'
import { itemList, pageInput, pageRequest } from '../page.ts'
import { conflictFilter, conflictsAsked } from './conflict-conditions.ts'
import { conflictMasks } from './conflict-masks.ts'

export const conflictsQuery = z.strictObject({ ...pageInput, ...conflictsAsked })
export const conflictFacetsQuery = z.strictObject(conflictsAsked)

interface Input {
  readonly actor: Actor
  readonly fleetId: string
  readonly query: unknown
}

/**
 * A fleet's conflicts that match `q` (docs/filters.md), with both sides, masked (DL20), and who lost what (CS7).
 * @throws ApplicationError `not_found`, `bad_request`
 */
export async function listConflicts(
  ctx: Pick<Context, 'storage' | 'secret' | 'clock'>,
  { actor, fleetId, query }: Input,
): Promise<ItemList<ConflictRow>> {
  authorize(actor, fleetId, 'viewer')
  const { cursor, limit, ...asked } = parsedOrThrow(conflictsQuery, query)
  const filter = conflictFilter(asked, ctx.clock.now())
  const [page, masks] = await Promise.all([
    ctx.storage.conflicts.list(fleetId, filter, pageRequest({ cursor, limit })),
    conflictMasks(ctx, fleetId),
  ])
  return itemList(page, masks.conflict)
}

/**
 * How many conflicts match `q`, and how many have each value of some keys, of the first CONFLICT_LOOK_MAX in its order.
 * @throws ApplicationError `not_found`, `bad_request`
 */
export async function conflictFacets(
  ctx: Pick<Context, 'storage' | 'clock'>,
  { actor, fleetId, query }: Input,
): Promise<FacetCounts<ConflictKey>> {
  authorize(actor, fleetId, 'viewer')
  const filter = conflictFilter(parsedOrThrow(conflictFacetsQuery, query), ctx.clock.now())
  return ctx.storage.conflicts.facets(fleetId, filter)
}

/**
 * The conflicts that match `q` by collection, field and pair of app versions, most first; one over two fields is in two
 * groups. @throws ApplicationError `not_found`, `bad_request`
 */
export async function conflictGroups(
  ctx: Pick<Context, 'storage' | 'clock'>,
  { actor, fleetId, query }: Input,
): Promise<ConflictGroups> {
  authorize(actor, fleetId, 'viewer')
  const filter = conflictFilter(parsedOrThrow(conflictFacetsQuery, query), ctx.clock.now())
  return ctx.storage.conflicts.groups(fleetId, filter, CONFLICT_GROUPS_MAX)
}

/**
 * The conflicts that match `q` by pair of app versions, most first; each is in one pair.
 * @throws ApplicationError `not_found`, `bad_request`
 */
export async function conflictPairs(
  ctx: Pick<Context, 'storage' | 'clock'>,
  { actor, fleetId, query }: Input,
): Promise<ConflictPairs> {
  authorize(actor, fleetId, 'viewer')
  const filter = conflictFilter(parsedOrThrow(conflictFacetsQuery, query), ctx.clock.now())
  return ctx.storage.conflicts.pairs(fleetId, filter, CONFLICT_GROUPS_MAX)
}
