import type { Device, SessionRow } from './ports.ts'

export interface SilentSession {
  readonly sessionId: string
  readonly firstPushMs: number
  readonly lastPushMs: number
  readonly pushed: number
  readonly conflicts: number
  readonly deadLettered: number
}

/** A session that pushed and never told how it ended: abandoned at its last push. */
export function inferredSession(device: Device, silent: SilentSession, nowMs: number): SessionRow {
  const { firstPushMs, lastPushMs, ...counts } = silent
  return {
    ...counts,
    fleetId: device.fleetId,
    deviceId: device.id,
    deviceName: device.name,
    platform: device.platform,
    appVersion: device.appVersion,
    mode: 'delta',
    startedAtMs: firstPushMs,
    endedAtMs: lastPushMs,
    result: 'abandoned',
    transitions: [],
    attempts: [],
    // Only the device could tell.
    pulled: null,
    queueDepthBefore: null,
    queueDepthAfter: null,
    offsetMs: 0,
    receivedAtMs: nowMs,
    illegalTransitions: 0,
    inferred: true,
  }
}
