import type { Collection } from '#lib/storage/ports.ts'
import { authorize } from '../access/authorize.ts'
import type { Actor, Context } from '../context.ts'
import { ApplicationError } from '../errors.ts'

/** A fleet's collections; a fleet has at most 100. @throws ApplicationError `not_found` */
export async function listCollections(
  ctx: Pick<Context, 'storage'>,
  input: { readonly actor: Actor; readonly fleetId: string },
): Promise<readonly Collection[]> {
  authorize(input.actor, input.fleetId, 'viewer')
  return ctx.storage.collections.list(input.fleetId)
}

/** @throws ApplicationError `not_found` */
export async function getCollection(
  ctx: Pick<Context, 'storage'>,
  input: { readonly actor: Actor; readonly fleetId: string; readonly id: string },
): Promise<Collection> {
  authorize(input.actor, input.fleetId, 'viewer')
  const collection = await ctx.storage.collections.get(input.fleetId, input.id)
  if (!collection) throw new ApplicationError('not_found')
  return collection
}
