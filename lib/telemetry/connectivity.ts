import type { SessionState } from '#lib/protocol/session-states.ts'

/** What the rules below need to know of a device; a stored device fits. */
export interface DeviceContact {
  readonly lastContactMs: number | null
  readonly report: {
    readonly state: SessionState
    readonly depth: number
    readonly oldestMadeAtMs: number | null
    readonly atMs: number
  } | null
}

const SILENCE_MIN_MS = 15 * 60_000
const SILENCE_INTERVALS = 3

/** After this long without contact a device counts as offline (SM7). */
export const silenceLimitMs = (intervalMs: number): number =>
  Math.max(SILENCE_MIN_MS, SILENCE_INTERVALS * intervalMs)

export interface DeviceState {
  /** Null for a device that has never reported. */
  readonly state: SessionState | null
  /** `offline` was concluded from silence; the device itself said something else. */
  readonly inferredOffline: boolean
}

/** The server's view of a device's state: its last report, or `offline` once it is silent (SM7). */
export function deviceState(device: DeviceContact, nowMs: number, intervalMs: number): DeviceState {
  const state = device.report?.state ?? null
  if (device.lastContactMs === null) return { state: null, inferredOffline: false }
  const silent = nowMs - device.lastContactMs > silenceLimitMs(intervalMs)
  return silent
    ? { state: 'offline', inferredOffline: state !== 'offline' }
    : { state, inferredOffline: false }
}

export interface PendingAge {
  readonly ageMs: number
  /** The true age may be more. */
  readonly lowerBound: boolean
}

/**
 * How long the device's oldest unsynced change has waited, as last reported and growing until it syncs; for
 * a silent device at least the time since its last contact, since what it made since then is not known.
 * Null when nothing waits, or when it never made contact.
 */
export function pendingAge(device: DeviceContact, nowMs: number, intervalMs: number): PendingAge | null {
  const { lastContactMs, report } = device
  if (lastContactMs === null) return null
  const madeMs = report === null || report.depth === 0 ? null : report.oldestMadeAtMs
  // Clocks are corrected but not perfect: a change is never younger than the report that told of it.
  const reported = madeMs === null ? null : nowMs - Math.min(madeMs, report?.atMs ?? madeMs)
  if (deviceState(device, nowMs, intervalMs).state === 'offline') {
    return { ageMs: Math.max(0, reported ?? nowMs - lastContactMs), lowerBound: true }
  }
  if (reported !== null) return { ageMs: Math.max(0, reported), lowerBound: false }
  return report !== null && report.depth > 0
    ? { ageMs: Math.max(0, nowMs - report.atMs), lowerBound: true }
    : null
}
