import type { Masking } from '#lib/storage/ports.ts'
import type { Context } from '../context.ts'

export type MaskedFields = Omit<Masking, 'name'>

/** Nobody has said which fields of a collection that isn't there may be shown: all of them are masked. */
const ALL: MaskedFields = { masked: [''], upMigrations: [] }

/** What is masked of a fleet's collections, by name. One query. */
export async function maskingsOf(
  { storage }: Pick<Context, 'storage'>,
  fleetId: string,
): Promise<(collection: string) => MaskedFields> {
  const byName = new Map((await storage.collections.maskings(fleetId)).map((one) => [one.name, one]))
  return (name) => byName.get(name) ?? ALL
}
