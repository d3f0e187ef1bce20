import type { Severity } from '#lib/protocol/notice.ts'
import type { Cause } from './cause.ts'
import type { Family, GroupLabels } from './rule.ts'

export interface AlertPerson {
  readonly id: string
  readonly name: string
}

/** Why an alert keeps silent though it fires. */
export type Suppression =
  | { readonly kind: 'silence'; readonly silenceId: string }
  | { readonly kind: 'rule'; readonly rule: string }

/** The view of the console that shows what a cause was found in. */
export interface EvidenceLink {
  readonly label: string
  /** Below the server's origin. */
  readonly path: string
}

/** What was looked for of an incident. */
export interface Evidence {
  readonly cause: Cause | null
  readonly link: EvidenceLink | null
}

/** One rule that fires for one part of a fleet, or did. */
export interface IncidentAlert {
  readonly rule: string
  readonly severity: Severity
  readonly group: GroupLabels
  readonly startedAtMs: number
  /** Null while it fires. */
  readonly endedAtMs: number | null
  /** Its figure isn't known any more: it is not well by that. */
  readonly noData: boolean
  /** As it was when it began to fire. */
  readonly summary: string
  readonly suppressedBy: Suppression | null
}

/**
 * What fires about one part of a fleet, of one family of rules, as one thing that a person takes on. Times in Unix ms. Of
 * `(fleet, family, part)` at most one is open.
 */
export interface Incident {
  readonly id: string
  readonly fleetId: string
  /** As people say it: 207 of `INC-207`. Counts within its fleet. */
  readonly number: number
  readonly family: Family
  /** The part as a text, by which what fires later finds it. */
  readonly subject: string
  readonly group: GroupLabels
  readonly state: 'open' | 'resolved'
  /** The worst that it came to. */
  readonly severity: Severity
  readonly title: string
  readonly cause: Cause | null
  /** To the filtered view of what it is about; null where there is none. */
  readonly link: EvidenceLink | null
  readonly openedAtMs: number
  /** Null while it is open. */
  readonly resolvedAtMs: number | null
  readonly alerts: readonly IncidentAlert[]
  /** The worst that somebody was told of; null while all of it was silenced or inhibited. */
  readonly toldSeverity: Severity | null
  /** Of what is open now; it ends when the incident does, or gets worse. */
  readonly ack: { readonly by: AlertPerson; readonly atMs: number } | null
  /** Who has it, in words. */
  readonly owner: string | null
  /** Counts its changes; the first is 1. */
  readonly version: number
}

export const ENTRY_KINDS = [
  'opened',
  'joined',
  'raised',
  'unknown',
  'known',
  'ended',
  'suppressed',
  'freed',
  'told',
  'cause',
  'resolved',
  'acknowledged',
  'unacknowledged',
  'assigned',
  'noted',
] as const
export type EntryKind = (typeof ENTRY_KINDS)[number]

/** What happened to an incident, and when. Never changed. */
export interface IncidentEntry {
  readonly id: string
  readonly incidentId: string
  readonly atMs: number
  readonly kind: EntryKind
  /** Null where it is of the whole. */
  readonly rule: string | null
  readonly severity: Severity | null
  /** Of people as they wrote it. */
  readonly text: string
  readonly by: AlertPerson | null
}

/** Alerts that one incident keeps, of those that have ended the newest: one that fires on and off for weeks is one line each time. */
export const INCIDENT_ALERTS_MAX = 100

export const isActive = ({ endedAtMs }: IncidentAlert): boolean => endedAtMs === null

/** Of an open one: somebody was told of it, and nobody took it on. */
export const isUnread = ({ ack, toldSeverity }: Pick<Incident, 'ack' | 'toldSeverity'>): boolean =>
  ack === null && toldSeverity !== null

export const incidentName = ({ number }: Pick<Incident, 'number'>): string => `INC-${number}`
