import type { Channel } from '#lib/storage/ports.ts'
import type { Context } from '../context.ts'
import { SECRET_NAMES, wholeSettings } from './channel-settings.ts'

/** A channel as the API shows it: which secrets it has, and none of them. Times in Unix ms. */
export interface ChannelView extends Omit<Channel, 'sealed' | 'keyId'> {
  /** Names of the settings that are set and not shown. */
  readonly secrets: readonly string[]
  /** Why it can't be used as it is; null when nothing is known against it. */
  readonly problem: string | null
}

export function channelView(ctx: Pick<Context, 'secret'>, channel: Channel): ChannelView {
  const { sealed: _sealed, keyId: _keyId, ...shown } = channel
  const whole = wholeSettings(ctx, channel)
  if (!whole.ok) return { ...shown, secrets: [], problem: `what is secret of it ${whole.error}` }
  const secrets = SECRET_NAMES[channel.kind].filter((name) => Object.hasOwn(whole.value, name))
  return { ...shown, secrets, problem: null }
}

/** For the audit log. */
export const auditedChannel = ({ name, kind, settings, severities, template, enabled }: Channel) => ({
  name,
  kind,
  settings,
  severities,
  template: { ...template },
  enabled,
})
