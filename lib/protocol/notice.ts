/** How bad an incident is, from what can wait to what wakes people. */
export const SEVERITIES = ['info', 'warning', 'critical'] as const
export type Severity = (typeof SEVERITIES)[number]

/** How an incident stands, as channels are told. */
export const NOTICE_STATES = ['firing', 'acknowledged', 'resolved'] as const
export type NoticeState = (typeof NOTICE_STATES)[number]

/** Where notices go (docs/alert-channels.md). */
export const CHANNEL_KINDS = ['webhook', 'alertmanager', 'pagerduty', 'slack', 'mail'] as const
export type ChannelKind = (typeof CHANNEL_KINDS)[number]

/**
 * What became of one try. `delivered`: taken. `retried`: it is tried again. `refused`: the receiver said that no repeat
 * will do. `gave_up`: tried for as long, or as often, as may be.
 */
export const DELIVERY_OUTCOMES = ['delivered', 'retried', 'refused', 'gave_up'] as const
export type DeliveryOutcome = (typeof DELIVERY_OUTCOMES)[number]
