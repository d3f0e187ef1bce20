import type { Device } from '#lib/storage/ports.ts'
import { deviceState, pendingAge, type DeviceState, type PendingAge } from '#lib/telemetry/connectivity.ts'

/** A row of the list. A revoked device waits for nothing, so it has neither state nor pending age. */
export interface DeviceView {
  readonly device: Device
  readonly state: DeviceState
  readonly pending: PendingAge | null
}

const REVOKED = { state: { state: null, inferredOffline: false }, pending: null } as const

/** Each device with its state as the server sees it and what waits on it, in the same order. Pure. */
export const deviceViews = (
  devices: readonly Device[],
  nowMs: number,
  intervalMs: number,
): readonly DeviceView[] =>
  devices.map((device) =>
    device.status === 'revoked'
      ? { device, ...REVOKED }
      : {
          device,
          state: deviceState(device, nowMs, intervalMs),
          pending: pendingAge(device, nowMs, intervalMs),
        },
  )
