import { z } from 'zod'
import type { MutationResult } from '#lib/protocol/push.ts'
import type { DeadLetterRow } from '#lib/storage/ports.ts'
import { authorize } from '../access/authorize.ts'
import type { Actor, Context } from '../context.ts'
import { ApplicationError, isApplicationError, parsedOrThrow } from '../errors.ts'
import { letterMasks, type LetterMasks } from './letter-masks.ts'
import { closesLetter, runLetter } from './run-letter.ts'

/** Letters that one replay or discard brings along, and how deep they may hang on each other. */
export const HELD_MAX = 500

export const replayInput = z.strictObject({ reason: z.string().trim().min(1).max(1_000).optional() })

export interface ReplayOutcome {
  readonly result: MutationResult
  /** Letters that were held behind this one and ran after it, in order. */
  readonly held: readonly MutationResult[]
  /** More than HELD_MAX were held: those past it are open still, each to be replayed by itself. */
  readonly moreHeld: boolean
}

type HeldOutcome = Pick<ReplayOutcome, 'held' | 'moreHeld'>
export const NONE_HELD: HeldOutcome = { held: [], moreHeld: false }

/**
 * Runs an open dead letter again, through push and under its own mutation id (ID3), then those held behind it (DL3).
 * It may die again; then it stays open, with the attempt noted.
 * @throws ApplicationError `forbidden`, `not_found`, `not_replayable`, `shed`, `database_unavailable`
 */
export async function replay(
  ctx: Context,
  input: { readonly actor: Actor; readonly fleetId: string; readonly id: string; readonly body: unknown },
): Promise<ReplayOutcome> {
  const { actor, fleetId, id } = input
  authorize(actor, fleetId, 'operator')
  const { reason } = parsedOrThrow(replayInput, input.body ?? {})
  const letter = await ctx.storage.deadLetters.get(fleetId, id)
  if (!letter) throw new ApplicationError('not_found')
  const masks = await letterMasks(ctx, fleetId)
  return maskedOutcome(masks, letter, await replayLetter(ctx, actor, letter, reason ?? null))
}

/** What a replay answers its caller. Held ones are of the same record; what was said of one may repeat values of its own. */
export function maskedOutcome<Of extends ReplayOutcome>(
  masks: LetterMasks,
  letter: DeadLetterRow,
  outcome: Of,
): Of {
  const mask = masks.of(letter)
  return {
    ...outcome,
    result: mask.result(outcome.result),
    held: outcome.held.map((one) =>
      one.status === 'dead_lettered' && !mask.isEmpty ? { ...one, detail: one.code } : mask.result(one),
    ),
  }
}

/** @throws ApplicationError `not_replayable` when it is closed */
export async function replayLetter(
  ctx: Context,
  actor: Actor,
  letter: DeadLetterRow,
  reason: string | null,
): Promise<ReplayOutcome> {
  const result = await runLetter(ctx, actor, letter, reason)
  return { result, ...(closesLetter(result) ? await replayHeld(ctx, actor, letter) : NONE_HELD) }
}

/** Each before those that hang on it; one that dies again, or that somebody closed meanwhile, keeps its own behind it. */
export async function replayHeld(ctx: Context, actor: Actor, parent: DeadLetterRow): Promise<HeldOutcome> {
  const held = await ctx.storage.deadLetters.heldBy(parent.fleetId, parent.mutation.id, HELD_MAX + 1)
  const settled = new Set([parent.mutation.id])
  const results: MutationResult[] = []
  for (const letter of held.slice(0, HELD_MAX)) {
    if (letter.parentMutationId === null || !settled.has(letter.parentMutationId)) continue
    const result = await runUnlessClosed(ctx, actor, letter, `held behind ${parent.id}`)
    if (!result) continue
    results.push(result)
    if (closesLetter(result)) settled.add(letter.mutation.id)
  }
  return { held: results, moreHeld: held.length > HELD_MAX }
}

/** Null for a letter that somebody replayed or discarded meanwhile. */
async function runUnlessClosed(
  ctx: Context,
  actor: Actor,
  letter: DeadLetterRow,
  reason: string,
): Promise<MutationResult | null> {
  try {
    return await runLetter(ctx, actor, letter, reason)
  } catch (error) {
    if (isApplicationError(error) && error.tidemarkCode === 'not_replayable') return null
    throw error
  }
}
