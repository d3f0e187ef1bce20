import type { PostRequest } from '../egress/post-json.ts'
import type { SettingsOf } from './channel-settings.ts'
import { alertLabels } from './labels.ts'
import type { Message } from './message.ts'
import { annotations } from './webhook.ts'

/** What fires is told again so often, as Prometheus does: Alertmanager forgets what nobody repeats. */
export const ALERTMANAGER_REPEAT_MS = 60_000
/** For so many of these it fires if nobody says so again: should we be gone, it ends by itself, and nothing stays stuck. */
export const ALERTMANAGER_REPEATS_MISSED_MAX = 4

/**
 * Alertmanager's API v2: `POST /api/v2/alerts`. An alert is its labels: should an incident get worse, there is another one
 * from then on, and the former ends by itself.
 */
export function alertmanagerRequest(
  message: Message,
  { url, authorization }: SettingsOf<'alertmanager'>,
): Omit<PostRequest, 'timeoutMs'> {
  const endsAtMs =
    message.sentAtMs + ALERTMANAGER_REPEATS_MISSED_MAX * (message.repeatMs ?? ALERTMANAGER_REPEAT_MS)
  const alerts = message.incidents.map((incident) => ({
    labels: alertLabels(incident),
    annotations: annotations(incident),
    startsAt: new Date(incident.startsAtMs).toISOString(),
    endsAt: new Date(
      incident.state === 'resolved' ? endOf(incident, message.sentAtMs) : endsAtMs,
    ).toISOString(),
    generatorURL: incident.link,
  }))
  return {
    url: `${url.replace(/\/+$/, '')}/api/v2/alerts`,
    headers: authorization === undefined ? {} : { authorization },
    body: JSON.stringify(alerts),
  }
}

/** After its start, and past: an end that is yet to come, by a clock of ours that is ahead, would be no end. */
const endOf = (
  { startsAtMs, endsAtMs }: { readonly startsAtMs: number; readonly endsAtMs: number | null },
  nowMs: number,
): number => Math.max(startsAtMs + 1, Math.min(endsAtMs ?? nowMs, nowMs))
