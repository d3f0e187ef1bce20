import type { Thresholds } from './thresholds.ts'

/** The four pillars as pages, API and alerts see them. Times in ms. */
export type PillarName = 'lag' | 'conflicts' | 'failures' | 'queue'

/** `unk` is said when the figure is not known; it is never `ok` by absence. */
export type Level = 'ok' | 'warn' | 'crit' | 'unk'

/** A distribution as it is shown. Values are null when nothing was counted, never 0. */
export interface Quantiles {
  readonly count: number
  readonly p50: number | null
  readonly p95: number | null
  readonly p99: number | null
  readonly max: number | null
}

/** A part of a whole. The rate is null when the whole is too small to say (no rate without its denominator). */
export interface Share {
  readonly part: number
  readonly whole: number
  readonly rate: number | null
}

/**
 * How long a change takes. Lag has samples of what arrived only, so it can look well while devices are cut
 * off: pending age, from the newest snapshot in the range, is the other half. Null where it isn't known.
 */
export interface LagFigure {
  readonly upload: Quantiles
  readonly delivery: Quantiles
  readonly visibility: Quantiles
  /** Upload lags that came out negative and count as 0. */
  readonly clamped: number
  /** Of deliveries that other engines tell as a sum alone: they are in no quantile. */
  readonly deliveryMeanMs: number | null
  readonly pending: PendingFigure | null
}
export interface PendingFigure {
  readonly atMs: number
  /** Devices that are heard: online and failing. */
  readonly online: Quantiles
  /** Devices that are not heard: lower bounds. */
  readonly offline: Quantiles
}

/** How often a pushed mutation needed resolution. A retry and a duplicate are neither pushed again nor a conflict. */
export interface ConflictFigure {
  readonly mutations: Share
  /** Sessions with at least one conflict; null when asked for one collection, since sessions span all of them. */
  readonly sessions: Share | null
  readonly byStrategy: readonly Count[]
  readonly byOutcome: Readonly<Record<'local' | 'remote' | 'merge' | 'manual', number>>
  /** At most 10, most frequent first. */
  readonly topFields: readonly Count[]
}

/** How often a request is answered 4xx or 5xx. Shed ones are in neither number. */
export interface FailureFigure {
  readonly requests: Share
  readonly shed: number
  /** At most 10, most frequent first. */
  readonly byCode: readonly Count[]
  readonly sessions: Share
}

/** What waits on devices as they last reported, at the newest snapshot in the range; each is as old as `reportAge` says. */
export interface QueueFigure {
  readonly atMs: number
  /** Null where nobody tells it, as for devices of other engines. */
  readonly depth: number | null
  /** What of it other engines tell as a sum: no device is named that holds it. */
  readonly depthOfEngines: number
  /** Null when asked for one collection: devices tell it only how much waits. */
  readonly devices: QueueDevices | null
  /** What waits on the server; null when asked for a part of the fleet. */
  readonly server: { readonly openDeadLetters: number; readonly openConflicts: number } | null
}
export interface QueueDevices {
  readonly total: number
  /** Those that reported something pending; null where nobody tells it. */
  readonly pending: number | null
  readonly depth: Quantiles
  readonly oldestAgeMs: number | null
  readonly reportAge: Quantiles
}

export interface Count {
  readonly key: string
  readonly count: number
}

export interface PillarPoint<F> {
  readonly atMs: number
  /** Null where telemetry is missing: a gap, not a zero. */
  readonly figure: F | null
}

/** One pillar over [fromMs, toMs), aligned to minutes, with the same length of time before it. */
export interface PillarAnswer<F> {
  readonly pillar: PillarName
  readonly fromMs: number
  readonly toMs: number
  readonly stepMs: number
  readonly figure: F | null
  readonly level: Level
  /** What the level is judged by: the collection's own limits where one was asked for, else the fleet's. */
  readonly limits: Thresholds
  readonly previous: F | null
  readonly points: readonly PillarPoint<F>[]
  /** Same number of points, each `toMs - fromMs` earlier. */
  readonly previousPoints: readonly PillarPoint<F>[]
  readonly groups: readonly PillarGroup<F>[]
  /** Groups beyond the ones given. */
  readonly groupsLeftOut: number
  readonly asOf: AsOf
}
export interface PillarGroup<F> {
  readonly key: string
  readonly figure: F
  readonly level: Level
  readonly points: readonly PillarPoint<F>[]
}

/** How old the figures are. */
export interface AsOf {
  readonly nowMs: number
  /** Age of the oldest event that is not in the figures yet; 0 when all are. */
  readonly foldLagMs: number
}
