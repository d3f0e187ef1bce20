import { unreachable } from '#lib/kernel/result.ts'
import type {
  DeliveryEvent,
  FleetGaugesEvent,
  GaugesEvent,
  IngestedEvent,
  PushEvent,
  PushedCollection,
  ReplayEvent,
  RequestsEvent,
  SessionEvent,
  SourceGaugesEvent,
  TelemetryEvent,
  ToldEvent,
} from '#lib/telemetry/events.ts'
import { INGEST_RESULTS } from '#lib/telemetry/events.ts'
import { ALL_COLLECTIONS, ALL_DEVICES } from './bucket.ts'
import { CONFLICT_FIELDS_MAX, COUNTER, GAUGE, GAUGE_SKETCH, LAG_SKETCH, LASTING, SKETCH } from './counters.ts'
import { LAG_STAGES } from '#lib/telemetry/lag-heat.ts'

/** What one event adds to one place in each tier. */
export interface Contribution {
  readonly collection: string
  readonly platform: string
  readonly appVersion: string
  readonly source?: string
  readonly counters: readonly (readonly [name: string, count: number])[]
  readonly values: readonly (readonly [sketch: string, values: readonly number[]])[]
  readonly sketches: readonly (readonly [sketch: string, text: string])[]
  /** Null when the event is no snapshot; else it replaces an older one as a whole. */
  readonly snapshot: Snapshot | null
}
export interface Snapshot {
  readonly gauges: Readonly<Record<string, number | null>>
  readonly sketches: Readonly<Record<string, string>>
}

type Where = Pick<Contribution, 'collection' | 'platform' | 'appVersion' | 'source'>
const NOTHING = { counters: [], values: [], sketches: [], snapshot: null } as const

/** Requests and sessions go under `*`, mutations under their own collection. */
export function contributionsOf({ payload }: TelemetryEvent): readonly Contribution[] {
  switch (payload.kind) {
    case 'push':
      return ofPush(payload)
    case 'replay':
      return ofMutations(payload)
    case 'requests':
      return ofRequests(payload)
    case 'delivery':
      return ofDelivery(payload)
    case 'session':
      return [ofSession(payload)]
    case 'gauges':
      return ofGauges(payload)
    case 'fleet-gauges':
      return [ofFleetGauges(payload)]
    case 'told':
      return ofTold(payload)
    case 'ingested':
      return [ofIngested(payload)]
    case 'source-gauges':
      return [ofSourceGauges(payload)]
    default:
      return unreachable(payload)
  }
}

const whole = (of: Omit<Where, 'collection'>): Where => ({
  collection: ALL_COLLECTIONS,
  platform: of.platform,
  appVersion: of.appVersion,
  ...(of.source === undefined ? {} : { source: of.source }),
})

function ofPush(push: PushEvent): readonly Contribution[] {
  const request: Contribution = {
    ...NOTHING,
    ...whole(push),
    counters: [
      [COUNTER.requests, 1],
      [COUNTER.requestsBy('push', '2xx'), 1],
    ],
  }
  return [request, ...ofMutations(push)]
}

const ofMutations = (push: PushEvent | ReplayEvent): readonly Contribution[] =>
  Object.entries(push.collections).map(([collection, pushed]) => ({
    ...NOTHING,
    ...whole(push),
    collection,
    counters: countersOf(pushed),
    values: [[SKETCH.uploadLag, pushed.uploadLagMs]] as const,
  }))

function countersOf(pushed: PushedCollection): [string, number][] {
  const { results, conflicts, deadLetterCodes } = pushed
  const lasting = LASTING.reduce((sum, status) => sum + (results[status] ?? 0), 0)
  return [
    ...Object.entries(results).map(([status, count]): [string, number] => [
      COUNTER.mutations(status as keyof typeof results),
      count,
    ]),
    [COUNTER.pushed, lasting],
    [COUNTER.conflicts, conflicts.length],
    ...conflicts.map(({ strategy, outcome }): [string, number] => [
      COUNTER.conflictsBy(strategy, outcome),
      1,
    ]),
    ...conflicts.flatMap(({ fields }) =>
      [...new Set(fields)]
        .sort()
        .slice(0, CONFLICT_FIELDS_MAX)
        .map((field): [string, number] => [COUNTER.conflictField(field), 1]),
    ),
    ...Object.entries(deadLetterCodes).map(([code, count]): [string, number] => [
      COUNTER.deadLettersBy(code),
      count,
    ]),
    [COUNTER.clampedLags, pushed.clamped],
  ]
}

