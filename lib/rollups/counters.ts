import type { ResultStatus } from '#lib/protocol/push.ts'
import type { IngestResult, IngestSignal, Route, StatusClass } from '#lib/telemetry/events.ts'
import type { LagStage } from '#lib/telemetry/lag-heat.ts'

/**
 * Names of a bucket's counters, sketches and gauges, each declared once. A name with a part that varies is a
 * function; `byPart` reads the part back. Under `*`: requests, sessions, gauges; under a collection: mutations.
 */
export const COUNTER = {
  /** Every result that a push answered, retries and duplicates included. */
  mutations: (status: ResultStatus) => `mutations:${status}` as const,
  /** Mutations that got their one lasting result: the denominator of the conflict rate. */
  pushed: 'pushed',
  conflicts: 'conflicts',
  /** Told by an engine that doesn't tell of how many changes: they are in no rate. */
  conflictsAlone: 'conflictsAlone',
  /** Deliveries that are told as a sum of their times alone, and that sum in ms. */
  deliveriesTold: 'deliveriesTold',
  deliveryMsTold: 'deliveryMsTold',
  /** What came in of another engine, by the way and by what became of it. */
  ingested: (signal: IngestSignal, result: IngestResult) => `ingested:${signal}:${result}`,
  conflictsBy: (strategy: string, outcome: string) => `conflictsBy:${strategy}:${outcome}`,
  conflictField: (field: string) => `conflictField:${field}`,
  deadLettersBy: (code: string) => `deadLettersBy:${code}`,
  clampedLags: 'clampedLags',
  delivered: 'delivered',
  /** Answered requests but for the shed ones: the denominator of the failure rate. */
  requests: 'requests',
  requestsBy: (route: Route, statusClass: StatusClass) => `requestsBy:${route}:${statusClass}`,
  failures: 'failures',
  failuresBy: (code: string) => `failuresBy:${code}`,
  shed: 'shed',
  /** Requests refused for a credential that names this fleet and isn't, or is no more, one of it: no request of it. */
  rejectedCredentials: 'rejectedCredentials',
  /** Attempts of another engine whose outcome it doesn't tell: they are in no rate. */
  attemptsUnknown: 'attemptsUnknown',
  sessions: 'sessions',
  sessionsBy: (result: string) => `sessionsBy:${result}`,
  sessionsWithConflict: 'sessionsWithConflict',
  /** Sessions whose engine tells no conflicts: they are in no share of sessions with one. */
  sessionsConflictsUnknown: 'sessionsConflictsUnknown',
  fullSyncsBy: (reason: string) => `fullSyncsBy:${reason}`,
  illegalTransitions: 'illegalTransitions',
  /** By the end of their session, not each by its own time: at most 121 edges, as states are of the contract. */
  transitions: (edge: string) => `transitions:${edge}`,
} as const

export const SKETCH = {
  uploadLag: 'uploadLag',
  deliveryLag: 'deliveryLag',
  visibilityLag: 'visibilityLag',
  sessionDuration: 'sessionDuration',
} as const

export const LAG_SKETCH = {
  upload: SKETCH.uploadLag,
  delivery: SKETCH.deliveryLag,
  visibility: SKETCH.visibilityLag,
} as const satisfies Record<LagStage, string>

/** Like gauges these tell of one moment, so the newest replaces the older ones instead of merging. */
export const GAUGE_SKETCH = {
  pendingAgeOnline: 'pendingAgeOnline',
  pendingAgeOffline: 'pendingAgeOffline',
  queueDepths: 'queueDepths',
  reportAge: 'reportAge',
} as const

export const GAUGE = {
  devices: 'devices',
  devicesBy: (state: string) => `devicesBy:${state}`,
  silent: 'silent',
  queueDepth: 'queueDepth',
  queueDepthMax: 'queueDepthMax',
  devicesPending: 'devicesPending',
  oldestPendingAgeMs: 'oldestPendingAgeMs',
  clockSkewMaxMs: 'clockSkewMaxMs',
  openDeadLetters: 'openDeadLetters',
  openConflicts: 'openConflicts',
  oldestUndeliveredAgeMs: 'oldestUndeliveredAgeMs',
  /** Of another engine, as it told them last. */
  toldDeadLetters: 'toldDeadLetters',
  toldLagMs: 'toldLagMs',
  toldBreaker: 'toldBreaker',
  toldJobs: 'toldJobs',
  toldJobsFailing: 'toldJobsFailing',
} as const

/** Of several groups together these are the greatest; the others add up. */
export const GREATEST_GAUGES: ReadonlySet<string> = new Set([
  GAUGE.queueDepthMax,
  GAUGE.oldestPendingAgeMs,
  GAUGE.clockSkewMaxMs,
  GAUGE.oldestUndeliveredAgeMs,
  GAUGE.toldLagMs,
  GAUGE.toldBreaker,
])

/** The results that a mutation keeps for good; `refused`, `retry`, `shed`, `not_applied` come again, `duplicate` is a repeat. */
export const LASTING: readonly ResultStatus[] = [
  'applied',
  'merged',
  'superseded',
  'conflict',
  'dead_lettered',
]

/** Fields of one conflict that are counted by name, in the order of their names. */
export const CONFLICT_FIELDS_MAX = 20

/** Counters named `prefix:part`, by their part. */
export function byPart(counters: Readonly<Record<string, number>>, prefix: string): Record<string, number> {
  const start = `${prefix}:`
  const parts: Record<string, number> = {}
  for (const name of Object.keys(counters))
    if (name.startsWith(start)) setOwn(parts, name.slice(start.length), counters[name] ?? 0)
  return parts
}

/** A field may be called `__proto__`. */
function setOwn(object: Record<string, number>, name: string, value: number): void {
  if (name === '__proto__') Object.defineProperty(object, name, { value, enumerable: true })
  else object[name] = value
}
