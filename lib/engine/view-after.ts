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
  { mutation, deviceId, version, joined = {}, stored }: OwnChange,
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
  const asOneRange = () => write({ ...writer, asOneRange: true })
  const made = write(writer)
  const written = op.type === 'crdt' ? made : asItCame(made, stored, world.text, asOneRange)
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

/** An earlier release took a text for one replaced range: the record tells, which has what it wrote then. */
function asItCame(
  made: WriteResult,
  stored: CrdtStates | undefined,
  text: TextCrdt | null,
  asOneRange: () => WriteResult,
): WriteResult {
  if (!made.ok || !stored || !text) return made
  const now = made.value.deltas
  if (!Object.values(now).some(({ kind }) => kind === 'text')) return made
  const former = asOneRange()
  if (!former.ok) return made
  const isStored = Object.entries(former.value.deltas).every(([path, then]) => {
    const [delta, state] = [ownState(now, path), ownState(stored, path)]
    if (then.kind !== 'text' || (delta?.kind === 'text' && delta.update === then.update)) return true
    return state?.kind === 'text' && text.holds(state, then)
  })
  return isStored ? former : made
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
