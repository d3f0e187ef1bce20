import { ApplicationError } from '../errors.ts'
import type { AccessContext } from './context.ts'

/** A role or a key for a fleet that isn't there would wait for whoever gets that id. @throws ApplicationError `not_found` */
export async function requireFleet(
  ctx: Pick<AccessContext, 'storage'>,
  fleetId: string | null,
): Promise<void> {
  if (fleetId !== null && !(await ctx.storage.fleets.get(fleetId))) throw new ApplicationError('not_found')
}
