import type { JsonObject } from '#lib/kernel/json.ts'
import type { EffectiveResult } from '#lib/protocol/push.ts'
import { authorOf } from './check-mutation.ts'
import type { BaseDocument, ChangeEffect, ConflictEffect, IncomingMutation, IncomingPush } from './types.ts'

type Shared = 'incoming' | 'deviceId' | 'requestId' | 'sessionId' | 'replayOf' | 'editOf' | 'result'

/**
 * An effect of a mutation, with what there is of version, conflict and dead letter. Written out, because a push makes
 * hundreds, and V8 takes a hundred times as long for a copy to which keys are added.
 */
export function effectOf(
  { push, incoming }: { readonly push: IncomingPush; readonly incoming: IncomingMutation },
  result: EffectiveResult,
  outcome: Partial<Omit<ChangeEffect, Shared>>,
): ChangeEffect {
  const { requestId, sessionId, replayOf, editOf } = push
  return {
    incoming,
    deviceId: authorOf(push, incoming),
    requestId,
    sessionId,
    replayOf,
    editOf,
    result,
    record: outcome.record ?? null,
    replaced: outcome.replaced ?? null,
    conflict: outcome.conflict ?? null,
    deadLetter: outcome.deadLetter ?? null,
    otOps: outcome.otOps ?? NO_OPS,
    heldBy: outcome.heldBy ?? null,
    releasedBy: outcome.releasedBy ?? null,
    closes: outcome.closes ?? null,
  }
}

const NO_OPS: ChangeEffect['otOps'] = []

type Sides = Pick<
  ConflictEffect,
  'id' | 'local' | 'remote' | 'remoteVersion' | 'remoteStamps' | 'fields' | 'schemaVersion'
> & {
  readonly base: BaseDocument
}

/** The conflict row of two sides and what came of them; written out like the above. */
export const conflictOver = (
  { id, base, local, remote, remoteVersion, remoteStamps, fields, schemaVersion }: Sides,
  { strategy, outcome, resolution }: Pick<ConflictEffect, 'strategy' | 'outcome' | 'resolution'>,
  result: JsonObject | null,
): ConflictEffect => ({
  id,
  strategy,
  outcome,
  fields,
  schemaVersion,
  base: base.kind === 'known' ? base.data : null,
  baseKnown: base.kind === 'known',
  local,
  remote,
  remoteVersion,
  remoteStamps,
  result,
  resolution,
})
