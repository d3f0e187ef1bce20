import type { WireCommand } from '#lib/protocol/command.ts'
import { heartbeatRequest } from '#lib/protocol/device.ts'
import type { DeviceReport } from '#lib/protocol/report.ts'
import type { Device } from '#lib/storage/ports.ts'
import type { Context } from '../context.ts'
import { ApplicationError, parsedOrThrow } from '../errors.ts'
import { commandsAfter } from './wire-commands.ts'
import { storedReport } from './report-times.ts'

type App = Pick<Device, 'appVersion' | 'platform'>

/**
 * Notes a contact outside a push, with the device's report when it sent one.
 * @throws ApplicationError `device_forked`, `unauthorized`
 */
export async function noteContact(
  ctx: Pick<Context, 'storage' | 'clock' | 'directory'>,
  device: Device,
  app: App,
  report: DeviceReport | null,
): Promise<void> {
  const atMs = ctx.clock.now()
  const contact = { ...app, atMs, report: report && storedReport(report, atMs) }
  const outcome = await ctx.storage.devices.touch(device.fleetId, device.id, contact)
  if (outcome === 'forked') throw new ApplicationError('device_forked')
  if (outcome === 'unknown') throw new ApplicationError('unauthorized')
  const done = report?.ackCommands ?? []
  if (done.length > 0) {
    await ctx.storage.devices.acknowledgeCommands(device.fleetId, device.id, done, atMs)
    ctx.directory.forgetDevice(device.id)
  }
}

/** POST /heartbeat: a device with nothing to do tells how it is (protocol.md, device API); it gets what waits for it, and
 * hears which of the conflicts that it names were decided. */
export async function heartbeat(
  ctx: Pick<Context, 'storage' | 'clock' | 'directory'>,
  input: { readonly device: Device; readonly app: App; readonly body: unknown },
): Promise<{ readonly commands: readonly WireCommand[]; readonly decided: readonly string[] }> {
  const { report, conflicts = [] } = parsedOrThrow(heartbeatRequest, input.body)
  const { device } = input
  await noteContact(ctx, device, input.app, report)
  const rows = await Promise.all(conflicts.map((id) => ctx.storage.conflicts.get(device.fleetId, id)))
  const decided = rows.flatMap((row) => (row?.status === 'resolved' ? [row.id] : []))
  return { commands: commandsAfter(device, report, ctx.clock.now()), decided }
}
