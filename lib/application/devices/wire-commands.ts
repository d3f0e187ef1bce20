import type { WireCommand } from '#lib/protocol/command.ts'
import { pendingCommands } from '#lib/protocol/command.ts'
import type { DeviceReport } from '#lib/protocol/report.ts'
import type { Device } from '#lib/storage/ports.ts'

/** What a device has not acknowledged yet, as it travels; in the order of their issue. */
export const wireCommands = (device: Pick<Device, 'commands'>, nowMs: number): readonly WireCommand[] =>
  pendingCommands(device.commands, nowMs).map(({ id, type, deadLetterId, conflictId }) => ({
    id,
    type,
    ...(deadLetterId === undefined ? {} : { deadLetterId }),
    ...(conflictId === undefined ? {} : { conflictId }),
  }))

/** The same without those that this request has just acknowledged. */
export const commandsAfter = (
  device: Pick<Device, 'commands'>,
  report: Pick<DeviceReport, 'ackCommands'> | null,
  nowMs: number,
): readonly WireCommand[] =>
  wireCommands(device, nowMs).filter(({ id }) => !report?.ackCommands?.includes(id))
