import { formatHlc } from '#lib/kernel/hlc.ts'
import type { CrdtStates } from '#lib/protocol/crdt.ts'
import type { Mutation, Operation } from '#lib/protocol/mutation.ts'
import { adoptStates } from './crdt/adopt.ts'
import { joinDeltas } from './crdt/apply-changes.ts'
import type { CrdtDocument, DocumentWriter } from './crdt/derive.ts'
import { ownState } from './crdt/derive.ts'
import { plainPart } from './crdt/governed.ts'
import { materialise } from './crdt/materialise.ts'
import { withPlacesSeen } from './crdt/replaced-text.ts'
import type { TextCrdt } from './crdt/text.ts'
import { writeDocument } from './crdt/write-document.ts'
import { isCrdtMatter } from './is-crdt-matter.ts'
import { operatedOn } from './ot/operated-on.ts'
import { applyOperation } from './patch.ts'
import { namesOf } from './schema-evolution/former-names.ts'
import type { BaseDocument, SeenDocument, CollectionRules, PushWorld } from './types.ts'

/** A device's change of its record; `version` is the one that it made, 0 when it made none. */
export interface OwnChange {
  readonly mutation: Mutation
  readonly deviceId: string
  readonly version: number
  /** The record's CRDTs with it, where its result tells: another's change may have made a text or a set of what was written. */
  readonly joined?: CrdtStates | undefined
  /** The record's CRDTs as they stand, which have what was made of an earlier change. */
  readonly stored?: CrdtStates | undefined
  /** The schema version that it was made in; it was taken in that one or a later one. */
  readonly madeIn?: number | undefined
}

type WriteResult = ReturnType<typeof writeDocument>

const UNKNOWN: BaseDocument = { kind: 'unknown' }

/** What a device saw after one of its own changes (AF2). */
export function viewAfter(world: PushWorld, before: SeenDocument, change: OwnChange): BaseDocument {
  const { mutation } = change
  const rules = world.collections.get(mutation.collection)
  if (rules && isCrdtMatter(rules, mutation) && mutation.op.type !== 'delete')
    return crdtViewAfter(world, rules, before, change)
  if (mutation.op.type === 'ot') {
    const data = operatedOn(world.ot, before.data, mutation.op)
    return data ? { kind: 'known', data, crdt: before.crdt } : UNKNOWN
  }
  const next = applyOperation(before.data, mutation.op)
  return next.ok ? { kind: 'known', data: next.value, crdt: {} } : UNKNOWN
}

/** The same changes as were joined into the record, so that a later one names the same dots and places. */
function crdtViewAfter(
  world: PushWorld,
  rules: CollectionRules,
  before: SeenDocument,
  { mutation, deviceId, version, joined = {}, stored, madeIn }: OwnChange,
): BaseDocument {
  const { id, hlc, op } = mutation
  if (op.type === 'delete') return UNKNOWN
  const writer = { deviceId, hlc, mutationId: id, epoch: world.epoch, version }
  const data = before.data ?? {}
  // The stamp of what stood there before is older than this change, and no more is known of it.
  const earlier = formatHlc({ wallMs: 0, counter: 0, deviceId })
  const states = before.data === null ? {} : adoptStates(rules, data, before.crdt, earlier, world.text)
  const texts = Object.entries(joined).filter(([, { kind }]) => kind === 'text')
  // Of a plain array that another's change had made a set of, the elements are under the dots that the record has.
  const sets = Object.entries(joined).filter(([path, { kind }]) => kind === 'or-set' && isPlain(states, path))
  const current = { ...states, ...Object.fromEntries([...texts, ...sets]) }
  const base = { data, states: before.crdt }
  const write = (by: DocumentWriter) => writeDocument(rules, op, base, current, by, world.text)
  const made = write(writer)
  const ways = waysOf(rules, writer, madeIn).map((by) => () => write(by))
  const written = op.type === 'crdt' ? made : asItCame(made, stored, world.text, ways)
  if (!written.ok) return UNKNOWN
  const { deltas } = written.value
  const { plain = {} } = before
  const crdt = joinDeltas(withPlacesSeen(states, plain, deltas, world.text), deltas, world.text)
  if (!crdt.ok) return UNKNOWN
  const next = materialise(plainPart(rules, written.value.next), crdt.value, world.text)
  if (!next.ok) return UNKNOWN
  const isAsJoined = op.type === 'crdt' || texts.length + Object.keys(plain).length === 0
  const left = isAsJoined
    ? {}
    : registersLeft(world, rules, op, { data, states: { ...states, ...plain } }, writer)
  return { kind: 'known', data: next.value, crdt: crdt.value, plain: { ...plain, ...left } }
}

const isPlain = (states: CrdtStates, path: string): boolean =>
  (ownState(states, path)?.kind ?? 'lww-register') === 'lww-register'

/**
 * How else a document write may have been taken: by an earlier release, as one replaced range, and under the names that its
 * paths had before a rename, which the numbers of its texts are made of.
 */
function waysOf(
  rules: CollectionRules,
  writer: DocumentWriter,
  madeIn = rules.schemaVersion,
): readonly DocumentWriter[] {
  const versions = rules.upMigrations.map(({ from }) => from).filter((from) => from >= madeIn)
  const before = versions.map((version) => ({
    ...writer,
    // The oldest is the one that renames lead from; the others are places that they took.
    nameOf: (path: string) =>
      namesOf(rules, path).findLast(({ after, upTo }) => after < version && version <= upTo)?.path ?? path,
  }))
  return [writer, ...before].flatMap((by) => (by === writer ? [] : [by]).concat({ ...by, asOneRange: true }))
}

/** The record tells how it was taken: it has what was written then. */
function asItCame(
  made: WriteResult,
  stored: CrdtStates | undefined,
  text: TextCrdt | null,
  ways: readonly (() => WriteResult)[],
): WriteResult {
  if (!made.ok || !stored || !text) return made
  const now = made.value.deltas
  if (!Object.values(now).some(({ kind }) => kind === 'text')) return made
  for (const way of ways) {
    const other = way()
    if (!other.ok) continue
    const different = Object.entries(other.value.deltas).filter(([path, then]) => {
      const delta = ownState(now, path)
      return then.kind === 'text' && !(delta?.kind === 'text' && delta.update === then.update)
    })
    const isStored = different.every(([path, then]) => {
      const state = ownState(stored, path)
      return then.kind === 'text' && state?.kind === 'text' && text.holds(state, then)
    })
    if (different.length > 0 && isStored) return other
  }
  return made
}

/** The plain values that a document write leaves on its device, which knows of no typing of others. */
function registersLeft(
  { text }: PushWorld,
  rules: CollectionRules,
  op: Exclude<Operation, { type: 'delete' }>,
  shown: CrdtDocument,
  writer: DocumentWriter,
): CrdtStates {
  const written = writeDocument(rules, op, shown, shown.states, writer, text)
  const deltas = Object.entries(written.ok ? written.value.deltas : {})
  return Object.fromEntries(deltas.filter(([, { kind }]) => kind === 'lww-register'))
}
