import { formatCount, formatDuration, plural } from '#components/ui/format.ts'
import type { StatusKind } from '#components/ui/status.tsx'
import type { ShownChannel } from '#lib/application/notifications/channel-board.ts'
import type { ChannelKind, DeliveryOutcome } from '#lib/protocol/notice.ts'

export const KIND_NAMES: Readonly<Record<ChannelKind, string>> = {
  webhook: 'Webhook',
  alertmanager: 'Alertmanager',
  pagerduty: 'PagerDuty',
  slack: 'Slack',
  mail: 'Mail',
}
type Judged = { readonly kind: StatusKind; readonly word: string }
export const OUTCOMES: Readonly<Record<DeliveryOutcome, Judged>> = {
  delivered: { kind: 'ok', word: 'delivered' },
  retried: { kind: 'warn', word: 'is tried again' },
  refused: { kind: 'crit', word: 'refused' },
  gave_up: { kind: 'crit', word: 'given up' },
}

type Delivery = NonNullable<ShownChannel['last']>
type Shown = Pick<ShownChannel, 'enabled' | 'problem' | 'last'>

/** How a channel stands, by what is known against it and by its last try. Pure. */
export function stateOfChannel({ enabled, problem, last }: Shown): Judged {
  if (problem !== null) return { kind: 'crit', word: 'cannot send' }
  if (!enabled) return { kind: 'held', word: 'off' }
  return last === null ? { kind: 'unk', word: 'nothing sent yet' } : OUTCOMES[last.outcome]
}

/** Whether somebody has to see to it. Pure. */
export const isTroubled = (channel: Shown): boolean => {
  const { kind } = stateOfChannel(channel)
  return kind === 'crit' || kind === 'warn'
}

type Placed = Pick<ShownChannel, 'kind' | 'settings'>

/** Where its messages go, as far as that may be shown. Pure. */
export function placeText({ kind, settings }: Placed): string {
  const { url, to, host } = settings as { url?: string; to?: readonly string[]; host?: string }
  if (kind === 'slack') return 'an address that is not shown'
  if (kind === 'mail') {
    const [first = host ?? '', ...others] = to ?? []
    return others.length === 0 ? first : `${first} and ${plural(others.length, 'other')}`
  }
  return URL.canParse(url ?? '') ? new URL(url ?? '').host : (url ?? '')
}

/** "critical, warning"; every one of them is said as that. Pure. */
export const toldText = ({ severities }: Pick<ShownChannel, 'severities'>): string =>
  severities.length === 3 ? 'all severities' : severities.toReversed().join(', ')

/** What the list says in a sentence; of a search it speaks of what was found. Pure. */
export function channelsSentence(channels: readonly ShownChannel[], q: string): string {
  if (q !== '')
    return `${plural(channels.length, 'channel')} ${channels.length === 1 ? 'matches' : 'match'} “${q}”`
  const on = channels.filter(({ enabled }) => enabled)
  if (on.length === 0) return 'Nobody is told of incidents: no channel is on'
  const troubled = on.filter(isTroubled).length
  const told = `Incidents are told on ${plural(on.length, 'channel')}`
  return troubled === 0
    ? told
    : `${told}; ${formatCount(troubled)} of them ${troubled === 1 ? 'is' : 'are'} not well`
}

/** What one channel's page says in a sentence. Pure. */
export function channelSentence(channel: ShownChannel): string {
  const { name, problem, enabled, last } = channel
  if (problem !== null) return `“${name}” cannot send`
  if (!enabled) return `“${name}” is off: nobody is told on it`
  if (last === null) return `Nothing was sent on “${name}” yet`
  const words: Record<DeliveryOutcome, string> = {
    delivered: `The last message on “${name}” was taken`,
    retried: `The last message on “${name}” was not taken, and is tried again`,
    refused: `The last message on “${name}” was refused`,
    gave_up: `The last message on “${name}” was given up`,
  }
  return words[last.outcome]
}

/** What a receiver made of one try: "200 “ok” in 120 ms", "no answer: connection refused". Pure. */
export function answerText({
  status,
  detail,
  tookMs,
}: Pick<Delivery, 'status' | 'detail' | 'tookMs'>): string {
  const took = `in ${formatDuration(tookMs)}`
  if (status === null) return `no answer ${took}${detail === '' ? '' : `: ${detail}`}`
  return `${status}${detail === '' ? '' : ` “${detail}”`} ${took}`
}

/** What came of a test, in a sentence. Pure. */
export function testSentence(delivery: Pick<Delivery, 'outcome' | 'status' | 'detail' | 'tookMs'>): string {
  const taken: Record<DeliveryOutcome, string> = {
    delivered: 'The test was taken',
    retried: 'The test was not taken',
    refused: 'The test was refused',
    gave_up: 'The test was not taken',
  }
  return `${taken[delivery.outcome]}: ${answerText(delivery)}`
}
