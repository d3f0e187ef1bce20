import type { Json, JsonObject } from '#lib/kernel/json.ts'
import { toPointer } from '#lib/kernel/json-pointer.ts'
import { writtenByOthersSince } from '#lib/kernel/version-vector.ts'
import type { CrdtStates } from '#lib/protocol/crdt.ts'
import type { DeadLetterCode } from '#lib/protocol/error-codes.ts'
import type { OtStates } from '#lib/protocol/ot.ts'
import type { Mutation } from '#lib/protocol/mutation.ts'
import { chainBase } from './after-chain.ts'
import { chooseStrategy, forReplay } from './conflict/choose-strategy.ts'
import type { ConflictDecision } from './conflict/decision.ts'
import { decideEditWins } from './conflict/edit-wins.ts'
import { applyOperation, parseKey } from './patch.ts'
import type { ChainView, PushDraft } from './push-draft.ts'
import { standingRecord } from './push-draft.ts'
import type { BaseDocument, CollectionRules, PathOp, RecordState } from './types.ts'
import { validateDocument } from './validate.ts'

/** What it does to the record's paths under OT. */
export interface OtWrite {
  readonly states: OtStates
  readonly ops: readonly Omit<PathOp, 'version' | 'schemaVersion' | 'mutationId'>[]
  /** For the result of an operation. */
  readonly told?: { readonly revision: number; readonly transformed: readonly Json[] } | null
}

/** Of a mutation that begins another life of a record with CRDTs or under OT. */
export interface NewLife {
  readonly anew?: boolean
  /** It takes in nothing that others did after this version: its author knew of none of that. */
  readonly knows?: number
}

/** What a mutation does to its record. */
export type RecordDecision =
  | ({
      readonly kind: 'write'
      readonly data: JsonObject | null
      readonly crdt: CrdtStates
      /** Others came between, and what they did is in it too. */
      readonly joined: boolean
      readonly ot?: OtWrite
    } & NewLife)
  /** Concurrent; `data` is the document that comes out of it, null for a delete, absent when nothing is written. */
  | ({
      readonly kind: 'settled'
      readonly decision: Exclude<ConflictDecision, { kind: 'same' }>
      readonly base: BaseDocument
      readonly local: JsonObject | null
      readonly data?: JsonObject | null
      readonly crdt: CrdtStates
      readonly ot?: OtWrite
    } & NewLife)
  | {
      readonly kind: 'unfit'
      readonly code: DeadLetterCode
      readonly detail: string
      readonly path: string
      readonly base: BaseDocument
    }

export interface RecordQuestion {
  readonly mutation: Mutation
  readonly rules: CollectionRules
  readonly author: string
  readonly parentKnown: boolean
  readonly isReplay: boolean
  /** A person decides with it: what was deleted may return. */
  readonly byPerson: boolean
}

/** Decides one mutation against its record as it is now (CC1). */
export function decideRecord(draft: PushDraft, question: RecordQuestion): RecordDecision {
  const { mutation, rules } = question
  const current = standingRecord(draft, mutation)
  const chain = chainBase(draft, mutation, question.author)
  const base = baseOf(question, chain, current)
  const concurrent = current !== null && isConcurrent(question, current, base, chain, draft.linkedIds)
  const gone = current === null || current.deleted
  // A document that nobody else changed is changed as it stands; else the device's own view counts, where it is known.
  const applied = applyOperation(
    base.kind === 'known' && (concurrent || gone) ? base.data : (current?.data ?? null),
    mutation.op,
  )
  if (gone && !mayWriteOnNothing(question, current, base, concurrent, chain)) {
    const decision = { kind: 'person', strategy: 'manual', fields: [''] } as const
    return { kind: 'settled', decision, base, local: applied.ok ? applied.value : null, crdt: {} }
  }
  if (!applied.ok) return unfitPatch(applied.error, base)
  const local = applied.value
  const invalid = local && findInvalid(rules, local, base)
  if (invalid) return invalid
  if (current === null || !concurrent || isSettledGone(question, current, base, chain)) return write(local)
  const decision = decideConflict(question, current, base, local)
  if (decision.kind === 'same') return write(local)
  if (decision.kind === 'remote' || decision.kind === 'person')
    return { kind: 'settled', decision, base, local, crdt: {} }
  const data = decision.kind === 'merge' ? decision.data : local
  return (
    (data && findInvalid(rules, data, base)) ?? { kind: 'settled', decision, base, local, data, crdt: {} }
  )
}

/**
 * What the mutation is the difference from. A `put` behind its chain's own delete is made on nothing; where another's edit
 * won over that delete, what is there is what the delete stood on with that edit (CS9).
 */
export function baseOf(
  { mutation, parentKnown }: RecordQuestion,
  { document, undone }: ChainView,
  current: RecordState | null,
): BaseDocument {
  if (!parentKnown) return { kind: 'unknown' }
  const isUndoing = mutation.op.type === 'put' && undone && current?.deleted === false
  return isUndoing ? { kind: 'known', ...undone } : document
}

/** True for a `put` on nothing of a record that its author alone ever wrote: a restored server has it still (TK6). */
export const isReplacement = (
  { op }: Mutation,
  base: BaseDocument,
  current: RecordState | null,
  concurrent: boolean,
): boolean =>
  op.type === 'put' &&
  base.kind === 'known' &&
  base.data === null &&
  !!current &&
  !current.deleted &&
  !concurrent

const write = (data: JsonObject | null): RecordDecision => ({ kind: 'write', data, crdt: {}, joined: false })

