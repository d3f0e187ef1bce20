import type { Fleet } from '#lib/storage/ports.ts'
import { authorize, canSee } from '../access/authorize.ts'
import type { Actor, Context } from '../context.ts'
import { ApplicationError } from '../errors.ts'

/** The fleets that this actor may see. */
export async function listFleets(
  ctx: Pick<Context, 'storage'>,
  input: { readonly actor: Actor },
): Promise<readonly Fleet[]> {
  const fleets = await ctx.storage.fleets.list()
  return fleets.filter(({ id }) => canSee(input.actor, id))
}

/** @throws ApplicationError `not_found` */
export async function getFleet(
  ctx: Pick<Context, 'storage'>,
  input: { readonly actor: Actor; readonly fleetId: string },
): Promise<Fleet> {
  authorize(input.actor, input.fleetId, 'viewer')
  const fleet = await ctx.storage.fleets.get(input.fleetId)
  if (!fleet) throw new ApplicationError('not_found')
  return fleet
}