/** A shed request is neither a request nor a failure: a breaker must not keep itself open. */
function ofRequests(requests: RequestsEvent): readonly Contribution[] {
  const answered = requests.counts.map(({ route, statusClass, code, count, ...source }) => {
    const counters: [string, number][] = [[COUNTER.requestsBy(route, statusClass), count]]
    if (statusClass === 'shed') counters.push([COUNTER.shed, count])
    else counters.push([COUNTER.requests, count])
    if (statusClass === '4xx' || statusClass === '5xx') {
      counters.push([COUNTER.failures, count], [COUNTER.failuresBy(code ?? statusClass), count])
    }
    return { ...NOTHING, ...whole(source), counters }
  })
  const { rejected = 0 } = requests
  if (rejected === 0) return answered
  const ofNobody = whole({ platform: ALL_DEVICES, appVersion: ALL_DEVICES })
  return [...answered, { ...NOTHING, ...ofNobody, counters: [[COUNTER.rejectedCredentials, rejected]] }]
}

function ofDelivery(delivery: DeliveryEvent): readonly Contribution[] {
  return Object.entries(delivery.collections).map(([collection, delivered]) => ({
    ...NOTHING,
    ...whole(delivery),
    collection,
    counters: [[COUNTER.delivered, delivered.count]] as const,
    sketches: [
      [SKETCH.deliveryLag, delivered.deliveryLag],
      [SKETCH.visibilityLag, delivered.visibilityLag],
    ] as const,
  }))
}

/** Written out: sessions are most of what is folded, and V8 makes spread objects by its slow path. */
function ofSession(session: SessionEvent): Contribution {
  const { platform, appVersion, source, withConflict, illegalTransitions, transitions = {} } = session
  const counters: [string, number][] = [
    [COUNTER.sessions, 1],
    [session.result === 'ok' ? SESSIONS_OK : COUNTER.sessionsBy(session.result), 1],
  ]
  if (withConflict === true) counters.push([COUNTER.sessionsWithConflict, 1])
  if (illegalTransitions > 0) counters.push([COUNTER.illegalTransitions, illegalTransitions])
  for (const edge of Object.keys(transitions)) counters.push([transitionsOf(edge), transitions[edge] ?? 0])
  // Only where there are some: buckets of before stay as they are, byte for byte, when they are folded again.
  if (withConflict === null) counters.push([COUNTER.sessionsConflictsUnknown, 1])
  if (session.mode === 'full') counters.push([COUNTER.fullSyncsBy(session.fullReason ?? 'unknown'), 1])
  const contribution: Contribution = {
    collection: ALL_COLLECTIONS,
    platform,
    appVersion,
    counters,
    values: [[SKETCH.sessionDuration, [session.durationMs]]],
    sketches: NOTHING.sketches,
    snapshot: null,
  }
  return source === undefined ? contribution : { ...contribution, source }
}
const SESSIONS_OK = COUNTER.sessionsBy('ok')

/** Names of counters that come with every session: put together once, a text is found by its address from then on. */
const TRANSITIONS = new Map<string, string>()
const TRANSITIONS_MAX = 1_000

function transitionsOf(edge: string): string {
  let name = TRANSITIONS.get(edge)
  if (name === undefined) {
    name = COUNTER.transitions(edge)
    if (TRANSITIONS.size < TRANSITIONS_MAX) TRANSITIONS.set(edge, name)
  }
  return name
}

