import type { Channel } from '#lib/storage/ports.ts'
import { signatureOf } from '../authority/authority-key.ts'
import type { PostRequest } from '../egress/post-json.ts'
import { channelKey } from './channel-key.ts'
import type { SettingsOf } from './channel-settings.ts'
import { alertLabels } from './labels.ts'
import type { Message, ToldIncident } from './message.ts'

/** Alertmanager writes this for what has not ended. */
const NOT_ENDED = '0001-01-01T00:00:00Z'
/** What one body names; of the rest the number is told, as Alertmanager's `max_alerts` does. */
const ALERTS_MAX = 200

interface Signing {
  readonly secret: Uint8Array
  readonly channel: Pick<Channel, 'id' | 'keyId' | 'name'>
  readonly origin: string
  readonly nowMs: number
}

/**
 * Alertmanager's webhook payload, version 4 (its docs: "webhook_config"), signed as an authority's question is. The headers
 * name what to tell repeats by: the same notification and sequence say the same, a higher sequence says what is newer.
 */
export function webhookRequest(
  message: Message,
  { url }: SettingsOf<'webhook'>,
  { secret, channel, origin, nowMs }: Signing,
): Omit<PostRequest, 'timeoutMs'> {
  const shown = message.incidents.slice(0, ALERTS_MAX)
  const body = JSON.stringify({
    version: '4',
    groupKey: `tidemark:${message.key}`,
    truncatedAlerts: message.incidents.length - shown.length,
    status: message.open > 0 ? 'firing' : 'resolved',
    receiver: channel.name,
    groupLabels: { alertname: message.rule, severity: message.severity },
    commonLabels: common(shown.map(alertLabels)),
    commonAnnotations: common(shown.map(annotations)),
    externalURL: origin,
    title: message.title,
    message: message.body,
    alerts: shown.map((incident) => ({
      status: incident.state === 'resolved' ? 'resolved' : 'firing',
      labels: alertLabels(incident),
      annotations: annotations(incident),
      startsAt: new Date(incident.startsAtMs).toISOString(),
      endsAt: incident.endsAtMs === null ? NOT_ENDED : new Date(incident.endsAtMs).toISOString(),
      generatorURL: incident.link,
      fingerprint: incident.incidentId,
    })),
  })
  const timestamp = String(nowMs)
  const key = channelKey(secret, channel.id, channel.keyId)
  return {
    url,
    headers: {
      'tidemark-timestamp': timestamp,
      'tidemark-signature': signatureOf(key, timestamp, body),
      'tidemark-notification': message.key,
      'tidemark-sequence': String(message.seq),
    },
    body,
  }
}

export const annotations = ({ title, detail, runbook, by }: ToldIncident): Record<string, string> => ({
  summary: title,
  ...(detail === '' ? {} : { description: detail }),
  ...(runbook === null ? {} : { runbook_url: runbook }),
  ...(by === null ? {} : { acknowledged_by: by }),
})

function common(all: readonly Readonly<Record<string, string>>[]): Record<string, string> {
  const [first = {}, ...rest] = all
  return Object.fromEntries(
    Object.entries(first).filter(([name, value]) => rest.every((other) => other[name] === value)),
  )
}
