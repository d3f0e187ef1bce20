import { heartbeatRequest } from '#lib/protocol/device.ts'
import type { DeviceReport } from '#lib/protocol/report.ts'
import type { Device } from '#lib/storage/ports.ts'
import type { Context } from '../context.ts'
import { ApplicationError, parsedOrThrow } from '../errors.ts'
import { storedReport } from './report-times.ts'

type App = Pick<Device, 'appVersion' | 'platform'>

/**
 * Notes a contact outside a push, with the device's report when it sent one.
 * @throws ApplicationError `device_forked`, `unauthorized`
 */
export async function noteContact(
  ctx: Pick<Context, 'storage' | 'clock'>,
  device: Device,
  app: App,
  report: DeviceReport | null,
): Promise<void> {
  const atMs = ctx.clock.now()
  const contact = { ...app, atMs, report: report && storedReport(report, atMs) }
  const outcome = await ctx.storage.devices.touch(device.fleetId, device.id, contact)
  if (outcome === 'forked') throw new ApplicationError('device_forked')
  if (outcome === 'unknown') throw new ApplicationError('unauthorized')
}

/** POST /heartbeat: a device with nothing to do tells how it is (protocol.md, device API). */
export async function heartbeat(
  ctx: Pick<Context, 'storage' | 'clock'>,
  input: { readonly device: Device; readonly app: App; readonly body: unknown },
): Promise<void> {
  const { report } = parsedOrThrow(heartbeatRequest.safeParse(input.body))
  await noteContact(ctx, input.device, input.app, report)
}
