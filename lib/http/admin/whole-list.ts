import { z } from 'zod'
import { PAGE_LIMIT_MAX, rangeInput } from '#lib/application/page.ts'
import { badRequest, parsedOrThrow } from '#lib/application/errors.ts'
import { uuid } from '#lib/protocol/mutation.ts'

export const wholeQuery = z.strictObject({
  /** The last item of the page before, by its id. */
  cursor: z.string().max(200).optional(),
  limit: z.coerce.number().int().min(1).max(PAGE_LIMIT_MAX).optional(),
  ...rangeInput,
  fleet: uuid.optional(),
})

/** @throws ApplicationError `bad_request` */
export const wholeInput = (query: unknown): z.infer<typeof wholeQuery> => parsedOrThrow(wholeQuery, query)

interface Listed {
  readonly id: string
  readonly createdAtMs: number
}

interface ListRules<T> {
  /** What tells an item from all others of the list. */
  readonly idOf: (item: T) => string
  /** Null for what is of no time: no range leaves it out. */
  readonly atMsOf: (item: T) => number | null
  readonly isOf?: (item: T, fleetId: string) => boolean
}

export interface WholePage<T> {
  readonly items: readonly T[]
  readonly nextCursor: string | null
  readonly total: number
}

/** A page of a list of things that were made at some time. @throws ApplicationError `bad_request` */
export const wholeList = <T extends Listed>(
  all: readonly T[],
  query: unknown,
  isOf?: (item: T, fleetId: string) => boolean,
): WholePage<T> =>
  pageOfWhole(all, query, {
    idOf: ({ id }) => id,
    atMsOf: ({ createdAtMs }) => createdAtMs,
    ...(isOf && { isOf }),
  })

/**
 * A page of a list that is short enough to be read whole: of [from, to), in the order of the list, as many as a page may
 * have without `limit`, and of the fleet that the query names where the list has things of several.
 * @throws ApplicationError `bad_request`
 */
export function pageOfWhole<T>(
  all: readonly T[],
  query: unknown,
  { idOf, atMsOf, isOf = () => true }: ListRules<T>,
): WholePage<T> {
  const { cursor, limit = PAGE_LIMIT_MAX, from = 0, to = Infinity, fleet } = wholeInput(query)
  const inFleet = fleet === undefined ? all : all.filter((item) => isOf(item, fleet))
  const asked = inFleet.filter((item) => {
    const atMs = atMsOf(item)
    return atMs === null || (atMs >= from && atMs < to)
  })
  const before = cursor === undefined ? -1 : asked.findIndex((item) => idOf(item) === cursor)
  if (cursor !== undefined && before < 0)
    throw badRequest([{ path: '/cursor', message: 'must be a cursor of an earlier page' }])
  const items = asked.slice(before + 1, before + 1 + limit)
  const isLast = before + 1 + items.length >= asked.length
  const last = items.at(-1)
  return { items, nextCursor: isLast || last === undefined ? null : idOf(last), total: asked.length }
}
