import type { Surroundings } from '#lib/application/context.ts'

/** What telemetry's verbs need of the composed application. */
export type TelemetryContext = Pick<Surroundings, 'storage' | 'clock'>
