import { parseHlc } from '#lib/kernel/hlc.ts'
import type { DeadLetterCode, RefusedCode } from '#lib/protocol/error-codes.ts'
import { CLOCK_AHEAD_MAX_MS, MUTATION_BYTES_MAX } from '#lib/protocol/limits.ts'
import type { Mutation } from '#lib/protocol/mutation.ts'
import type { MutationResult } from '#lib/protocol/push.ts'
import { isSamePayload } from './payload.ts'
import { parentFate } from './after-chain.ts'
import { checkActors } from './crdt/actors.ts'
import { FAILED_TRIES_MAX } from './failed-tries.ts'
import type { PushDraft } from './push-draft.ts'
import { conflictOf, mutationOf, recordOf } from './push-draft.ts'
import { SENT_OTHERWISE, isHeldOtherwise, isOtherForm } from './sent-otherwise.ts'
import type { CollectionRules, IncomingMutation, IncomingPush, KnownConflict } from './types.ts'
import { recordKey } from './types.ts'

/** What a mutation's fate is before anybody looks at its record; `go` when that must decide. */
export type Gate =
  | {
      readonly kind: 'go'
      readonly rules: CollectionRules
      readonly author: string
      readonly parentKnown: boolean
      /** It decides an open conflict. */
      readonly decides: boolean
    }
  | { readonly kind: 'refused'; readonly code: RefusedCode; readonly detail: string }
  | ({ readonly kind: 'duplicate' } & Repeat)
  | { readonly kind: 'dead'; readonly code: DeadLetterCode; readonly detail: string }
  | { readonly kind: 'held'; readonly conflictId: string }
  /** A person decided already, for another one or against what it stands on. */
  | { readonly kind: 'declined' }
  | { readonly kind: 'waits'; readonly status: 'retry' | 'shed'; readonly retryAfterMs: number }

/** What a `duplicate` says besides its id. */
export type Repeat = Pick<
  Extract<MutationResult, { status: 'duplicate' }>,
  'original' | 'under' | 'hlc' | 'letterClosed'
>

const refused = (code: RefusedCode, detail: string): Gate => ({ kind: 'refused', code, detail })
const dead = (code: DeadLetterCode, detail: string): Gate => ({ kind: 'dead', code, detail })

/** The device that a mutation is by: a replay keeps the one in its stamp, whoever asked for it (ID3). */
export function authorOf(push: IncomingPush, { mutation }: IncomingMutation): string {
  if (push.replayOf === null) return push.deviceId
  const stamp = parseHlc(mutation.hlc)
  return stamp.ok ? stamp.value.deviceId : push.deviceId
}

/** The checks in the order of what they say about the sender: contract, identity, clock, size, place, parent, schema. */
export function checkMutation(
  draft: PushDraft,
  push: IncomingPush,
  incoming: IncomingMutation,
  withoutEffect: ReadonlyMap<string, MutationResult>,
): Gate {
  const { unknownField } = incoming
  const author = authorOf(push, incoming)
  const early =
    (unknownField === null ? null : refused('unknown_field', `unknown field ${unknownField}`)) ??
    checkRepeat(draft, push, incoming, author) ??
    checkBreaker(push, incoming) ??
    checkElsewhere(draft, push, incoming) ??
    checkStamp(draft, incoming, author) ??
    checkNamed(draft, incoming, author)
  return early
    ? orExhausted(draft, push, incoming, early)
    : checkPlace(draft, incoming, author, withoutEffect)
}

/** DL4: what is stamped out of bounds at so many sendings, about a day of them, no other stamp will mend. A replay counts none. */
function orExhausted(
  { world }: PushDraft,
  push: IncomingPush,
  { mutation }: IncomingMutation,
  gate: Gate,
): Gate {
  if (gate.kind !== 'refused' || gate.code !== 'clock_out_of_bounds' || push.replayOf !== null) return gate
  const tries = (world.failedTries.get(mutation.id) ?? 0) + 1
  return tries < FAILED_TRIES_MAX ? gate : dead('exhausted', `tried ${tries} times: ${gate.detail}`)
}

/** How long the child of a conflict with as many behind it as may wait keeps to its device. */
const FULL_HOLD_RETRY_MS = 60_000
/** Mutations that wait behind one conflict. */
export const HELD_MAX = 500

