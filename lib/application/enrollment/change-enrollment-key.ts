import type { FleetKeyCall } from '../access/change-fleet-key.ts'
import { changeFleetKey, revokeFleetKey } from '../access/change-fleet-key.ts'
import type { Context } from '../context.ts'
import type { ShownEnrollmentKey } from './create-enrollment-key.ts'

const keysOf = ({ storage }: Context) => ({ port: storage.enrollmentKeys, noun: 'enrollment-key' }) as const

/** PATCH /enrollment-keys/:id. @throws ApplicationError `forbidden`, `not_found`, `bad_request` */
export const changeEnrollmentKey = (ctx: Context, call: FleetKeyCall): Promise<ShownEnrollmentKey> =>
  changeFleetKey(ctx, keysOf(ctx), call)

/**
 * DELETE /enrollment-keys/:id: no device enrolls by it any more; those that did stay.
 * @throws ApplicationError `forbidden`, `not_found`, `bad_request`
 */
export const revokeEnrollmentKey = (ctx: Context, call: FleetKeyCall): Promise<ShownEnrollmentKey> =>
  revokeFleetKey(ctx, keysOf(ctx), call)
