import type { Channel } from '#lib/storage/ports.ts'
import { auditEntry } from '../access/audit-entry.ts'
import { authorizeScope, canSee, EVERY_FLEET } from '../access/authorize.ts'
import type { Actor, Context } from '../context.ts'
import { ApplicationError, badRequest, parsedOrThrow } from '../errors.ts'
import { removalInput } from '../removal-input.ts'
import { channelChange, requireReachable } from './channel-input.ts'
import { cutSettings, PLACE_NAMES, SECRET_NAMES, SETTINGS, wholeSettings } from './channel-settings.ts'
import type { ChannelView } from './channel-view.ts'
import { auditedChannel, channelView } from './channel-view.ts'
import type { ChannelMade } from './create-channel.ts'
import { newKeyId, signingKeyOf } from './create-channel.ts'

interface ChannelCall {
  readonly actor: Actor
  readonly id: string
  readonly body: unknown
}

/**
 * PATCH /alerts/channels/:id. What was given up is tried again by what it is from now on.
 * @throws ApplicationError `forbidden`, `not_found`, `bad_request`, `stale_version`
 */
export async function changeChannel(ctx: Context, call: ChannelCall): Promise<ChannelMade> {
  const input = parsedOrThrow(channelChange, call.body)
  const { version, reason, rotateKey } = input
  const saved = await save(ctx, call, 'change', reason ?? null, (channel) => {
    if (version !== undefined && version !== channel.version)
      throw new ApplicationError('stale_version', { extra: { version: channel.version } })
    if (rotateKey && channel.kind !== 'webhook')
      throw badRequest([{ path: '/rotateKey', message: 'only a webhook is signed' }])
    const { title = channel.template.title, body = channel.template.body } = input.template ?? {}
    return {
      ...channel,
      ...(input.settings && changedSettings(ctx, channel, input.settings)),
      name: input.name ?? channel.name,
      severities: input.severities ?? channel.severities,
      enabled: input.enabled ?? channel.enabled,
      template: { title, body },
      keyId: rotateKey ? newKeyId() : channel.keyId,
      version: channel.version + 1,
      changedAtMs: ctx.clock.now(),
    }
  })
  return { ...channelView(ctx, saved), signingKey: rotateKey ? signingKeyOf(ctx, saved) : null }
}

/** DELETE /alerts/channels/:id: nothing more is told there, not even the end. @throws ApplicationError `forbidden`, `not_found`, `bad_request` */
export async function removeChannel(ctx: Context, call: ChannelCall): Promise<ChannelView> {
  const { reason } = parsedOrThrow(removalInput, call.body ?? {})
  return channelView(ctx, await save(ctx, call, 'remove', reason ?? null, () => null))
}

/** @throws ApplicationError `bad_request`, also where a kept secret would go to another place */
function changedSettings(
  ctx: Context,
  channel: Channel,
  asked: Readonly<Record<string, unknown>>,
): Pick<Channel, 'settings' | 'sealed'> {
  const { kind } = channel
  const whole = wholeSettings(ctx, channel)
  const before = whole.ok ? whole.value : channel.settings
  const laid = Object.fromEntries(
    Object.entries({ ...before, ...asked }).filter(([, value]) => value !== null),
  )
  const settings = parsedOrThrow(SETTINGS[kind], laid) as Readonly<Record<string, unknown>>
  const isMoved = PLACE_NAMES[kind].some((name) => before[name] !== settings[name])
  const kept = SECRET_NAMES[kind].filter(
    (name) => Object.hasOwn(settings, name) && !Object.hasOwn(asked, name),
  )
  if (isMoved && kept.length > 0)
    throw badRequest(
      kept.map((name) => ({
        path: `/settings/${name}`,
        message: 'must be given again: it would go to another place',
      })),
    )
  requireReachable(ctx, kind, settings)
  return cutSettings(ctx, channel, settings)
}

async function save(
  ctx: Context,
  { actor, id }: ChannelCall,
  verb: 'change' | 'remove',
  reason: string | null,
  changed: (channel: Channel) => Channel | null,
): Promise<Channel> {
  const saved = await ctx.storage.notifications.changeChannel(id, (channel) => {
    const { fleetId } = channel
    if (!canSee(actor, fleetId ?? EVERY_FLEET)) throw new ApplicationError('not_found')
    authorizeScope(actor, fleetId, 'admin')
    const next = changed(channel)
    const isSecretChanged = next !== null && (next.sealed !== channel.sealed || next.keyId !== channel.keyId)
    const after = next && { ...auditedChannel(next), ...(isSecretChanged && { secrets: 'changed' }) }
    const told = { action: `channel.${verb}`, target: id, fleetId, reason }
    return { next, audit: auditEntry(ctx, actor, { ...told, before: auditedChannel(channel), after }) }
  })
  if (!saved) throw new ApplicationError('not_found')
  return saved
}
