import type { Json } from '#lib/kernel/json.ts'
import type { DiagnosticsRow } from '#lib/storage/ports.ts'
import { authorize } from '../access/authorize.ts'
import type { Actor, Context } from '../context.ts'
import { ApplicationError } from '../errors.ts'

interface OfDevice {
  readonly actor: Actor
  readonly fleetId: string
  readonly deviceId: string
}

/** What a device sent, newest first, without the bodies. @throws ApplicationError `not_found`, `forbidden` */
export async function listDiagnostics(
  ctx: Pick<Context, 'storage'>,
  { actor, fleetId, deviceId }: OfDevice,
): Promise<readonly DiagnosticsRow[]> {
  authorize(actor, fleetId, 'operator')
  if (!(await ctx.storage.devices.get(fleetId, deviceId))) throw new ApplicationError('not_found')
  return ctx.storage.devices.listDiagnostics(fleetId, deviceId)
}

/** One of them, with its body. @throws ApplicationError `not_found`, `forbidden` */
export async function readDiagnostics(
  ctx: Pick<Context, 'storage'>,
  { actor, fleetId, deviceId, id }: OfDevice & { readonly id: string },
): Promise<DiagnosticsRow & { readonly body: Json }> {
  authorize(actor, fleetId, 'operator')
  const found = await ctx.storage.devices.getDiagnostics(fleetId, deviceId, id)
  if (!found) throw new ApplicationError('not_found')
  return { ...found.row, body: JSON.parse(found.body) as Json }
}
