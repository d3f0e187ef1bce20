import type { LetterGroup } from './letter-groups.ts'
import type { Severity } from '#lib/protocol/notice.ts'
import type { SessionState } from '#lib/protocol/session-states.ts'
import type { Annotation } from './annotations.ts'
import type {
  AsOf,
  ConflictFigure,
  FailureFigure,
  LagFigure,
  Level,
  PillarAnswer,
  Quantiles,
  QueueFigure,
  Share,
} from './pillars.ts'
import type { Thresholds } from './thresholds.ts'

/** Everything that the Overview page shows, in one answer. Times in ms. */
export interface Overview {
  readonly fleetId: string
  readonly asOf: AsOf
  readonly limits: Thresholds
  readonly lag: PillarAnswer<LagFigure>
  readonly conflicts: PillarAnswer<ConflictFigure>
  readonly failures: PillarAnswer<FailureFigure>
  readonly queue: PillarAnswer<QueueFigure>
  /** What was done to the fleet in the range. */
  readonly annotations: readonly Annotation[]
  readonly devices: DevicesNow
  /** Transitions per minute by `from>to`, of sessions that ended within the last 5 min and were reported since. */
  readonly transitionRates: Readonly<Record<string, number>>
  /** Those with limits of their own. */
  readonly collections: readonly CollectionRow[]
  /** Most devices first, at most 100. */
  readonly versions: readonly VersionRow[]
  readonly deadLetters: DeadLettersNow
  readonly breakers: BreakersNow
  readonly incidents: IncidentsNow
}

/** What is open now. */
export interface IncidentsNow {
  readonly open: number
  /** That somebody was told of, and nobody took on. */
  readonly unread: number
  /** Nobody evaluates: that none is open is no news. */
  readonly stopped: boolean
  /** Critical and not kept silent, one that nobody has before others; null where there is none. */
  readonly gravest: IncidentNow | null
  /** Those that speak, then those that are kept silent, the worst first, and of equal ones the newest; at most 100. */
  readonly listed: readonly IncidentNow[]
}
export interface IncidentNow {
  readonly id: string
  /** As people say it: `INC-207`. */
  readonly name: string
  readonly title: string
  readonly severity: Severity
  readonly openedAtMs: number
  /** Who took it on, and in whose hands it is; null: nobody. */
  readonly takenBy: string | null
  readonly owner: string | null
  /** All that fires in it is silenced or inhibited. */
  readonly suppressed: boolean
}

/** Those that the fleet's devices meet, now. */
export interface BreakersNow {
  readonly total: number
  /**
   * Devices that meet one that shuts everything: they are refused before they can tell, so that they stand in the state
   * that they told before. Those that one collection's shuts out sync what else they have, and keep changes waiting.
   */
  readonly shutOut: number
  /** The widest scope first. */
  readonly notClosed: readonly BreakerNow[]
  /** That live, and those of them that run all that people said. */
  readonly processes: { readonly live: number; readonly applied: number }
}
export interface BreakerNow {
  readonly scope: string
  /** As people call it: `engine`, `app 2.4.1`, `inspections`. */
  readonly name: string
  /** Of the scope of an app version. */
  readonly appVersion: string | null
  /** Of the engine or the fleet: it keeps out whoever comes. */
  readonly isWide: boolean
  /** Of the process that was asked; `closed` where it is another's that is not. */
  readonly state: 'closed' | 'open' | 'half_open' | 'forced_open' | 'forced_closed' | 'metrics_only'
  /** It keeps somebody out, in some process at least. */
  readonly isShut: boolean
  /** What a person said that holds now. */
  readonly held: { readonly by: string; readonly reason: string; readonly endsAtMs: number } | null
}

/** Live, revoked devices left out. */
export interface DevicesNow {
  readonly total: number
  /** Devices that reported or finished a session at least once. */
  readonly heard: number
  readonly neverHeard: number
  readonly byState: Readonly<Partial<Record<SessionState, number>>>
  /** Those of `byState` that last reported changes waiting; a state without one is left out. */
  readonly waitingByState: Readonly<Partial<Record<SessionState, number>>>
  /** Of those heard: an operator paused them, so they sync neither well nor badly and are in no state. */
  readonly paused: number
  readonly offline: number
  /** Of those offline, the ones taken as offline because they are silent. */
  readonly silent: number
  readonly lastContactMs: number | null
  /** Also one that told of no change and is silent: a lower bound. */
  readonly oldestPending: OldestPending | null
  /** Of those alone that last reported a change waiting. */
  readonly oldestWaiting: OldestPending | null
}
export interface OldestPending {
  readonly deviceId: string
  readonly name: string
  readonly ageMs: number
  readonly lowerBound: boolean
}

/** How a collection does by limits of its own, over the overview's range. */
export interface CollectionRow {
  readonly name: string
  readonly limits: Thresholds
  readonly uploadLag: Quantiles
  readonly lagLevel: Level
  readonly conflicts: Share
  readonly conflictLevel: Level
}

/** How one app version does, over the overview's range unless said otherwise. */
export interface VersionRow {
  readonly appVersion: string
  /** Now. */
  readonly devices: number
  readonly uploadLagP95Ms: number | null
  readonly conflicts: Share
  readonly failures: Share
  /** Open now. */
  readonly deadLetters: number
  /** Now, over devices that are heard; and over those that are not, as a lower bound. */
  readonly pendingAgeP95Ms: number | null
  readonly pendingAgeOfflineP95Ms: number | null
  /** New ones in each of the last 24 hours, oldest first; null where telemetry is missing. */
  readonly deadLettersByHour: readonly (number | null)[]
}

/** Open ones, now; and how many changes of the range became one, open still or not. */
export interface DeadLettersNow {
  readonly open: number
  readonly inRange: Share
  /** Most frequent first, at most 10. */
  readonly causes: readonly LetterGroup[]
  readonly causesLeftOut: number
}
