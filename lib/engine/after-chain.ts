import { jsonEqual } from '#lib/kernel/json.ts'
import { unreachable } from '#lib/kernel/result.ts'
import { writtenByOthersSince } from '#lib/kernel/version-vector.ts'
import type { CrdtStates } from '#lib/protocol/crdt.ts'
import type { Mutation } from '#lib/protocol/mutation.ts'
import type { EffectiveResult, MutationResult } from '#lib/protocol/push.ts'
import { sidesOfToday } from './conflict/sides-of-today.ts'
import { withLetBe } from './ot/let-be.ts'
import { usesCrdt } from './crdt/governed.ts'
import { usesOt } from './ot/paths.ts'
import { touchedPlaces } from './ot/touched-places.ts'
import { CHAIN_MAX, chainIds, findParent, isInDocument, lowestBase } from './chain-links.ts'
import { asMadeOn } from './own-base.ts'
import { viewAfter } from './view-after.ts'
import type { ChainView, PushDraft } from './push-draft.ts'
import { asOfToday, conflictOf, documentAt, otLogAt, recordOf, stateAt } from './push-draft.ts'
import { migrateMutation } from './schema-evolution/migrate.ts'
import { migrateStates } from './schema-evolution/migrate-pointer.ts'
import type { BaseDocument, KnownMutation, SeenDocument } from './types.ts'

/** What a parent's result means for a child (AF1). */
export type ParentFate =
  | { readonly kind: 'none' }
  | { readonly kind: 'stands' }
  | { readonly kind: 'unknown' }
  | { readonly kind: 'conflict'; readonly conflictId: string }
  /** A person kept the other side of the conflict that it stands on. */
  | { readonly kind: 'declined' }
  | { readonly kind: 'dead' }
  | { readonly kind: 'refused' }
  | { readonly kind: 'waits'; readonly status: 'retry' | 'shed'; readonly retryAfterMs: number }

/** The fate of a child whose parent ended with `result`; total over every status. */
export function fateAfter(result: MutationResult): ParentFate {
  switch (result.status) {
    case 'applied':
    case 'merged':
    case 'superseded':
      return { kind: 'stands' }
    case 'conflict':
      return { kind: 'conflict', conflictId: result.conflictId }
    case 'dead_lettered':
      return { kind: 'dead' }
    case 'refused':
      return { kind: 'refused' }
    case 'retry':
    case 'shed':
      return { kind: 'waits', status: result.status, retryAfterMs: result.retryAfterMs }
    case 'duplicate':
      return fateAfter(result.original)
    case 'not_applied':
      return { kind: 'unknown' }
    default:
      return unreachable(result)
  }
}

/** `withoutEffect` holds the results of this push that nothing remembers. */
export function parentFate(
  draft: PushDraft,
  mutation: Mutation,
  deviceId: string,
  withoutEffect: ReadonlyMap<string, MutationResult>,
): ParentFate {
  if (mutation.after === undefined) return { kind: 'none' }
  const failed = withoutEffect.get(mutation.after)
  if (failed) return fateAfter(failed)
  const parent = findParent(draft, mutation, deviceId)
  if (!parent) return { kind: 'unknown' }
  const fate = fateAfter(parent.result)
  if (fate.kind === 'conflict') return fateInConflict(draft, fate)
  return parent.result.status === 'superseded' && standsOnDeclined(draft, parent)
    ? { kind: 'declined' }
    : fate
}

/** Once a person has decided, the child of the side that was kept goes on from there, the other's does not. */
function fateInConflict(draft: PushDraft, fate: ParentFate & { kind: 'conflict' }): ParentFate {
  const closure = conflictOf(draft, fate.conflictId)?.closure
  if (!closure) return fate
  return closure.kept === 'theirs' ? { kind: 'declined' } : { kind: 'stands' }
}

/** Walks up a chain of superseded ones: what a decision left behind takes its later children with it. */
function standsOnDeclined(draft: PushDraft, last: KnownMutation): boolean {
  let child = last
  for (let links = 0; links < CHAIN_MAX && child.result.status === 'superseded'; links++) {
    const parent = findParent(draft, child.mutation, child.deviceId)
    if (!parent) return false
    if (parent.result.status === 'conflict')
      return conflictOf(draft, parent.result.conflictId)?.closure?.kept === 'theirs'
    child = parent
  }
  return false
}

