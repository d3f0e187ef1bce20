import type { Device, DeviceStatus, IngestPort, SeenDevice, ToldLog } from '../ports.ts'
import { FleetGone } from '../ports.ts'
import { appendEvents } from './events.ts'
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
    moveSeries: (fleetId, ids, max, work) =>
      state.inFleet(fleetId, (tables, undo) => {
        if (!state.fleets.has(fleetId)) throw new FleetGone(`fleet ${fleetId} was removed`)
        const known = ids.flatMap((id) => tables.toldSeries.get(id) ?? [])
        const room = Math.max(0, max - tables.toldSeries.values().length)
        const { series, events } = work(new Map(known.map((one) => [one.id, one])), room)
        for (const one of series) tables.toldSeries.set(undo, one.id, one)
        appendEvents(state, tables, undo, events)
      }),
    addTarget: (target, max, audit) =>
      state.inFleet(target.fleetId, ({ scrapeTargets }, undo) => {
        if (!state.fleets.has(target.fleetId)) throw new FleetGone(`fleet ${target.fleetId} was removed`)
        if (scrapeTargets.values().length >= max) return 'too_many'
        scrapeTargets.set(undo, target.id, target)
        state.audit.set(undo, audit.id, audit)
        return 'created'
      }),
    targets: (fleetId) =>
      state.inFleet(fleetId, ({ scrapeTargets }) =>
        scrapeTargets.values().toSorted((a, b) => a.createdAtMs - b.createdAtMs || (a.id < b.id ? -1 : 1)),
      ),
    removeTarget: (fleetId, id, audit) =>
      state.inFleet(fleetId, ({ scrapeTargets }, undo) => {
        const target = scrapeTargets.get(id)
        if (!target) return null
        scrapeTargets.delete(undo, id)
        const entry = audit(target)
        state.audit.set(undo, entry.id, entry)
        return target
      }),
    noteScrape: (fleetId, id, last) =>
      state.inFleet(fleetId, ({ scrapeTargets }, undo) => {
        const target = scrapeTargets.get(id)
        if (target) scrapeTargets.set(undo, id, { ...target, last })
      }),
    gauges: (fleetId, sinceMs) =>
      state.inFleet(fleetId, (tables) =>
        tables.toldSeries.values().filter(({ gauge, heardMs }) => gauge !== null && heardMs >= sinceMs),
      ),
    storeLogs: (fleetId, logs, perDeviceMax) =>
      state.inFleet(fleetId, (tables, undo) => {
        if (!state.fleets.has(fleetId)) throw new FleetGone(`fleet ${fleetId} was removed`)
        let stored = 0
        for (const log of logs) {
          if (tables.toldLogs.has(log.id)) continue
          tables.toldLogs.set(undo, log.id, log)
          stored += 1
        }
        for (const deviceId of new Set(logs.map((log) => log.deviceId))) {
          const all = newestFirst(tables.toldLogs.values().filter((log) => log.deviceId === deviceId))
          for (const { id } of all.slice(perDeviceMax)) tables.toldLogs.delete(undo, id)
        }
        return stored
      }),
    logs: (fleetId, of, limit) =>
      state.inFleet(fleetId, (tables) => {
        const isOf = (log: ToldLog): boolean =>
          'deviceId' in of ? log.deviceId === of.deviceId : log.sessionId === of.sessionId
        return newestFirst(tables.toldLogs.values().filter(isOf)).slice(0, limit)
      }),
  }
}

const newestFirst = (logs: readonly ToldLog[]): readonly ToldLog[] =>
  logs.toSorted((a, b) => b.atMs - a.atMs || (a.id < b.id ? 1 : -1))

function movedOn(
  known: Device,
  { name, platform, appVersion, model, os, lastContactMs }: SeenDevice,
): Device {
  if (lastContactMs === null || known.status === 'revoked' || (known.lastContactMs ?? 0) > lastContactMs)
    return known
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
