import type { Gauge } from 'prom-client'
import type { Severity } from '#lib/protocol/notice.ts'
import { SEVERITIES } from '#lib/protocol/notice.ts'
import { DEAD_LETTER_CODES } from '#lib/protocol/error-codes.ts'
import { SESSION_STATES } from '#lib/protocol/session-states.ts'
import type { Sketch } from '#lib/rollups/sketch.ts'
import { decodeSketches, quantile } from '#lib/rollups/sketch.ts'
import type { FleetGaugesEvent, GaugesEvent, TelemetryEvent } from '#lib/telemetry/events.ts'
import type { MetricDefinition } from '#lib/telemetry/metrics.ts'
import { METRICS } from '#lib/telemetry/metrics.ts'
import type { Thresholds } from '#lib/telemetry/thresholds.ts'

/** Figures read from the database: only the leader shows them, else they would be there once per process. */
export interface LeaderGauges {
  /** Shows the newest snapshot of a fleet (`snapshotGauges`), as old as a minute. */
  showSnapshot(fleetId: string, events: readonly TelemetryEvent[]): void
  showFoldLag(fleetId: string, lagMs: number): void
  /** How many alerts fire, by severity. */
  showAlerts(fleetId: string, firing: Readonly<Record<Severity, number>>): void
  /** What the fleet, and each of its collections, is judged by now. */
  showThresholds(fleetId: string, whole: Thresholds, collections: ReadonlyMap<string, Thresholds>): void
  /** How many entries the audit chain has. */
  showAuditEntries(count: number): void
  /** Another process leads now, or none: the figures are not ours to tell. */
  hideLeaderGauges(): void
}

const QUANTILES = [0.5, 0.95, 0.99, 1]
const WHOLE = '*'
const SECONDS = [
  ['lag_warn', 'lagWarnMs'],
  ['lag_critical', 'lagCriticalMs'],
  ['oldest_warn', 'oldestWarnMs'],
] as const satisfies readonly (readonly [string, keyof Thresholds])[]
const FIGURES = [
  ['conflict_warn', 'conflictWarn'],
  ['conflict_friction', 'conflictFriction'],
  ['failure_warn', 'failureWarn'],
  ['failure_breaker', 'failureBreaker'],
  ['queue_warn', 'queueWarn'],
  ['queue_critical', 'queueCritical'],
] as const satisfies readonly (readonly [string, keyof Thresholds])[]
/** Requests, sessions and what devices hold are of no single collection. */
const OF_COLLECTION: ReadonlySet<string> = new Set([
  'lag_warn',
  'lag_critical',
  'conflict_warn',
  'conflict_friction',
])
const OUT_OF_SESSION: ReadonlySet<string> = new Set(['idle', 'offline', 'halted'])
const SESSION_ACTIVE = SESSION_STATES.filter((state) => !OUT_OF_SESSION.has(state))