/** CS9: nothing returns but by a creation, an edit that meets a delete or a person; half a document is none. */
export function mayWriteOnNothing(
  question: RecordQuestion,
  current: RecordState | null,
  base: BaseDocument,
  concurrent: boolean,
  chain: ChainView,
): boolean {
  const { op, baseVersion } = question.mutation
  if (op.type === 'delete') return true
  if (op.type === 'patch' && base.kind === 'unknown') return false
  if (question.byPerson) return true
  if (current === null) return baseVersion === 0
  return concurrent || isRecreation(question.mutation, base, chain)
}

/** On a tombstone a delete changes nothing, and a recreation was meant; neither is a conflict. */
function isSettledGone(
  { mutation, isReplay }: RecordQuestion,
  current: RecordState | null,
  base: BaseDocument,
  chain: ChainView,
): boolean {
  if (!current?.deleted) return false
  return mutation.op.type === 'delete' || (!isReplay && isRecreation(mutation, base, chain))
}

/** Two sides by the collection's rule, field by field where it has rules for fields; a replay asks a person (DL6). */
export function decideConflict(
  { mutation, rules, isReplay }: RecordQuestion,
  current: RecordState,
  base: BaseDocument,
  local: JsonObject | null,
  choose = chooseStrategy,
): ConflictDecision {
  const { strategy, fieldStrategies, tieRule } = rules
  const context = { strategy, fieldStrategies, tieRule, local }
  const used = isReplay ? forReplay(context) : context
  const decision = choose(used)(base, current, mutation, used)
  return isReplay && decision.kind === 'person' ? { ...decision, strategy: 'manual' } : decision
}

/** Edit × delete, whichever came first (CS9): by `ot` and `crdt` the edit wins, else the rule over the whole record. */
export function decideWhole(
  question: RecordQuestion,
  current: RecordState,
  base: BaseDocument,
  local: JsonObject | null,
): ConflictDecision {
  const { strategy } = question.rules
  const choose = strategy === 'ot' || strategy === 'crdt' ? () => decideEditWins : chooseStrategy
  return decideConflict(question, current, base, local, choose)
}

/**
 * Whether a delete meets an edit that its author did not see (CS9). Where edits win, what its chain's own edit brought back
 * from another's delete is none: both have deleted the record.
 */
export function meetsEdit(
  question: RecordQuestion,
  current: RecordState | null,
  base: BaseDocument,
  chain: ChainView,
  linkedIds: readonly string[],
): boolean {
  if (current === null || current.deleted) return false
  const { strategy } = question.rules
  const wonOver = strategy === 'ot' || strategy === 'crdt' ? chain.wonOver : 0
  const seenVersion = Math.max(chain.seenVersion, wonOver)
  return isConcurrent(question, current, base, { ...chain, seenVersion }, linkedIds)
}

/** Made on a life of the record which is over (CS9). Versions of another epoch tell nothing. */
export function isOfFormerLife(
  { world }: PushDraft,
  { baseEpoch }: Mutation,
  { life }: RecordState,
  chain: ChainView,
): boolean {
  if (life === undefined || (baseEpoch !== undefined && baseEpoch !== world.epoch)) return false
  const from = lifeSeen(chain)
  return from > 0 && from < life
}

/** A version of the life that the chain's device had in hand; 0 where it knew of none. */
export const lifeSeen = ({ seenVersion, firstMade, madeLife }: ChainView): number =>
  madeLife || seenVersion || firstMade

/** CS9: a put made where the device knew of no document: with base 0, or behind its own chain's delete. */
export function isRecreation(
  { op, baseVersion }: Mutation,
  base: BaseDocument,
  { links, madeVersion }: ChainView,
): boolean {
  const isOfNone = baseVersion === 0 || links > 0 || madeVersion > 0
  return op.type === 'put' && isOfNone && base.kind === 'known' && base.data === null
}

/**
 * Another device came after the base, or nobody can tell; for a replay any newer version counts (DL6). A delete needs no
 * base against its own author's versions.
 */
export function isConcurrent(
  question: RecordQuestion,
  current: RecordState,
  base: BaseDocument,
  { madeVersion, seenVersion }: ChainView,
  linkedIds: readonly string[],
): boolean {
  const { author, isReplay, mutation } = question
  if (base.kind === 'unknown')
    return isReplay || mutation.op.type !== 'delete' || writtenByOthersSince(current.versionVector, author, 0)
  const ownUpTo = Math.max(seenVersion, madeVersion)
  if (isReplay && current.version > ownUpTo) return true
  // Under a linked id only the chain's own versions are not another's: the twin of a fork may still use it.
  const own = linkedIds.length === 0 ? null : { ids: linkedIds, upTo: ownUpTo }
  return writtenByOthersSince(current.versionVector, author, seenVersion, own)
}

export function findInvalid(
  rules: CollectionRules,
  data: JsonObject,
  base: BaseDocument,
): RecordDecision | null {
  const check = validateDocument(rules, data as Json)
  const issue = check.ok ? undefined : check.issues[0]
  return issue
    ? { kind: 'unfit', code: 'schema_mismatch', detail: issue.message, path: issue.path, base }
    : null
}

/** An operation that can't be carried out, at the key or pointer that is to blame. */
export function unfitPatch(
  { code, path }: { readonly code: string; readonly path: string },
  base: BaseDocument,
): RecordDecision {
  // What needs a state fits nowhere in the document, and a pointer that is none is told as it came.
  const parts = code === 'needs_state' ? [] : parseKey(path)
  return {
    kind: 'unfit',
    code: 'schema_mismatch',
    detail: `the operation does not fit the document: ${code}`,
    path: parts ? toPointer(parts) : path,
    base,
  }
}
