import type { NoticeState } from '#lib/protocol/notice.ts'
import type { PostRequest } from '../egress/post-json.ts'
import type { SettingsOf } from './channel-settings.ts'
import type { Message } from './message.ts'

const ACTIONS: Readonly<Record<NoticeState, 'trigger' | 'acknowledge' | 'resolve'>> = {
  firing: 'trigger',
  acknowledged: 'acknowledge',
  resolved: 'resolve',
}
/** PagerDuty's own bounds. */
const SUMMARY_MAX = 1_024
const DETAILS_MAX = 50

/** A path in the repository is text, and no link. */
const isUrl = (runbook: string | null | undefined): boolean => /^https?:/.test(runbook ?? '')

/** PagerDuty's Events API v2. One dedup key from the trigger to the resolve. */
export function pagerdutyRequest(
  message: Message,
  { routingKey, url }: SettingsOf<'pagerduty'>,
): Omit<PostRequest, 'timeoutMs'> {
  const [first] = message.incidents
  const fleets = new Set(message.incidents.map(({ fleetName }) => fleetName))
  const event = {
    routing_key: routingKey,
    event_action: ACTIONS[message.state],
    dedup_key: `tidemark:${message.key}`,
    client: 'Tidemark',
    client_url: message.link,
    links: [
      { href: message.link, text: 'Incident' },
      ...(isUrl(first?.runbook) ? [{ href: first?.runbook, text: 'Runbook' }] : []),
    ],
    payload: {
      summary: message.title.slice(0, SUMMARY_MAX),
      source: fleets.size === 1 ? (first?.fleetName ?? 'Tidemark') : `${fleets.size} fleets`,
      severity: message.severity,
      timestamp: new Date(first?.startsAtMs ?? message.sentAtMs).toISOString(),
      component: 'sync',
      group: message.rule,
      class: message.rule,
      custom_details: {
        body: message.body,
        runbook: first?.runbook ?? null,
        open: message.open,
        resolved: message.resolved,
        incidents: message.incidents
          .slice(0, DETAILS_MAX)
          .map(({ fleetName, state, title, link }) => ({ fleet: fleetName, state, title, link })),
      },
    },
  }
  return { url, headers: {}, body: JSON.stringify(event) }
}
