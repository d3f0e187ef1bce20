import type { SessionState } from '#lib/protocol/session-states.ts'
import type { Device } from '#lib/storage/ports.ts'
import type { DeviceState, PendingAge } from '#lib/telemetry/connectivity.ts'
import { deviceState, pendingAge } from '#lib/telemetry/connectivity.ts'
import type { DevicesNow, OldestPending } from '#lib/telemetry/overview.ts'

/** A device that belongs to the fleet, as it stands at one moment. */
export interface LiveDevice {
  readonly device: Device
  readonly state: DeviceState
  readonly pending: PendingAge | null
}

/** Revoked devices are left out: they wait for nothing any more. */
export const liveDevices = (
  devices: readonly Device[],
  nowMs: number,
  intervalMs: number,
): readonly LiveDevice[] =>
  devices
    .filter(({ status }) => status !== 'revoked')
    .map((device) => ({
      device,
      state: deviceState(device, nowMs, intervalMs),
      pending: pendingAge(device, nowMs, intervalMs),
    }))

export function devicesNow(live: readonly LiveDevice[]): DevicesNow {
  const byState: Partial<Record<SessionState, number>> = {}
  const isPaused = ({ device }: LiveDevice): boolean => device.status === 'paused'
  const free = live.filter((one) => !isPaused(one))
  for (const { state } of free) {
    if (state.state !== null) byState[state.state] = (byState[state.state] ?? 0) + 1
  }
  const isHeard = ({ device }: LiveDevice): boolean =>
    device.report !== null || device.lastSessionOkMs !== null
  const heard = live.filter(isHeard).length
  const contacts = live.flatMap(({ device }) => device.lastContactMs ?? [])
  return {
    total: live.length,
    heard,
    neverHeard: live.length - heard,
    byState,
    paused: live.filter((one) => isPaused(one) && isHeard(one)).length,
    offline: byState.offline ?? 0,
    silent: free.filter(({ state }) => state.inferredOffline).length,
    lastContactMs: contacts.length === 0 ? null : contacts.reduce((newest, atMs) => Math.max(newest, atMs)),
    oldestPending: oldestOf(live),
    oldestWaiting: oldestOf(live.filter(({ device }) => (device.report?.depth ?? 0) > 0)),
  }
}

/** By pending age (metrics.md): of one whose silence alone is known that is the lower bound that it is. */
function oldestOf(live: readonly LiveDevice[]): OldestPending | null {
  let oldest: OldestPending | null = null
  for (const { device, pending } of live) {
    if (pending === null) continue
    if (oldest === null || pending.ageMs > oldest.ageMs)
      oldest = { deviceId: device.id, name: device.name, ...pending }
  }
  return oldest
}
