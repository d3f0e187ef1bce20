import type { ChannelKind } from '#lib/protocol/notice.ts'
import type { Channel } from '#lib/storage/ports.ts'
import type { Context } from '../context.ts'
import type { PostRequest } from '../egress/post-json.ts'
import { alertmanagerRequest } from './alertmanager.ts'
import type { SettingsOf } from './channel-settings.ts'
import { wholeSettings } from './channel-settings.ts'
import type { Answer } from './mail.ts'
import { sendMail } from './mail.ts'
import type { Message } from './message.ts'
import { pagerdutyRequest } from './pagerduty.ts'
import { slackRequest } from './slack.ts'
import { webhookRequest } from './webhook.ts'

/** For all of one try. */
export const SEND_TIMEOUT_MS = 10_000

export type SendContext = Pick<Context, 'secret' | 'egress' | 'clock' | 'origin'>

/** Sends one message; every failure is an answer. */
export async function sendMessage(
  ctx: SendContext,
  channel: Channel,
  message: Message,
  timeoutMs = SEND_TIMEOUT_MS,
): Promise<Answer> {
  const settings = wholeSettings(ctx, channel)
  if (!settings.ok) return { kind: 'failed', text: `what is secret of it ${settings.error}`, isForGood: true }
  if (channel.kind === 'mail')
    return sendMail(message, settings.value as SettingsOf<'mail'>, { egress: ctx.egress, timeoutMs })
  const request = requestOf(ctx, channel, message, settings.value)
  const refusal = ctx.egress.refusal(request.url)
  if (refusal !== null) return { kind: 'failed', text: refusal, isForGood: true }
  const sent = await ctx.egress.postJson({ ...request, timeoutMs })
  if (!sent.ok) return { kind: 'failed', text: sent.error, isForGood: false }
  const { status, body, retryAfter } = sent.value
  return { kind: 'answered', status, text: body, retryAfter }
}

/** Settings were parsed by the kind's schema before they were stored. */
function requestOf(
  ctx: SendContext,
  channel: Channel,
  message: Message,
  settings: Readonly<Record<string, unknown>>,
): Omit<PostRequest, 'timeoutMs'> {
  switch (channel.kind as Exclude<ChannelKind, 'mail'>) {
    case 'alertmanager':
      return alertmanagerRequest(message, settings as SettingsOf<'alertmanager'>)
    case 'pagerduty':
      return pagerdutyRequest(message, settings as SettingsOf<'pagerduty'>)
    case 'slack':
      return slackRequest(message, settings as SettingsOf<'slack'>)
    case 'webhook': {
      const { secret, origin } = ctx
      const signing = { secret, channel, origin, nowMs: ctx.clock.now() }
      return webhookRequest(message, settings as SettingsOf<'webhook'>, signing)
    }
  }
}