/** What the device saw when it made this mutation: the document at `baseVersion` with the chain's earlier changes. */
export function chainBase(draft: PushDraft, mutation: Mutation, deviceId: string): ChainView {
  const { baseVersion } = mutation
  const pending: KnownMutation[] = []
  const seen = documentAt(draft, mutation)
  let view: ChainView = {
    ...UNKNOWN_VIEW,
    document: seen,
    taken: seen,
    seenVersion: baseVersion,
    seen,
  }
  for (let child = mutation; child.after !== undefined;) {
    const parent = findParent(draft, child, deviceId)
    if (!parent || pending.length === CHAIN_MAX) {
      // Nothing is needed of what came before a delete that stood. Past the bound all is unknown: there the next delete may be
      // out of reach for one link, and another push of the same chain would be decided otherwise.
      const before = pending.splice(parent ? 0 : pending.findLastIndex(isDeleteThatStood) + 1)
      view = { ...UNKNOWN_VIEW, seenVersion: baseVersion, links: before.length }
      break
    }
    const reached = draft.views.get(viewKey(parent.id, baseVersion)) ?? decidedView(draft, parent)
    if (reached) view = reached
    if (reached || isInDocument(parent.result, baseVersion)) break
    pending.push(parent)
    child = parent.mutation
  }
  for (const ancestor of pending.toReversed()) {
    view = onOwnBase(draft, extendView(draft, view, ancestor), ancestor, baseVersion)
    draft.views.set(viewKey(ancestor.id, baseVersion), view)
  }
  return view
}

/** Behind a document write that came with another base than the view has, where others wrote since (`asMadeOn`). */
function onOwnBase(
  draft: PushDraft,
  view: ChainView,
  ancestor: KnownMutation,
  baseVersion: number,
): ChainView {
  const { id, deviceId, mutation } = ancestor
  const { collection, baseVersion: ownBase, baseEpoch = draft.world.epoch } = mutation
  const rules = draft.world.collections.get(collection)
  const record = recordOf(draft, mutation)
  if (!rules || !record || ownBase === baseVersion || baseEpoch !== draft.world.epoch) return view
  const isJoined = usesCrdt(rules) || usesOt(rules)
  if (!isJoined || !writtenByOthersSince(record.versionVector, deviceId, lowestBase(draft, ancestor)))
    return view
  const { op } = asMadeToday(draft, mutation)
  if (op.type !== 'put' && op.type !== 'patch') return view
  const key = viewKey(id, ownBase)
  const own = draft.views.get(key) ?? extendView(draft, chainBase(draft, mutation, deviceId), ancestor)
  draft.views.set(key, own)
  return asMadeOn(rules, migrateStates(rules, record.ot ?? {}, record.schemaVersion), op, view, own)
}

const isDeleteThatStood = ({ mutation, result }: KnownMutation): boolean =>
  mutation.op.type === 'delete' && result.status !== 'superseded'

/** What a person made of the chain's side of a conflict is what its children stand on. */
function decidedView(draft: PushDraft, parent: KnownMutation): ChainView | null {
  const { mutation, result } = parent
  const conflict = result.status === 'conflict' ? conflictOf(draft, result.conflictId) : null
  const closure = conflict?.closure
  if (!closure || closure.kept === 'theirs') return null
  const { data, version } = closure
  const decided = stateAt(draft, mutation, version)
  const made = decided ? asOfToday(draft, mutation.collection, decided) : { data, crdt: {} }
  const document = { kind: 'known', data: made.data, crdt: made.crdt } as const
  const rules = draft.world.collections.get(mutation.collection)
  const ownSide = rules ? sidesOfToday(rules, conflict).local : conflict.local
  return {
    ...UNKNOWN_VIEW,
    document,
    taken: document,
    madeVersion: version,
    seenVersion: version,
    seen: document,
    ownSide,
    ownTouched: touchedPlaces(asMadeToday(draft, mutation).op),
    formerSide: formerSide(draft, parent, version),
  }
}

