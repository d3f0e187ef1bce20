import type { FleetKeyCall } from '../access/change-fleet-key.ts'
import { changeFleetKey, revokeFleetKey } from '../access/change-fleet-key.ts'
import type { Context } from '../context.ts'
import type { ShownIngestKey } from './create-ingest-key.ts'

const keysOf = ({ storage }: Context) => ({ port: storage.ingest, noun: 'ingest-key' }) as const

/** PATCH /ingest-keys/:id. @throws ApplicationError `forbidden`, `not_found`, `bad_request` */
export const changeIngestKey = (ctx: Context, call: FleetKeyCall): Promise<ShownIngestKey> =>
  changeFleetKey(ctx, keysOf(ctx), call)

/**
 * DELETE /ingest-keys/:id: nothing is told by it any more; what was told stays.
 * @throws ApplicationError `forbidden`, `not_found`, `bad_request`
 */
export const revokeIngestKey = (ctx: Context, call: FleetKeyCall): Promise<ShownIngestKey> =>
  revokeFleetKey(ctx, keysOf(ctx), call)
