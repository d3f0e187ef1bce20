import { z } from 'zod'
import type { MutationResult } from '#lib/protocol/push.ts'
import type { DeadLetterRow } from '#lib/storage/ports.ts'
import { auditEntry } from '../access/audit-entry.ts'
import { authorize } from '../access/authorize.ts'
import type { Actor, Context } from '../context.ts'
import { ApplicationError, parsedOrThrow } from '../errors.ts'
import { incomingOf } from '../sync/parse-push.ts'

/** Letters that one replay brings with it, and how deep they may hang on each other. */
const HELD_MAX = 500

const replayInput = z.strictObject({ reason: z.string().trim().min(1).max(1_000).optional() })

export interface ReplayOutcome {
  readonly result: MutationResult
  /** Letters that were held behind this one and ran after it, in order. */
  readonly held: readonly MutationResult[]
}

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
  const { reason } = parsedOrThrow(replayInput.safeParse(input.body ?? {}))
  const letter = await ctx.storage.deadLetters.get(fleetId, id)
  if (!letter) throw new ApplicationError('not_found')
  const result = await replayLetter(ctx, actor, letter, reason ?? null)
  const held: MutationResult[] = []
  if (result.status !== 'dead_lettered') await replayHeld(ctx, actor, letter, held)
  return { result, held }
}

/** One letter by itself. @throws ApplicationError `not_replayable` when it is closed */
export async function replayLetter(
  ctx: Context,
  actor: Actor,
  letter: DeadLetterRow,
  reason: string | null,
): Promise<MutationResult> {
  const { fleetId, mutation, deviceId } = letter
  const device = await ctx.storage.devices.get(fleetId, deviceId)
  const outcome = await ctx.groupCommit.submit(fleetId, {
    kind: 'replay',
    push: {
      deviceId,
      requestId: ctx.ids(),
      sessionId: null,
      atomic: false,
      mutations: [incomingOf(mutation)],
      replayOf: letter.id,
    },
    platform: device?.platform ?? 'other',
    appVersion: letter.appVersion,
    countedVersion: ctx.requests.liveVersion(fleetId, letter.appVersion),
    madeAtMs: new Map([[mutation.id, letter.madeAtMs]]),
    receivedAtMs: ctx.clock.now(),
    audit: auditEntry(ctx, actor, { action: 'dead-letter.replay', target: letter.id, fleetId, reason }),
  })
  if (outcome.kind === 'failed') throw outcome.error
  const result = outcome.results[0] as MutationResult
  if (result.status !== 'dead_lettered') {
    ctx.pokes.tell(fleetId, { event: 'replayed', deadLetterId: letter.id, deviceId })
  }
  return result
}

/** Oldest first, each before those that hang on it; one that dies again keeps its own behind it. */
async function replayHeld(
  ctx: Context,
  actor: Actor,
  parent: DeadLetterRow,
  results: MutationResult[],
): Promise<void> {
  const held = await ctx.storage.deadLetters.heldBy(parent.fleetId, parent.mutation.id, HELD_MAX)
  for (const letter of held) {
    if (results.length >= HELD_MAX) return
    const result = await replayLetter(ctx, actor, letter, `held behind ${parent.id}`)
    results.push(result)
    if (result.status !== 'dead_lettered') await replayHeld(ctx, actor, letter, results)
  }
}
