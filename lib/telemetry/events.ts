import type { Platform } from '#lib/protocol/device.ts'
import type { ResultStatus } from '#lib/protocol/push.ts'
import type { LagStage } from './lag-heat.ts'

/** Who an event is about, as far as charts group by it. */
export interface EventSource {
  readonly deviceId: string
  readonly platform: Platform
  readonly appVersion: string
}

export const CONFLICT_OUTCOMES = ['local', 'remote', 'merge', 'manual'] as const

export interface ConflictTally {
  readonly strategy: string
  readonly outcome: (typeof CONFLICT_OUTCOMES)[number]
  readonly fields: readonly string[]
}

/** What one push did to one collection. */
export interface PushedCollection {
  readonly results: Readonly<Partial<Record<ResultStatus, number>>>
  readonly conflicts: readonly ConflictTally[]
  /**
   * Upload lag of each mutation that made a version as it came, since that is what every pull brings: committed − made, made
   * corrected by the device's offset; clamped at 0. Letters, what lost and what waits for a person have none.
   */
  readonly uploadLagMs: readonly number[]
  /** How many lags were negative before the clamp. */
  readonly clamped: number
  readonly deadLetterCodes: Readonly<Record<string, number>>
}

/** A committed push, written in its transaction: the request and all its mutations. */
export interface PushEvent extends EventSource {
  readonly kind: 'push'
  readonly requestId: string
  readonly sessionId: string
  readonly collections: Readonly<Record<string, PushedCollection>>
}

/**
 * A dead letter that was replayed and left the queue: its mutation has another lasting result now. No device asked,
 * so it is no request and no session, and it brings no lag: the wait was a person's. One that dies again has no event.
 */
export interface ReplayEvent extends EventSource {
  readonly kind: 'replay'
  readonly deadLetterId: string
  readonly collections: PushEvent['collections']
}

export const ROUTES = [
  'enroll',
  'config',
  'push',
  'pull',
  'heartbeat',
  'sessions',
  'events',
  'rotate',
  'diagnostics',
] as const
export type Route = (typeof ROUTES)[number]
/** Where telemetry of other engines comes in, and what becomes of each thing that it tells. */
export const INGEST_SIGNALS = ['sessions', 'traces', 'metrics', 'logs', 'remote_write', 'scrape'] as const
export type IngestSignal = (typeof INGEST_SIGNALS)[number]
export const INGEST_RESULTS = ['stored', 'duplicate', 'refused'] as const
export type IngestResult = (typeof INGEST_RESULTS)[number]
export const STATUS_CLASSES = ['2xx', '3xx', '4xx', '5xx', 'shed'] as const
export type StatusClass = (typeof STATUS_CLASSES)[number]

/** Requests that one process answered in one second; pushes that committed are not among them (they have their event). */
export interface RequestsEvent {
  readonly kind: 'requests'
  readonly process: string
  readonly sequence: number
  readonly counts: readonly {
    readonly route: Route
    readonly statusClass: StatusClass
    readonly code: string | null
    readonly platform: Platform
    readonly appVersion: string
    readonly count: number
  }[]
  /** Requests refused for a credential that names this fleet: nobody has shown to belong to it. Absent for none. */
  readonly rejected?: number
}

/** Changes that a device has shown to hold, by presenting a token past them. Sketches as texts (lib/rollups/sketch.ts). */
export interface DeliveryEvent extends EventSource {
  readonly kind: 'delivery'
  readonly collections: Readonly<
    Record<string, { readonly count: number; readonly deliveryLag: string; readonly visibilityLag: string }>
  >
}

export interface SessionEvent extends EventSource {
  readonly kind: 'session'
  readonly sessionId: string
  readonly result: 'ok' | 'failed' | 'abandoned'
  /** Null where another engine doesn't tell. */
  readonly mode: 'delta' | 'full' | null
  readonly fullReason: string | null
  readonly durationMs: number
  /** Null where another engine doesn't tell its conflicts: such a session is in no share of sessions with one. */
  readonly withConflict: boolean | null
  readonly illegalTransitions: number
  /** How often each edge `from>to` was walked. Events written before it was told have none. */
  readonly transitions?: Readonly<Record<string, number>>
  /** The engine of others that ran it; absent for ours. */
  readonly source?: string
}

