import type { SchemaIssue, RecordState } from '#lib/engine/types.ts'
import { jsonEqual, type Json, type JsonObject } from '#lib/kernel/json.ts'
import { LETTER_RESTORABLE_MS } from '#lib/protocol/limits.ts'
import type { Operation } from '#lib/protocol/mutation.ts'
import { closedAtMs, isPoisoned } from '#lib/query/letter-fields.ts'
import type { Collection, DeadLetterRow } from '#lib/storage/ports.ts'
import { authorize } from '../access/authorize.ts'
import type { Actor, Context } from '../context.ts'
import { HISTORY_SHOWN_MAX, historyOf, type LetterEvent } from './letter-history.ts'
import { letterMasks, type LetterMask } from './letter-masks.ts'
import { readLetter, type ReadLetter } from './read-letter.ts'
import { HELD_MAX } from './replay.ts'

/** One letter beside the server as it is now: base, the device's document, the current record; masked fields are masked. */
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
  /** Where masks stand in these documents, as JSON Pointers; the empty one for an operation whose document isn't known. */
  readonly masked: readonly string[]
  /** The collection as it is now; null when there is none of that name. */
  readonly collection: Pick<Collection, 'id' | 'name' | 'schemaVersion' | 'schema' | 'strategy'> | null
  /** It died at so many replays that bulk actions leave it out (DL10). */
  readonly poisoned: boolean
  /** Until when a discard can be taken back, Unix ms; null for one that isn't discarded. */
  readonly restorableUntilMs: number | null
  /** When a closed letter is deleted, Unix ms; null for an open one, which never is (DL22). */
  readonly keptUntilMs: number | null
  /** Letters held behind it, which a replay brings along (DL3). */
  readonly held: readonly DeadLetterRow[]
  /** What people did to it, newest first. */
  readonly history: readonly LetterEvent[]
}

/** @throws ApplicationError `not_found` */
export async function getDeadLetter(
  ctx: Pick<Context, 'storage' | 'secret'>,
  input: { readonly actor: Actor; readonly fleetId: string; readonly id: string },
): Promise<DeadLetterDetail> {
  const { actor, fleetId, id } = input
  authorize(actor, fleetId, 'viewer')
  const read = await readLetter(ctx, fleetId, id)
  const { letter, collection } = read
  const [masks, held, entries] = await Promise.all([
    letterMasks(ctx, fleetId),
    ctx.storage.deadLetters.heldBy(fleetId, letter.mutation.id, HELD_MAX),
    ctx.storage.audit.ofTarget(fleetId, id, HISTORY_SHOWN_MAX),
  ])
  const shown = collection && {
    id: collection.id,
    name: collection.name,
    schemaVersion: collection.schemaVersion,
    schema: collection.schema,
    strategy: collection.strategy,
  }
  const { discardedAtMs } = letter
  const closedMs = closedAtMs(letter)
  return {
    ...maskedDocuments(read, masks.of(letter)),
    collection: shown,
    poisoned: isPoisoned(letter),
    restorableUntilMs: discardedAtMs === null ? null : discardedAtMs + LETTER_RESTORABLE_MS,
    keptUntilMs: closedMs === null ? null : closedMs + LETTER_RESTORABLE_MS,
    held: held.map(masks.letter),
    history: historyOf(entries),
  }
}

function maskedDocuments({ letter, op, device, server, issues }: ReadLetter, mask: LetterMask) {
  const { base } = letter
  return {
    letter: mask.letter(),
    base: mask.document(base),
    op: mask.op(op),
    device: mask.document(device),
    server: mask.record(server),
    issues: mask.issues(issues, device),
    masked: maskedPointers({ letter, op, device, server }, mask),
  }
}

/** Where a mask stands in what is shown of a letter. */
export function maskedPointers(
  { letter, op, device, server }: Pick<ReadLetter, 'letter' | 'op' | 'device' | 'server'>,
  mask: LetterMask,
): readonly string[] {
  const documents = [letter.base, device, server?.data ?? null]
  const pointers = new Set(documents.flatMap((one) => mask.places(one).map(({ pointer }) => pointer)))
  if (pointers.size > 0) return [...pointers].sort()
  const same = jsonEqual(op as unknown as Json, mask.op(op) as unknown as Json)
  return same ? [] : ['']
}
