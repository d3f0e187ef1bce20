import { liveDevices, type LiveDevice } from '#lib/application/pillars/devices-now.ts'

/** A row of the list. A revoked device waits for nothing, so it has neither state nor pending age. */
export type DeviceView = {
  device: LiveDevice['device']
  state: LiveDevice['state']
  pending: LiveDevice['pending']
}

const REVOKED = { state: { state: null, inferredOffline: false }, pending: null } as const

/** Each device with its state as the server sees it and what waits on it, in the same order. Pure. */
export function deviceViews(
  devices: readonly LiveDevice['device'][],
  nowMs: number,
  intervalMs: number,
): readonly DeviceView[] {
  return devices.map((device) => ({ device, ...(liveDevices([device], nowMs, intervalMs)[0] ?? REVOKED) }))
}
