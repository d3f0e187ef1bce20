import type { JsonObject } from '#lib/kernel/json.ts'
import type { Result } from '#lib/kernel/result.ts'
import { ok } from '#lib/kernel/result.ts'
import type { Mutation, Operation } from '#lib/protocol/mutation.ts'
import { materialise } from './crdt/materialise.ts'
import { LayeredMap } from './layered-map.ts'
import type { PushWork } from './push-work.ts'
import { noWork } from './push-work.ts'
import type { MigrationFailure } from './schema-evolution/migrate-document.ts'
import { migratePointer } from './schema-evolution/migrate-pointer.ts'
import { migrateDocument, migrateRecord } from './schema-evolution/migrate.ts'
import type {
  BaseDocument,
  BaseState,
  ChangeEffect,
  CollectionRules,
  KnownConflict,
  KnownMutation,
  PathOp,
  PushWorld,
  RecordKey,
  RecordState,
  SeenDocument,
} from './types.ts'
import { baseKey, recordKey } from './types.ts'

/** A document with the changes of a chain applied. */
export interface ChainView {
  readonly document: BaseDocument
  /** The same without document writes and operations that were superseded: no log has them. A change of a CRDT says all itself. */
  readonly taken: BaseDocument
  /** Something of it was superseded, and nothing of it has won over another's delete since. */
  readonly hasLost: boolean
  /** The places that what was superseded touches, as pointers. */
  readonly lost: readonly string[]
  /** Newest version that the chain itself made; 0 when it made none. */
  readonly madeVersion: number
  /** The first version that it made on top of `seenVersion`; 0 when it made none. */
  readonly firstMade: number
  /** The version of its own `put` on nothing; 0 when it made none. What comes after is of the life that began there. */
  readonly madeLife: number
  /** The newest version by which an edit of its own won over another's delete; 0 when none did. */
  readonly wonOver: number
  /** What counts as seen: the mutation's base, or the decision that kept this chain's side of a conflict. */
  readonly seenVersion: number
  /** The document at `seenVersion`, without the chain's later changes. */
  readonly seen: BaseDocument
  /** What the chain's own delete stood on, where nothing was put there since. */
  readonly undone: SeenDocument | null
  /** The chain's side of a conflict that was decided otherwise: what its later changes were made on. */
  readonly ownSide: JsonObject | null
  /** What the change in that conflict touches, as pointers. */
  readonly ownTouched: readonly string[]
  /** The same with its CRDTs, where the decision began another life of the record: they are of the former one. */
  readonly formerSide: SeenDocument | null
  /** The chain itself made the record at `seenVersion`: what was there before it is none of its business. */
  readonly madeAnew: boolean
  /** A deletion of the chain's own lies behind `seenVersion`. */
  readonly hasDeleted: boolean
  /** Paths with operations on others' that the document hasn't: what the device saw there isn't known. */
  readonly ahead: readonly string[]
  /** Paths that stand as a document write on an older base left them (`asMadeOn`), and what had been seen there. */
  readonly apart: ReadonlyMap<string, Pick<ChainView, 'seen' | 'seenVersion'>>
  readonly links: number
}

/** What the effects so far have changed, laid over the world that was loaded. */
export interface PushDraft {
  readonly world: PushWorld
  /** Other ids of the device whose push this is, from before and after a fork. */
  readonly linkedIds: readonly string[]
  readonly heads: Map<string, number>
  readonly records: Map<RecordKey, RecordState>
  readonly bases: Map<string, BaseState>
  readonly mutations: Map<string, KnownMutation>
  readonly conflicts: Map<string, KnownConflict>
  readonly otLog: Map<RecordKey, readonly PathOp[]>
  /** The same by record and path, under today's name of it, as far as somebody asked. */
  readonly otPaths: Map<string, readonly PathOp[]>
  readonly work: PushWork
  /** By mutation id and base version, so that a chain of n links takes n steps and not n². */
  readonly views: Map<string, ChainView>
  /** By mutation id, as far as somebody asked (after-chain.ts). */
  readonly lowestBases: Map<string, number>
  /** Records with a mutation in this push that had its effect under another id of the device (FK3). */
  readonly countedElsewhere: Set<RecordKey>
  /** By mutation id: what this push has of a mutation that a copy of the device had sent in another form (FK1). */
  readonly sentOtherwise: Map<string, Operation>
}

