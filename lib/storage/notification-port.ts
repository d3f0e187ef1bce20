import type { JsonObject } from '#lib/kernel/json.ts'
import type { ChannelKind, DeliveryOutcome, NoticeState, Severity } from '#lib/protocol/notice.ts'
import type { Notice } from './notice.ts'
import type { AuditEntry, Page, PageRequest } from './rows.ts'

/** Words of a channel's own; null: those of the house. */
export interface Template {
  readonly title: string | null
  readonly body: string | null
}

/** Where notices of one fleet go, or of all. Times in Unix ms. */
export interface Channel {
  readonly id: string
  /** Null: of every fleet. */
  readonly fleetId: string | null
  readonly name: string
  readonly kind: ChannelKind
  /** What may be shown, by kind. */
  readonly settings: JsonObject
  /** What may not, sealed; null where there is nothing. */
  readonly sealed: string | null
  /** Names the key that signs; another name makes another key. */
  readonly keyId: string
  readonly severities: readonly Severity[]
  readonly template: Template
  readonly enabled: boolean
  /** Counts its changes; the first is 1. */
  readonly version: number
  readonly createdAtMs: number
  readonly changedAtMs: number
}

/**
 * What is told to one channel as one: incidents of one rule and severity that began together. Its id is the dedup key of
 * all that is told of them. What is to be told is the state, numbered by `seq`, and no queue of events.
 */
export interface Notification {
  readonly id: string
  readonly channelId: string
  readonly rule: string
  readonly severity: Severity
  readonly openedAtMs: number
  readonly changedAtMs: number
  /** Raised by each change that is to be told. */
  readonly seq: number
  /** The newest that the channel took. */
  readonly toldSeq: number
  readonly items: number
  /** Others may still join: nothing of it was tried. */
  readonly collecting: boolean
  /** Null: nothing is to do. With `toldSeq < seq` it was given up. */
  readonly dueAtMs: number | null
  /** Tries that failed since something was last taken. */
  readonly attempts: number
  readonly lease: { readonly holder: string; readonly untilMs: number } | null
  /** Once all of it is resolved and told, or given up. */
  readonly closedAtMs: number | null
}

/** One incident within a notification; in each channel it is in one. */
export interface NotificationItem {
  readonly channelId: string
  readonly incidentId: string
  readonly notificationId: string
  readonly fleetId: string
  readonly state: NoticeState
  /** The notification's, as of the last change that is to be told. */
  readonly seq: number
  readonly endsAtMs: number | null
  /** The newest, whose state and end may be older than those here: a fleet that is removed resolves what it had. */
  readonly notice: Notice
}

/** What one look at the outbox finds. */
export interface Intake {
  /** In the order in which they count. */
  readonly notices: readonly Notice[]
  readonly channels: readonly Channel[]
  /** Of the incidents that the notices are about. */
  readonly items: readonly NotificationItem[]
  /** Those of the items, and those that still collect. */
  readonly notifications: readonly Notification[]
  readonly nowMs: number
}
export interface Routed {
  readonly notifications: readonly Notification[]
  readonly items: readonly NotificationItem[]
}

/** A notification that this process, and no other, sends now. */
export interface DueNotification {
  readonly notification: Notification
  readonly channel: Channel
  readonly items: readonly NotificationItem[]
  readonly nowMs: number
}

/** One try, as the log keeps it. */
export interface Delivery {
  readonly id: string
  readonly channelId: string
  /** Null of a test. */
  readonly notificationId: string | null
  readonly atMs: number
  readonly seq: number
  /** From 1 on. */
  readonly attempt: number
  readonly outcome: DeliveryOutcome
  /** Of HTTP or SMTP; null where there was no answer. */
  readonly status: number | null
  /** What the receiver answered, or what went wrong, shortened. */
  readonly detail: string
  readonly tookMs: number
  readonly firing: number
  readonly resolved: number
  readonly rule: string
  readonly title: string
}

/** What becomes of a notification by one try, and what the log says of it; null: nothing worth a line. */
export interface Settled {
  readonly next: Notification
  readonly delivery: Delivery | null
}

/** How one channel stands to one incident. */
export interface Told {
  readonly item: NotificationItem
  readonly notification: Notification
  /** The last try; null before the first, or where the log is that old no more. */
  readonly last: Delivery | null
}

export interface DeliveryFilter {
  readonly channelId: string
  readonly outcome: DeliveryOutcome | null
  /** In what it says or answers, upper and lower case alike; null: all. */
  readonly words: string | null
}

/** Channels, the outbox, and what was sent (decision 0064). Its times are the storage's own, so that no process's clock counts. */
export interface NotificationPort {
  /** Oldest first. */
  channels(): Promise<readonly Channel[]>
  /** `full` when there are `max`. */
  addChannel(channel: Channel, max: number, audit: AuditEntry): Promise<'added' | 'full'>
  /**
   * Saves what `change` makes of a channel, or removes it with its notifications and its log where it makes null. One
   * that has other settings by then is tried again with what was given up.
   */
  changeChannel(
    id: string,
    change: (channel: Channel) => { readonly next: Channel | null; readonly audit: AuditEntry },
  ): Promise<Channel | null>
  /** Puts notices into the outbox; those who have a transaction of their own do it within (put-notices.ts). */
  put(notices: readonly Notice[]): Promise<void>
  /**
   * Takes at most `limit` notices out of the outbox and keeps what `route` makes of them, one process at a time.
   * @returns how many there were
   */
  takeIn(limit: number, route: (intake: Intake) => Routed): Promise<number>
  /**
   * Those that are due and that no other process holds, at most `limit`, two of a channel, none of channels in `without`:
   * held until `leaseMs` are over.
   */
  lease(
    holder: string,
    leaseMs: number,
    limit: number,
    without: readonly string[],
  ): Promise<readonly DueNotification[]>
  /** Saves what `settle` makes of a notification that this holder still holds; false when it no longer does. */
  settle(
    id: string,
    holder: string,
    settle: (now: Notification, items: readonly NotificationItem[], nowMs: number) => Settled,
  ): Promise<boolean>
  /** Adds a line to the log of a channel that there is. */
  log(delivery: Delivery): Promise<void>
  /** Newest first. */
  deliveries(filter: DeliveryFilter, page: PageRequest): Promise<Page<Delivery>>
  /** Of one incident, one for each channel that it goes to. */
  toldOf(incidentId: string): Promise<readonly Told[]>
  /** Deletes lines of the log and closed notifications from before; true where more is left. */
  expire(beforeMs: number, batch: number): Promise<boolean>
}
