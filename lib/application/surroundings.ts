import type { Mac } from '#lib/engine/token.ts'
import type { Random } from '#lib/kernel/random.ts'
import type { Storage } from '#lib/storage/ports.ts'
import type { Egress } from './egress/post-json.ts'
import type { Metrics } from './telemetry/prometheus.ts'

/** Structured log lines; `fields` hold no secrets and no payloads. */
export interface Log {
  info(message: string, fields?: LogFields): void
  warn(message: string, fields?: LogFields): void
  error(message: string, fields?: LogFields): void
}
export type LogFields = Readonly<Record<string, string | number | boolean | null>>

/** Unix ms. */
export interface Clock {
  now(): number
}

/** What the world gives to the application: everything that a test replaces. */
export interface Surroundings {
  readonly storage: Storage
  readonly clock: Clock
  readonly random: Random
  /** A fresh UUIDv7. */
  readonly ids: () => string
  /** At least 32 bytes; signs sync tokens and cookies. */
  readonly secret: Uint8Array
  /** HMAC-SHA-256 under a key derived from `secret`. */
  readonly mac: Mac
  readonly log: Log
  readonly egress: Egress
  /** Counters of this process for /metrics. */
  readonly metrics: Metrics
  readonly processId: string
  /** What people call this process by: its host and number. */
  readonly processName: string
  /** Public base URL, for links in what is sent. */
  readonly origin: string
}