export const startDraft = (world: PushWorld, linkedIds: readonly string[] = []): PushDraft => ({
  world,
  linkedIds,
  heads: new Map(),
  records: new Map(),
  bases: new Map(),
  mutations: new Map(),
  conflicts: new Map(),
  otLog: new Map(),
  otPaths: new Map(),
  work: noWork(),
  views: new Map(),
  lowestBases: new Map(),
  countedElsewhere: new Set(),
  sentOtherwise: new Map(),
})

export const headOf = ({ heads, world }: PushDraft, collection: string): number =>
  heads.get(collection) ?? world.heads.get(collection) ?? 0

export const mutationOf = ({ mutations, world }: PushDraft, id: string): KnownMutation | null =>
  mutations.get(id) ?? world.mutations.get(id) ?? null

export const conflictOf = ({ conflicts, world }: PushDraft, id: string): KnownConflict | null =>
  conflicts.get(id) ?? world.conflicts.get(id) ?? null

export function otLogOf(
  { otLog, world }: PushDraft,
  { collection, recordId }: Pick<Mutation, 'collection' | 'recordId'>,
): readonly PathOp[] {
  const key = recordKey(collection, recordId)
  return otLog.get(key) ?? world.otLog.get(key) ?? []
}

/** A path's operations in their order, under today's name of it, whatever it was called when they were logged (DL5). */
export function otLogAt(
  draft: PushDraft,
  mutation: Pick<Mutation, 'collection' | 'recordId'>,
  path: string,
): readonly PathOp[] {
  const key = otPathKey(mutation, path)
  const known = draft.otPaths.get(key)
  if (known) return known
  const found = ofPath(otLogOf(draft, mutation), draft.world.collections.get(mutation.collection), path)
  draft.otPaths.set(key, found)
  return found
}

const otPathKey = (
  { collection, recordId }: Pick<Mutation, 'collection' | 'recordId'>,
  path: string,
): string => `${recordKey(collection, recordId)} ${path}`

function ofPath(log: readonly PathOp[], rules: CollectionRules | undefined, path: string): readonly PathOp[] {
  const today = (entry: PathOp): string | null =>
    !rules || entry.schemaVersion >= rules.schemaVersion
      ? entry.path
      : migratePointer(rules, entry.path, entry.schemaVersion)
  const names = new Map<string, boolean>()
  const isOfPath = (entry: PathOp): boolean => {
    const name = `${entry.schemaVersion} ${entry.path}`
    const known = names.get(name) ?? today(entry) === path
    names.set(name, known)
    return known
  }
  const found = log.filter(isOfPath)
  const renamed = found.reduce(
    (newest, entry) => (entry.path === path ? newest : Math.max(newest, entry.schemaVersion)),
    0,
  )
  // What a rename has put another field in the place of is not of this path.
  const own = found.filter((entry) => entry.path !== path || entry.schemaVersion > renamed)
  return own.sort((a, b) => a.revision - b.revision)
}

export function recordOf(
  { records, world }: PushDraft,
  mutation: Pick<Mutation, 'collection' | 'recordId'>,
): RecordState | null {
  const key = recordKey(mutation.collection, mutation.recordId)
  return records.get(key) ?? world.records.get(key) ?? null
}

