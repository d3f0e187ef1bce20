import type { CollectionPort } from '#lib/storage/ports.ts'
import type { Actor, Context } from '../context.ts'
import { getCollection } from './list-collections.ts'

export type SchemaVersion = Awaited<ReturnType<CollectionPort['schemaVersions']>>[number]

/** Every schema that a collection has had, newest first. @throws ApplicationError `not_found` */
export async function listSchemaVersions(
  ctx: Pick<Context, 'storage'>,
  input: { readonly actor: Actor; readonly fleetId: string; readonly id: string },
): Promise<readonly SchemaVersion[]> {
  await getCollection(ctx, input)
  const versions = await ctx.storage.collections.schemaVersions(input.fleetId, input.id)
  return versions.toSorted((a, b) => b.schemaVersion - a.schemaVersion)
}
