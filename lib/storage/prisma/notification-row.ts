import type { JsonObject } from '#lib/kernel/json.ts'
import type { ChannelKind, DeliveryOutcome, NoticeState, Severity } from '#lib/protocol/notice.ts'
import type { Notice } from '../notice.ts'
import type { Channel, Delivery, Notification, NotificationItem, Template } from '../ports.ts'
import { originalText, storableText } from './storable-text.ts'
import { at, atOrNull, fromJson, ms, msOrNull } from './values.ts'

/** Rows of the outbox and back (notification-port.ts). */
export interface ChannelRow extends Record<string, unknown> {
  readonly id: string
  readonly scope_fleet_id: string | null
  readonly name: string
  readonly kind: string
  readonly settings: unknown
  readonly sealed: string | null
  readonly key_id: string
  readonly severities: unknown
  readonly template: unknown
  readonly enabled: boolean
  readonly version: number
  readonly created_at: Date
  readonly changed_at: Date
}
export const CHANNEL_COLUMNS = [
  'id',
  'scope_fleet_id',
  'name',
  'kind',
  'settings',
  'sealed',
  'key_id',
  'severities',
  'template',
  'enabled',
  'version',
  'created_at',
  'changed_at',
] as const

export const channelValues = (channel: Channel): unknown[] => [
  channel.id,
  channel.fleetId,
  storableText(channel.name),
  channel.kind,
  JSON.stringify(channel.settings),
  channel.sealed,
  channel.keyId,
  JSON.stringify(channel.severities),
  JSON.stringify(channel.template),
  channel.enabled,
  channel.version,
  at(channel.createdAtMs),
  at(channel.changedAtMs),
]

export const channelOf = (row: ChannelRow): Channel => ({
  id: row.id,
  fleetId: row.scope_fleet_id,
  name: originalText(row.name),
  kind: row.kind as ChannelKind,
  settings: fromJson<JsonObject>(row.settings),
  sealed: row.sealed,
  keyId: row.key_id,
  severities: fromJson<readonly Severity[]>(row.severities),
  template: fromJson<Template>(row.template),
  enabled: row.enabled,
  version: row.version,
  createdAtMs: ms(row.created_at),
  changedAtMs: ms(row.changed_at),
})

export interface NotificationRow extends Record<string, unknown> {
  readonly id: string
  readonly channel_id: string
  readonly rule: string
  readonly severity: string
  readonly opened_at: Date
  readonly changed_at: Date
  readonly seq: number
  readonly told_seq: number
  readonly items: number
  readonly collecting: boolean
  readonly due_at: Date | null
  readonly attempts: number
  readonly lease_holder: string | null
  readonly lease_until: Date | null
  readonly closed_at: Date | null
}
/** Each with its type, for parameters. */
export const NOTIFICATION_COLUMNS = [
  'id',
  'channel_id',
  'rule',
  'severity',
  'opened_at',
  'changed_at',
  'seq',
  'told_seq',
  'items',
  'collecting',
  'due_at',
  'attempts',
  'lease_holder',
  'lease_until',
  'closed_at',
] as const

export const notificationValues = (notification: Notification): unknown[] => [
  notification.id,
  notification.channelId,
  storableText(notification.rule),
  notification.severity,
  at(notification.openedAtMs),
  at(notification.changedAtMs),
  notification.seq,
  notification.toldSeq,
  notification.items,
  notification.collecting,
  atOrNull(notification.dueAtMs),
  notification.attempts,
  notification.lease?.holder ?? null,
  atOrNull(notification.lease?.untilMs ?? null),
  atOrNull(notification.closedAtMs),
]

export const notificationOf = (row: NotificationRow): Notification => ({
  id: row.id,
  channelId: row.channel_id,
  rule: originalText(row.rule),
  severity: row.severity as Severity,
  openedAtMs: ms(row.opened_at),
  changedAtMs: ms(row.changed_at),
  seq: row.seq,
  toldSeq: row.told_seq,
  items: row.items,
  collecting: row.collecting,
  dueAtMs: msOrNull(row.due_at),
  attempts: row.attempts,
  lease:
    row.lease_holder === null || row.lease_until === null
      ? null
      : { holder: row.lease_holder, untilMs: ms(row.lease_until) },
  closedAtMs: msOrNull(row.closed_at),
})

export interface ItemRow extends Record<string, unknown> {
  readonly channel_id: string
  readonly incident_id: string
  readonly notification_id: string
  readonly scope_fleet_id: string
  readonly state: string
  readonly seq: number
  readonly ends_at: Date | null
  readonly notice: unknown
}

export const itemOf = (row: ItemRow): NotificationItem => ({
  channelId: row.channel_id,
  incidentId: row.incident_id,
  notificationId: row.notification_id,
  fleetId: row.scope_fleet_id,
  state: row.state as NoticeState,
  seq: row.seq,
  endsAtMs: msOrNull(row.ends_at),
  notice: fromJson<Notice>(row.notice),
})

export interface DeliveryRow extends Record<string, unknown> {
  readonly id: string
  readonly channel_id: string
  readonly notification_id: string | null
  readonly at: Date
  readonly seq: number
  readonly attempt: number
  readonly outcome: string
  readonly status: number | null
  readonly detail: string
  readonly took_ms: number
  readonly firing: number
  readonly resolved: number
  readonly rule: string
  readonly title: string
}

export const deliveryOf = (row: DeliveryRow): Delivery => ({
  id: row.id,
  channelId: row.channel_id,
  notificationId: row.notification_id,
  atMs: ms(row.at),
  seq: row.seq,
  attempt: row.attempt,
  outcome: row.outcome as DeliveryOutcome,
  status: row.status,
  detail: originalText(row.detail),
  tookMs: row.took_ms,
  firing: row.firing,
  resolved: row.resolved,
  rule: originalText(row.rule),
  title: originalText(row.title),
})

export const deliveryValues = (delivery: Delivery): unknown[] => [
  delivery.id,
  delivery.channelId,
  delivery.notificationId,
  at(delivery.atMs),
  delivery.seq,
  delivery.attempt,
  delivery.outcome,
  delivery.status,
  storableText(delivery.detail),
  delivery.tookMs,
  delivery.firing,
  delivery.resolved,
  storableText(delivery.rule),
  storableText(delivery.title),
]