/** The document that a mutation's `baseVersion` names. Version 0 is none; another epoch's versions mean nothing here. */
export function documentAt(draft: PushDraft, mutation: Mutation): BaseDocument {
  const { baseVersion, baseEpoch } = mutation
  if (baseVersion === 0) return { kind: 'known', data: null, crdt: {} }
  if (baseEpoch !== undefined && baseEpoch !== draft.world.epoch) return { kind: 'unknown' }
  const base = stateAt(draft, mutation, baseVersion)
  if (!base) return { kind: 'unknown' }
  const made = broughtUp(draft, mutation.collection, base)
  // Whole documents of an older version must not win over the one that took its place.
  if (!made.ok && recordOf(draft, mutation)?.version !== baseVersion) return { kind: 'unknown' }
  return { kind: 'known', ...(made.ok ? made.value : base) }
}

/** A version of a record, as far as it was loaded or is the newest. */
export function stateAt(
  draft: PushDraft,
  { collection, recordId }: Pick<Mutation, 'collection' | 'recordId'>,
  version: number,
): BaseState | null {
  const current = recordOf(draft, { collection, recordId })
  if (current?.version === version) return current
  const key = baseKey(collection, recordId, version)
  return draft.bases.get(key) ?? draft.world.bases.get(key) ?? null
}

type Stored = BaseState & Partial<Pick<RecordState, 'hlc' | 'stamps'>>
type OfToday = SeenDocument & Pick<RecordState, 'stamps'>

/**
 * A document with its CRDTs as today's schema would have them (DL5): what was written under an older version stays so in
 * storage. A deleted record's CRDTs are migrated as the document that they would bring back.
 */
export function broughtUp(
  { world, work }: PushDraft,
  collection: string,
  base: Stored,
): Result<OfToday, MigrationFailure> {
  const { data, crdt, schemaVersion, hlc = '' } = base
  const stamps = base.stamps ? { stamps: base.stamps } : {}
  const rules = world.collections.get(collection)
  if (!rules || schemaVersion >= rules.schemaVersion) return ok({ data, crdt, ...stamps })
  const shown = data ? ok(data) : materialise({}, crdt, world.text)
  const held = { data: shown.ok ? shown.value : {}, crdt, hlc, ...stamps }
  const made = migrateRecord(rules, held, schemaVersion, work)
  if (!made.ok) return made
  const { hlc: _, data: next, ...migrated } = made.value
  return ok({ ...migrated, data: data && next })
}

/** What can't be brought up as it is: what needs it in today's version is kept from it (`whyStuck`). */
export function asOfToday(draft: PushDraft, collection: string, base: Stored): OfToday {
  const made = broughtUp(draft, collection, base)
  const { data, crdt, stamps } = base
  return made.ok ? made.value : { data, crdt, ...(stamps ? { stamps } : {}) }
}

/**
 * Why the record can't be brought up for a change that would stand on it (DL5): written over, its old fields would count as
 * today's for good, whatever becomes of the migration. A whole document and a delete need nothing of it.
 */
export function whyStuck(draft: PushDraft, mutation: Mutation): string | null {
  const { collection, op } = mutation
  const stored = recordOf(draft, mutation)
  if (!stored?.data || op.type === 'put' || op.type === 'delete') return null
  const rules = draft.world.collections.get(collection)
  // Its document tells, without what its CRDTs cost.
  const made = rules && migrateDocument(rules, stored.data, stored.schemaVersion, draft.work)
  return !made || made.ok ? null : `the record is of schema version ${stored.schemaVersion}: ${made.error}`
}

/** The record as it is now, as today's schema would have it. */
export function standingRecord(
  draft: PushDraft,
  mutation: Pick<Mutation, 'collection' | 'recordId'>,
): RecordState | null {
  const stored = recordOf(draft, mutation)
  if (!stored) return null
  if (stored.schemaVersion === draft.world.collections.get(mutation.collection)?.schemaVersion) return stored
  return { ...stored, ...asOfToday(draft, mutation.collection, stored) }
}

