import type { JsonObject } from '#lib/kernel/json.ts'
import { jsonEqual } from '#lib/kernel/json.ts'
import { overlaps, valueAt } from '#lib/kernel/json-pointer.ts'
import type { Result } from '#lib/kernel/result.ts'
import { err, ok } from '#lib/kernel/result.ts'
import type { OtOperation } from '#lib/protocol/mutation.ts'
import type { OtState, OtStates } from '#lib/protocol/ot.ts'
import { chainBase } from './after-chain.ts'
import { chainIds } from './chain-links.ts'
import type { OtWrite, RecordDecision, RecordQuestion } from './decide-record.ts'
import {
  baseOf,
  decideConflict,
  decideWhole,
  findInvalid,
  isConcurrent,
  isOfFormerLife,
  isRecreation,
  isReplacement,
  mayWriteOnNothing,
  meetsEdit,
  unfitPatch,
} from './decide-record.ts'
import type { LoggedOp } from './ot/integrate.ts'
import { integrate } from './ot/integrate.ts'
import type { OtFailure, OtType } from './ot/ot-type.ts'
import { afterOperation, isRevisionLost } from './ot/epochs.ts'
import { operatedOn } from './ot/operated-on.ts'
import { keepValues, restored, withoutValues } from './ot/kept.ts'
import { isOtPath, otPaths, plainRules, withoutPaths, withValue } from './ot/paths.ts'
import { applyOperation, touchedPointers } from './patch.ts'
import type { OtEntry } from './ot-entries.ts'
import { carryOut, deriveAll, entryOf, recombine, replaceAll } from './ot-entries.ts'
import type { LogQuestion } from './ot-log.ts'
import { completeSince, isChainSentOtherwise, operationsSince } from './ot-log.ts'
import type { PushDraft } from './push-draft.ts'
import { recordOf, standingRecord } from './push-draft.ts'
import { migrateStates } from './schema-evolution/migrate-pointer.ts'
import { SENT_OTHERWISE, sentOtherwiseAt } from './sent-otherwise.ts'
import type { BaseDocument, RecordState } from './types.ts'

interface Standing extends LogQuestion {
  readonly base: BaseDocument
  /** The base as the authority has it: without what was superseded (`ChainView`). */
  readonly taken: BaseDocument
  readonly concurrent: boolean
  readonly states: OtStates
  /** Of a deleted record: with what stood at its paths. */
  readonly kept: OtStates
}

/**
 * Decides one mutation of a record with paths under OT (CS5): the authority puts operations in order, and what isn't
 * under OT is decided as everywhere. Integration is no conflict (CS7).
 */
export function decideOtRecord(draft: PushDraft, question: RecordQuestion): RecordDecision {
  const { mutation, rules } = question
  const stored = recordOf(draft, mutation)
  const current = standingRecord(draft, mutation)
  const kept = stored?.ot ? migrateStates(rules, stored.ot, stored.schemaVersion) : {}
  const states = withoutValues(kept)
  const chain = chainBase(draft, mutation, question.author)
  const base = baseOf(question, chain, current)
  const concurrent = current !== null && isConcurrent(question, current, base, chain, draft.linkedIds)
  const taken = base === chain.document ? chain.taken : base
  const standing = { draft, question, current, chain, base, taken, concurrent, states, kept }
  if (mutation.op.type === 'delete') return decideDelete(standing)
  const otherwise = sentOtherwiseAt(draft, question, otPaths(rules, kept))
  if (otherwise !== undefined) return underivable(standing, otherwise, SENT_OTHERWISE)
  if (current?.data && isReplacement(mutation, base, current, concurrent))
    return decideReturn({ ...standing, kept: keepValues(states, otPaths(rules, states), current.data) })
  if (current === null || current.deleted) {
    const isWhole = base.kind === 'known' || mutation.op.type === 'put'
    if (isWhole && mayWriteOnNothing(question, current, base, concurrent, chain))
      return decideReturn(standing)
    const local = localDocument(standing)
    const decision = { kind: 'person', strategy: 'manual', fields: [''] } as const
    return { kind: 'settled', decision, base, local: local.ok ? local.value : null, crdt: {} }
  }
  const document = current.data ?? {}
  return mutation.op.type === 'ot' && !isOnSupersededAt(standing, mutation.op.path)
    ? decideOperation(standing, mutation.op, document, null)
    : decideDocument(standing, document)
}

/** What an operation stands on was superseded: no log has that, so it comes with it, as the difference of its document. */
const isOnSuperseded = ({ base, chain }: Standing): boolean => base === chain.document && chain.hasLost

