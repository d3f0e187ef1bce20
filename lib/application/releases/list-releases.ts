import type { AppRelease } from '#lib/storage/ports.ts'
import { authorize } from '../access/authorize.ts'
import type { Actor, Context } from '../context.ts'

/** The releases that somebody told of, the latest first. @throws ApplicationError `not_found` */
export async function listReleases(
  ctx: Pick<Context, 'storage'>,
  input: { readonly actor: Actor; readonly fleetId: string },
): Promise<readonly AppRelease[]> {
  authorize(input.actor, input.fleetId, 'viewer')
  return ctx.storage.releases.list(input.fleetId)
}