function ofGauges(event: GaugesEvent): readonly Contribution[] {
  const states = Object.entries(event.devicesByState).map(
    ([state, count]) => [GAUGE.devicesBy(state), count] as const,
  )
  const sketches: [string, string | null][] = [
    [GAUGE_SKETCH.pendingAgeOnline, event.pendingAgeOnline],
    [GAUGE_SKETCH.pendingAgeOffline, event.pendingAgeOffline],
    [GAUGE_SKETCH.queueDepths, event.queueDepths],
    [GAUGE_SKETCH.reportAge, event.reportAge],
  ]
  const gauges = {
    [GAUGE.devices]: event.devices,
    [GAUGE.silent]: event.silent,
    [GAUGE.queueDepth]: event.queueDepth,
    [GAUGE.queueDepthMax]: event.queueDepthMax,
    [GAUGE.devicesPending]: event.devicesPending,
    [GAUGE.oldestPendingAgeMs]: event.oldestPendingAgeMs,
    [GAUGE.clockSkewMaxMs]: event.clockSkewMaxMs,
    ...Object.fromEntries(states),
  }
  const known = sketches.filter((entry): entry is [string, string] => entry[1] !== null)
  const group = { ...NOTHING, ...whole(event), snapshot: { gauges, sketches: Object.fromEntries(known) } }
  const collections = Object.entries(event.queueByCollection).map(([collection, depth]) => ({
    ...NOTHING,
    ...whole(event),
    collection,
    snapshot: { gauges: { [GAUGE.queueDepth]: depth }, sketches: {} },
  }))
  return [group, ...collections]
}

/** Attempts belong to no single collection, as requests don't; the rest is of the collection where one is named. */
function ofTold(told: ToldEvent): readonly Contribution[] {
  const where = whole({
    source: told.source,
    platform: told.platform ?? ALL_DEVICES,
    appVersion: told.appVersion ?? ALL_DEVICES,
  })
  const attempts: [string, number][] = [
    [COUNTER.requests, told.requests],
    [COUNTER.failures, told.failures],
    [COUNTER.attemptsUnknown, told.attemptsUnknown],
    ...Object.entries(told.failureCodes).map(([code, count]): [string, number] => [
      COUNTER.failuresBy(code),
      count,
    ]),
  ]
  const changes: [string, number][] = [
    [COUNTER.pushed, told.pushed ?? 0],
    [told.pushed === null ? COUNTER.conflictsAlone : COUNTER.conflicts, told.conflicts],
    [COUNTER.deliveriesTold, told.deliveries],
    [COUNTER.deliveryMsTold, told.deliveryMs],
  ]
  const sketches = LAG_STAGES.flatMap((stage): [string, string][] => {
    const text = told.lag[stage]
    return text === undefined ? [] : [[LAG_SKETCH[stage], text]]
  })
  const collection = told.collection ?? ALL_COLLECTIONS
  const parts = [
    { ...NOTHING, ...where, counters: attempts },
    { ...NOTHING, ...where, collection, counters: changes, sketches },
  ]
  return parts.filter(
    ({ counters, sketches }) => sketches.length > 0 || counters.some(([, count]) => count > 0),
  )
}

function ofIngested({ source, signal, results }: IngestedEvent): Contribution {
  const where = whole({ source, platform: ALL_DEVICES, appVersion: ALL_DEVICES })
  const counters = INGEST_RESULTS.map((result): [string, number] => [
    COUNTER.ingested(signal, result),
    results[result] ?? 0,
  ])
  return { ...NOTHING, ...where, counters }
}

function ofSourceGauges(event: SourceGaugesEvent): Contribution {
  const gauges = {
    [GAUGE.queueDepth]: event.queueDepth,
    [GAUGE.oldestPendingAgeMs]: event.oldestPendingAgeMs,
    [GAUGE.toldDeadLetters]: event.deadLetters,
    [GAUGE.toldLagMs]: event.lagMs,
    [GAUGE.toldBreaker]: event.breaker,
    [GAUGE.toldJobs]: event.jobs,
    [GAUGE.toldJobsFailing]: event.jobsFailing,
  }
  const where = whole({ source: event.source, platform: ALL_DEVICES, appVersion: ALL_DEVICES })
  return { ...NOTHING, ...where, snapshot: { gauges, sketches: {} } }
}

function ofFleetGauges(event: FleetGaugesEvent): Contribution {
  const gauges = {
    [GAUGE.openDeadLetters]: event.openDeadLetters,
    [GAUGE.openConflicts]: event.openConflicts,
    [GAUGE.oldestUndeliveredAgeMs]: event.oldestUndeliveredAgeMs,
  }
  const where = { collection: ALL_COLLECTIONS, platform: ALL_DEVICES, appVersion: ALL_DEVICES }
  return { ...NOTHING, ...where, snapshot: { gauges, sketches: {} } }
}
