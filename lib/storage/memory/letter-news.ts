import { newsRoom } from '#lib/protocol/command.ts'
import { withLetterNews } from '../device-commands.ts'
import type { ClosedLetter, DeadLetterPort } from '../ports.ts'
import type { FleetTables, MemoryState } from './state.ts'

/** What devices are still to be told of their letters (CM4). */
export function memoryLetterNews(state: MemoryState): Pick<DeadLetterPort, 'untold' | 'tell'> {
  return {
    untold: (fleetId, afterDeviceId, limit) =>
      state.inFleet(fleetId, (tables) => {
        const ids = new Set(untoldOf(tables).map(({ deviceId }) => deviceId))
        return [...ids]
          .filter((id) => afterDeviceId === null || id > afterDeviceId)
          .sort()
          .slice(0, limit)
          .map((deviceId) => {
            const device = tables.devices.get(deviceId)
            return { deviceId, commands: device?.status === 'revoked' ? [] : (device?.commands ?? []) }
          })
      }),
    tell: (fleetId, deviceId, order) =>
      state.inFleet(fleetId, (tables, undo) => {
        const due = untoldOf(tables).filter((letter) => letter.deviceId === deviceId)
        const device = tables.devices.get(deviceId)
        const isServed = device !== undefined && device.status !== 'revoked'
        const letters = isServed ? due.slice(0, newsRoom(device.commands, order.nowMs)) : due
        for (const { id, status } of letters) tables.toldLetters.set(undo, id, status)
        if (isServed && letters.length > 0)
          tables.devices.set(undo, deviceId, {
            ...device,
            commands: withLetterNews(device.commands, letters, order),
          })
        return letters
      }),
  }
}

/** Oldest first. */
function untoldOf(tables: FleetTables): readonly (ClosedLetter & { readonly deviceId: string })[] {
  return tables.deadLetters
    .values()
    .flatMap(({ id, deviceId, status }) =>
      status === 'open' || tables.toldLetters.get(id) === status ? [] : [{ id, deviceId, status }],
    )
    .sort((a, b) => (a.id < b.id ? -1 : 1))
}
