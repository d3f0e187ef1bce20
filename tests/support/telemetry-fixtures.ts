import { encodeSketch, sketchOf } from '#lib/rollups/sketch.ts'
import type {
  FleetGaugesEvent,
  GaugesEvent,
  PushEvent,
  PushedCollection,
  SessionEvent,
  TelemetryEvent,
} from '#lib/telemetry/events.ts'

/** Sketch text of values, as events carry it. */
export const textOf = (...values: readonly number[]): string => encodeSketch(sketchOf(values))

export const pushedCollection = (over: Partial<PushedCollection> = {}): PushedCollection => ({
  results: { applied: 1 },
  conflicts: [],
  uploadLagMs: [1_000],
  clamped: 0,
  deadLetterCodes: {},
  ...over,
})

export const pushEvent = (over: Partial<PushEvent> = {}): PushEvent => ({
  kind: 'push',
  requestId: 'request',
  sessionId: 'session',
  deviceId: 'device',
  platform: 'ios',
  appVersion: '2.4.0',
  collections: { strikes: pushedCollection() },
  ...over,
})

export const sessionEvent = (over: Partial<SessionEvent> = {}): SessionEvent => ({
  kind: 'session',
  deviceId: 'device',
  platform: 'ios',
  appVersion: '2.4.0',
  sessionId: 'session',
  result: 'ok',
  mode: 'delta',
  fullReason: null,
  durationMs: 5,
  withConflict: false,
  illegalTransitions: 0,
  transitions: {},
  ...over,
})

export const gaugesEvent = (over: Partial<GaugesEvent> = {}): GaugesEvent => ({
  kind: 'gauges',
  platform: 'ios',
  appVersion: '2.4.0',
  devices: 1,
  devicesByState: { idle: 1 },
  silent: 0,
  queueDepth: 0,
  queueDepthMax: 0,
  devicesPending: 0,
  queueByCollection: {},
  queueDepths: textOf(0),
  reportAge: textOf(1_000),
  oldestPendingAgeMs: null,
  pendingAgeOnline: null,
  pendingAgeOffline: null,
  clockSkewMaxMs: null,
  ...over,
})

export const fleetGaugesEvent = (over: Partial<FleetGaugesEvent> = {}): FleetGaugesEvent => ({
  kind: 'fleet-gauges',
  openDeadLetters: 0,
  openDeadLettersByCode: {},
  openConflicts: 0,
  oldestUndeliveredAgeMs: null,
  ...over,
})

export const eventAt = (id: string, atMs: number, payload: TelemetryEvent['payload']): TelemetryEvent => ({
  id,
  atMs,
  payload,
})