/** What was superseded beside the path of an operation is no part of what it was made on, which its revision tells. */
function isOnSupersededAt(standing: Standing, path: string): boolean {
  const { base, taken, chain } = standing
  if (!isOnSuperseded(standing) || !chain.lost.some((other) => overlaps(other, path))) return false
  if (base.kind === 'unknown' || taken.kind === 'unknown') return true
  return !jsonEqual(valueAt(base.data, path), valueAt(taken.data, path))
}

/** A deleted record keeps its revisions, and what stood at its paths. */
function decideDelete(standing: Standing): RecordDecision {
  const { draft, question, chain, current, base } = standing
  const states = current?.data
    ? keepValues(standing.states, otPaths(question.rules, standing.states), current.data)
    : standing.kept
  const plainly = { kind: 'write', data: null, crdt: {}, joined: false, ot: { states, ops: [] } } as const
  if (current === null || !meetsEdit(question, current, base, chain, draft.linkedIds)) return plainly
  const decision = decideWhole(question, current, base, null)
  if (decision.kind === 'same') return plainly
  return decision.kind === 'local'
    ? { kind: 'settled', decision, base, local: null, data: null, crdt: {}, ot: { states, ops: [] } }
    : { kind: 'settled', decision, base, local: null, crdt: {} }
}

/** The edit of a record that isn't there, or no longer: on what its author saw, with what others did to it since. */
function decideReturn(standing: Standing): RecordDecision {
  const { draft, question, chain, current, base, concurrent } = standing
  const { mutation } = question
  const anew = current === null || isRecreation(mutation, base, chain)
  const local = localDocument(standing)
  if (!local.ok) return unfitPatch(local.error, base)
  const { undone } = chain
  // Another deletion took along what others had done beside the chain's own: the put is the difference from what it deleted.
  // What they made anew since is none of that.
  if (anew && concurrent && undone && !(current && isOfFormerLife(draft, mutation, current, chain))) {
    const stood = { kind: 'known', ...undone } as const
    return writeReturn({ ...standing, base: stood, taken: stood }, local.value ?? {}, null)
  }
  const decision =
    current !== null && concurrent && !anew ? decideWhole(question, current, base, local.value ?? {}) : null
  if (decision?.kind === 'remote' || decision?.kind === 'person')
    return { kind: 'settled', decision, base, local: local.value, crdt: {} }
  const won = decision?.kind === 'local' ? { decision, base } : null
  const { op } = mutation
  if (op.type !== 'ot' || isOnSuperseded(standing)) return writeReturn(standing, local.value ?? {}, won)
  const seen = base.kind === 'known' ? (base.data ?? {}) : {}
  const document = restored(seen, standing.kept)
  return document ? decideOperation(standing, op, document, won) : underivable(standing, op.path)
}

/**
 * A document that returns is an operation too: what comes late of what stood there before goes past it. One that was
 * made on that is its difference from its base; a record that is made anew takes nothing over.
 */
function writeReturn(standing: Standing, ours: JsonObject, won: Won): RecordDecision {
  const { question, current, base, states, kept } = standing
  const before = base.kind === 'known' ? base.data : null
  if (current === null) return finish(standing, ours, { states, ops: [] }, won)
  if (!before) {
    const anew = isRecreation(question.mutation, base, standing.chain)
    const entries = replaceAll(standing, ours, anew ? 'renew' : 'diff')
    if (!entries.ok) return failed(standing, entries.error.path, entries.error.code)
    const made = finish(standing, ours, writeOf(standing, entries.value, false), won)
    // What a device alone has removed and puts back goes on: what it does to that is nothing that was made anew.
    const goesOn = standing.chain.undone !== null && !standing.concurrent
    return anew && !goesOn && made.kind !== 'unfit' ? { ...made, anew } : made
  }
  const data = restored(before, kept)
  if (!data) return underivable(standing, Object.keys(kept)[0] ?? '')
  const lifted = { ...standing, current: { ...current, data } }
  const entries = deriveAll(lifted, Object.keys(kept), before, ours, true)
  if (!entries.ok && entries.error.code === 'unknown_revision')
    return askPerson(standing, entries.error.path, ours)
  if (!entries.ok) return failed(standing, entries.error.path, entries.error.code)
  const values = carryOut(standing, data, Object.keys(kept), entries.value)
  const next = values.ok ? recombine(ours, values.value) : values
  if (!next.ok) return failed(standing, next.error.path, next.error.code)
  return finish(standing, next.value, writeOf(standing, entries.value, false), won, ours)
}

type Won = Pick<Extract<RecordDecision, { kind: 'settled' }>, 'decision' | 'base'> | null

