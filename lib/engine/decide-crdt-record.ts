import type { JsonObject } from '#lib/kernel/json.ts'
import { jsonEqual } from '#lib/kernel/json.ts'
import { valueAt } from '#lib/kernel/json-pointer.ts'
import type { Result } from '#lib/kernel/result.ts'
import { ok } from '#lib/kernel/result.ts'
import type { CrdtChange, CrdtState, CrdtStates } from '#lib/protocol/crdt.ts'
import type { Mutation, Operation } from '#lib/protocol/mutation.ts'
import { chainBase } from './after-chain.ts'
import { SERVER_ACTOR_ID } from './clock-offset.ts'
import { adoptStates } from './crdt/adopt.ts'
import { joinDeltas } from './crdt/apply-changes.ts'
import type { DocumentWriter } from './crdt/derive.ts'
import { ownState } from './crdt/derive.ts'
import type { CrdtFailure } from './crdt/failure.ts'
import { carriedOver, claimedAs } from './crdt/former-life.ts'
import { holdsOnlyCrdts, plainPart } from './crdt/governed.ts'
import { materialise } from './crdt/materialise.ts'
import { withPlacesSeen } from './crdt/replaced-text.ts'
import type { Written } from './crdt/write-document.ts'
import type { TextCrdt } from './crdt/text.ts'
import { touchedCrdt, writeDocument } from './crdt/write-document.ts'
import type { RecordDecision, RecordQuestion } from './decide-record.ts'
import {
  baseOf,
  decideConflict,
  decideWhole,
  findInvalid,
  isConcurrent,
  isRecreation,
  isReplacement,
  mayWriteOnNothing,
  meetsEdit,
  unfitPatch,
} from './decide-record.ts'
import type { PatchFailure } from './patch.ts'
import { applyOperation } from './patch.ts'
import type { ChainView, PushDraft } from './push-draft.ts'
import { headOf, standingRecord } from './push-draft.ts'
import type { BaseDocument, RecordState, SeenDocument } from './types.ts'
import { viewAfter } from './view-after.ts'

/** Everything that a decision looks at. */
interface Standing {
  readonly draft: PushDraft
  readonly question: RecordQuestion
  readonly current: RecordState | null
  readonly chain: ChainView
  readonly base: BaseDocument
  /** What the chain's own delete stood on, for the `put` behind it: another's edit came beside that delete. */
  readonly undone: SeenDocument | null
  readonly concurrent: boolean
  /** The record's CRDTs by today's rules; none for one that is made, or made anew. */
  readonly states: CrdtStates
  readonly anew: boolean
  /** True for a mutation that was made on a life of the record which is over. */
  readonly isLate: boolean
}

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
  const isLate = !anew && isOfFormer
  const standing = { draft, question, current, chain, base, undone, concurrent, states, anew, isLate }
  return mutation.op.type === 'delete' ? decideDelete(standing) : decideEdit(standing)
}

const isNothing = (base: BaseDocument): boolean => base.kind === 'known' && base.data === null

/** Versions of another epoch tell nothing. */
function isOfFormerLife(
  { world }: PushDraft,
  { baseEpoch }: Mutation,
  { life }: RecordState,
  { seenVersion, firstMade, madeLife }: ChainView,
): boolean {
  if (life === undefined || (baseEpoch !== undefined && baseEpoch !== world.epoch)) return false
  const from = madeLife || seenVersion || firstMade
  return from > 0 && from < life
}

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
function decideDelete(standing: Standing): RecordDecision {
  const { draft, question, chain, current, base, states } = standing
  const plainly = { kind: 'write', data: null, crdt: states, joined: false } as const
  if (current === null || !meetsEdit(question, current, base, chain, draft.linkedIds)) return plainly
  const decision = decideWhole(question, current, base, null)
  if (decision.kind === 'same') return plainly
  return decision.kind === 'local'
    ? { kind: 'settled', decision, base, local: null, data: null, crdt: states }
    : { kind: 'settled', decision, base, local: null, crdt: {} }
}

