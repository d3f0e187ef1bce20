import type { RestoredDevice, RestorePort } from '../ports.ts'
import { pageOf } from './page.ts'
import type { FleetTables, MemoryState } from './state.ts'

export function memoryRestores(state: MemoryState): RestorePort {
  return {
    note: (restoration, audit) =>
      state.inFleet(restoration.fleetId, (tables, undo) => {
        const key = String(restoration.epoch)
        if (tables.restorations.get(key)) return
        tables.restorations.set(undo, key, restoration)
        for (const { id, status } of tables.devices.values()) {
          if (status === 'revoked') continue
          const times = tables.changes
            .values()
            .filter(({ deviceId }) => deviceId === id)
            .map(({ committedAtMs }) => committedAtMs)
          const lastAcknowledgedAtMs = times.length === 0 ? null : Math.max(...times)
          const row = { deviceId: id, acknowledged: times.length, lastAcknowledgedAtMs }
          tables.restoredDevices.set(undo, `${key}/${id}`, row)
        }
        state.audit.set(undo, audit.id, audit)
      }),
    latest: (fleetId) =>
      state.inFleet(
        fleetId,
        ({ restorations }) => restorations.values().sort((a, b) => b.epoch - a.epoch)[0] ?? null,
      ),
    regain: (fleetId, epoch, rows) =>
      state.inFleet(fleetId, ({ regained, restorations }, undo) => {
        if (!restorations.get(String(epoch))) return
        for (const row of rows) {
          const key = `${epoch}/${row.mutationId}`
          if (!regained.get(key)) regained.set(undo, key, row)
        }
      }),
    gap: (fleetId, epoch) =>
      state.inFleet(fleetId, (tables) => {
        const listed = devicesOf(tables, epoch)
        const known = listed.filter(({ deviceId }) => {
          const status = tables.devices.get(deviceId)?.status
          return tables.restoredDevices.get(`${epoch}/${deviceId}`) && status && status !== 'revoked'
        })
        return {
          devices: known.length,
          back: known.filter(({ backAtMs }) => backAtMs !== null).length,
          regained: regainedOf(tables, epoch).length,
          regainedDevices: listed.filter(({ regained }) => regained > 0).length,
        }
      }),
    devices: (fleetId, epoch, after, limit) =>
      state.inFleet(fleetId, (tables) =>
        devicesOf(tables, epoch)
          .filter(({ deviceId }) => after === null || deviceId > after)
          .slice(0, limit),
      ),
    regained: (fleetId, epoch, deviceId, page) =>
      state.inFleet(fleetId, (tables) => {
        const rows = regainedOf(tables, epoch).filter((row) => deviceId === null || row.deviceId === deviceId)
        return pageOf(rows, ({ atMs, mutationId }) => ({ atMs, id: mutationId }), page)
      }),
  }
}

const regainedOf = ({ regained }: FleetTables, epoch: number) =>
  [...regained.entries()].filter(([key]) => key.startsWith(`${epoch}/`)).map(([, row]) => row)

/** By id. */
function devicesOf(tables: FleetTables, epoch: number): readonly RestoredDevice[] {
  const restoredAtMs = tables.restorations.get(String(epoch))?.restoredAtMs
  if (restoredAtMs === undefined) return []
  const noted = [...tables.restoredDevices.entries()].filter(([key]) => key.startsWith(`${epoch}/`))
  const regained = regainedOf(tables, epoch)
  const ids = new Set([...noted.map(([, row]) => row.deviceId), ...regained.map(({ deviceId }) => deviceId)])
  return [...ids].sort().map((deviceId) => {
    const row = tables.restoredDevices.get(`${epoch}/${deviceId}`)
    const device = tables.devices.get(deviceId)
    const okMs = device?.lastSessionOkMs ?? null
    return {
      deviceId,
      name: device?.name ?? null,
      acknowledged: row?.acknowledged ?? 0,
      lastAcknowledgedAtMs: row?.lastAcknowledgedAtMs ?? null,
      backAtMs: okMs !== null && okMs >= restoredAtMs ? okMs : null,
      regained: regained.filter((one) => one.deviceId === deviceId).length,
    }
  })
}
