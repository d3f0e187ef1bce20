import type { Fleet } from '#lib/storage/ports.ts'
import { canSee } from '../access/authorize.ts'
import type { Actor, Context } from '../context.ts'

/** The fleets that this actor may see. */
export async function listFleets(
  ctx: Pick<Context, 'storage'>,
  input: { readonly actor: Actor },
): Promise<readonly Fleet[]> {
  const fleets = await ctx.storage.fleets.list()
  return fleets.filter(({ id }) => canSee(input.actor, id))
}
