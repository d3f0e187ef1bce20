import type { JsonObject } from '#lib/kernel/json.ts'
import { jsonEqual } from '#lib/kernel/json.ts'
import { ok } from '#lib/kernel/result.ts'
import type { CrdtStates } from '#lib/protocol/crdt.ts'
import type { Mutation } from '#lib/protocol/mutation.ts'
import { chainBase } from './after-chain.ts'
import { adoptStates } from './crdt/adopt.ts'
import { joinDeltas } from './crdt/apply-changes.ts'
import { holdsOnlyCrdts, plainPart } from './crdt/governed.ts'
import { materialise } from './crdt/materialise.ts'
import { withPlacesSeen } from './crdt/replaced-text.ts'
import type { Written } from './crdt/write-document.ts'
import { countsByStep, isCounterState } from './counted-by-step.ts'
import type { CrdtStanding, WrittenFailure } from './crdt-edit.ts'
import { isOnFormerSide, writtenBy } from './crdt-edit.ts'
import type { RecordDecision, RecordQuestion } from './decide-record.ts'
import {
  baseOf,
  decideConflict,
  decideWhole,
  findInvalid,
  isConcurrent,
  isOfFormerLife,
  isRecreation,
  isReplacement,
  lifeSeen,
  mayWriteOnNothing,
  meetsEdit,
  unfitPatch,
} from './decide-record.ts'
import { applyOperation } from './patch.ts'
import type { ChainView, PushDraft } from './push-draft.ts'
import { standingRecord } from './push-draft.ts'
import { spend } from './push-work.ts'
import {
  CHANGE_UNITS_PER_CHAR,
  charsOf,
  STATE_CHARS_PER_UNIT,
  TEXT_CHARS_READ_PER_UNIT,
} from './text-work.ts'
import type { BaseDocument, RecordState, SeenDocument } from './types.ts'
import { viewAfter } from './view-after.ts'

/**
 * Decides one mutation of a record that holds CRDTs (CS4): its changes are joined in, whatever came between, and the
 * fields that no CRDT holds are decided by their own strategies. Joining is no conflict (CS7).
 */
export function decideCrdtRecord(draft: PushDraft, question: RecordQuestion): RecordDecision {
  const { mutation, rules } = question
  const current = standingRecord(draft, mutation)
  const chain = chainBase(draft, mutation, question.author)
  const base = baseOf(question, chain, current)
  const concurrent = current !== null && isConcurrent(question, current, base, chain, draft.linkedIds)
  const isOfFormer = current !== null && isOfFormerLife(draft, mutation, current, chain)
  // Where others have begun a life since, it is an edit that comes late of the former one.
  const undone = isOfFormer ? null : undoneBy(mutation, chain, current, base, concurrent)
  const anew =
    current === null ||
    (current.deleted && mutation.op.type === 'put' && isNothing(base)) ||
    undone !== null ||
    isReplacement(mutation, base, current, concurrent)
  const { text } = draft.world
  const states = anew ? {} : adoptStates(rules, current.data ?? {}, current.crdt, current.hlc, text)
  const isLate = !anew && (isOfFormer || isOnFormerSide(mutation, chain))
  const knows = isOfFormer ? lifeSeen(chain) : null
  const byStep = countsByStep(draft, question)
  const seen = { chain, base, undone, concurrent }
  const standing = { draft, question, current, ...seen, states, anew, byStep, isLate, knows }
  return mutation.op.type === 'delete' ? decideDelete(standing) : decideEdit(standing)
}

const isNothing = (base: BaseDocument): boolean => base.kind === 'known' && base.data === null

/**
 * What the `put`'s chain has deleted itself, where another's edit is in the record since: it stands in it, or another
 * deletion took it along.
 */
function undoneBy(
  { op }: Mutation,
  { document, undone }: ChainView,
  current: RecordState | null,
  base: BaseDocument,
  concurrent: boolean,
): SeenDocument | null {
  if (base !== document) return base.kind === 'known' ? base : null
  return op.type === 'put' && current?.deleted && concurrent ? undone : null
}

/** A deleted record keeps its CRDTs, for the edits that win over the delete (CS9). */
function decideDelete(standing: CrdtStanding): RecordDecision {
  const { draft, question, chain, current, base, states } = standing
  const plainly = { kind: 'write', data: null, crdt: states, joined: false } as const
  if (current === null || !meetsEdit(question, current, base, chain, draft.linkedIds)) return plainly
  const decision = decideWhole(question, current, base, null)
  if (decision.kind === 'same') return plainly
  return decision.kind === 'local'
    ? { kind: 'settled', decision, base, local: null, data: null, crdt: states }
    : { kind: 'settled', decision, base, local: null, crdt: {} }
}

function decideEdit(standing: CrdtStanding): RecordDecision {
  const { question, current, base, concurrent } = standing
  const gone = current === null || current.deleted
  const written = writtenBy(standing)
  if (gone && !mayReturn(standing)) {
    const decision = { kind: 'person', strategy: 'manual', fields: [''] } as const
    const local = written.ok ? sideOf(standing, written.value) : null
    return { kind: 'settled', decision, base, local, crdt: {} }
  }
  if (!written.ok) return unfit(written.error, base)
  if (current === null || !concurrent) return writePlainly(standing, written.value)
  if (!current.deleted) return decideConcurrent(standing, current, written.value)
  return !question.isReplay && isRecreation(question.mutation, base, standing.chain)
    ? writePlainly(standing, written.value)
    : decideOverDelete(standing, current, written.value)
}

