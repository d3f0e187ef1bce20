import { SEVERITIES, type NoticeState, type Severity } from '#lib/protocol/notice.ts'
import type { DueNotification, Notice, NotificationItem, Template } from '#lib/storage/ports.ts'
import { fillTemplate } from './template.ts'

/** One incident, as channels tell it. Times in Unix ms. */
export interface ToldIncident extends Pick<
  Notice,
  | 'incidentId'
  | 'fleetId'
  | 'fleetName'
  | 'rule'
  | 'severity'
  | 'startsAtMs'
  | 'labels'
  | 'title'
  | 'detail'
  | 'by'
> {
  readonly state: NoticeState
  readonly endsAtMs: number | null
  readonly link: string
  readonly runbook: string | null
}

/** What is sent to one channel at once. */
export interface Message {
  /** Dedup key of all messages about these incidents. */
  readonly key: string
  readonly seq: number
  readonly rule: string
  readonly severity: Severity
  /** `acknowledged`: all that is open is. */
  readonly state: NoticeState
  /** Whether a message of this key was taken before. */
  readonly isFirst: boolean
  /** What is open, then what was resolved since the last message. */
  readonly incidents: readonly ToldIncident[]
  readonly open: number
  readonly resolved: number
  readonly title: string
  readonly body: string
  /** Of the console: the incident, or the list where it is about several. */
  readonly link: string
  readonly sentAtMs: number
  /** After how long it is told again; null: it is not. */
  readonly repeatMs: number | null
  readonly isTest: boolean
}

const INCIDENTS_NAMED_MAX = 20
const INCIDENTS_PATH = '/alerts'

/**
 * What a notification says as it stands: everything that is open, and what was resolved since it was told last. Pure.
 */
export function messageOf(
  { notification, channel, items, nowMs }: DueNotification,
  { origin, repeatMs }: { readonly origin: string; readonly repeatMs: number | null },
): Message {
  const open = items.filter(({ state }) => state !== 'resolved')
  const over = items.filter(({ state, seq }) => state === 'resolved' && seq > notification.toldSeq)
  const incidents = [...open, ...(over.length + open.length > 0 ? over : items)].map((item) =>
    told(item, origin),
  )
  const head = {
    key: notification.id,
    seq: notification.seq,
    rule: notification.rule,
    severity: worstOf(incidents),
    state: stateOf(open),
    isFirst: notification.toldSeq === 0,
    incidents,
    open: open.length,
    resolved: incidents.length - open.length,
    link: (incidents.length === 1 && incidents[0]?.link) || `${origin}${INCIDENTS_PATH}`,
    sentAtMs: nowMs,
    repeatMs,
    isTest: false,
  }
  return { ...head, ...words(head, channel.template) }
}

function told({ state, endsAtMs, notice }: NotificationItem, origin: string): ToldIncident {
  const { path, runbook, ...rest } = notice
  const isPath = runbook?.startsWith('/') === true
  return {
    ...rest,
    state,
    endsAtMs,
    link: `${origin}${path}`,
    runbook: isPath ? `${origin}${runbook}` : runbook,
  }
}

function stateOf(open: readonly NotificationItem[]): NoticeState {
  if (open.length === 0) return 'resolved'
  return open.every(({ state }) => state === 'acknowledged') ? 'acknowledged' : 'firing'
}

const worstOf = (incidents: readonly ToldIncident[]): Severity =>
  incidents
    .map(({ severity }) => severity)
    .sort((a, b) => SEVERITIES.indexOf(b) - SEVERITIES.indexOf(a))[0] ?? 'info'

type Head = Omit<Message, 'title' | 'body'>

/** Our words, or the channel's own; also of a test. */
export function words(head: Head, template: Template): Pick<Message, 'title' | 'body'> {
  const title = plainTitle(head)
  const body = plainBody(head)
  const [first] = head.incidents
  const values = {
    title,
    body,
    state: head.state,
    severity: head.severity,
    rule: head.rule,
    fleet: first?.fleetName ?? '',
    detail: first?.detail ?? '',
    open: String(head.open),
    resolved: String(head.resolved),
    link: head.link,
    runbook: first?.runbook ?? '',
  }
  return {
    title: template.title === null ? title : fillTemplate(template.title, values),
    body: template.body === null ? body : fillTemplate(template.body, values),
  }
}

const STATE_WORDS: Readonly<Record<NoticeState, string>> = {
  firing: 'Firing',
  acknowledged: 'Acknowledged',
  resolved: 'Resolved',
}

function plainTitle({ incidents, severity, state, open, isTest }: Head): string {
  const [first] = incidents
  const mark = isTest ? 'Test' : `${STATE_WORDS[state]}, ${severity}`
  if (!first) return mark
  const more = (state === 'resolved' ? incidents.length : open) - 1
  const where = more > 0 ? `${first.fleetName} and ${more} more` : first.fleetName
  return `[${mark}] ${where}: ${first.title}`
}

function plainBody({ incidents, rule }: Head): string {
  const lines = incidents
    .slice(0, INCIDENTS_NAMED_MAX)
    .flatMap((incident) => [
      `${STATE_WORDS[incident.state]}: ${incident.title} (fleet ${incident.fleetName})`,
      ...(incident.detail === '' ? [] : [`  ${incident.detail}`]),
      `  ${timesOf(incident)}`,
      ...(incident.by === null ? [] : [`  acknowledged by ${incident.by}`]),
      `  ${incident.link}`,
    ])
  const left = incidents.length - INCIDENTS_NAMED_MAX
  if (left > 0) lines.push(`… and ${left} more of rule ${rule}`)
  const runbook = incidents.find((incident) => incident.runbook !== null)?.runbook
  return [...lines, ...(runbook ? [`Runbook: ${runbook}`] : [])].join('\n')
}

const timesOf = ({ startsAtMs, endsAtMs }: ToldIncident): string => {
  const since = `since ${new Date(startsAtMs).toISOString()}`
  return endsAtMs === null ? since : `${since}, until ${new Date(endsAtMs).toISOString()}`
}
