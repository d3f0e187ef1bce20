import type { Channel, Told } from '#lib/storage/ports.ts'
import { isAtLeast, roleIn, EVERY_FLEET } from '../access/authorize.ts'
import type { Actor, Context } from '../context.ts'

/** How a channel stands to an incident. */
export interface ToldChannel extends Pick<Told, 'notification' | 'last'> {
  readonly channel: Pick<Channel, 'id' | 'fleetId' | 'name' | 'kind' | 'enabled'>
}

/**
 * What became of telling an incident, channel by channel, by name: of those that this actor may see. Who operates the
 * fleet sees all that its incidents go to but for channels of every fleet, which need a role there.
 */
export async function toldOf(
  ctx: Pick<Context, 'storage'>,
  { actor, incidentId }: { readonly actor: Actor; readonly incidentId: string },
): Promise<readonly ToldChannel[]> {
  const { notifications } = ctx.storage
  const [channels, told] = await Promise.all([notifications.channels(), notifications.toldOf(incidentId)])
  return channels
    .filter(({ fleetId }) => isAtLeast(roleIn(actor, fleetId ?? EVERY_FLEET), 'operator'))
    .flatMap((channel) => {
      const one = told.find(({ item }) => item.channelId === channel.id)
      return one === undefined ? [] : [{ channel, notification: one.notification, last: one.last }]
    })
    .sort((a, b) => (a.channel.name < b.channel.name ? -1 : 1))
}
