import type { Device, DeviceStatus, IngestPort, SeenDevice } from '../ports.ts'
import { FleetGone } from '../ports.ts'
import { memoryFleetKeys } from './fleet-keys.ts'
import type { MemoryState } from './state.ts'

export function memoryIngest(state: MemoryState): IngestPort {
  return {
    ...memoryFleetKeys(state, (tables) => tables.ingestKeys),
    seen: (fleetId, devices, nowMs, max) =>
      state.inFleet(fleetId, (tables, undo) => {
        if (!state.fleets.has(fleetId)) throw new FleetGone(`fleet ${fleetId} was removed`)
        let foreign = tables.devices.values().filter(({ source }) => source !== undefined).length
        const statuses = new Map<string, DeviceStatus>()
        for (const device of devices) {
          const known = tables.devices.get(device.id)
          if (!known && foreign >= max) continue
          if (!known) foreign += 1
          const next = known ? movedOn(known, device) : firstSeen(fleetId, device, nowMs)
          tables.devices.set(undo, device.id, next)
          statuses.set(device.id, next.status)
        }
        return statuses
      }),
  }
}

function movedOn(
  known: Device,
  { name, platform, appVersion, model, os, lastContactMs }: SeenDevice,
): Device {
  if (known.status === 'revoked' || (known.lastContactMs ?? 0) > lastContactMs) return known
  const { model: _model, os: _os, ...rest } = known
  return {
    ...rest,
    name,
    platform,
    appVersion,
    ...(model === undefined ? {} : { model }),
    ...(os === undefined ? {} : { os }),
    lastContactMs,
  }
}

const firstSeen = (fleetId: string, device: SeenDevice, nowMs: number): Device => ({
  ...device,
  fleetId,
  status: 'active',
  access: {},
  enrolledAtMs: nowMs,
  lastSessionOkMs: null,
  report: null,
  clockJumps: null,
  linkedIds: [],
  commands: [],
})
