import { applyOperation } from '#lib/engine/patch.ts'
import { migrateMutation } from '#lib/engine/schema-evolution/migrate.ts'
import type { SchemaIssue, RecordState } from '#lib/engine/types.ts'
import { validateDocument } from '#lib/engine/validate.ts'
import type { JsonObject } from '#lib/kernel/json.ts'
import type { Operation } from '#lib/protocol/mutation.ts'
import { isPoisoned } from '#lib/query/letter-fields.ts'
import type { Collection, DeadLetterRow } from '#lib/storage/ports.ts'
import { authorize } from '../access/authorize.ts'
import type { Actor, Context } from '../context.ts'
import { ApplicationError } from '../errors.ts'
import { HELD_MAX } from './replay.ts'
import { RESTORABLE_MS } from './restore.ts'

/** One letter beside the server as it is now: base, the device's document, the current record. */
export interface DeadLetterDetail {
  readonly letter: DeadLetterRow
  readonly base: JsonObject | null
  /** What the device did, as today's schema would have it (DL5); as it was made where that can't be told. */
  readonly op: Operation
  /** What the device wanted; null for a delete, or where the operation can't be carried out on the base. */
  readonly device: JsonObject | null
  readonly server: RecordState | null
  /** What today's schema says of the device's document; JSON Pointers into it. */
  readonly issues: readonly SchemaIssue[]
  /** The collection as it is now; null when there is none of that name. */
  readonly collection: Pick<Collection, 'id' | 'name' | 'schemaVersion' | 'schema' | 'strategy'> | null
  /** It died at so many replays that bulk actions leave it out (DL10). */
  readonly poisoned: boolean
  /** Until when a discard can be taken back, Unix ms; null for one that isn't discarded. */
  readonly restorableUntilMs: number | null
  /** Letters held behind it, which a replay brings along (DL3). */
  readonly held: readonly DeadLetterRow[]
}

/** @throws ApplicationError `not_found` */
export async function getDeadLetter(
  ctx: Pick<Context, 'storage'>,
  input: { readonly actor: Actor; readonly fleetId: string; readonly id: string },
): Promise<DeadLetterDetail> {
  const { actor, fleetId, id } = input
  authorize(actor, fleetId, 'viewer')
  const letter = await ctx.storage.deadLetters.get(fleetId, id)
  if (!letter) throw new ApplicationError('not_found')
  const { mutation, base } = letter
  const [collections, server, held] = await Promise.all([
    ctx.storage.collections.list(fleetId),
    ctx.storage.sync.getRecord(fleetId, mutation.collection, mutation.recordId),
    ctx.storage.deadLetters.heldBy(fleetId, mutation.id, HELD_MAX),
  ])
  const collection = collections.find(({ name }) => name === mutation.collection) ?? null
  const migrated = collection && migrateMutation(collection, mutation)
  const { op } = migrated?.ok ? migrated.value : mutation
  const wanted = applyOperation(base, op)
  const device = wanted.ok ? wanted.value : null
  const check = collection && device ? validateDocument(collection, device) : { ok: true as const }
  const issues = check.ok ? [] : check.issues
  const shown = collection && {
    id: collection.id,
    name: collection.name,
    schemaVersion: collection.schemaVersion,
    schema: collection.schema,
    strategy: collection.strategy,
  }
  const { discardedAtMs } = letter
  return {
    letter,
    base,
    op,
    device,
    server,
    issues,
    collection: shown,
    poisoned: isPoisoned(letter),
    restorableUntilMs: discardedAtMs === null ? null : discardedAtMs + RESTORABLE_MS,
    held,
  }
}