/** What the device had where the decision began another life: its later typing stands in the CRDTs of the former one. */
function formerSide(draft: PushDraft, parent: KnownMutation, decidedVersion: number): SeenDocument | null {
  const mutation = asMadeToday(draft, parent.mutation)
  if (recordOf(draft, mutation)?.life !== decidedVersion) return null
  return afterOwn(draft, chainBase(draft, mutation, parent.deviceId).document, { ...parent, mutation })
}

/** The document that it left on its device. */
export function afterOwn(
  draft: PushDraft,
  before: BaseDocument,
  { mutation, deviceId, result }: KnownMutation,
): SeenDocument | null {
  if (before.kind === 'unknown') return null
  const version = 'version' in result ? result.version : 0
  const change = { mutation, deviceId, version, stored: storedTexts(draft, mutation) }
  const after = viewAfter(draft.world, before, change)
  return after.kind === 'known' ? after : null
}

const UNKNOWN: BaseDocument = { kind: 'unknown' }
const NOTHING: BaseDocument = { kind: 'known', data: null, crdt: {} }
const UNKNOWN_VIEW = {
  document: UNKNOWN,
  taken: UNKNOWN,
  hasLost: false,
  lost: [],
  madeVersion: 0,
  firstMade: 0,
  madeLife: 0,
  wonOver: 0,
  seen: UNKNOWN,
  undone: null,
  ownSide: null,
  ownTouched: [],
  formerSide: null,
  madeAnew: false,
  hasDeleted: false,
  ahead: [],
  apart: new Map<string, never>(),
  links: 0,
} as const
const viewKey = (id: string, baseVersion: number): string => `${id}@${baseVersion}`

function extendView(draft: PushDraft, view: ChainView, ancestor: KnownMutation): ChainView {
  const { document, madeVersion, firstMade, madeLife, links, ahead } = view
  const { deviceId, result } = ancestor
  const version = 'version' in result ? result.version : 0
  const { schemaVersion: madeIn } = ancestor.mutation
  const mutation = asMadeToday(draft, ancestor.mutation)
  const isOnNothing = document.kind === 'known' && document.data === null
  const made = {
    madeVersion: Math.max(madeVersion, version),
    firstMade: firstMade || version,
    wonOver: isWonOver(mutation, result) ? version : view.wonOver,
    madeLife: isOnNothing && beginsLife(view, mutation, result) ? version : madeLife,
    links: links + 1,
    hasLost: (view.hasLost || result.status === 'superseded') && !isWonOver(mutation, result),
    lost: result.status === 'superseded' ? [...view.lost, ...touchedPlaces(mutation.op)] : view.lost,
    undone: null,
    formerSide:
      view.formerSide && afterOwn(draft, { kind: 'known', ...view.formerSide }, { ...ancestor, mutation }),
  }
  if (mutation.op.type === 'delete' && links < CHAIN_MAX)
    return { ...view, ...made, ...afterDelete(view, result, version), hasDeleted: true }
  if (document.kind === 'unknown' || links >= CHAIN_MAX)
    return { ...view, ...made, document: UNKNOWN, taken: UNKNOWN }
  const anew = isOnNothing ? madeByPut(draft, mutation, result) : null
  if (anew)
    return {
      ...view,
      ...made,
      document: anew,
      taken: anew,
      hasLost: false,
      seen: anew,
      seenVersion: version,
      madeAnew: true,
    }
  if (mutation.op.type === 'ot' && isAhead(draft, view, mutation, deviceId))
    return { ...view, ...made, ahead: [...ahead, mutation.op.path] }
  const joined = 'record' in result ? result.record?.crdt : undefined
  const change = { mutation, deviceId, version, stored: storedTexts(draft, mutation), madeIn }
  const after = (before: SeenDocument): BaseDocument =>
    asLeft(draft, before, mutation, viewAfter(draft.world, before, { ...change, joined }))
  const next = after(document)
  return { ...view, ...made, document: next, taken: takenAfter(view, mutation, result, next, after) }
}

