import type { Storage } from '#lib/storage/ports.ts'

/** What telemetry's verbs need of the composed application. */
export interface TelemetryContext {
  readonly storage: Storage
  /** Unix ms. */
  readonly now: () => number
}
