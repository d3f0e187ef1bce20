import type {
  ConflictFigure,
  FailureFigure,
  LagFigure,
  Level,
  PendingFigure,
  QueueFigure,
} from './pillars.ts'

/** Limits of the pillars, settable by fleet and collection. Rates from 0 to 1, times in ms. */
export interface Thresholds {
  readonly lagWarnMs: number
  readonly lagCriticalMs: number
  readonly conflictWarn: number
  readonly conflictFriction: number
  readonly failureWarn: number
  /** Where a failure rate is critical; a breaker trips by its own limit (BR2), whatever stands here. */
  readonly failureBreaker: number
  readonly queueWarn: number
  readonly queueCritical: number
  readonly oldestWarnMs: number
  /** A conflict that waits for a person longer than this is overdue. */
  readonly conflictWaitMs: number
}

/** Past which a figure of a pillar is amber, and red. */
export const DEFAULT_THRESHOLDS: Thresholds = {
  lagWarnMs: 5 * 60_000,
  lagCriticalMs: 3_600_000,
  conflictWarn: 0.02,
  conflictFriction: 0.1,
  failureWarn: 0.01,
  failureBreaker: 0.05,
  queueWarn: 100,
  queueCritical: 1_000,
  oldestWarnMs: 3_600_000,
  conflictWaitMs: 4 * 3_600_000,
}

/** A collection's own come before its fleet's, and both before the defaults. */
export const thresholdsOf = (
  fleet: Partial<Thresholds> = {},
  collection: Partial<Thresholds> = {},
): Thresholds => ({ ...DEFAULT_THRESHOLDS, ...fleet, ...collection })

/** Under this many requests a rate says nothing: "not enough traffic". */
export const REQUESTS_FOR_RATE_MIN = 20
/** The same for sessions. */
export const SESSIONS_FOR_RATE_MIN = 20
/** The share of fewer pushed changes than these is told and not judged: the first conflict of a new fleet would be one of five. */
export const CHANGES_FOR_LEVEL_MIN = 20

const levelOf = (value: number | null, warn: number, critical: number): Level => {
  if (value === null) return 'unk'
  if (value > critical) return 'crit'
  return value > warn ? 'warn' : 'ok'
}

/** Judges upload lag p95; pending age has its own (`pendingLevel`). */
export const lagLevel = (figure: LagFigure | null, limits: Thresholds): Level =>
  levelOf(figure?.upload.p95 ?? null, limits.lagWarnMs, limits.lagCriticalMs)

/** Judges devices that are heard and yet don't get rid of their work. Nothing pending is well. */
export function pendingLevel(pending: PendingFigure | null, limits: Thresholds): Level {
  if (pending === null) return 'unk'
  return levelOf(pending.online.p95 ?? 0, limits.oldestWarnMs, Infinity)
}

export function conflictLevel(figure: ConflictFigure | null, limits: Thresholds): Level {
  if (figure === null || figure.mutations.whole < CHANGES_FOR_LEVEL_MIN) return 'unk'
  return levelOf(figure.mutations.rate, limits.conflictWarn, limits.conflictFriction)
}

export const failureLevel = (figure: FailureFigure | null, limits: Thresholds): Level =>
  levelOf(figure?.requests.rate ?? null, limits.failureWarn, limits.failureBreaker)

/**
 * Whether so many sessions fail that devices must be cut off, whatever the requests that arrive are answered.
 * By the breaker's limit and not the warning's: phones lose their network within a session, and the
 * share of a fleet of them that is well lies over 1 % each day.
 */
export const sessionsFail = (figure: FailureFigure | null, limits: Thresholds): boolean =>
  (figure?.sessions.rate ?? 0) > limits.failureBreaker

/** The deepest queue of a device decides, or the oldest age. */
export function queueLevel(figure: QueueFigure | null, limits: Thresholds): Level {
  if (figure === null) return 'unk'
  if (figure.devices === null) return 'unk'
  if (figure.depth === null) return 'unk'
  const depth = levelOf(figure.devices.depth.max ?? 0, limits.queueWarn, limits.queueCritical)
  return depth === 'ok' && (figure.devices.oldestAgeMs ?? 0) > limits.oldestWarnMs ? 'warn' : depth
}
