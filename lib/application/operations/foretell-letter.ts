import { z } from 'zod'
import type { Operation } from '#lib/protocol/mutation.ts'
import type { JsonObject } from '#lib/kernel/json.ts'
import type { DeadLetterRow, OperationSnapshot, OutcomeCount } from '#lib/storage/ports.ts'
import { authorize } from '../access/authorize.ts'
import type { Actor, Context } from '../context.ts'
import { editedInput } from '../dead-letters/edit.ts'
import { editedLetter, type EditedLetter } from '../dead-letters/edited-letter.ts'
import { HELD_MAX } from '../dead-letters/replay.ts'
import { ApplicationError, parsedOrThrow } from '../errors.ts'
import { membershipOf } from './membership.ts'
import { countPredictions, overSnapshot, predictionOf, type Known, type Prediction } from './predict.ts'
import { NOT_ASKED, prepareMembers, runMembers, runnable, type Ran } from './run-members.ts'

export const foretellInput = z.strictObject({
  op: editedInput.op.optional(),
  schemaVersion: editedInput.schemaVersion,
})

/** Its record as it would stand then; masked fields are masked. */
export interface RecordThen {
  readonly version: number
  readonly deleted: boolean
  readonly data: JsonObject | null
}

/** What a replay of one letter would come to on the server as it is now. */
export interface LetterForecast extends Pick<Prediction, 'outcome' | 'code' | 'detail' | 'path'> {
  /** Null where there would be none, and where the edit writes masked fields: what it leaves would tell of a guess whether it is right. */
  readonly record: RecordThen | null
  /** What is held behind it and would follow, by outcome; of the first HELD_MAX. */
  readonly behind: readonly OutcomeCount[]
  /** Its collection's authority is asked only when it runs: this is what follows where it accepts. */
  readonly assumesAuthority: boolean
}

/**
 * POST /dead-letters/:id/preview: a dry run of one open letter, as it is or in an edited form, and of what is held behind it
 * (DL13). Writes nothing. @throws ApplicationError `forbidden`, `not_found`, `bad_request`, `not_replayable`, `shed`
 */
export async function foretellLetter(
  ctx: Context,
  input: { readonly actor: Actor; readonly fleetId: string; readonly id: string; readonly body: unknown },
): Promise<LetterForecast> {
  const { actor, fleetId, id } = input
  authorize(actor, fleetId, 'operator')
  const asked = parsedOrThrow(foretellInput, input.body ?? {})
  const letter = await ctx.storage.deadLetters.get(fleetId, id)
  if (!letter) throw new ApplicationError('not_found')
  if (letter.status !== 'open') throw new ApplicationError('not_replayable')
  // The operation as it came: the schema's copy would leave out a key like `__proto__`, which is data here.
  const op = (input.body as { readonly op?: Operation } | null)?.op
  const edit = op === undefined ? null : await editedLetter(ctx, letter, { ...asked, op })
  const forecast = await overSnapshot(ctx, fleetId, (snapshot, known) =>
    look(ctx, snapshot, known, { letter, edit, actor }),
  )
  if (forecast === null) throw new ApplicationError('not_replayable')
  return forecast
}

interface Asked {
  readonly letter: DeadLetterRow
  readonly edit: EditedLetter | null
  readonly actor: Actor
}

/** Null where it was settled meanwhile. */
async function look(
  ctx: Context,
  snapshot: OperationSnapshot,
  known: Known,
  { letter, edit, actor }: Asked,
): Promise<LetterForecast | null> {
  const nowMs = ctx.clock.now()
  const membership = membershipOf({ kind: 'replay', letters: [letter.id] }, nowMs)
  const all = await snapshot.members(membership, HELD_MAX)
  const members = all.items.slice(0, HELD_MAX + 1)
  const letters = await snapshot.letters(members.map(({ letterId }) => letterId))
  const order = { id: '', kind: 'replay', edit: null, reason: '', actor } as const
  const { masks } = known
  const prepared = prepareMembers(ctx, order, { rules: known, masks }, members, letters, NOT_ASKED).map(
    (one) => {
      const found = letters.get(one.member.letterId)
      return edit !== null && found?.letter.id === letter.id && 'job' in one
        ? runnable(ctx, order, one.member, found, {
            op: edit.op,
            schemaVersion: edit.schemaVersion,
            isOfToday: true,
          })
        : one
    },
  )
  const options = { masks, goesOn: true, nowMs }
  const { ran } = await runMembers(ctx, known, prepared, (plan) => snapshot.load(plan), options)
  const own = ran.find(({ member }) => member.letterId === letter.id)
  if (own === undefined || own.fate.outcome === 'closed' || own.fate.outcome === 'gone') return null
  const { outcome, code, detail, path } = predictionOf(own)
  return {
    outcome,
    code,
    detail,
    path,
    record: edit?.writesMasked === true ? null : recordThen(own, known),
    behind: countPredictions(ran.filter((one) => one !== own).map(predictionOf)),
    assumesAuthority: known.asksAuthority && known.asked.has(letter.mutation.collection),
  }
}

function recordThen({ record, letter }: Ran, { masks }: Known): RecordThen | null {
  if (record === null || letter === null) return null
  const { version, deleted, data } = record
  return { version, deleted, data: masks.of(letter).document(data) }
}
