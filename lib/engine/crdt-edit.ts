import type { JsonObject } from '#lib/kernel/json.ts'
import { jsonEqual } from '#lib/kernel/json.ts'
import { valueAt } from '#lib/kernel/json-pointer.ts'
import type { Result } from '#lib/kernel/result.ts'
import { ok } from '#lib/kernel/result.ts'
import type { CrdtChange, CrdtState, CrdtStates } from '#lib/protocol/crdt.ts'
import type { Mutation, Operation } from '#lib/protocol/mutation.ts'
import { changesSince } from './changes-since.ts'
import { SERVER_ACTOR_ID } from './clock-offset.ts'
import { asSteps } from './counted-by-step.ts'
import { adoptStates } from './crdt/adopt.ts'
import { joinDeltas } from './crdt/apply-changes.ts'
import type { CrdtDocument, DocumentWriter } from './crdt/derive.ts'
import { ownState } from './crdt/derive.ts'
import type { CrdtFailure } from './crdt/failure.ts'
import type { Carried, FormerEdit } from './crdt/former-life.ts'
import { carriedOver, claimedAs } from './crdt/former-life.ts'
import { plainPart } from './crdt/governed.ts'
import { materialise } from './crdt/materialise.ts'
import type { TextCrdt } from './crdt/text.ts'
import type { Written } from './crdt/write-document.ts'
import { touchedCrdt, writeDocument } from './crdt/write-document.ts'
import type { RecordQuestion } from './decide-record.ts'
import type { PatchFailure } from './patch.ts'
import type { ChainView, PushDraft } from './push-draft.ts'
import { headOf } from './push-draft.ts'
import { spend } from './push-work.ts'
import { charsOf, TEXT_UNITS_PER_CHAR } from './text-work.ts'
import type { BaseDocument, CollectionRules, RecordState, SeenDocument } from './types.ts'
import { viewAfter } from './view-after.ts'

/** Everything that a decision looks at. */
export interface CrdtStanding {
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
  /** Its counts are steps of the server's (CS4): a replayed letter's, and of what was made on one. */
  readonly byStep: boolean
  /** True for a mutation that was made on a life of the record which is over. */
  readonly isLate: boolean
  /** Of one that was made on a life which is over, the newest version that its author knew; else null. */
  readonly knows: number | null
}

/** A document write says all itself; the change of a CRDT stands in the life that its author had. */
export const isOnFormerSide = ({ op }: Mutation, { formerSide }: ChainView): boolean =>
  op.type === 'crdt' && formerSide !== null

export type WrittenFailure =
  | CrdtFailure
  | PatchFailure
  | { readonly code: 'underivable'; readonly path: string }

