import type { Device } from '#lib/storage/ports.ts'
import { authorize } from '../access/authorize.ts'
import type { Actor, Context } from '../context.ts'
import { ApplicationError } from '../errors.ts'

/** @throws ApplicationError `not_found` */
export async function getDevice(
  ctx: Pick<Context, 'storage'>,
  input: { readonly actor: Actor; readonly fleetId: string; readonly id: string },
): Promise<Device> {
  authorize(input.actor, input.fleetId, 'viewer')
  const device = await ctx.storage.devices.get(input.fleetId, input.id)
  if (!device) throw new ApplicationError('not_found')
  return device
}
