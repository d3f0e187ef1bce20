import type { Delivery } from '#lib/storage/ports.ts'
import type { Actor, Context } from '../context.ts'
import type { ChannelView } from './channel-view.ts'
import { listChannels } from './list-channels.ts'

/** A channel with what came of its last try; null where nothing was sent, or no more is known of it. */
export interface ShownChannel extends ChannelView {
  readonly last: Delivery | null
}

/**
 * The channels that a fleet's incidents are told on, oldest first: its own, and those of every fleet.
 * @throws ApplicationError `forbidden`, `bad_request`
 */
export async function channelBoard(
  ctx: Context,
  { actor, fleetId, words }: { readonly actor: Actor; readonly fleetId: string; readonly words?: string },
): Promise<readonly ShownChannel[]> {
  const channels = await listChannels(ctx, { actor, words })
  const own = channels.filter((channel) => channel.fleetId === null || channel.fleetId === fleetId)
  return Promise.all(
    own.map(async (channel) => {
      const filter = { channelId: channel.id, outcome: null, words: null }
      const { items } = await ctx.storage.notifications.deliveries(filter, { limit: 1, cursor: null })
      return { ...channel, last: items[0] ?? null }
    }),
  )
}
