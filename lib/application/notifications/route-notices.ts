import type { ChannelKind } from '#lib/protocol/notice.ts'
import { NOTIFICATION_ITEMS_MAX } from '#lib/protocol/limits.ts'
import type { Channel, Intake, Notice, Notification, NotificationItem, Routed } from '#lib/storage/ports.ts'

/** Where an acknowledgement stops others from coming too. Elsewhere it would be one message more to read at night. */
const TELLS_ACKNOWLEDGED: Readonly<Record<ChannelKind, boolean>> = {
  webhook: false,
  alertmanager: false,
  pagerduty: true,
  slack: true,
  mail: false,
}
/** A change gives what has failed for long some tries of its own, but no shorter waits. */
const ATTEMPTS_KEPT_MAX = 7

export interface Routing {
  /** Ids of new notifications. */
  readonly makeId: () => string
  /** How long what begins waits for others of its kind. */
  readonly groupWaitMs: number
}

/** What the notices of one look have changed so far. */
class Draft {
  readonly notifications = new Map<string, Notification>()
  readonly items = new Map<string, NotificationItem>()
  private readonly known: readonly Notification[]
  private readonly nowMs: number

  private readonly groupWaitMs: number

  constructor({ notifications, items, nowMs }: Intake, { groupWaitMs }: Routing) {
    this.groupWaitMs = groupWaitMs
    this.known = notifications
    this.nowMs = nowMs
    for (const item of items) this.items.set(keyOf(item), item)
  }

  notification(id: string): Notification | undefined {
    return this.notifications.get(id) ?? this.known.find((one) => one.id === id)
  }

  /** One that still waits for others of its kind, and has room. */
  collecting(channelId: string, { rule, severity }: Notice): Notification | undefined {
    const isOpen = (one: Notification): boolean =>
      one.channelId === channelId &&
      one.rule === rule &&
      one.severity === severity &&
      one.collecting &&
      one.items < NOTIFICATION_ITEMS_MAX &&
      this.nowMs < one.openedAtMs + this.groupWaitMs
    const drafted = [...this.notifications.values()].find(isOpen)
    return drafted ?? this.known.find((one) => !this.notifications.has(one.id) && isOpen(one))
  }

  keep(notification: Notification, item: NotificationItem): void {
    this.notifications.set(notification.id, notification)
    this.items.set(keyOf(item), item)
  }
}

const keyOf = ({ channelId, incidentId }: { readonly channelId: string; readonly incidentId: string }) =>
  `${channelId} ${incidentId}`

/**
 * Which channels are told of which notices, and what is told as one (decision 0064). A channel is told of an incident from
 * the first firing notice on that it takes; what it was never told of, it is not told the end of. Pure.
 */
export function routeNotices(intake: Intake, routing: Routing): Routed {
  const draft = new Draft(intake, routing)
  const changed = new Set<string>()
  const soon = { nowMs: intake.nowMs, dueAtMs: intake.nowMs + routing.groupWaitMs }
  for (const notice of intake.notices)
    for (const channel of intake.channels) {
      if (channel.fleetId !== null && channel.fleetId !== notice.fleetId) continue
      const key = keyOf({ channelId: channel.id, incidentId: notice.incidentId })
      const item = draft.items.get(key)
      const isMoved = item
        ? moveOn(draft, channel, { item, notice }, soon)
        : begin(draft, channel, notice, { ...soon, makeId: routing.makeId })
      if (isMoved) changed.add(key)
    }
  return {
    notifications: [...draft.notifications.values()],
    items: [...changed].flatMap((key) => draft.items.get(key) ?? []),
  }
}

/** Now, and when what changes now is due. */
interface Times {
  readonly nowMs: number
  readonly dueAtMs: number
}

function begin(
  draft: Draft,
  channel: Channel,
  notice: Notice,
  { makeId, ...times }: Times & { readonly makeId: () => string },
): boolean {
  if (notice.state !== 'firing' || !channel.enabled || !channel.severities.includes(notice.severity))
    return false
  const joined = draft.collecting(channel.id, notice)
  const notification = joined
    ? { ...joined, items: joined.items + 1, seq: joined.seq + 1, changedAtMs: times.nowMs }
    : opened(channel, notice, times, makeId())
  const { incidentId, fleetId, state, endsAtMs } = notice
  const { id: notificationId, seq } = notification
  const item = { channelId: channel.id, incidentId, notificationId, fleetId, state, seq, endsAtMs, notice }
  draft.keep(notification, item)
  return true
}

const opened = (
  { id: channelId }: Channel,
  notice: Notice,
  { nowMs, dueAtMs }: Times,
  id: string,
): Notification => ({
  id,
  channelId,
  rule: notice.rule,
  severity: notice.severity,
  openedAtMs: nowMs,
  changedAtMs: nowMs,
  seq: 1,
  toldSeq: 0,
  items: 1,
  collecting: true,
  dueAtMs,
  attempts: 0,
  lease: null,
  closedAtMs: null,
})

function moveOn(
  draft: Draft,
  channel: Channel,
  { item, notice }: { readonly item: NotificationItem; readonly notice: Notice },
  times: Times,
): boolean {
  if (!isNewer(notice, item.notice)) return false
  const now = draft.notification(item.notificationId)
  if (!now) return false
  const { state, endsAtMs } = notice
  const isTold = state !== 'acknowledged' || TELLS_ACKNOWLEDGED[channel.kind]
  if (!isTold) {
    draft.keep(now, { ...item, state, endsAtMs, notice })
    return true
  }
  const seq = now.seq + 1
  const next: Notification = {
    ...now,
    seq,
    changedAtMs: times.nowMs,
    attempts: Math.min(now.attempts, ATTEMPTS_KEPT_MAX),
    dueAtMs: dueOf(now, times.dueAtMs),
    closedAtMs: null,
  }
  draft.keep(next, { ...item, state, endsAtMs, notice, seq })
  return true
}

/** What still collects, or waits for another try, does so. */
function dueOf({ collecting, attempts, dueAtMs }: Notification, soonMs: number): number {
  if (dueAtMs === null) return soonMs
  return collecting || attempts > 0 ? dueAtMs : Math.min(dueAtMs, soonMs)
}

const isNewer = (a: Notice, b: Notice): boolean => a.atMs > b.atMs || (a.atMs === b.atMs && a.id > b.id)
