import type { Overview, VersionRow } from '#lib/telemetry/overview.ts'
import type {
  ConflictFigure,
  FailureFigure,
  LagFigure,
  PillarAnswer,
  PillarName,
  QueueFigure,
  Quantiles,
} from '#lib/telemetry/pillars.ts'
import {
  DEFAULT_THRESHOLDS,
  conflictLevel,
  failureLevel,
  lagLevel,
  queueLevel,
} from '#lib/telemetry/thresholds.ts'

export const NOW_MS = 1_000 * 60_000
const HOUR = 3_600_000

export const quantiles = (value: number | null, count = value === null ? 0 : 10): Quantiles => ({
  count,
  p50: value,
  p95: value,
  p99: value,
  max: value,
})

export interface OverviewParts {
  readonly lag?: LagFigure | null
  readonly conflicts?: ConflictFigure | null
  readonly failures?: FailureFigure | null
  readonly queue?: QueueFigure | null
  readonly devices?: Partial<Overview['devices']>
  readonly versions?: readonly VersionRow[]
  readonly collections?: Overview['collections']
  readonly deadLetters?: Overview['deadLetters']
  readonly breakers?: Overview['breakers']
  readonly incidents?: Overview['incidents']['listed']
  readonly foldLagMs?: number
  readonly fromMs?: number
  readonly toMs?: number
}

export const lagFigure = (over: Partial<LagFigure> = {}): LagFigure => ({
  upload: quantiles(4_000, 31_204),
  delivery: quantiles(1_000),
  visibility: quantiles(5_000),
  clamped: 0,
  deliveryMeanMs: null,
  pending: { atMs: NOW_MS, online: quantiles(null), offline: quantiles(null) },
  ...over,
})
export const conflictFigure = (part: number, whole: number): ConflictFigure => ({
  mutations: { part, whole, rate: whole === 0 ? null : part / whole },
  sessions: null,
  byStrategy: [],
  byOutcome: { local: 0, remote: 0, merge: part, manual: 0 },
  topFields: [{ key: 'species', count: part }],
})
export const failureFigure = (part: number, whole: number): FailureFigure => ({
  requests: { part, whole, rate: whole < 20 ? null : part / whole },
  shed: 0,
  byCode: part === 0 ? [] : [{ key: 'internal', count: part }],
  sessions: { part: 0, whole: 0, rate: null },
})
export const queueFigure = (
  deepest: number,
  oldestAgeMs: number | null = null,
  atMs = NOW_MS,
): QueueFigure => ({
  atMs,
  depth: deepest,
  depthOfEngines: 0,
  devices: {
    total: 40,
    pending: deepest === 0 ? 0 : 1,
    depth: quantiles(deepest),
    oldestAgeMs,
    reportAge: quantiles(1_000),
  },
  server: { openDeadLetters: 0, openConflicts: 0 },
})
export const versionRow = (appVersion: string, over: Partial<VersionRow> = {}): VersionRow => ({
  appVersion,
  devices: 10,
  uploadLagP95Ms: 4_000,
  conflicts: { part: 0, whole: 100, rate: 0 },
  failures: { part: 0, whole: 100, rate: 0 },
  deadLetters: 0,
  pendingAgeP95Ms: null,
  pendingAgeOfflineP95Ms: null,
  deadLettersByHour: [],
  ...over,
})

/** A healthy fleet of 40 devices over the last hour, but for the parts given. */
export function overviewOf(parts: OverviewParts = {}): Overview {
  const asOf = { nowMs: NOW_MS, foldLagMs: parts.foldLagMs ?? 0 }
  const limits = DEFAULT_THRESHOLDS
  const answer = <F>(
    pillar: PillarName,
    figure: F | null,
    levelOf: (figure: F | null, given: typeof limits) => PillarAnswer<F>['level'],
  ): PillarAnswer<F> => ({
    pillar,
    fromMs: parts.fromMs ?? NOW_MS - HOUR,
    toMs: parts.toMs ?? NOW_MS,
    stepMs: 60_000,
    figure,
    level: levelOf(figure, limits),
    limits,
    previous: null,
    points: [],
    previousPoints: [],
    groups: [],
    groupsLeftOut: 0,
    asOf,
  })
  const given = <F>(part: F | null | undefined, otherwise: F): F | null =>
    part === undefined ? otherwise : part
  return {
    fleetId: 'fleet',
    asOf,
    limits,
    lag: answer('lag', given(parts.lag, lagFigure()), lagLevel),
    conflicts: answer('conflicts', given(parts.conflicts, conflictFigure(1, 1_000)), conflictLevel),
    failures: answer('failures', given(parts.failures, failureFigure(2, 1_000)), failureLevel),
    queue: answer('queue', given(parts.queue, queueFigure(0)), queueLevel),
    annotations: [],
    devices: {
      total: 40,
      heard: 40,
      neverHeard: 0,
      byState: { idle: 40 },
      waitingByState: {},
      paused: 0,
      offline: 0,
      silent: 0,
      lastContactMs: NOW_MS - 1_000,
      oldestPending: null,
      oldestWaiting: null,
      ...parts.devices,
    },
    transitionRates: {},
    collections: parts.collections ?? [],
    versions: parts.versions ?? [versionRow('2.4.1'), versionRow('2.4.0')],
    deadLetters: parts.deadLetters ?? {
      open: 0,
      inRange: { part: 0, whole: 1_000, rate: 0 },
      causes: [],
      causesLeftOut: 0,
    },
    breakers: parts.breakers ?? { total: 4, shutOut: 0, notClosed: [], processes: { live: 1, applied: 1 } },
    incidents: {
      open: parts.incidents?.length ?? 0,
      unread: parts.incidents?.filter(({ takenBy }) => takenBy === null).length ?? 0,
      stopped: false,
      gravest: parts.incidents?.find(({ severity }) => severity === 'critical') ?? null,
      listed: parts.incidents ?? [],
    },
  }
}
