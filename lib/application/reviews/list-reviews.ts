import { z } from 'zod'
import type { StoredReview } from '#lib/storage/ports.ts'
import type { Context } from '../context.ts'
import { parsedOrThrow } from '../errors.ts'
import { itemList, pageInput, pageRequest, rangeInput, since, type ItemList } from '../page.ts'
import { collectionOf, type OfCollection } from './collection-of.ts'

export const reviewsQuery = z.strictObject({ ...pageInput, ...rangeInput })

/** The versions of a collection's design review, the latest first. @throws ApplicationError `not_found`, `bad_request` */
export async function listReviews(
  ctx: Pick<Context, 'storage'>,
  { query, ...of }: OfCollection & { readonly query: unknown },
): Promise<ItemList<StoredReview>> {
  await collectionOf(ctx, of, 'viewer')
  const { from, ...paged } = parsedOrThrow(reviewsQuery, query)
  const page = await ctx.storage.reviews.list(of.fleetId, of.id, pageRequest(paged))
  return itemList(
    since(page, from, ({ atMs }) => atMs),
    (review) => review,
  )
}