/** @param mayShow false for a fleet that was removed while its figures were read */
export function leaderGauges(
  gauge: (definition: MetricDefinition) => Gauge,
  mayShow: (fleetId: string) => boolean,
): LeaderGauges {
  const all = {
    pendingAge: gauge(METRICS.pendingAge),
    sessionsActive: gauge(METRICS.sessionsActive),
    queueDepth: gauge(METRICS.queueDepth),
    queueOldestAge: gauge(METRICS.queueOldestAge),
    clockSkew: gauge(METRICS.clockSkew),
    deadLetters: gauge(METRICS.deadLetters),
    foldLag: gauge(METRICS.foldLag),
    alertsFiring: gauge(METRICS.alertsFiring),
    thresholdSeconds: gauge(METRICS.thresholdSeconds),
    thresholdFigure: gauge(METRICS.thresholdFigure),
    auditEntries: gauge(METRICS.auditEntries),
  }
  // One without labels shows 0 by itself.
  all.auditEntries.remove({})
  const shown = new Map<string, ReadonlySet<string>>()
  return {
    showSnapshot: (fleet, events) => {
      if (!mayShow(fleet)) return
      const payloads = events.map(({ payload }) => payload)
      showDevices(
        all,
        fleet,
        payloads.filter((payload) => payload.kind === 'gauges'),
      )
      for (const payload of payloads) {
        if (payload.kind === 'fleet-gauges') showDeadLetters(all.deadLetters, fleet, payload)
      }
    },
    showFoldLag: (fleet, lagMs) => {
      if (mayShow(fleet)) all.foldLag.set({ fleet }, lagMs / 1_000)
    },
    showAlerts: (fleet, firing) => {
      if (!mayShow(fleet)) return
      for (const severity of SEVERITIES) all.alertsFiring.set({ fleet, severity }, firing[severity])
    },
    showThresholds: (fleet, whole, collections) => {
      if (!mayShow(fleet)) return
      const gone = [...(shown.get(fleet) ?? [])].filter((name) => !collections.has(name))
      for (const collection of gone) {
        for (const [limit] of SECONDS) all.thresholdSeconds.remove({ fleet, collection, limit })
        for (const [limit] of FIGURES) all.thresholdFigure.remove({ fleet, collection, limit })
      }
      shown.set(fleet, new Set(collections.keys()))
      for (const [collection, limits] of [[WHOLE, whole] as const, ...collections]) {
        const isTold = (limit: string): boolean => collection === WHOLE || OF_COLLECTION.has(limit)
        for (const [limit, name] of SECONDS)
          if (isTold(limit)) all.thresholdSeconds.set({ fleet, collection, limit }, limits[name] / 1_000)
        for (const [limit, name] of FIGURES)
          if (isTold(limit)) all.thresholdFigure.set({ fleet, collection, limit }, limits[name])
      }
    },
    showAuditEntries: (count) => all.auditEntries.set(count),
    hideLeaderGauges: () => {
      shown.clear()
      for (const each of Object.values(all)) each.reset()
      all.auditEntries.remove({})
    },
  }
}

type Gauges = Readonly<
  Record<'pendingAge' | 'sessionsActive' | 'queueDepth' | 'queueOldestAge' | 'clockSkew', Gauge>
>

/** What isn't known is taken away: the last value would look like the newest. */
function setOrRemove(gauge: Gauge, labels: Record<string, string>, value: number | null): void {
  if (value === null) gauge.remove(labels)
  else gauge.set(labels, value)
}

const seconds = (ms: number | null): number | null => (ms === null ? null : ms / 1_000)

function showDevices(all: Gauges, fleet: string, groups: readonly GaugesEvent[]): void {
  const merged = (textOf: (group: GaugesEvent) => string | null): Sketch =>
    decodeSketches(groups.flatMap((group) => textOf(group) ?? []))
  const greatest = (valueOf: (group: GaugesEvent) => number | null): number | null =>
    groups
      .flatMap((group) => valueOf(group) ?? [])
      .reduce<number | null>((most, value) => Math.max(most ?? value, value), null)
  const ages = {
    online: merged(({ pendingAgeOnline }) => pendingAgeOnline),
    offline: merged(({ pendingAgeOffline }) => pendingAgeOffline),
  }
  for (const [connectivity, sketch] of Object.entries(ages)) {
    for (const q of QUANTILES)
      setOrRemove(all.pendingAge, { fleet, connectivity, quantile: String(q) }, seconds(quantile(sketch, q)))
  }
  const depths = merged(({ queueDepths }) => queueDepths)
  all.queueDepth.set(
    { fleet, stat: 'sum' },
    groups.reduce((sum, { queueDepth }) => sum + (queueDepth ?? 0), 0),
  )
  for (const [stat, q] of [
    ['p50', 0.5],
    ['p95', 0.95],
    ['max', 1],
  ] as const)
    setOrRemove(all.queueDepth, { fleet, stat }, quantile(depths, q))
  setOrRemove(
    all.queueOldestAge,
    { fleet },
    seconds(greatest(({ oldestPendingAgeMs }) => oldestPendingAgeMs)),
  )
  setOrRemove(all.clockSkew, { fleet }, seconds(greatest(({ clockSkewMaxMs }) => clockSkewMaxMs)))
  const active = groups.flatMap(({ devicesByState }) =>
    SESSION_ACTIVE.map((state) => devicesByState[state] ?? 0),
  )
  all.sessionsActive.set(
    { fleet },
    active.reduce((sum, count) => sum + count, 0),
  )
}

function showDeadLetters(gauge: Gauge, fleet: string, { openDeadLettersByCode }: FleetGaugesEvent): void {
  for (const code of DEAD_LETTER_CODES) {
    gauge.set({ fleet, error_type: code, status: 'open' }, openDeadLettersByCode[code] ?? 0)
  }
}
