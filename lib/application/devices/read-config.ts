import type { DeviceConfig } from '#lib/protocol/device.ts'
import type { Device } from '#lib/storage/ports.ts'
import type { Context } from '../context.ts'
import { ApplicationError } from '../errors.ts'
import { deviceConfig } from './device-config.ts'

/** GET /config: read from the storage, never from memory, so that a device doesn't keep an older one under a newer version. */
export async function readConfig(ctx: Pick<Context, 'storage'>, device: Device): Promise<DeviceConfig> {
  const fleet = await ctx.storage.fleets.get(device.fleetId)
  if (!fleet) throw new ApplicationError('unauthorized')
  // The version is read first: collections newer than it only make the device read once more.
  return deviceConfig(fleet, await ctx.storage.collections.list(fleet.id), device.access)
}
