import type { BreakerKind, BreakerSettings } from '#lib/engine/breaker/breaker.ts'
import type { Override } from '#lib/engine/breaker/override.ts'
import type { Second } from '#lib/engine/breaker/window.ts'
import type { AuditEntry } from './rows.ts'

/** What people say of one scope's breaker. Times in Unix ms. */
export interface BreakerControl {
  readonly scope: string
  /** Null of the engine's. */
  readonly fleetId: string | null
  /** Counts the changes of this scope; the first is 1. */
  readonly version: number
  /** Where the scope has its own. */
  readonly settings: Partial<BreakerSettings> | null
  /** Those that hold, or may yet. */
  readonly overrides: readonly Override[]
  readonly changedAtMs: number
}

/** A control as it is stored: with the number that it has among all changes of all scopes. */
export interface StoredControl extends BreakerControl {
  readonly revision: number
}

/** What a process says of a scope that isn't closed, or had calls in the last minute. */
export interface ToldScope {
  readonly state: BreakerKind
  readonly calls: number
  readonly failures: number
  readonly shed: number
}

/** A process by its own word. */
export interface BreakerProcess {
  readonly id: string
  readonly name: string
  readonly startedAtMs: number
  /** The newest revision of a control that it runs. */
  readonly revision: number
  readonly scopes: Readonly<Record<string, ToldScope>>
}

export interface Applied {
  readonly revision: number
  readonly atMs: number
}
/** Of one process: for how long it took to take over what was said, which is looked at soon after. */
export const APPLIED_KEPT_MAX = 50

/** The same with the storage's own times, so that no process's clock counts. */
export interface SeenProcess extends BreakerProcess {
  /** The newest revisions that it told of, each with when it did so first; newest first. */
  readonly applied: readonly Applied[]
  readonly seenAtMs: number
}

/** A second of a scope: calls that were let in, and those that were shed. */
export interface CountedSecond extends Second {
  readonly shed: number
}

/** What one process saw of a scope in a minute (Unix ms of its start); later words of it replace earlier ones. */
export interface BreakerMinute {
  readonly scope: string
  readonly fleetId: string | null
  readonly processId: string
  readonly minuteMs: number
  readonly seconds: readonly CountedSecond[]
}

/** A call that failed or was slow. */
export interface BadCall {
  readonly atMs: number
  /** Route or host, and what became of it, in words: `push 503 database_unavailable`. */
  readonly cause: string
  readonly deviceId: string | null
  /** Whose it was: the engine's breaker sees the calls of all fleets. */
  readonly fleetId: string | null
  readonly ms: number
}

export interface TripCause {
  readonly openMs: number
  /** Of the window; of a trial that failed, its own. */
  readonly calls: number
  readonly failures: number
  readonly slow: number
  /** The newest bad calls of the window, or the one that a trial failed by. */
  readonly bad: readonly BadCall[]
  /** What it went by then; left out of a trial that failed, which goes by one call. */
  readonly limits?: Pick<BreakerSettings, 'failureRateMax' | 'slowRateMax' | 'callsMin'>
}

/** A breaker of a process went from one state to another. */
export interface BreakerTransition {
  readonly id: string
  readonly scope: string
  readonly fleetId: string | null
  readonly processId: string
  readonly atMs: number
  readonly before: BreakerKind
  readonly after: BreakerKind
  /** Where it went open by itself. */
  readonly trip: TripCause | null
}

export const BREAKER_CONTROLS_MAX = 10_000

/** What people may have said of a collection that is removed. */
export const scopesOfCollection = (fleetId: string, name: string): readonly string[] => [
  `collection:${fleetId}:${name}`,
  `backend:${fleetId}:${name}`,
]

/** Overrides and settings of breakers, and what processes tell of them (decision 0061). Overrides are shared, states are not. */
export interface BreakerPort {
  /** All of them, the engine's first, with the newest revision. */
  controls(): Promise<{ readonly revision: number; readonly controls: readonly StoredControl[] }>
  /** Null where nobody ever said anything of the scope. */
  control(scope: string): Promise<StoredControl | null>
  /** Saves when the stored version is `version - 1`; of one that isn't stored, 0. Wakes every process that listens. */
  save(control: BreakerControl, audit: AuditEntry): Promise<'saved' | 'stale'>
  /** Notes that a process lives and what it runs; the newest revision. */
  beat(process: BreakerProcess): Promise<number>
  processes(): Promise<readonly SeenProcess[]>
  note(minutes: readonly BreakerMinute[], changes: readonly BreakerTransition[]): Promise<void>
  /** Of a scope, oldest first, those that begin in `[fromMs, toMs)`. */
  minutes(scope: string, fromMs: number, toMs: number): Promise<readonly BreakerMinute[]>
  /** Of these scopes, newest first, in `[fromMs, toMs)`. */
  changes(
    scopes: readonly string[],
    range: { readonly fromMs: number; readonly toMs: number },
    limit: number,
  ): Promise<readonly BreakerTransition[]>
  /**
   * Where a breaker that a fleet's devices meet, the engine's too, tripped, or was forced or released, newest first, in
   * `[fromMs, toMs)`. One that goes open again after a trial is none.
   */
  turns(
    fleetId: string,
    range: { readonly fromMs: number; readonly toMs: number },
    limit: number,
  ): Promise<readonly BreakerTransition[]>
  /** How many scopes of a fleet anything was said of. */
  countControls(fleetId: string): Promise<number>
  /**
   * Deletes minutes, changes, processes that told nothing since, and controls without settings of which nothing was said
   * since: no override of theirs holds any more. True where more is left.
   */
  expire(
    before: {
      readonly minutesMs: number
      readonly changesMs: number
      readonly seenMs: number
      readonly saidMs: number
    },
    batch: number,
  ): Promise<boolean>
}