/** What doesn't hang on who sent it; asked again for what was held. */
export function checkPlace(
  draft: PushDraft,
  { mutation, bytes }: IncomingMutation,
  author: string,
  withoutEffect: ReadonlyMap<string, MutationResult>,
): Gate {
  if (bytes > MUTATION_BYTES_MAX) return dead('too_large', `${bytes} bytes, at most ${MUTATION_BYTES_MAX}`)
  const rules = draft.world.collections.get(mutation.collection)
  if (!rules) {
    const isOrphan = parentFate(draft, mutation, author, withoutEffect).kind === 'dead'
    return isOrphan ? orphaned(mutation) : dead('unknown_collection', `no collection ${mutation.collection}`)
  }
  const decided = mutation.resolves === undefined ? null : conflictOf(draft, mutation.resolves)
  if (mutation.resolves !== undefined && !isAbout(draft, decided, mutation))
    return refused('unknown_conflict', `no conflict ${mutation.resolves} of this record`)
  if (decided?.status === 'resolved') return { kind: 'declined' }
  const fate = parentFate(draft, mutation, author, withoutEffect)
  if (fate.kind === 'refused') return refused('parent_refused', `its parent ${mutation.after} was refused`)
  if (fate.kind === 'dead') return orphaned(mutation)
  if (fate.kind === 'conflict' && fate.conflictId !== decided?.id) {
    if (isHeldOtherwise(draft, mutation, author))
      return dead('underivable', `what it was made on ${SENT_OTHERWISE}`)
    return heldBehind(draft, fate.conflictId)
  }
  if (fate.kind === 'declined' && recordOf(draft, mutation)) return { kind: 'declined' }
  if (fate.kind === 'waits') return fate
  if (mutation.schemaVersion > rules.schemaVersion) {
    return dead(
      'schema_ahead',
      `schema version ${mutation.schemaVersion}, published is ${rules.schemaVersion}`,
    )
  }
  return { kind: 'go', rules, author, parentKnown: fate.kind !== 'unknown', decides: decided !== null }
}

const orphaned = ({ after }: Mutation): Gate =>
  dead('parent_dead_lettered', `its parent ${after} is a dead letter`)

function heldBehind(draft: PushDraft, conflictId: string): Gate {
  const waiting = conflictOf(draft, conflictId)?.held.length ?? 0
  if (waiting < HELD_MAX) return { kind: 'held', conflictId }
  return { kind: 'waits', status: 'retry', retryAfterMs: FULL_HOLD_RETRY_MS }
}

/** A closed conflict whose record is gone for good has nothing to answer with. */
function isAbout(draft: PushDraft, conflict: KnownConflict | null, mutation: Mutation): boolean {
  if (conflict?.collection !== mutation.collection || conflict.recordId !== mutation.recordId) return false
  return conflict.status === 'open' || recordOf(draft, mutation) !== null
}

/** BR2: of what an open breaker keeps out only the log was read, and no more can be said of it. */
function checkBreaker({ shed }: IncomingPush, { mutation }: IncomingMutation): Gate | null {
  const retryAfterMs = shed?.get(mutation.collection)
  return retryAfterMs === undefined ? null : { kind: 'waits', status: 'shed', retryAfterMs }
}

/** ID1: an id that had an effect has no second one. Its result is told only to the device that it was for, and its forks. */
function checkRepeat(
  draft: PushDraft,
  push: IncomingPush,
  { mutation }: IncomingMutation,
  author: string,
): Gate | null {
  const known = mutationOf(draft, mutation.id)
  if (!known || (push.replayOf !== null && known.deadLetter === 'open')) return null
  // A fork pushed it under its other id: the change is the same, though the move may have changed its text.
  const ofFork = known.deviceId !== author && (push.linkedIds ?? []).includes(known.deviceId)
  if (!ofFork && (known.deviceId !== author || !isSamePayload(known.mutation, mutation))) {
    return refused('mutation_id_reused', 'this id was used for another mutation')
  }
  const isClosed = known.result.status === 'dead_lettered' && known.deadLetter !== 'open'
  const repeat: Gate = {
    kind: 'duplicate',
    original: known.result,
    ...(isClosed ? { letterClosed: true } : {}),
  }
  if (!ofFork) return repeat
  if (isOtherForm(known.mutation, mutation)) draft.sentOtherwise.set(mutation.id, mutation.op)
  draft.countedElsewhere.add(recordKey(mutation.collection, mutation.recordId))
  return { ...repeat, under: known.deviceId, hlc: known.mutation.hlc }
}

/**
 * FK3: the totals of later changes hold those before them. Where one of these counted under another id they would
 * count it twice: the device makes them anew once it has heard.
 */
function checkElsewhere(draft: PushDraft, push: IncomingPush, { mutation }: IncomingMutation): Gate | null {
  const key = recordKey(mutation.collection, mutation.recordId)
  if (mutation.op.type !== 'crdt' || push.atomic || !draft.countedElsewhere.has(key)) return null
  return { kind: 'waits', status: 'retry', retryAfterMs: 0 }
}

/** The stamp must name its author and stay within 5 min of the server's clock (CS1, CL1). */
function checkStamp({ world }: PushDraft, { mutation }: IncomingMutation, author: string): Gate | null {
  const stamp = parseHlc(mutation.hlc)
  if (!stamp.ok || stamp.value.deviceId !== author)
    return refused('foreign_actor', 'hlc is not a stamp of this device')
  const aheadMs = stamp.value.wallMs - world.nowMs
  if (aheadMs <= CLOCK_AHEAD_MAX_MS) return null
  return refused('clock_out_of_bounds', `stamped ${aheadMs} ms ahead of the server`)
}

/** Ids, dots and counter totals must name the author too, and register stamps keep to the same bound. */
function checkNamed(
  { world }: PushDraft,
  { mutation: { op } }: IncomingMutation,
  author: string,
): Gate | null {
  const issue = op.type === 'crdt' ? checkActors(op.changes, author, world.nowMs) : null
  return issue && refused(issue.code, issue.detail)
}