function decideEdit(standing: Standing): RecordDecision {
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
function mayReturn({ question, current, chain, base, concurrent }: Standing): boolean {
  const { mutation, rules } = question
  if (mutation.op.type === 'crdt' && base.kind === 'unknown' && !holdsOnlyCrdts(rules)) return false
  return mayWriteOnNothing(question, current, base, concurrent, chain)
}

type Failure = CrdtFailure | PatchFailure | { readonly code: 'underivable'; readonly path: string }

/** The edit on what its author saw. Without that a document write on a CRDT has no difference (protocol.md, ops). */
function writtenBy(standing: Standing): Result<Written, Failure> {
  const { draft, question, current, chain, base, states, undone, isLate } = standing
  const { mutation, rules, author } = question
  const { op } = mutation
  if (op.type === 'delete') return ok({ next: {}, deltas: {} })
  const writer: DocumentWriter = {
    deviceId: author,
    hlc: mutation.hlc,
    mutationId: mutation.id,
    epoch: draft.world.epoch,
    version: headOf(draft, mutation.collection) + 1,
  }
  if (isLate) return writtenLate(standing, op, writer)
  const { taken, hasLost } = chain
  const isOnSuperseded = base === chain.document && hasLost
  if (isOnSuperseded && current?.deleted && !standing.anew && base.kind === 'known' && taken.kind === 'known')
    return writtenWhole(standing, op, base, taken, writer)
  const touched = base.kind === 'unknown' ? touchedCrdt(rules, op, states) : null
  if (touched !== null) return { ok: false, error: { code: 'underivable', path: touched } }
  // A put says all that its author has: of what was superseded before it nothing is in the states.
  const ground = op.type === 'put' && isOnSuperseded ? taken : base
  const { data, crdt } = ground.kind === 'known' ? ground : { data: current?.data ?? null, crdt: states }
  const seen = data === null || undone ? NOTHING : { data, states: crdt }
  const made = writeDocument(rules, op, seen, states, writer, draft.world.text)
  return made.ok && undone ? withTheirs(standing, undone, made.value, writer) : made
}

const NOTHING = { data: {}, states: {} }

/**
 * An edit that would bring the record back, on what was superseded before: all that its author had comes with it (CS9). CRDT
 * changes are joined as they were made, the rest is the difference from there.
 */
function writtenWhole(
  { draft, question, states }: Standing,
  op: Exclude<Operation, { type: 'delete' }>,
  base: SeenDocument,
  taken: SeenDocument,
  writer: DocumentWriter,
): Result<Written, Failure> {
  const { mutation, rules, author } = question
  const { text } = draft.world
  const made = writeDocument(rules, op, { data: base.data ?? {}, states: base.crdt }, states, writer, text)
  if (!made.ok) return made
  const local = viewAfter(draft.world, base, { mutation, deviceId: author, version: writer.version })
  if (local.kind === 'unknown' || !local.data) return made
  const known = joinDeltas(taken.crdt, op.type === 'crdt' ? made.value.deltas : {}, text)
  if (!known.ok) return known
  const data = materialise(plainPart(rules, taken.data ?? {}), known.value, text)
  if (!data.ok) return data
  const standing = joinDeltas(states, known.value, text)
  if (!standing.ok) return standing
  const put = { type: 'put', data: local.data } as const
  const rest = writeDocument(
    rules,
    put,
    { data: data.value, states: known.value },
    standing.value,
    writer,
    text,
  )
  if (!rest.ok) return rest
  const deltas = joinDeltas(known.value, rest.value.deltas, text)
  return deltas.ok ? ok({ next: local.data, deltas: deltas.value }) : deltas
}

/**
 * Another's edit came beside the chain's delete: the `put` behind that begins another life all the same, and the edit is
 * carried over into it as one that comes late is (CS9), as the server's own. So both orders come to the same.
 */
function withTheirs(
  standing: Standing,
  undone: SeenDocument,
  made: Written,
  writer: DocumentWriter,
): Result<Written, Failure> {
  const { draft, question, current } = standing
  const { rules } = question
  const { text } = draft.world
  const { crdt, hlc, data } = current ?? { crdt: {}, hlc: '', data: null }
  const stood = data ? ok(data) : materialise({}, crdt, text)
  if (!stood.ok) return stood
  const before = { data: undone.data ?? {}, states: undone.crdt }
  const after = { data: stood.value, states: adoptStates(rules, stood.value, crdt, hlc, text) }
  const own = claimedAs(made.deltas, after.states, text)
  const shown = materialise(plainPart(rules, made.next), own, text)
  if (!shown.ok) return shown
  const now = { data: shown.value, states: own }
  const next = carriedOver(rules, { before, after }, now, text)
  if (!next) return { ok: false, error: { code: 'not_a_container', path: '' } }
  const byServer = { ...writer, deviceId: SERVER_ACTOR_ID }
  const carried = writeDocument(rules, { type: 'put', data: next }, now, own, byServer, text)
  if (!carried.ok) return carried
  const steps = Object.entries(carried.value.deltas).map(([path, delta]): [string, CrdtState] => {
    const theirs = delta.kind === 'lww-register' ? ownState(after.states, path) : undefined
    return [path, theirs?.kind === 'lww-register' ? theirs : delta]
  })
  const deltas = joinDeltas(own, Object.fromEntries(steps), text)
  return deltas.ok ? ok({ next: made.next, deltas: deltas.value }) : deltas
}

/** States of two lives have nothing in common: what the edit added to its document is what it adds to today's. */
function writtenLate(
  { draft, question, current, chain, base: seen, states }: Standing,
  op: Exclude<Operation, { type: 'delete' }>,
  writer: DocumentWriter,
): Result<Written, Failure> {
  const { mutation, rules, author } = question
  const { text } = draft.world
  const base = op.type === 'put' && seen === chain.document ? chain.taken : seen
  const underivable = { ok: false, error: { code: 'underivable', path: '' } } as const
  if (base.kind === 'unknown') return underivable
  const before = { data: base.data ?? {}, states: base.crdt }
  const made = writeDocument(rules, op, before, before.states, writer, text)
  if (!made.ok) return made
  const change = { mutation, deviceId: author, version: writer.version }
  const after = viewAfter(draft.world, base, change)
  const data = current?.data ?? null
  const now = data ? ok(data) : materialise({}, states, text)
  if (after.kind === 'unknown' || !after.data) return underivable
  if (!now.ok) return now
  const local = after.data
  const lost = op.type === 'crdt' ? op.changes.find((one) => isNowhere(one, before.data, local, text)) : null
  if (lost) return { ok: false, error: { code: 'underivable', path: lost.path } }
  const late = { data: now.value, states: claimedAs(states, after.crdt, text) }
  const next = carriedOver(rules, { before, after: { data: local, states: after.crdt } }, late, text)
  if (!next) return { ok: false, error: { code: 'not_a_container', path: '' } }
  const carried = writeDocument(rules, { type: 'put', data: next }, late, late.states, writer, text)
  return carried.ok ? ok({ next: local, deltas: carried.value.deltas }) : carried
}

/** True for typing that stands on what another device handed over, and its author never sent in that life. */
const isNowhere = (change: CrdtChange, was: JsonObject, is: JsonObject, text: TextCrdt | null): boolean =>
  change.kind === 'text' &&
  jsonEqual(valueAt(was, change.path), valueAt(is, change.path)) &&
  Boolean(text?.writerOf({ kind: 'text', update: change.update }))

/** Nobody came between: the fields that no CRDT holds are changed as they stand now. */
function writePlainly(standing: Standing, { next, deltas }: Written): RecordDecision {
  const { question, current, base } = standing
  const { op } = question.mutation
  if (!current?.data || op.type === 'put') return joined(standing, next, deltas, null)
  const now = op.type === 'patch' ? applyOperation(current.data, op) : ok(current.data)
  return now.ok ? joined(standing, now.value ?? {}, deltas, null) : unfit(now.error, base)
}

/** Others came between: what CRDTs hold is joined, the rest is decided as a document without them. */
function decideConcurrent(
  standing: Standing,
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
function decideOverDelete(standing: Standing, current: RecordState, written: Written): RecordDecision {
  const { next, deltas } = written
  const local = sideOf(standing, written)
  const decision = decideWhole(standing.question, current, standing.base, local)
  if (decision.kind === 'same') return joined(standing, next, deltas, null)
  return decision.kind === 'local'
    ? joined(standing, next, deltas, { decision, local })
    : { kind: 'settled', decision, base: standing.base, local, crdt: {} }
}

/** The document as its author has it, with what a change of a CRDT makes of it. */
function sideOf({ draft, question, base }: Standing, { next }: Written): JsonObject {
  const { mutation, author } = question
  if (mutation.op.type !== 'crdt' || base.kind === 'unknown') return next
  const side = viewAfter(draft.world, base, { mutation, deviceId: author, version: 0 })
  return side.kind === 'known' && side.data ? side.data : next
}

type Settled = Pick<Extract<RecordDecision, { kind: 'settled' }>, 'decision' | 'local'>

/** The document with the changes joined in, where today's schema takes it; `settled` tells of a conflict that it came through. */
function joined(
  { draft, question, current, base, concurrent, states, anew }: Standing,
  document: JsonObject,
  deltas: CrdtStates,
  settled: Settled | null,
): RecordDecision {
  const { rules } = question
  const { text } = draft.world
  const seen = base.kind === 'known' && !anew ? base.crdt : {}
  const crdt = joinDeltas(withPlacesSeen(states, seen, deltas, text), deltas, text)
  if (!crdt.ok) return unfit(crdt.error, base)
  const shown = materialise(plainPart(rules, document), crdt.value, text)
  if (!shown.ok) return unfit(shown.error, base)
  const data = shown.value
  const invalid = findInvalid(rules, data, base)
  if (invalid) return invalid
  const made = { data, crdt: crdt.value, ...(anew && current !== null ? { anew } : {}) }
  return settled
    ? { kind: 'settled', ...settled, base, ...made }
    : { kind: 'write', joined: concurrent, ...made }
}

function unfit(failure: Failure, base: BaseDocument): RecordDecision {
  const { path } = failure
  if (failure.code === 'underivable')
    return { kind: 'unfit', code: 'underivable', detail: 'its base is not known', path, base }
  if (failure.code === 'too_large')
    return { kind: 'unfit', code: 'too_large', detail: 'more than a record may hold', path, base }
  return unfitPatch(failure, base)
}