/** Takes in an effect, so that the mutations after it see it. */
export function absorb(draft: PushDraft, effect: ChangeEffect): void {
  const { incoming, record, replaced, result } = effect
  const { id, collection, recordId } = incoming.mutation
  if (record) {
    draft.heads.set(collection, record.version)
    draft.records.set(recordKey(collection, recordId), record)
  }
  if (replaced) draft.bases.set(baseKey(collection, recordId, replaced.version), replaced)
  const { mutation } = incoming
  const { deviceId, editOf } = effect
  const known = {
    id,
    deviceId,
    mutation,
    result,
    deadLetter: 'none',
    letterId: null,
    replacedBy: null,
  } as const
  if (editOf === null) draft.mutations.set(id, { ...known, ...letterAfter(draft, effect) })
  else if (result.status !== 'dead_lettered') replace(draft, editOf, known)
  if (effect.otOps.length > 0) {
    draft.otLog.set(recordKey(collection, recordId), [...otLogOf(draft, mutation), ...effect.otOps])
    for (const op of effect.otOps) {
      const key = otPathKey(mutation, op.path)
      const known = draft.otPaths.get(key)
      if (known) draft.otPaths.set(key, [...known, op])
    }
  }
  absorbConflicts(draft, effect)
}

/** How the letter of a mutation stands: what waited for a person may have come there by a replay, and keeps it. */
function letterAfter(
  draft: PushDraft,
  { incoming, deadLetter, replayOf, releasedBy }: ChangeEffect,
): Pick<KnownMutation, 'deadLetter' | 'letterId'> {
  if (deadLetter) return { deadLetter: 'open', letterId: deadLetter.id }
  if (replayOf !== null) return { deadLetter: 'replayed', letterId: replayOf }
  const before = releasedBy === null ? null : mutationOf(draft, incoming.mutation.id)
  return { deadLetter: before?.deadLetter ?? 'none', letterId: before?.letterId ?? null }
}

/** An edit that failed again has changed nothing but its letter's count of attempts (ID3). */
function replace(draft: PushDraft, replacedId: string, edited: KnownMutation): void {
  draft.mutations.set(edited.id, edited)
  const replaced = mutationOf(draft, replacedId)
  if (replaced)
    draft.mutations.set(replacedId, { ...replaced, deadLetter: 'replayed', replacedBy: edited.id })
}

function absorbConflicts(
  draft: PushDraft,
  { incoming, deviceId, conflict, heldBy, closes }: ChangeEffect,
): void {
  const { id, collection, recordId } = incoming.mutation
  if (conflict) {
    const status = conflict.outcome === 'manual' ? 'open' : 'resolved'
    const { local, schemaVersion } = conflict
    const known = {
      id: conflict.id,
      collection,
      recordId,
      deviceId,
      local,
      schemaVersion,
      status,
      closure: null,
      held: [],
    } as const
    draft.conflicts.set(conflict.id, known)
  }
  const holder = heldBy === null ? null : conflictOf(draft, heldBy)
  if (holder) draft.conflicts.set(holder.id, { ...holder, held: [...holder.held, id] })
  const closed = closes && conflictOf(draft, closes.conflictId)
  if (!closed) return
  draft.conflicts.set(closed.id, { ...closed, status: 'resolved', closure: closes })
  // What a chain stands on may have become another document.
  draft.views.clear()
}

/** The world as it is once the draft stands. */
export function settle({ world, heads, records, bases, mutations, conflicts, otLog }: PushDraft): PushWorld {
  return {
    ...world,
    heads: LayeredMap.over(world.heads, heads),
    records: LayeredMap.over(world.records, records),
    bases: LayeredMap.over(world.bases, bases),
    mutations: LayeredMap.over(world.mutations, mutations),
    conflicts: LayeredMap.over(world.conflicts, conflicts),
    otLog: LayeredMap.over(world.otLog, otLog),
  }
}
