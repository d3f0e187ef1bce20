import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client'
import type { BreakerKind } from '#lib/engine/breaker/breaker.ts'
import { BREAKER_KINDS, FORCED_KINDS } from '#lib/engine/breaker/breaker.ts'
import { STRATEGIES } from '#lib/protocol/device.ts'
import { ERROR_CODES } from '#lib/protocol/error-codes.ts'
import type { ResultStatus } from '#lib/protocol/push.ts'
import { FULL_SYNC_REASONS, SESSION_RESULTS } from '#lib/protocol/session.ts'
import { decodeSketches, forEachSlot } from '#lib/rollups/sketch.ts'
import type {
  DeliveryEvent,
  IngestResult,
  IngestSignal,
  PushEvent,
  PushedCollection,
  ReplayEvent,
  RequestsEvent,
  SessionEvent,
  StatusClass,
  TelemetryEvent,
} from '#lib/telemetry/events.ts'
import {
  CONFLICT_OUTCOMES,
  INGEST_RESULTS,
  INGEST_SIGNALS,
  ROUTES,
  STATUS_CLASSES,
} from '#lib/telemetry/events.ts'
import type { MetricDefinition } from '#lib/telemetry/metrics.ts'
import { METRICS } from '#lib/telemetry/metrics.ts'
import { fleetOfScope } from '../breakers/scopes.ts'
import { FleetLabels } from './fleet-labels.ts'
import type { LeaderGauges } from './leader-gauges.ts'
import { leaderGauges } from './leader-gauges.ts'
import type { MetricSeries } from './metric-series.ts'
import { seriesOf } from './metric-series.ts'

/** The process's own figures for Prometheus. One per composed application. */
export interface Metrics extends LeaderGauges {
  /** Starts a fleet's counters at 0, so that the first failure is a change and not a first sight. */
  addFleet(fleetId: string): void
  /** Counts an event; call it once, after its transaction has committed. */
  observeEvent(fleetId: string, event: TelemetryEvent): void
  /** Counts an answer to a request that never showed its fleet. */
  observeUnauthenticated(statusClass: StatusClass): void
  /** Answers that no event tells of, because the database was away for too long. */
  observeCountsLost(answers: number): void
  /** Counts a replay by the result of the push that it went through. */
  observeReplay(fleetId: string, result: ResultStatus): void
  /** A breaker of this process is in this state now. */
  showBreaker(scope: string, state: BreakerKind): void
  /** Counts what another engine's telemetry told, by what became of it. */
  observeIngested(fleetId: string, signal: IngestSignal, result: IngestResult, count: number): void
  /** Counts a device's state hash by what the comparison gave. */
  observeStateCheck(fleetId: string, result: 'equal' | 'differs' | 'skipped'): void
  /** The ticker has turned. */
  beat(nowMs: number): void
  /** Fleets that figures are shown of. */
  fleets(): readonly string[]
  /** Takes away all figures of a fleet that was removed, and shows none of it any more. */
  removeFleet(fleetId: string): Promise<void>
  /** Takes away what was counted under a version that is told apart no more. */
  forgetVersion(fleetId: string, appVersion: string): void
  /** The text exposition. */
  render(): Promise<{ readonly contentType: string; readonly body: string }>
  /** What `render` tells of the declared names, for OTLP. */
  series(): Promise<readonly MetricSeries[]>
}

const RESULTS = Object.keys({
  applied: 0,
  merged: 0,
  superseded: 0,
  conflict: 0,
  dead_lettered: 0,
  refused: 0,
  retry: 0,
  shed: 0,
  not_applied: 0,
  duplicate: 0,
} satisfies Record<ResultStatus, 0>) as ResultStatus[]

