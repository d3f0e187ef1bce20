import type { Collection } from '#lib/storage/ports.ts'
import type { Settings } from '#lib/telemetry/review/review.ts'
import { authorize } from '../access/authorize.ts'
import type { Actor, Context, Role } from '../context.ts'
import { ApplicationError } from '../errors.ts'

export interface OfCollection {
  readonly actor: Actor
  readonly fleetId: string
  /** Of the collection. */
  readonly id: string
}

/** The collection that a review is of. @throws ApplicationError `not_found`, `forbidden` */
export async function collectionOf(
  { storage }: Pick<Context, 'storage'>,
  { actor, fleetId, id }: OfCollection,
  role: Role,
): Promise<Collection> {
  authorize(actor, fleetId, role)
  const collection = await storage.collections.get(fleetId, id)
  if (!collection) throw new ApplicationError('not_found')
  return collection
}

export const settingsOf = ({ strategy, tieRule, fieldStrategies }: Collection): Settings => ({
  strategy,
  tieRule,
  fieldStrategies,
})
