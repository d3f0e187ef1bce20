import type { JsonObject } from '#lib/kernel/json.ts'
import type { Operation } from '#lib/protocol/mutation.ts'
import type { MutationResult } from '#lib/protocol/push.ts'
import type { DeadLetterRow } from '#lib/storage/ports.ts'
import type { Actor, Context } from '../context.ts'
import { submitPush } from '../sync/submit-push.ts'
import { replayJob } from './replay-job.ts'
import { tellClosed } from './tell-closed.ts'

/** An edited form of what a letter wanted: another operation, made on the schema version given. */
export interface Edit {
  readonly op: Operation
  readonly schemaVersion: number
  /** Written by a person who has the record as it stands before them (AF4). */
  readonly isOfToday?: boolean
  /** Of its mutation; a new one where it is left out. */
  readonly id?: string
  /** For the audit log: what it changed, masked. */
  readonly told?: JsonObject
}

/**
 * Runs the mutation of an open letter through push: as it is under its own id, or in an edited form under a new one
 * (ID3). @throws ApplicationError `not_replayable` when it is closed, `shed`, `database_unavailable`
 */
export async function runLetter(
  ctx: Context,
  actor: Actor,
  letter: DeadLetterRow,
  reason: string | null,
  edit: Edit | null = null,
): Promise<MutationResult> {
  const { fleetId, deviceId } = letter
  const device = await ctx.storage.devices.get(fleetId, deviceId)
  const job = replayJob(ctx, letter, { actor, reason, edit, platform: device?.platform ?? null })
  const outcome = await submitPush(ctx, fleetId, job)
  if (outcome.kind === 'failed') throw outcome.error
  const result = outcome.results[0] as MutationResult
  if (closesLetter(result)) await tellClosed(ctx, fleetId, 'replayed', [letter])
  return result
}

/** Whether the letter is settled with this: it died again, or nothing happened for the moment, otherwise. */
export const closesLetter = ({ status }: MutationResult): boolean =>
  status === 'applied' || status === 'merged' || status === 'superseded' || status === 'conflict'