export function createMetrics(): Metrics {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const options = ({ name, help, labels, buckets }: MetricDefinition) => ({
    name,
    help,
    labelNames: [...labels],
    registers: [registry],
    ...(buckets === undefined ? {} : { buckets: [...buckets] }),
  })
  const labels = new FleetLabels()
  const gauge = (definition: MetricDefinition) => labels.add(new Gauge(options(definition)))
  const counter = (definition: MetricDefinition) => labels.add(new Counter(options(definition)))
  const histogram = (definition: MetricDefinition) => labels.add(new Histogram(options(definition)))
  const own: OwnMetrics = {
    sources: new Set(),
    syncLag: histogram(METRICS.syncLag),
    sessionDuration: histogram(METRICS.sessionDuration),
    mutations: counter(METRICS.mutations),
    conflicts: counter(METRICS.conflicts),
    requests: counter(METRICS.requests),
    pushErrors: counter(METRICS.pushErrors),
    duplicateRequests: counter(METRICS.duplicateRequests),
    fullResyncs: counter(METRICS.fullResyncs),
    stateChecks: counter(METRICS.stateChecks),
    ingested: counter(METRICS.ingested),
    replays: counter(METRICS.deadLetterReplays),
  }
  const heartbeat = gauge(METRICS.heartbeat)
  const breakerState = gauge(METRICS.breakerState)
  const breakerOverride = gauge(METRICS.breakerOverride)
  const showBreaker = (scope: string, shown: BreakerKind): void => {
    const fleetId = fleetOfScope(scope)
    if (fleetId !== null && !labels.mayShow(fleetId)) return
    for (const state of BREAKER_KINDS) breakerState.set({ scope, state }, Number(state === shown))
    for (const kind of FORCED_KINDS) {
      if (kind === shown) breakerOverride.set({ scope, kind }, 1)
      else breakerOverride.remove({ scope, kind })
    }
  }
  showBreaker('engine', 'closed')
  const countsLost = counter(METRICS.countsLost)
  const unauthenticated = counter(METRICS.unauthenticated)
  for (const statusClass of STATUS_CLASSES) unauthenticated.inc({ status_class: statusClass }, 0)
  return {
    ...leaderGauges(gauge, (fleetId) => labels.mayShow(fleetId)),
    addFleet: (fleetId) => {
      if (labels.mayShow(fleetId)) addFleet(own, fleetId)
    },
    observeEvent: (fleetId, event) => {
      if (labels.mayShow(fleetId)) observeEvent(own, fleetId, event)
    },
    observeUnauthenticated: (statusClass) => {
      unauthenticated.inc({ status_class: statusClass })
    },
    observeCountsLost: (answers) => {
      countsLost.inc(answers)
    },
    observeReplay: (fleet, result) => {
      if (labels.mayShow(fleet)) own.replays.inc({ fleet, result })
    },
    showBreaker,
    observeStateCheck: (fleet, result) => {
      if (labels.mayShow(fleet)) own.stateChecks.inc({ fleet, result })
    },
    observeIngested: (fleet, signal, result, count) => {
      if (labels.mayShow(fleet)) own.ingested.inc({ fleet, signal, result }, count)
    },
    fleets: () => labels.fleets(),
    removeFleet: async (fleetId) => {
      forgetSources(own, (fleet) => fleet === fleetId)
      await labels.remove(fleetId, ({ fleet, scope }) => (fleet ?? fleetOfScope(String(scope))) === fleetId)
    },
    forgetVersion: (fleetId, appVersion) => {
      forgetSources(own, (fleet, version) => fleet === fleetId && version === appVersion)
    },
    beat: (nowMs) => {
      heartbeat.set(nowMs / 1_000)
    },
    series: async () => seriesOf(await registry.getMetricsAsJSON()),
    render: async () => ({ contentType: registry.contentType, body: await registry.metrics() }),
  }
}

interface OwnMetrics {
  /** Whose counters of mutations stand at 0 or more; as many as those have labels (docs/metrics.md bounds them). */
  readonly sources: Set<string>
  readonly syncLag: Histogram
  readonly sessionDuration: Histogram
  readonly mutations: Counter
  readonly conflicts: Counter
  readonly requests: Counter
  readonly pushErrors: Counter
  readonly duplicateRequests: Counter
  readonly fullResyncs: Counter
  readonly stateChecks: Counter
  readonly ingested: Counter
  readonly replays: Counter
}

function forgetSources(own: OwnMetrics, isGone: (fleet: string, appVersion: string) => boolean): void {
  for (const source of own.sources) {
    const [fleet, collection, platform, app_version] = JSON.parse(source) as [string, string, string, string]
    if (!isGone(fleet, app_version)) continue
    own.sources.delete(source)
    for (const result of RESULTS) own.mutations.remove({ fleet, collection, platform, app_version, result })
  }
}

function addFleet(own: OwnMetrics, fleet: string): void {
  for (const route of ROUTES) {
    for (const statusClass of STATUS_CLASSES) own.requests.inc({ fleet, route, status_class: statusClass }, 0)
  }
  for (const [code, { status }] of Object.entries(ERROR_CODES))
    own.pushErrors.inc({ fleet, error_type: code, retryable: retryable(status) }, 0)
  for (const reason of FULL_SYNC_REASONS) own.fullResyncs.inc({ fleet, reason }, 0)
  for (const result of RESULTS) own.replays.inc({ fleet, result }, 0)
  for (const result of ['equal', 'differs', 'skipped']) own.stateChecks.inc({ fleet, result }, 0)
  for (const result of SESSION_RESULTS) {
    for (const mode of ['delta', 'full']) own.sessionDuration.zero({ fleet, mode, result })
  }
  own.duplicateRequests.inc({ fleet }, 0)
  for (const signal of INGEST_SIGNALS) {
    for (const result of INGEST_RESULTS) own.ingested.inc({ fleet, signal, result }, 0)
  }
}