/**
 * Once a minute, one per platform and app version: what devices last reported, for queue depth and
 * pending age. Revoked devices are left out. Sketches are texts; null when no device is in them.
 */
export interface GaugesEvent {
  readonly kind: 'gauges'
  readonly platform: Platform
  readonly appVersion: string
  /** The engine of others that these devices sync with; absent for ours. */
  readonly source?: string
  readonly devices: number
  /** By the state of the last report; silent devices stand under `offline`, never heard ones under `unknown`. */
  readonly devicesByState: Readonly<Record<string, number>>
  /** Devices that stand under `offline` because they are silent (SM7). */
  readonly silent: number
  /** Null where no device tells what waits on it, as those of other engines. */
  readonly queueDepth: number | null
  readonly queueDepthMax: number | null
  /** Devices that reported something pending. */
  readonly devicesPending: number | null
  readonly queueByCollection: Readonly<Record<string, number>>
  /** Depth of each device that has reported. */
  readonly queueDepths: string | null
  /** Age in ms of each device's report. */
  readonly reportAge: string | null
  /** Oldest unsynced change over the group as last reported; null when nothing is pending. */
  readonly oldestPendingAgeMs: number | null
  /** Pending age in ms per device; those of offline devices are lower bounds. */
  readonly pendingAgeOnline: string | null
  readonly pendingAgeOffline: string | null
  /** Largest distance of a device's clock from the server's, either way; null when none measured it. */
  readonly clockSkewMaxMs: number | null
}

/** Once a minute, one per fleet: what the server itself has waiting. */
export interface FleetGaugesEvent {
  readonly kind: 'fleet-gauges'
  readonly openDeadLetters: number
  readonly openDeadLettersByCode: Readonly<Record<string, number>>
  readonly openConflicts: number
  /** Age of the oldest change that an active device has not shown to hold; null when all have all. */
  readonly oldestUndeliveredAgeMs: number | null
}

/** What an engine of others counted since it told last, of one collection, platform and version; null of all of them. */
export interface ToldEvent {
  readonly kind: 'told'
  readonly source: string
  readonly collection: string | null
  readonly platform: Platform | null
  readonly appVersion: string | null
  /** Sketches as texts, of the stages that were told. */
  readonly lag: Readonly<Partial<Record<LagStage, string>>>
  /** Attempts with their outcome, those of them that failed, and attempts whose outcome nobody tells. */
  readonly requests: number
  readonly failures: number
  readonly failureCodes: Readonly<Record<string, number>>
  readonly attemptsUnknown: number
  /** Changes; null where they aren't told, and then conflicts have no rate. */
  readonly pushed: number | null
  readonly conflicts: number
  /** Deliveries whose times are told as a sum alone, and that sum. */
  readonly deliveries: number
  readonly deliveryMs: number
}

/** What one export, or one page that was asked, brought of an engine of others. */
export interface IngestedEvent {
  readonly kind: 'ingested'
  readonly source: string
  readonly signal: IngestSignal
  readonly results: Readonly<Partial<Record<IngestResult, number>>>
}

/** Once a minute, one per engine of others: its figures that stand, as told last; null where it doesn't tell. */
export interface SourceGaugesEvent {
  readonly kind: 'source-gauges'
  readonly source: string
  readonly queueDepth: number | null
  readonly oldestPendingAgeMs: number | null
  readonly deadLetters: number | null
  readonly lagMs: number | null
  /** Of its breakers the worst (told/point.ts, BREAKER_STATES). */
  readonly breaker: number | null
  /** Replications that it runs, and those of them that are not well. */
  readonly jobs: number | null
  readonly jobsFailing: number | null
}

export type TelemetryPayload =
  | PushEvent
  | ReplayEvent
  | RequestsEvent
  | DeliveryEvent
  | SessionEvent
  | GaugesEvent
  | FleetGaugesEvent
  | ToldEvent
  | IngestedEvent
  | SourceGaugesEvent

/** `atMs` is the bucket's time: committed, answered, ended (corrected) or snapshotted. */
export interface TelemetryEvent {
  /** Idempotency: a second append of the same id is ignored. */
  readonly id: string
  readonly atMs: number
  readonly payload: TelemetryPayload
}