function decideOperation(
  standing: Standing,
  op: OtOperation,
  document: JsonObject,
  won: Won,
): RecordDecision {
  const { draft, question, base, states } = standing
  const { path } = op
  const state: OtState = states[path] ?? { kind: op.kind, revision: 0 }
  const type = draft.world.ot?.[op.kind] ?? null
  const isElsewhere = Object.keys(states).some((other) => other !== path && overlaps(other, path))
  if (!isOtPath(question.rules, path) || isElsewhere || !type)
    return unfitPatch({ code: 'not_ot', path }, base)
  if (state.kind !== op.kind) return unfitPatch({ code: 'kind_mismatch', path }, base)
  const made = type.parse(op.ops)
  if (!made.ok) return unfitPatch({ code: made.error, path }, base)
  const { author, mutation } = question
  const { ownSide, madeAnew } = standing.chain
  // What the chain itself says of its base needs no number.
  const isLost = !madeAnew && isRevisionLost(state, { ...op, baseEpoch: mutation.baseEpoch, author })
  if ((isLost && !ownSide) || op.baseRevision > state.revision) return underivable(standing, path)
  const since = operationsSince(standing, op, type, state.revision, isLost)
  if (!since) return behind(standing, op)
  const chain = chainIds(draft, question.mutation, question.author)
  const log = withUnlogged(standing, since, type, path, document, chain)
  if (!madeAnew && isChainSentOtherwise(standing, op, since, chain))
    return underivable(standing, path, SENT_OTHERWISE)
  const integrated = integrate(type, log, chain, made.value, draft.work)
  if (!integrated.ok && integrated.error === 'unknown_revision') return behind(standing, op)
  if (!integrated.ok) return failed(standing, path, integrated.error)
  const value = type.apply(valueAt(document, path), integrated.value.ops)
  if (!value.ok) return failed(standing, path, value.error)
  const next = withValue(document, path, value.value)
  if (!next) return unfitPatch({ code: 'not_a_container', path }, base)
  return finish(
    standing,
    next,
    writeOf(standing, [entryOf(path, state, made.value, integrated.value)], true),
    won,
  )
}

/**
 * With what others wrote there before the path had operations, which is in no log. Where an operation came since, all that
 * was done there is passed as the one that it comes to.
 */
function withUnlogged(
  standing: Standing,
  since: readonly LoggedOp[],
  type: OtType,
  path: string,
  document: JsonObject,
  own: ReadonlySet<string>,
): readonly LoggedOp[] {
  const { draft, base, concurrent, states } = standing
  if (!concurrent || base.kind !== 'known') return since
  const hasLog = (states[path]?.revision ?? 0) > 0
  if (hasLog && (!isFromFirst(standing, since, path) || completeSince(standing, path, type, document)))
    return since
  const [was, is] = [valueAt(base.data, path), valueAt(document, path)]
  const applied = since.map(({ ops, mutationId }) => ({ ops, isOwn: own.has(mutationId) }))
  const made = type.diffSince(was, is, hasLog ? applied : [], draft.work)
  if (!made.ok) return since
  const ops = jsonEqual(was, is)
    ? []
    : [{ revision: 0, version: 0, mutationId: '', ops: made.value, made: made.value }]
  return hasLog ? ops : [...since, ...ops]
}

/** True where the way from the base goes over the path's first operation. Behind a decision it begins with that. */
const isFromFirst = ({ chain }: Standing, [first]: readonly LoggedOp[], path: string): boolean =>
  first?.revision === 1 && first.version > chain.seenVersion && !chain.ownSide && !chain.ahead.includes(path)

/** What others did can't be told any more, or is too much to pass: both sides go to a person, where they are known. */
function behind(standing: Standing, op: OtOperation): RecordDecision {
  const { draft, base } = standing
  const seen = base.kind === 'known' ? base.data : null
  const local = seen && operatedOn(draft.world.ot, seen, op)
  return local ? askPerson(standing, op.path, local) : underivable(standing, op.path)
}

function askPerson({ base }: Standing, path: string, local: JsonObject): RecordDecision {
  const decision = { kind: 'person', strategy: 'manual', fields: [path] } as const
  return { kind: 'settled', decision, base, local, crdt: {} }
}