/** The edit on what its author saw. Without that a document write on a CRDT has no difference. */
export function writtenBy(standing: CrdtStanding): Result<Written, WrittenFailure> {
  const { draft, question, current, chain, base, states, undone, isLate, byStep } = standing
  const { mutation, rules, author } = question
  const { op } = mutation
  if (op.type === 'delete') return ok({ next: {}, deltas: {} })
  const writer: DocumentWriter = {
    deviceId: author,
    hlc: mutation.hlc,
    mutationId: mutation.id,
    epoch: draft.world.epoch,
    version: headOf(draft, mutation.collection) + 1,
    ...(byStep ? { countsAs: SERVER_ACTOR_ID } : {}),
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
  const steps = byStep && op.type === 'crdt' ? asSteps(draft, question, op, standing) : ok(op)
  if (!steps.ok) return { ok: false, error: { code: 'underivable', path: steps.error } }
  const made = writeDocument(rules, steps.value, seen, states, writer, draft.world.text)
  return made.ok && undone ? withTheirs(standing, undone, made.value, writer) : made
}

const NOTHING = { data: {}, states: {} }

/**
 * An edit that would bring the record back, on what was superseded before: all that its author had comes with it (CS9). CRDT
 * changes are joined as they were made, the rest is the difference from there.
 */
function writtenWhole(
  { draft, question, states }: CrdtStanding,
  op: Exclude<Operation, { type: 'delete' }>,
  base: SeenDocument,
  taken: SeenDocument,
  writer: DocumentWriter,
): Result<Written, WrittenFailure> {
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
  standing: CrdtStanding,
  undone: SeenDocument,
  made: Written,
  writer: DocumentWriter,
): Result<Written, WrittenFailure> {
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
  const theirs = carriedOver(rules, { before, after }, now, writer.mutationId, text)
  if (!theirs) return { ok: false, error: { code: 'not_a_container', path: '' } }
  const byServer = { ...writer, deviceId: SERVER_ACTOR_ID }
  const carried = writeDocument(rules, { type: 'put', data: theirs.data }, now, own, byServer, text)
  if (!carried.ok) return carried
  const steps = Object.entries({ ...carried.value.deltas, ...theirs.typed }).map(
    ([path, delta]): [string, CrdtState] => {
      const state = delta.kind === 'lww-register' ? ownState(after.states, path) : undefined
      return [path, state?.kind === 'lww-register' ? state : delta]
    },
  )
  const deltas = joinDeltas(own, Object.fromEntries(steps), text)
  return deltas.ok ? ok({ next: made.next, deltas: deltas.value }) : deltas
}

/** States of two lives have nothing in common: what the edit added to its document is what it adds to today's. */
function writtenLate(
  { draft, question, current, chain, base: seen, states }: CrdtStanding,
  op: Exclude<Operation, { type: 'delete' }>,
  writer: DocumentWriter,
): Result<Written, WrittenFailure> {
  const { mutation, rules, author } = question
  const { text } = draft.world
  const base = groundOf(op, seen, chain)
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
  const goesOn = isOnFormerSide(mutation, chain)
  const edit = { before, after: { data: local, states: after.crdt }, goesOn }
  const earlier = op.type === 'put' && chain.undone ? missedEdits(question, chain, draft, current) : []
  const edits = [...earlier, edit]
  const claimed = edits.reduce((held, made) => claimedAs(held, made.after.states, text), states)
  const late = { data: now.value, states: claimed }
  const theirs = carriedAll(rules, edits, late, writer.mutationId, text)
  if (!theirs.ok) return theirs
  const put = { type: 'put', data: theirs.value.data } as const
  const carried = writeDocument(rules, put, late, late.states, writer, text)
  return carried.ok
    ? ok({ next: local, deltas: { ...carried.value.deltas, ...theirs.value.typed } })
    : carried
}

/** What the device did in its own lives of the record, where today's was begun by somebody who knew of none of them. */
function missedEdits(
  { mutation, author }: RecordQuestion,
  { madeVersion }: ChainView,
  draft: PushDraft,
  current: RecordState | null,
): readonly FormerEdit[] {
  const { versionVector = {} } = current ?? {}
  const known = Math.max(0, ...[author, ...draft.linkedIds].map((id) => versionVector[id] ?? 0))
  // A vector that has what the chain made is one of a life whose author knew all of it.
  if (known === 0 || madeVersion <= known) return []
  return changesSince(draft, mutation, author, known).map(({ before, after }) => {
    // PU7: of each part the texts are joined before and after it.
    for (const { crdt } of [before, after]) spend(draft.work, TEXT_UNITS_PER_CHAR * charsOf(crdt, crdt))
    return {
      before: { data: before.data ?? {}, states: before.crdt },
      after: { data: after.data ?? {}, states: after.crdt },
    }
  })
}

/** One after the other: what one has typed is there for the next. */
function carriedAll(
  rules: CollectionRules,
  edits: readonly FormerEdit[],
  late: CrdtDocument,
  seed: string,
  text: TextCrdt | null,
): Result<Carried, WrittenFailure> {
  let [now, typed]: [CrdtDocument, CrdtStates] = [late, {}]
  for (const [i, edit] of edits.entries()) {
    const next = carriedOver(rules, edit, now, i === 0 ? seed : `${seed} ${i} `, text)
    if (!next) return { ok: false, error: { code: 'not_a_container', path: '' } }
    const states = joinDeltas(now.states, next.typed, text)
    if (!states.ok) return states
    const all = joinDeltas(typed, next.typed, text)
    if (!all.ok) return all
    now = { data: next.data, states: states.value }
    typed = all.value
  }
  return ok({ data: now.data, typed })
}

function groundOf(
  op: Operation,
  seen: BaseDocument,
  { document, taken, formerSide }: ChainView,
): BaseDocument {
  if (op.type === 'crdt' && formerSide) return { kind: 'known', ...formerSide }
  return op.type === 'put' && seen === document ? taken : seen
}

/** True for typing that stands on what another device handed over, and its author never sent in that life. */
const isNowhere = (change: CrdtChange, was: JsonObject, is: JsonObject, text: TextCrdt | null): boolean =>
  change.kind === 'text' &&
  jsonEqual(valueAt(was, change.path), valueAt(is, change.path)) &&
  Boolean(text?.writerOf({ kind: 'text', update: change.update }))
