import type { Device } from '#lib/storage/ports.ts'
import type { DeviceState } from '#lib/telemetry/connectivity.ts'
import { deviceState } from '#lib/telemetry/connectivity.ts'
import { authorize } from '../access/authorize.ts'
import type { Actor, Context } from '../context.ts'
import { ApplicationError } from '../errors.ts'

/** A device with its state as the server sees it; `offline` may be inferred from silence (SM7). */
export type ShownDevice = Device & DeviceState

/** @throws ApplicationError `not_found` */
export async function getDevice(
  ctx: Pick<Context, 'storage' | 'clock'>,
  input: { readonly actor: Actor; readonly fleetId: string; readonly id: string },
): Promise<ShownDevice> {
  authorize(input.actor, input.fleetId, 'viewer')
  const device = await ctx.storage.devices.get(input.fleetId, input.id)
  const fleet = device && (await ctx.storage.fleets.get(input.fleetId))
  if (!fleet) throw new ApplicationError('not_found')
  return shownDevice(device, ctx.clock.now(), fleet.settings.intervalMs)
}

export const shownDevice = (device: Device, nowMs: number, intervalMs: number): ShownDevice => ({
  ...device,
  ...deviceState(device, nowMs, intervalMs),
})
