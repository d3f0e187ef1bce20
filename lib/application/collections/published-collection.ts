import type { Collection } from '#lib/storage/ports.ts'
import { authorityKey } from '../authority/authority-key.ts'
import type { Context } from '../context.ts'

/** A collection as its maker gets it. */
export interface PublishedCollection extends Collection {
  /** The key that signs what its authority is asked; told when it is made and not again. */
  readonly authoritySecret: string | null
}

/** `before` is the collection until now; null for a new one. */
export function published(
  ctx: Pick<Context, 'secret'>,
  collection: Collection,
  before: Collection | null,
): PublishedCollection {
  const { authority, fleetId, id: collectionId } = collection
  const isNewKey = authority !== null && authority.keyId !== before?.authority?.keyId
  const authoritySecret = isNewKey
    ? authorityKey(ctx.secret, fleetId, { collectionId, keyId: authority.keyId })
    : null
  return { ...collection, authoritySecret }
}