/** CS9, as for every strategy; a CRDT change without a base brings back only what CRDTs hold. */
function mayReturn({ question, current, chain, base, concurrent }: CrdtStanding): boolean {
  const { mutation, rules } = question
  if (mutation.op.type === 'crdt' && base.kind === 'unknown' && !holdsOnlyCrdts(rules)) return false
  return mayWriteOnNothing(question, current, base, concurrent, chain)
}

/** Nobody came between: the fields that no CRDT holds are changed as they stand now. */
function writePlainly(standing: CrdtStanding, { next, deltas }: Written): RecordDecision {
  const { question, current, base } = standing
  const { op } = question.mutation
  if (!current?.data || op.type === 'put') return joined(standing, next, deltas, null)
  const now = op.type === 'patch' ? applyOperation(current.data, op) : ok(current.data)
  return now.ok ? joined(standing, now.value ?? {}, deltas, null) : unfit(now.error, base)
}

/** Others came between: what CRDTs hold is joined, the rest is decided as a document without them. */
function decideConcurrent(
  standing: CrdtStanding,
  current: RecordState,
  { next, deltas }: Written,
): RecordDecision {
  const { question, base } = standing
  const { mutation, rules } = question
  const theirs = plainPart(rules, current.data ?? {})
  const ours = plainPart(rules, next)
  const before = base.kind === 'known' ? plainPart(rules, base.data ?? {}) : null
  const untouched = mutation.op.type === 'crdt' || jsonEqual(ours, before ?? theirs)
  if (untouched) return joined(standing, theirs, deltas, null)
  if (before && jsonEqual(theirs, before)) return joined(standing, ours, deltas, null)
  const seen: BaseDocument = before ? { kind: 'known', data: before, crdt: {} } : { kind: 'unknown' }
  const decision = decideConflict(question, { ...current, data: theirs }, seen, ours)
  switch (decision.kind) {
    case 'same':
      return joined(standing, theirs, deltas, null)
    case 'local':
      return joined(standing, ours, deltas, { decision, local: next })
    case 'merge':
      return joined(standing, decision.data, deltas, { decision, local: next })
    case 'remote': {
      // Another life begins all the same: the chain's later changes count on from there.
      if (Object.keys(deltas).length === 0 && !standing.anew)
        return { kind: 'settled', decision, base, local: next, crdt: {} }
      const both = { kind: 'merge', data: theirs, fields: decision.fields } as const
      return joined(standing, theirs, deltas, { decision: both, local: next })
    }
    case 'person':
      return { kind: 'settled', decision, base, local: next, crdt: {} }
  }
}

/** Edit × delete: the delete came first. */
function decideOverDelete(standing: CrdtStanding, current: RecordState, written: Written): RecordDecision {
  const { next, deltas } = written
  const local = sideOf(standing, written)
  const decision = decideWhole(standing.question, current, standing.base, local)
  if (decision.kind === 'same') return joined(standing, next, deltas, null)
  return decision.kind === 'local'
    ? joined(standing, next, deltas, { decision, local })
    : { kind: 'settled', decision, base: standing.base, local, crdt: {} }
}

/** The document as its author has it, with what a change of a CRDT makes of it. */
function sideOf({ draft, question, base }: CrdtStanding, { next }: Written): JsonObject {
  const { mutation, author } = question
  if (mutation.op.type !== 'crdt' || base.kind === 'unknown') return next
  const side = viewAfter(draft.world, base, { mutation, deviceId: author, version: 0 })
  return side.kind === 'known' && side.data ? side.data : next
}

type Settled = Pick<Extract<RecordDecision, { kind: 'settled' }>, 'decision' | 'local'>

/** The document with the changes joined in, where today's schema takes it; `settled` tells of a conflict that it came through. */
function joined(
  { draft, question, current, chain, base, concurrent, states, anew, byStep, isLate, knows }: CrdtStanding,
  document: JsonObject,
  deltas: CrdtStates,
  settled: Settled | null,
): RecordDecision {
  const { rules } = question
  const { text } = draft.world
  const seen = base.kind === 'known' && !anew ? { ...base.crdt, ...base.plain } : {}
  spend(draft.work, CHANGE_UNITS_PER_CHAR * charsOf(deltas, deltas))
  spend(draft.work, charsOf(states, deltas) / STATE_CHARS_PER_UNIT)
  const crdt = joinDeltas(withPlacesSeen(states, seen, deltas, text), deltas, text)
  if (!crdt.ok) return unfit(crdt.error, base)
  spend(draft.work, charsOf(crdt.value, crdt.value) / TEXT_CHARS_READ_PER_UNIT)
  const shown = materialise(plainPart(rules, document), crdt.value, text)
  if (!shown.ok) return unfit(shown.error, base)
  const data = shown.value
  const invalid = findInvalid(rules, data, base)
  if (invalid) return invalid
  const made = {
    data,
    crdt: crdt.value,
    ...(anew && current !== null ? { anew, ...(knows === null ? {} : { knows }) } : {}),
  }
  if (settled) return { kind: 'settled', ...settled, base, ...made }
  // Its device, which counts under its own id, could not tell what this made of the record.
  const isStepped = byStep && Object.values(deltas).some(isCounterState)
  return { kind: 'write', joined: concurrent || isLate || isStepped || chain.apart.size > 0, ...made }
}

function unfit(failure: WrittenFailure, base: BaseDocument): RecordDecision {
  const { path } = failure
  if (failure.code === 'underivable')
    return { kind: 'unfit', code: 'underivable', detail: 'its base is not known', path, base }
  if (failure.code === 'too_large')
    return { kind: 'unfit', code: 'too_large', detail: 'more than a record may hold', path, base }
  return unfitPatch(failure, base)
}
