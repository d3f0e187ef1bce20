import type { JsonObject } from '#lib/kernel/json.ts'
import type { RetryCode } from '#lib/protocol/error-codes.ts'
import type { Mutation } from '#lib/protocol/mutation.ts'
import { findViolation } from './business-rules.ts'
import { FAILED_TRIES_MAX, waitAfterTries } from './failed-tries.ts'
import type { PushDraft } from './push-draft.ts'
import { asOfToday, recordOf } from './push-draft.ts'
import type { AuthorityVerdict, CollectionRules, IncomingPush, PushWorld } from './types.ts'
import { recordKey } from './types.ts'

/** Why a document that would be written is not. */
export type Objection =
  | {
      readonly kind: 'dead'
      readonly code: 'rule_violation' | 'authority_refused' | 'exhausted'
      readonly detail: string
      /** The rule that is broken: letters of different rules have different causes. */
      readonly path: string | null
    }
  | { readonly kind: 'retry'; readonly code: RetryCode; readonly retryAfterMs: number }
  | { readonly kind: 'shed'; readonly retryAfterMs: number }

/**
 * Whether an outcome may be written: first the collection's rules (BL1), then the authority's verdict (AU1). `data` is
 * what would be written, null for a delete.
 */
export function checkOutcome(
  draft: PushDraft,
  push: IncomingPush,
  rules: CollectionRules,
  mutation: Mutation,
  data: JsonObject | null,
): Objection | null {
  if (rules.rules.length > 0) {
    const stored = recordOf(draft, mutation)
    const old = stored && asOfToday(draft, mutation.collection, stored).data
    const violation = findViolation(rules.rules, { old, new: data, device: push.device }, draft.work)
    if (violation)
      return { kind: 'dead', code: 'rule_violation', detail: violation.detail, path: violation.ruleId }
  }
  return rules.hasAuthority ? checkVerdict(draft, push, mutation) : null
}

function checkVerdict(draft: PushDraft, push: IncomingPush, mutation: Mutation): Objection | null {
  const verdict = push.verdicts.get(mutation.id)
  if (verdict?.kind === 'shed') return verdict
  if (!verdict || verdict.kind === 'unavailable')
    return tryAgain(draft, push, mutation, 'authority_unavailable', verdict?.detail ?? 'it was not asked')
  if (isOutdated(draft.world.records, mutation, verdict))
    return tryAgain(
      draft,
      push,
      mutation,
      'contention',
      'the record kept changing while the authority was asked',
    )
  if (verdict.kind === 'accepted') return null
  return { kind: 'dead', code: 'authority_refused', detail: verdict.message, path: null }
}

/** A verdict holds for the record that it was given on, as it was before this push (AU2). */
function isOutdated(
  records: PushDraft['world']['records'],
  { collection, recordId }: Mutation,
  verdict: Extract<AuthorityVerdict, { recordVersion: number }>,
): boolean {
  return (records.get(recordKey(collection, recordId))?.version ?? 0) !== verdict.recordVersion
}

/**
 * True when the authority must be asked again: some record has changed since, or its rules came only just now. What had its
 * effect needs no verdict (ID1), but for a replay.
 */
export function hasOutdatedVerdict(
  { collections, records, mutations }: PushWorld,
  push: IncomingPush,
): boolean {
  return push.mutations.some(({ mutation }) => {
    if (push.replayOf === null && mutations.has(mutation.id)) return false
    const verdict = push.verdicts.get(mutation.id)
    if (!verdict)
      return (
        collections.get(mutation.collection)?.hasAuthority === true && !push.shed?.has(mutation.collection)
      )
    return 'recordVersion' in verdict && isOutdated(records, mutation, verdict)
  })
}

/** DL4: a failure of the moment is tried again, and a dead letter only after many tries. A replay counts none. */
function tryAgain(
  { world }: PushDraft,
  push: IncomingPush,
  mutation: Mutation,
  code: RetryCode,
  detail: string,
): Objection {
  const tries = (world.failedTries.get(mutation.id) ?? 0) + 1
  if (push.replayOf === null && tries >= FAILED_TRIES_MAX)
    return { kind: 'dead', code: 'exhausted', detail: `tried ${tries} times: ${detail}`, path: null }
  return { kind: 'retry', code, retryAfterMs: waitAfterTries(tries) }
}
