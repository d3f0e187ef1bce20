import { applyOperation } from '#lib/engine/patch.ts'
import { migrateMutation } from '#lib/engine/schema-evolution/migrate.ts'
import type { SchemaIssue, RecordState } from '#lib/engine/types.ts'
import { validateDocument } from '#lib/engine/validate.ts'
import type { JsonObject } from '#lib/kernel/json.ts'
import type { Operation } from '#lib/protocol/mutation.ts'
import type { Collection, DeadLetterRow } from '#lib/storage/ports.ts'
import type { Context } from '../context.ts'
import { ApplicationError } from '../errors.ts'

/** One letter beside the server as it is now, nothing masked: for those who decide, not for those who look. */
export interface ReadLetter {
  readonly letter: DeadLetterRow
  /** What the device did, as today's schema would have it (DL5); as it was made where that can't be told. */
  readonly op: Operation
  /** What the device wanted; null for a delete, or where the operation can't be carried out on the base. */
  readonly device: JsonObject | null
  readonly server: RecordState | null
  /** What today's schema says of the device's document; JSON Pointers into it. */
  readonly issues: readonly SchemaIssue[]
  /** As it is now; null when there is none of that name. */
  readonly collection: Collection | null
}

/** @throws ApplicationError `not_found` */
export async function readLetter(
  { storage }: Pick<Context, 'storage'>,
  fleetId: string,
  id: string,
): Promise<ReadLetter> {
  const letter = await storage.deadLetters.get(fleetId, id)
  if (!letter) throw new ApplicationError('not_found')
  const { mutation, base } = letter
  const [collections, server] = await Promise.all([
    storage.collections.list(fleetId),
    storage.sync.getRecord(fleetId, mutation.collection, mutation.recordId),
  ])
  const collection = collections.find(({ name }) => name === mutation.collection) ?? null
  const op = opOfToday(letter, collection)
  const wanted = applyOperation(base, op)
  const device = wanted.ok ? wanted.value : null
  const check = collection && device ? validateDocument(collection, device) : { ok: true as const }
  return { letter, op, device, server, issues: check.ok ? [] : check.issues, collection }
}

/** What a letter wants as today's schema would have it; as it was made where that can't be told. Pure. */
export function opOfToday({ mutation }: DeadLetterRow, collection: Collection | null): Operation {
  const migrated = collection && migrateMutation(collection, mutation)
  return (migrated?.ok ? migrated.value : mutation).op
}
