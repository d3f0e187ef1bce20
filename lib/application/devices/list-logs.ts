import { TOLD_LOGS_PER_DEVICE_MAX } from '#lib/protocol/limits.ts'
import type { ToldLog } from '#lib/storage/ports.ts'
import { authorize } from '../access/authorize.ts'
import type { Actor, Context } from '../context.ts'
import { ApplicationError } from '../errors.ts'

export type { ToldLog } from '#lib/storage/ports.ts'

/**
 * GET /devices/:id/logs: what a client of another engine logged of its syncing, newest first; none of our own devices.
 * @throws ApplicationError `not_found`, `forbidden`
 */
export async function listLogs(
  { storage }: Pick<Context, 'storage'>,
  {
    actor,
    fleetId,
    deviceId,
  }: { readonly actor: Actor; readonly fleetId: string; readonly deviceId: string },
): Promise<readonly ToldLog[]> {
  authorize(actor, fleetId, 'viewer')
  if (!(await storage.devices.get(fleetId, deviceId))) throw new ApplicationError('not_found')
  return storage.ingest.logs(fleetId, { deviceId }, TOLD_LOGS_PER_DEVICE_MAX)
}
