import { z } from 'zod'
import { PAGE_LIMIT_MAX, rangeInput } from '#lib/application/page.ts'
import { badRequest, parsedOrThrow } from '#lib/application/errors.ts'
import { uuid } from '#lib/protocol/mutation.ts'

const wholeQuery = z.strictObject({
  /** The last id of the page before. */
  cursor: uuid.optional(),
  limit: z.coerce.number().int().min(1).max(PAGE_LIMIT_MAX).optional(),
  ...rangeInput,
  fleet: uuid.optional(),
})

interface Listed {
  readonly id: string
  readonly createdAtMs: number
}

/**
 * A page of a list that is short enough to be read whole: made in [from, to), in the order of the list, as many as a page
 * may have without `limit`, and of the fleet that the query names where the list has things of several.
 * @throws ApplicationError `bad_request`
 */
export function wholeList<T extends Listed>(
  all: readonly T[],
  query: unknown,
  isOf: (item: T, fleetId: string) => boolean = () => true,
): { readonly items: readonly T[]; readonly nextCursor: string | null; readonly total: number } {
  const { cursor, limit = PAGE_LIMIT_MAX, from = 0, to = Infinity, fleet } = parsedOrThrow(wholeQuery, query)
  const inFleet = fleet === undefined ? all : all.filter((item) => isOf(item, fleet))
  const asked = inFleet.filter(({ createdAtMs }) => createdAtMs >= from && createdAtMs < to)
  const before = cursor === undefined ? -1 : asked.findIndex(({ id }) => id === cursor)
  if (cursor !== undefined && before < 0)
    throw badRequest([{ path: '/cursor', message: 'must be a cursor of an earlier page' }])
  const items = asked.slice(before + 1, before + 1 + limit)
  const isLast = before + 1 + items.length >= asked.length
  return { items, nextCursor: isLast ? null : (items.at(-1)?.id ?? null), total: asked.length }
}