/** With what wins over another's delete all that its author had stands again (CS9). */
function takenAfter(
  { document, taken }: ChainView,
  mutation: Mutation,
  result: EffectiveResult,
  next: BaseDocument,
  after: (before: SeenDocument) => BaseDocument,
): BaseDocument {
  if (isWonOver(mutation, result)) return next
  if ((result.status === 'superseded' && mutation.op.type !== 'crdt') || taken.kind === 'unknown')
    return taken
  return taken === document ? next : after(taken)
}

/** On its device nothing is there, whatever was: what is made behind a delete that stood needs no base (CS9). */
function afterDelete(
  { document, taken, undone }: ChainView,
  { status }: EffectiveResult,
  version: number,
): Partial<ChainView> {
  const gone = { document: NOTHING, taken: NOTHING, hasLost: false }
  if (document.kind === 'unknown')
    return status === 'superseded' ? {} : { ...gone, seen: NOTHING, seenVersion: version }
  const stood = taken.kind === 'known' && taken.data ? taken : document
  return { ...gone, undone: document.data ? stood : undone }
}

/** What a document write leaves under OT (CS5): the next one is the difference from that. */
function asLeft(
  draft: PushDraft,
  before: SeenDocument,
  mutation: Mutation,
  next: BaseDocument,
): BaseDocument {
  const rules = draft.world.collections.get(mutation.collection)
  if (!rules || !usesOt(rules) || next.kind === 'unknown' || !next.data) return next
  const states = recordOf(draft, mutation)?.ot ?? {}
  return { ...next, data: withLetBe(rules, states, before.data, mutation.op, next.data) }
}

/** True for a `put` on nothing; where another's edit won over the delete before it, its record tells. */
const beginsLife = ({ undone }: ChainView, { op }: Mutation, result: EffectiveResult): boolean => {
  const record = 'record' in result ? result.record : undefined
  return op.type === 'put' && (!undone || !record || record.life === record.version)
}

/** True for an edit that brought back what another had deleted (CS9): it won as a whole. */
const isWonOver = ({ op }: Mutation, result: EffectiveResult): boolean =>
  op.type !== 'delete' &&
  result.status === 'merged' &&
  result.resolution.outcome === 'local' &&
  result.resolution.fields?.includes('') === true

/** A record under OT that stands as a `put` on nothing made it: it may have been deleted before, and have a log of then. */
function madeByPut(
  draft: PushDraft,
  { collection, op }: Mutation,
  result: EffectiveResult,
): BaseDocument | null {
  const rules = draft.world.collections.get(collection)
  if (op.type !== 'put' || result.status !== 'applied' || !rules || !usesOt(rules)) return null
  const { record } = result
  // A result without the record says that nobody came between.
  const stands = record ? record.ot && jsonEqual(record.data, op.data) : !usesCrdt(rules)
  return stands ? { kind: 'known', data: op.data, crdt: {} } : null
}

/** True for an operation that was taken past others' which came after what the view stands on. */
function isAhead(
  draft: PushDraft,
  { seenVersion, madeAnew }: ChainView,
  mutation: Mutation,
  deviceId: string,
): boolean {
  const { op } = mutation
  if (op.type !== 'ot' || madeAnew) return false
  const since = otLogAt(draft, mutation, op.path).filter(
    ({ version, revision }) => version > seenVersion && revision <= op.baseRevision,
  )
  if (since.length === 0) return false
  const chain = chainIds(draft, mutation, deviceId)
  return since.some(({ mutationId }) => !chain.has(mutationId))
}

/** The record's CRDTs as they stand, under today's names. */
function storedTexts(draft: PushDraft, mutation: Mutation): CrdtStates | undefined {
  const rules = draft.world.collections.get(mutation.collection)
  const record = recordOf(draft, mutation)
  return rules && record ? migrateStates(rules, record.crdt, record.schemaVersion) : undefined
}

/** As today's schema would have it (DL5); one that can't be migrated is taken as it was made. */
export function asMadeToday(draft: PushDraft, mutation: Mutation): Mutation {
  const rules = draft.world.collections.get(mutation.collection)
  const migrated = rules ? migrateMutation(rules, mutation, draft.work) : null
  return migrated?.ok ? migrated.value : mutation
}
