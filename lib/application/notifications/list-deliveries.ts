import { z } from 'zod'
import { DELIVERY_OUTCOMES } from '#lib/protocol/notice.ts'
import { FILTER_LENGTH_MAX } from '#lib/query/field.ts'
import type { Delivery } from '#lib/storage/ports.ts'
import type { Actor, Context } from '../context.ts'
import { parsedOrThrow } from '../errors.ts'
import type { ItemList } from '../page.ts'
import { itemList, pageInput, pageRequest, rangeInput, since } from '../page.ts'
import { requireChannel } from './list-channels.ts'

export const deliveriesQuery = z.strictObject({
  ...pageInput,
  ...rangeInput,
  /** The channel's own, if any: no other has lines here. */
  fleet: z.string().max(40).optional(),
  outcome: z.enum(DELIVERY_OUTCOMES).optional(),
  /** Words in the title, the rule, or what was answered. */
  q: z.string().trim().max(FILTER_LENGTH_MAX).optional(),
})

/** What a channel was sent, newest first, try by try. @throws ApplicationError `forbidden`, `not_found`, `bad_request` */
export async function listDeliveries(
  ctx: Pick<Context, 'storage'>,
  { actor, id, query }: { readonly actor: Actor; readonly id: string; readonly query: unknown },
): Promise<ItemList<Delivery>> {
  const { outcome, q, from, fleet, ...request } = parsedOrThrow(deliveriesQuery, query)
  const channel = await requireChannel(ctx, actor, id)
  if (fleet !== undefined && fleet !== channel.fleetId) return { items: [], nextCursor: null }
  const filter = { channelId: id, outcome: outcome ?? null, words: q ? q : null }
  const page = await ctx.storage.notifications.deliveries(filter, pageRequest(request))
  return itemList(
    since(page, from, ({ atMs }) => atMs),
    (delivery) => delivery,
  )
}
