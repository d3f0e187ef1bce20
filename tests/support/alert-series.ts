import { DEFAULT_RULES } from '#lib/telemetry/alerts/default-rules.ts'
import type { AlertCounter, AlertGauge } from '#lib/telemetry/alerts/measures.ts'
import type { AlertRule } from '#lib/telemetry/alerts/rule.ts'
import type { FleetSeries } from '#lib/telemetry/alerts/series.ts'

export const SERIES_FROM_MS = Date.UTC(2026, 5, 15)
export const MINUTE_MS = 60_000
export const HOUR_MS = 60 * MINUTE_MS

export function shippedRule(name: string): AlertRule {
  const found = DEFAULT_RULES.find((rule) => rule.name === name)
  if (!found) throw new Error(`no shipped rule is called ${name}`)
  return found
}

/** Figures of a fleet as a whole, minute by minute unless another step is asked for. */
export const fleetSeries = (
  counters: Partial<Record<AlertCounter, readonly (number | null)[]>>,
  gauges: Partial<Record<AlertGauge, readonly (number | null)[]>> = {},
  stepMs = MINUTE_MS,
): FleetSeries => ({
  fromMs: SERIES_FROM_MS,
  stepMs,
  parts: [{ by: 'fleet', key: '', counters, gauges }],
})

/** `values` one after the other, each so many times. */
export const stretches = <T>(...values: readonly (readonly [value: T, times: number])[]): T[] =>
  values.flatMap(([value, times]) => Array.from({ length: times }, () => value))