/** A `put` or `patch`: under OT its difference from what its author saw, the rest by the rules of its fields. */
function decideDocument(standing: Standing, document: JsonObject): RecordDecision {
  const { question, current, base, concurrent, states } = standing
  const { mutation, rules } = question
  const paths = otPaths(rules, states)
  if (base.kind === 'unknown') {
    const touched = touchedPointers(mutation.op)
    const path = paths.find((one) => touched === null || touched.some((other) => overlaps(one, other)))
    if (path !== undefined) return underivable(standing, path)
  }
  const local = localDocument(standing)
  if (!local.ok) return unfitPatch(local.error, base)
  const ours = local.value ?? {}
  const entries = base.kind === 'known' ? deriveAll(standing, paths, base.data ?? {}, ours, false) : ok([])
  if (!entries.ok && entries.error.code === 'unknown_revision')
    return askPerson(standing, entries.error.path, ours)
  if (!entries.ok) return failed(standing, entries.error.path, entries.error.code)
  const values = carryOut(standing, document, paths, entries.value)
  if (!values.ok) return failed(standing, values.error.path, values.error.code)
  const write = writeOf(standing, entries.value, false)
  const plainOurs = withoutPaths(ours, paths)
  const plainTheirs = withoutPaths(document, paths)
  const before = base.kind === 'known' ? withoutPaths(base.data ?? {}, paths) : null
  /** What isn't under OT as it is in `plain`, and the paths as they are now. */
  const combined = (plain: JsonObject, settled: Won = null): RecordDecision => {
    const data = recombine(plain, values.value)
    return data.ok
      ? finish(standing, data.value, write, settled, settled ? ours : data.value)
      : failed(standing, data.error.path, data.error.code)
  }
  // What nobody else changed is changed as it stands: what was superseded of the chain doesn't come back with it.
  const onTheirs = !concurrent && mutation.op.type === 'patch' ? applyOperation(document, mutation.op) : local
  if (!concurrent) return combined(withoutPaths((onTheirs.ok && onTheirs.value) || ours, paths))
  if (before !== null && jsonEqual(plainTheirs, before)) return combined(plainOurs)
  if (jsonEqual(plainOurs, before ?? plainTheirs)) return combined(plainTheirs)
  const plainly = { ...question, rules: plainRules(rules) }
  const seen: BaseDocument = before ? { kind: 'known', data: before, crdt: {} } : { kind: 'unknown' }
  const decision = decideConflict(
    plainly,
    { ...(current as RecordState), data: plainTheirs },
    seen,
    plainOurs,
  )
  const settled = { decision, base } as Extract<RecordDecision, { kind: 'settled' }>
  switch (decision.kind) {
    case 'same':
      return combined(plainTheirs)
    case 'local':
      return combined(plainOurs, settled)
    case 'merge':
      return combined(decision.data, settled)
    case 'remote': {
      if (write.ops.length === 0) return { kind: 'settled', decision, base, local: ours, crdt: {} }
      const both = { kind: 'merge', data: plainTheirs, fields: decision.fields } as const
      return combined(plainTheirs, { decision: both, base })
    }
    case 'person':
      return { kind: 'settled', decision, base, local: ours, crdt: {} }
  }
}

/** What the author of the mutation has in hand. */
function localDocument(standing: Standing): Result<JsonObject | null, Parameters<typeof unfitPatch>[0]> {
  const { draft, question, current, base, concurrent } = standing
  const seen = base.kind === 'known' ? base.data : (current?.data ?? null)
  const plainly = !concurrent && current !== null && !current.deleted && question.mutation.op.type === 'patch'
  const { op } = question.mutation
  if (op.type === 'ot') {
    const made = operatedOn(draft.world.ot, seen, op)
    return made || !isOnSuperseded(standing) ? ok(made ?? seen) : err({ code: 'does_not_fit', path: op.path })
  }
  return applyOperation(plainly && base.kind !== 'known' ? current.data : seen, op)
}

function writeOf(
  { states, draft, question }: Standing,
  entries: readonly OtEntry[],
  isTold: boolean,
): OtWrite {
  const next = { ...states }
  const { epoch, epochBefore: before } = draft.world
  const writer = { epoch, before, author: question.author }
  for (const { path, state } of entries) next[path] = afterOperation(state, writer)
  const ops = entries.map(({ path, state, made, integrated }) => ({
    path,
    revision: state.revision + 1,
    ops: integrated.ops,
    made,
  }))
  const [first] = entries
  const told =
    isTold && first ? { revision: first.state.revision + 1, transformed: first.integrated.transformed } : null
  return { states: next, ops, told }
}

function finish(
  { question, current, chain, base, concurrent }: Standing,
  data: JsonObject,
  ot: OtWrite,
  settled: Won,
  local: JsonObject = data,
): RecordDecision {
  const invalid = findInvalid(question.rules, data, base)
  if (invalid) return invalid
  if (settled) return { kind: 'settled', decision: settled.decision, base, local, data, crdt: {}, ot }
  const joined = concurrent || current?.deleted === true || chain.apart.size > 0
  return { kind: 'write', data, crdt: {}, joined, ot }
}

const underivable = ({ base }: Standing, path: string, why = 'is no longer known'): RecordDecision => ({
  kind: 'unfit',
  code: 'underivable',
  detail: `what it was made on at ${path} ${why}`,
  path,
  base,
})

const failed = ({ base }: Standing, path: string, code: OtFailure): RecordDecision =>
  unfitPatch({ code, path }, base)
