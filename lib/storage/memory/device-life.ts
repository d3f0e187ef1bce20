import { pendingCommands } from '#lib/protocol/command.ts'
import { withAcknowledged, withCommand } from '../device-commands.ts'
import type { DevicePort } from '../ports.ts'
import type { FleetTables, MemoryState } from './state.ts'
import { keyOf } from './state.ts'

type Life = Pick<
  DevicePort,
  | 'command'
  | 'acknowledgeCommands'
  | 'failedTries'
  | 'commanded'
  | 'standings'
  | 'addDiagnostics'
  | 'listDiagnostics'
  | 'getDiagnostics'
>

/** What operators tell devices, and what devices tell about themselves. */
export function memoryDeviceLife(state: MemoryState): Life {
  return {
    command: (fleetId, deviceId, { command, status, nowMs }, audit) =>
      state.inFleet(fleetId, (tables, undo) => {
        const device = tables.devices.get(deviceId)
        if (!device) return 'unknown'
        if (device.status === 'revoked') return 'revoked'
        const commands = command ? withCommand(device.commands, command, nowMs) : device.commands
        if (!commands) return 'full'
        if (command && commands === device.commands) return device
        const next = { ...device, commands, status: status ?? device.status }
        tables.devices.set(undo, deviceId, next)
        if (audit) state.audit.set(undo, audit.id, audit)
        return next
      }),
    acknowledgeCommands: (fleetId, deviceId, ids, atMs) =>
      state.inFleet(fleetId, (tables, undo) => {
        const device = tables.devices.get(deviceId)
        const commands = device && withAcknowledged(device.commands, ids, atMs)
        if (device && commands) tables.devices.set(undo, deviceId, { ...device, commands })
      }),
    failedTries: (fleetId, deviceId, limit) =>
      state.inFleet(fleetId, (tables) =>
        tables.failedTries
          .entries()
          .filter(([id, row]) => row.deviceId === deviceId && !tables.changes.has(id))
          .map(([mutationId, { tries, lastAtMs }]) => ({ mutationId, tries, lastAtMs }))
          .sort((a, b) => b.tries - a.tries || (a.mutationId < b.mutationId ? -1 : 1))
          .slice(0, limit),
      ),
    commanded: (fleetId, nowMs, limit) =>
      state.inFleet(fleetId, (tables) =>
        tables.devices
          .values()
          .filter(({ commands }) => pendingCommands(commands, nowMs).length > 0)
          .map(({ id, commands }) => ({ id, commands }))
          .slice(0, limit),
      ),
    standings: (fleetId, ids) =>
      state.inFleet(fleetId, (tables) => {
        const devices = ids.flatMap((id) => tables.devices.get(id) ?? [])
        return new Map(devices.map(({ id, status, access }) => [id, { status, access }]))
      }),
    addDiagnostics: (fleetId, row, body, keep) =>
      state.inFleet(fleetId, (tables, undo) => {
        tables.diagnostics.set(undo, keyOf(row.deviceId, row.id), { row, body })
        for (const { id } of diagnosticsOf(tables, row.deviceId).slice(keep))
          tables.diagnostics.delete(undo, keyOf(row.deviceId, id))
      }),
    listDiagnostics: (fleetId, deviceId) =>
      state.inFleet(fleetId, (tables) => diagnosticsOf(tables, deviceId)),
    getDiagnostics: (fleetId, deviceId, id) =>
      state.inFleet(fleetId, (tables) => tables.diagnostics.get(keyOf(deviceId, id)) ?? null),
  }
}

const diagnosticsOf = (tables: FleetTables, deviceId: string) =>
  tables.diagnostics
    .values()
    .map(({ row }) => row)
    .filter((row) => row.deviceId === deviceId)
    .sort((a, b) => b.receivedAtMs - a.receivedAtMs || (a.id < b.id ? 1 : -1))
