import { z } from 'zod'
import { FILTER_LENGTH_MAX } from '#lib/query/field.ts'
import type { Channel } from '#lib/storage/ports.ts'
import { authorizeScope, canSee, EVERY_FLEET, isAtLeast, roleIn, strongestRole } from '../access/authorize.ts'
import type { Actor, Context } from '../context.ts'
import { ApplicationError, parsedOrThrow } from '../errors.ts'
import type { ChannelView } from './channel-view.ts'
import { channelView } from './channel-view.ts'

/** Words in a channel's name, kind, or where it leads. */
export const channelWords = z.string().trim().max(FILTER_LENGTH_MAX).optional()

/**
 * The channels of the fleets that this actor operates, oldest first; with words, those that have them.
 * @throws ApplicationError `forbidden`, `bad_request`
 */
export async function listChannels(
  ctx: Context,
  { actor, words }: { readonly actor: Actor; readonly words?: unknown },
): Promise<readonly ChannelView[]> {
  if (!isAtLeast(strongestRole(actor), 'operator')) throw new ApplicationError('forbidden')
  const wanted = parsedOrThrow(channelWords, words)?.toLowerCase() ?? ''
  const channels = await ctx.storage.notifications.channels()
  return channels
    .filter(({ fleetId }) => isAtLeast(roleIn(actor, fleetId ?? EVERY_FLEET), 'operator'))
    .filter(({ name, kind, settings }) =>
      [name, kind, JSON.stringify(settings)].join(' ').toLowerCase().includes(wanted),
    )
    .map((channel) => channelView(ctx, channel))
}

/** One channel, for an actor who operates its fleet. @throws ApplicationError `not_found`, `forbidden` */
export async function requireChannel(
  ctx: Pick<Context, 'storage'>,
  actor: Actor,
  id: string,
): Promise<Channel> {
  const channel = (await ctx.storage.notifications.channels()).find((one) => one.id === id)
  if (!channel || !canSee(actor, channel.fleetId ?? EVERY_FLEET)) throw new ApplicationError('not_found')
  authorizeScope(actor, channel.fleetId, 'operator')
  return channel
}
