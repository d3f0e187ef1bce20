import type { Incident, IncidentEntry, AlertPerson } from '#lib/telemetry/alerts/incident.ts'
import type { Grouping } from '#lib/telemetry/alerts/measures.ts'
import type { AlertRule } from '#lib/telemetry/alerts/rule.ts'
import type { Silence } from '#lib/telemetry/alerts/silence.ts'
import type { Tracked } from '#lib/telemetry/alerts/tracker.ts'
import type { Notice } from './notice.ts'
import type { AuditEntry, Page, PageRequest } from './rows.ts'

/** A fleet's own rule, or what it has instead of a shipped one of the same name. */
export interface StoredRule {
  readonly fleetId: string
  readonly rule: AlertRule
  /** Counts its changes; the first is 1. */
  readonly version: number
  readonly changedAtMs: number
  readonly changedBy: AlertPerson
}

/** Where a rule stands for a part of the fleet, of those that are not inactive. */
export interface TrackedPart {
  readonly rule: string
  readonly by: Grouping
  /** '' of the fleet as a whole. */
  readonly key: string
  readonly tracked: Tracked
}

/** All that an evaluation goes on from. */
export interface AlertStates {
  /** 0 before the first one. */
  readonly revision: number
  readonly evaluatedAtMs: number
  readonly states: readonly TrackedPart[]
}

export interface AlertInput extends AlertStates {
  readonly rules: readonly StoredRule[]
  readonly open: readonly Incident[]
  /** Those that are not over at `nowMs`. */
  readonly silences: readonly Silence[]
  readonly nextNumber: number
  /** When the oldest dead letter or conflict came that waits for a person; null where none does. */
  readonly oldestUnresolvedMs: number | null
}

/** What one evaluation came to. */
export interface AlertCommit {
  readonly next: AlertStates
  /** New ones have version 1; of the others the stored version must be one less. */
  readonly incidents: readonly Incident[]
  readonly entries: readonly IncidentEntry[]
  readonly notices: readonly Notice[]
}

/** One look at all fleets. */
export interface AlertRound {
  readonly atMs: number
  readonly processId: string
  readonly tookMs: number
  readonly fleets: number
  readonly rules: number
  /** Fleets that could not be evaluated, and since when none of their evaluations ended well. */
  readonly failing: readonly { readonly fleetId: string; readonly sinceMs: number }[]
}

export interface IncidentChange {
  readonly next: Incident
  readonly entries: readonly IncidentEntry[]
  readonly notices: readonly Notice[]
  readonly audit: AuditEntry
}

/** How a fleet's open incidents stand, for a badge. */
export interface OpenIncidents {
  readonly open: number
  /** That somebody was told of, and nobody took on. */
  readonly unread: number
  readonly critical: number
}

/** When it is over: by its own time, or because somebody ended it. */
export const overAtMs = ({ endsAtMs, endedAtMs }: Silence): number =>
  Math.min(endsAtMs, endedAtMs ?? endsAtMs)

/** Rules, states, incidents and silences (decision 0063). */
export interface AlertPort {
  /** By name. */
  rules(fleetId: string): Promise<readonly StoredRule[]>
  /** Saves when the stored version is `version - 1`, 0 of one that isn't stored; `full` when it would be one too many. */
  saveRule(rule: StoredRule, max: number, audit: AuditEntry): Promise<'saved' | 'stale' | 'full'>
  removeRule(fleetId: string, name: string, version: number, audit: AuditEntry): Promise<'removed' | 'stale'>
  /** All in one look. */
  input(fleetId: string, nowMs: number): Promise<AlertInput>
  /** `stale`, and nothing is written, when another evaluation or a person was faster. */
  commit(fleetId: string, commit: AlertCommit): Promise<'committed' | 'stale'>
  /** Newest first, by when they were opened; with a state those of it. */
  incidents(fleetId: string, state: Incident['state'] | null, page: PageRequest): Promise<Page<Incident>>
  incident(fleetId: string, id: string): Promise<Incident | null>
  openIncidents(fleetId: string): Promise<OpenIncidents>
  /** Newest first. */
  entries(fleetId: string, incidentId: string, page: PageRequest): Promise<Page<IncidentEntry>>
  /** Changes an incident as it then is; a throw is the caller's refusal. Null for an unknown one. */
  changeIncident(
    fleetId: string,
    id: string,
    change: (incident: Incident) => IncidentChange,
  ): Promise<Incident | null>
  /** Newest first. */
  silences(fleetId: string, page: PageRequest): Promise<Page<Silence>>
  silence(fleetId: string, id: string): Promise<Silence | null>
  /** Saves when the stored version is `version - 1`, 0 of a new one; `full` when too many are not over. */
  saveSilence(
    silence: Silence,
    max: number,
    nowMs: number,
    audit: AuditEntry,
  ): Promise<'saved' | 'stale' | 'full'>
  noteRound(round: AlertRound): Promise<void>
  /** Null before the first. */
  lastRound(): Promise<AlertRound | null>
  /** A short text that is another one after a change of rules, incidents or silences. */
  mark(fleetId: string): Promise<string>
}
