import { ownValue, type Json, type JsonObject } from '#lib/kernel/json.ts'
import { holdsMask, isMask } from '#lib/protocol/mask.ts'
import type { Operation } from '#lib/protocol/mutation.ts'
import type { DeadLetterRow } from '#lib/storage/ports.ts'
import type { Context } from '../context.ts'
import { badRequest } from '../errors.ts'
import { editChanges } from './edit-changes.ts'
import { letterMasks, type LetterMasks } from './letter-masks.ts'
import { opOfToday } from './read-letter.ts'

/** A letter's operation as a person wrote it anew. */
export interface EditedLetter {
  readonly masks: LetterMasks
  readonly op: Operation
  readonly schemaVersion: number
  /** Where it differs from what the device did, masked. */
  readonly changes: ReturnType<typeof editChanges>
  /** It holds a value where a mask would be shown, be it the one that stood there. */
  readonly writesMasked: boolean
}

/**
 * What an edit means: masks that stand where they stood are the values behind them, and the version is today's where it names
 * none. @throws ApplicationError `bad_request` also where there is no such collection, or a mask stands for nothing
 */
export async function editedLetter(
  ctx: Pick<Context, 'storage' | 'secret' | 'groupCommit'>,
  letter: DeadLetterRow,
  { op: typed, schemaVersion }: { readonly op: Operation; readonly schemaVersion?: number | undefined },
): Promise<EditedLetter> {
  const { fleetId, mutation } = letter
  const { collections } = await ctx.groupCommit.rules.reload(fleetId)
  const today = collections.get(mutation.collection)?.schemaVersion
  if (today === undefined)
    throw badRequest([{ path: '', message: `there is no collection ${mutation.collection}` }])
  if (schemaVersion !== undefined && schemaVersion > today)
    throw badRequest([{ path: '/schemaVersion', message: `is not published: the newest is ${today}` }])
  const [masks, stored] = await Promise.all([
    letterMasks(ctx, fleetId),
    ctx.storage.collections.list(fleetId),
  ])
  const mask = masks.of(letter)
  const original = opOfToday(letter, stored.find(({ name }) => name === mutation.collection) ?? null)
  const op = mask.unmasked(typed, original)
  if (holdsMask(op as unknown as Json)) throw badRequest([{ path: '/op', message: MASK_LEFT }])
  const changes = editChanges(mask.op(original), mask.op(op))
  const writesMasked = writesBehind(typed as unknown as Json, mask.op(op) as unknown as Json)
  return { masks, op, schemaVersion: schemaVersion ?? today, changes, writesMasked }
}

/** Whether something else than the mask was typed where one is shown. Pure. */
function writesBehind(typed: Json | undefined, shown: Json): boolean {
  if (isMask(shown)) return typed !== shown
  if (typeof shown !== 'object' || shown === null) return false
  const inner = typeof typed === 'object' && typed !== null ? (typed as JsonObject) : {}
  return Object.entries(shown).some(([key, value]) => writesBehind(ownValue(inner, key), value as Json))
}

const MASK_LEFT =
  'holds a mask that stands for nothing there: leave masked fields as they are, or write another value'
