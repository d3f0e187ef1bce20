import { randomBytes } from 'node:crypto'
import { CHANNELS_MAX } from '#lib/protocol/limits.ts'
import type { Channel } from '#lib/storage/ports.ts'
import { auditEntry } from '../access/audit-entry.ts'
import { authorizeScope } from '../access/authorize.ts'
import { requireFleet } from '../access/require-fleet.ts'
import type { Actor, Context } from '../context.ts'
import { badRequest, parsedOrThrow } from '../errors.ts'
import { channelCreation, requireReachable } from './channel-input.ts'
import { channelKey } from './channel-key.ts'
import { cutSettings } from './channel-settings.ts'
import type { ChannelView } from './channel-view.ts'
import { auditedChannel, channelView } from './channel-view.ts'

const KEY_ID_BYTES = 9
export const newKeyId = (): string => randomBytes(KEY_ID_BYTES).toString('base64url')

/** With the key that signs what a webhook is sent; told by the call that makes it, and never again. */
export type ChannelMade = ChannelView & { readonly signingKey: string | null }

export const signingKeyOf = (ctx: Pick<Context, 'secret'>, { id, kind, keyId }: Channel): string | null =>
  kind === 'webhook' ? channelKey(ctx.secret, id, keyId) : null

/**
 * A channel for the notices of a fleet, or of all.
 * @throws ApplicationError `forbidden`, `not_found`, `bad_request`
 */
export async function createChannel(
  ctx: Context,
  { actor, body }: { readonly actor: Actor; readonly body: unknown },
): Promise<ChannelMade> {
  const input = parsedOrThrow(channelCreation, body)
  const fleetId = input.fleet ?? null
  authorizeScope(actor, fleetId, 'admin')
  await requireFleet(ctx, fleetId)
  requireReachable(ctx, input.kind, input.settings)
  const id = ctx.ids()
  const nowMs = ctx.clock.now()
  const { name, kind, severities, enabled } = input
  const { title = null, body: text = null } = input.template
  const channel: Channel = {
    id,
    fleetId,
    name,
    kind,
    ...cutSettings(ctx, { id, kind }, input.settings),
    keyId: newKeyId(),
    severities,
    template: { title, body: text },
    enabled,
    version: 1,
    createdAtMs: nowMs,
    changedAtMs: nowMs,
  }
  const audit = auditEntry(ctx, actor, {
    action: 'channel.create',
    target: id,
    fleetId,
    reason: input.reason ?? null,
    after: auditedChannel(channel),
  })
  if ((await ctx.storage.notifications.addChannel(channel, CHANNELS_MAX, audit)) === 'full')
    throw badRequest([{ path: '/name', message: `there are ${CHANNELS_MAX} channels, and no more may be` }])
  return { ...channelView(ctx, channel), signingKey: signingKeyOf(ctx, channel) }
}
