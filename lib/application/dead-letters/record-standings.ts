import type { DeadLetterRow } from '#lib/storage/ports.ts'
import { authorize } from '../access/authorize.ts'
import type { Actor, Context } from '../context.ts'

/** How the server's record stands to the version that a letter was made on. */
export type RecordStanding = 'same' | 'changed' | 'deleted' | 'none'

/** Of each letter, by its id; one query, of versions alone. @throws ApplicationError `not_found` */
export async function recordStandings(
  ctx: Pick<Context, 'storage'>,
  input: {
    readonly actor: Actor
    readonly fleetId: string
    readonly letters: readonly Pick<DeadLetterRow, 'id' | 'mutation'>[]
  },
): Promise<ReadonlyMap<string, RecordStanding>> {
  const { actor, fleetId, letters } = input
  authorize(actor, fleetId, 'viewer')
  const keyOf = (of: { readonly collection: string; readonly recordId: string }): string =>
    JSON.stringify([of.collection, of.recordId])
  const keys = new Map(letters.map(({ mutation }) => [keyOf(mutation), mutation]))
  const found = await ctx.storage.sync.versionsOf(fleetId, [...keys.values()])
  const records = new Map(found.map((record) => [keyOf(record), record]))
  return new Map(
    letters.map(({ id, mutation }) => {
      const record = records.get(keyOf(mutation))
      if (!record) return [id, 'none']
      if (record.deleted) return [id, 'deleted']
      return [id, record.version === mutation.baseVersion ? 'same' : 'changed']
    }),
  )
}