/** Snapshots are not counted: the leader shows them as gauges. */
function observeEvent(own: OwnMetrics, fleet: string, { payload }: TelemetryEvent): void {
  if (payload.kind === 'push') observePush(own, fleet, payload)
  else if (payload.kind === 'replay') observeMutations(own, fleet, payload)
  else if (payload.kind === 'requests') observeRequests(own, fleet, payload)
  else if (payload.kind === 'delivery') observeDelivery(own, fleet, payload)
  else if (payload.kind === 'session') observeSession(own, fleet, payload)
}

function observePush(own: OwnMetrics, fleet: string, push: PushEvent): void {
  own.requests.inc({ fleet, route: 'push', status_class: '2xx' })
  observeMutations(own, fleet, push)
}

function observeMutations(own: OwnMetrics, fleet: string, push: PushEvent | ReplayEvent): void {
  for (const [collection, pushed] of Object.entries(push.collections)) {
    observeCollection(own, { fleet, collection }, push, pushed)
  }
}

function observeCollection(
  own: OwnMetrics,
  where: { fleet: string; collection: string },
  push: PushEvent | ReplayEvent,
  pushed: PushedCollection,
): void {
  const { fleet, collection } = where
  const { platform, appVersion: app_version } = push
  const count = (result: ResultStatus, n: number): void => {
    own.mutations.inc({ fleet, collection, platform, app_version, result }, n)
  }
  const source = JSON.stringify([fleet, collection, platform, app_version])
  if (!own.sources.has(source)) {
    for (const result of RESULTS) count(result, 0)
    startConflicts(own, where)
  }
  own.sources.add(source)
  for (const [result, n] of Object.entries(pushed.results)) count(result as ResultStatus, n)
  for (const { strategy, outcome } of pushed.conflicts)
    own.conflicts.inc({ fleet, collection, strategy, outcome })
  const upload = { fleet, collection, stage: 'upload' }
  for (const lagMs of pushed.uploadLagMs) own.syncLag.observe(upload, lagMs / 1_000)
}

/** A collection without a conflict shows 0, so that its first one is a change. */
function startConflicts(own: OwnMetrics, where: { fleet: string; collection: string }): void {
  for (const strategy of STRATEGIES) {
    for (const outcome of CONFLICT_OUTCOMES) own.conflicts.inc({ ...where, strategy, outcome }, 0)
  }
}

/** A push that committed has its own event, so a 2xx here was answered from a stored response. */
function observeRequests(own: OwnMetrics, fleet: string, { counts }: RequestsEvent): void {
  for (const { route, statusClass, code, count } of counts) {
    own.requests.inc({ fleet, route, status_class: statusClass }, count)
    if (route !== 'push') continue
    if (statusClass === '2xx') own.duplicateRequests.inc({ fleet }, count)
    const status =
      code !== null && Object.hasOwn(ERROR_CODES, code)
        ? ERROR_CODES[code as keyof typeof ERROR_CODES].status
        : null
    if (status !== null)
      own.pushErrors.inc({ fleet, error_type: code ?? '', retryable: retryable(status) }, count)
  }
}

const retryable = (status: number): string => String(status >= 500 || status === 429)

function observeDelivery(own: OwnMetrics, fleet: string, { collections }: DeliveryEvent): void {
  for (const [collection, { deliveryLag, visibilityLag }] of Object.entries(collections)) {
    observeSketch(own.syncLag, { fleet, collection, stage: 'delivery' }, deliveryLag)
    observeSketch(own.syncLag, { fleet, collection, stage: 'visibility' }, visibilityLag)
  }
}

/** One by one, as the library has no other way; a delivery is about one page of a pull. */
function observeSketch(histogram: Histogram, labels: Record<string, string>, text: string): void {
  forEachSlot(decodeSketches([text]), (valueMs, count) => {
    for (let n = 0; n < count; n++) histogram.observe(labels, valueMs / 1_000)
  })
}

function observeSession(own: OwnMetrics, fleet: string, session: SessionEvent): void {
  own.sessionDuration.observe(
    { fleet, mode: session.mode ?? 'unknown', result: session.result },
    session.durationMs / 1_000,
  )
  if (session.mode === 'full') own.fullResyncs.inc({ fleet, reason: session.fullReason ?? 'unknown' })
}
