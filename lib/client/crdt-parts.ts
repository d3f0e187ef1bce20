import { adoptStates } from '#lib/engine/crdt/adopt.ts'
import { deltasOf, joinDeltas } from '#lib/engine/crdt/apply-changes.ts'
import { claim } from '#lib/engine/crdt/claim.ts'
import { deltaOf, mergeStates } from '#lib/engine/crdt/crdt-state.ts'
import type { DocumentWriter } from '#lib/engine/crdt/derive.ts'
import { EPOCHS } from '#lib/engine/crdt/derive.ts'
import { countUp, EMPTY_G_COUNTER } from '#lib/engine/crdt/g-counter.ts'
import { plainPart } from '#lib/engine/crdt/governed.ts'
import { registerOf } from '#lib/engine/crdt/lww-register.ts'
import { materialise } from '#lib/engine/crdt/materialise.ts'
import { dotsOf, EMPTY_OR_SET, nextDotNumber } from '#lib/engine/crdt/or-set.ts'
import { countBy, EMPTY_PN_COUNTER } from '#lib/engine/crdt/pn-counter.ts'
import type { TextEdits } from '#lib/engine/replaced-range.ts'
import { edited } from '#lib/engine/replaced-range.ts'
import type { TextWriter } from '#lib/engine/crdt/text.ts'
import { writeDocument } from '#lib/engine/crdt/write-document.ts'
import { applyOperation } from '#lib/engine/patch.ts'
import type { CollectionRules } from '#lib/engine/types.ts'
import { parseHlc } from '#lib/kernel/hlc.ts'
import type { Json, JsonObject } from '#lib/kernel/json.ts'
import type { CrdtChange, CrdtState, CrdtStates, TextState } from '#lib/protocol/crdt.ts'
import { CRDT_CHANGES_MAX, CRDT_DOTS_MAX } from '#lib/protocol/limits.ts'
import type { Mutation, Operation } from '#lib/protocol/mutation.ts'
import { alike, checkState, hear } from './crdt-heard.ts'
import type { Renaming } from './crdt-remake.ts'
import { addCounted, isLacking, remakeOne } from './crdt-remake.ts'
import { stateAt } from './crdt-state-at.ts'
import { loadedText, need, text } from './crdt-text.ts'
import { ReplicaError } from './errors.ts'
import { endHeard, heardParts, noteLost } from './heard.ts'
import type { WriteCore } from './over-heard.ts'
import { overHeard } from './over-heard.ts'
import { noteJoined, rebasedOn } from './recent-rebases.ts'
import type { StoreTx } from './store.ts'
import type { Counted } from './tables.ts'
import { joinTextsSince } from './texts-since.ts'
import type { RecordGround } from './view.ts'
import type { WriteReceipt, writeLocally } from './write.ts'

export type CrdtRules = Pick<CollectionRules, 'strategy' | 'fieldStrategies'>
export type OwnChange = Pick<Mutation, 'op' | 'hlc'> & { readonly baseVersion?: number }

/** A record with its CRDTs as this device has them: what the server said, and its own open changes joined in. */
export interface CrdtGround {
  readonly rules: CrdtRules
  readonly data: JsonObject | null
  readonly states: CrdtStates
  readonly hlc: string
  /** Paths on which an own document write waits: the server makes its difference, so the state isn't known here. */
  readonly written: ReadonlySet<string>
  /** Paths on which one left a plain value: where another's change made a CRDT of them meanwhile, its parts go by other names. */
  readonly leftPlain?: ReadonlySet<string> | undefined
  /** Own document writes so far. */
  readonly writes?: number
  /** States that other devices handed over. */
  readonly heard?: CrdtStates | undefined
  /** The version that began this life of the record. */
  readonly life?: number | undefined
}

export interface CrdtParts {
  /** The own changes on top, in order; one that no longer fits leaves all as it was. */
  rebase(ground: CrdtGround, changes: readonly OwnChange[]): CrdtGround
  /** Why the changes cannot be made on the ground; null when they can. What can't takes all that it is joined with along. */
  misfit(ground: CrdtGround, changes: readonly CrdtChange[]): string | null
  /** What an applied change made of the record that it was made on; null when only a pull can tell. */
  settle(ground: CrdtGround, mutation: Mutation, writer: DocumentWriter): Settled | null
  /** One list with the effect of both, or null where both are too much for one operation. */
  join(first: readonly CrdtChange[], second: readonly CrdtChange[]): readonly CrdtChange[] | null
  count(ground: CrdtGround, path: string, deviceId: string, by: number, growOnly: boolean): CrdtChange
  /** `n` of the next dot, at least `least`. */
  nextDot(ground: CrdtGround, path: string, deviceId: string, least: number): number
  /** Dots that an element has in the set; none when it isn't in it. */
  dots(ground: CrdtGround, path: string, value: Json): readonly string[]
  /**
   * As `TextCrdt.edit`. `place` names the text and who writes it: an edit goes on from that writer's last one. Null where what
   * goes lies in more pieces than one change may name.
   */
  edit(
    ground: CrdtGround,
    path: string,
    next: string | TextEdits,
    seed: string,
    place: string,
  ): CrdtChange | null
  assign(ground: CrdtGround, path: string, value: Json | undefined, hlc: string): CrdtChange
  readonly joinTextsSince: typeof joinTextsSince
  readonly checkState: typeof checkState
  readonly hear: typeof hear
  readonly heard: typeof heardParts
  endHeard(...end: Parameters<typeof endHeard> extends [unknown, ...infer Rest] ? Rest : never): Promise<void>
  noteLost(tx: StoreTx, own: readonly Mutation[]): Promise<void>
  /** Writes a document where something was heard as what it becomes; null where nothing heard is touched. */
  overHeard(
    core: WriteCore,
    ground: RecordGround & { readonly made: Mutation },
    ...write: Parameters<typeof writeLocally>
  ): Promise<WriteReceipt | null>
  /** The changes as `renaming.to` makes them on this ground (FK3). */
  remake(
    ground: CrdtGround,
    changes: readonly CrdtChange[],
    counted: Counted,
    renaming: Renaming,
  ): readonly CrdtChange[]
  readonly isLacking: typeof isLacking
  readonly addCounted: typeof addCounted
}

export interface Settled {
  readonly data: JsonObject
  readonly crdt: CrdtStates
}

/** Characters of base64 that un-sent edits of one text are joined to: far below what one update may hold. */
const JOINED_UPDATE_CHARS_MAX = 32 * 1024

/** Texts that the writers of a process are known for; one that is forgotten goes on under another number. */
const TEXT_WRITERS_MAX = 10_000
/** The server's dots of elements aren't known yet: those of the last epoch are above all that it has given. */
const LAST_EPOCH = EPOCHS - 1
/**
 * By place. In memory alone: a copy of the store, or one that lost its last writes, must never write under a number
 * that somebody goes on with (docs/decisions).
 */
const writers = new Map<string, TextWriter>()

function adopt(ground: CrdtGround): CrdtGround {
  const { rules, data, states, hlc } = ground
  if (!data) return ground
  return { ...ground, states: adoptStates(rules, data, states, hlc, text) }
}

/** The own changes on top, and what others handed over last: a `put` lets it be. */
function rebaseAll(ground: CrdtGround, changes: readonly OwnChange[]): CrdtGround {
  const { heard = {}, life = 0, ...shown } = ground
  // What was made on a former life has other states under it: the server says what it comes to on this one.
  const own = changes.filter(({ baseVersion = 0 }) => baseVersion === 0 || baseVersion >= life)
  const made = rebaseOwn(adopt(shown), own, heard)
  return own.some(({ op }) => op.type === 'delete') ? made : Object.entries(heard).reduce(joinHeard, made)
}

/** The own changes, on the plain values that were handed over where they made CRDTs of those, and fit them. */
function rebaseOwn(ground: CrdtGround, own: readonly OwnChange[], heard: CrdtStates): CrdtGround {
  const changes = own.flatMap(({ op }) => (op.type === 'crdt' ? op.changes : []))
  const claimed = Object.entries(heard).filter(
    ([path, { kind }]) =>
      kind === 'lww-register' &&
      (stateAt(ground.states, path)?.kind ?? kind) === kind &&
      changes.some((change) => change.path === path && change.kind !== kind),
  )
  const on = (values: typeof claimed): CrdtGround =>
    rebasedOn(values.reduce(joinHeard, ground), own, rebaseOne)
  const made = on(claimed)
  // What was typed before that was heard stands on what was there then.
  const fitting = claimed.filter(([path]) => {
    const state = stateAt(made.states, path)
    return state?.kind !== 'text' || !loadedText().waits(state)
  })
  return fitting.length === claimed.length ? made : on(fitting)
}

/** One path of what was handed over; what doesn't fit the server's record any more is left out. */
function joinHeard(ground: CrdtGround, [path, state]: readonly [string, CrdtState]): CrdtGround {
  if (ground.data === null || ground.written.has(path)) return ground
  const shownAs = stateAt(ground.states, path)
  // A register there is claimed below; any other two kinds meet as they do among what was handed over.
  const [own, other] = shownAs && shownAs.kind !== 'lww-register' ? alike(shownAs, state) : [shownAs, state]
  const states = own ? { ...ground.states, [path]: own } : ground.states
  const joined = joinDeltas(states, { [path]: other }, text)
  const shown = joined.ok && materialise(ground.data, { [path]: joined.value[path] as CrdtState }, text)
  if (joined.ok && shown && shown.ok) return { ...ground, data: shown.value, states: joined.value }
  for (const result of [joined, shown]) if (result && !result.ok) need(result.error.code)
  return ground
}

function rebaseOne(ground: CrdtGround, { op, hlc }: OwnChange): CrdtGround {
  if (op.type === 'crdt') return joinIn(ground, op.changes)
  // What comes behind it is of another life, which has nothing of this one.
  if (op.type === 'delete')
    return { ...ground, data: null, states: {}, written: new Set(), leftPlain: undefined }
  if (op.type === 'ot' || (op.type === 'patch' && ground.data === null)) return ground
  return noteWrite(ground, op, hlc)
}

function joinIn(ground: CrdtGround, changes: readonly CrdtChange[]): CrdtGround {
  const { rules, data, states, written } = ground
  const deltas = deltasOf(rules, changes, text)
  const joined = deltas.ok ? joinDeltas(states, deltas.value, text) : deltas
  if (!deltas.ok || !joined.ok) {
    if (!joined.ok) need(joined.error.code)
    return ground
  }
  const changed = Object.keys(deltas.value).filter((path) => !written.has(path))
  const shown = Object.fromEntries(changed.map((path) => [path, joined.value[path] as CrdtState]))
  const next = materialise(data ?? {}, shown, text)
  if (!next.ok) {
    need(next.error.code)
    return ground
  }
  return { ...ground, data: next.value, states: joined.value }
}

function misfit({ rules, data, states, written }: CrdtGround, changes: readonly CrdtChange[]): string | null {
  const deltas = deltasOf(rules, changes, text)
  const joined = deltas.ok ? joinDeltas(states, deltas.value, text) : deltas
  const known = Object.entries(joined.ok ? joined.value : {}).filter(([path]) => !written.has(path))
  const made = joined.ok ? materialise(plainPart(rules, data ?? {}), Object.fromEntries(known), text) : joined
  if (made.ok) return null
  need(made.error.code)
  return `${made.error.code} at ${made.error.path}`
}

/**
 * What the server makes of a document write, by the same functions. Of what it does to counters, sets and texts that were
 * there only the value is known here: the server takes the difference from what its author saw.
 */
function noteWrite(ground: CrdtGround, op: DocumentWrite, hlc: string): CrdtGround {
  const stamp = parseHlc(hlc)
  const deviceId = stamp.ok ? stamp.value.deviceId : ''
  const version = (ground.writes ?? 0) + 1
  const made = writtenOn(ground, op, { deviceId, hlc, mutationId: hlc, epoch: LAST_EPOCH, version })
  if (!made) {
    // The server won't take it. It is shown as what its author wanted, and nothing is known behind it.
    const next = applyOperation(ground.data, op)
    const paths = Object.keys(ground.states)
    return next.ok ? { ...ground, data: next.value, written: new Set([...ground.written, ...paths]) } : ground
  }
  const deltas = Object.entries(made.deltas)
  const derived = deltas.filter(
    ([path, { kind }]) => kind === 'or-set' || (kind !== 'lww-register' && stateAt(ground.states, path)),
  )
  // In a record that is made here nobody else has changed anything.
  const plain = ground.data === null ? [] : deltas.filter(([, { kind }]) => kind === 'lww-register')
  const written = new Set([...ground.written, ...derived.map(([path]) => path)])
  const leftPlain = new Set([...(ground.leftPlain ?? []), ...plain.map(([path]) => path)])
  return { ...ground, data: made.data, states: made.crdt, written, leftPlain, writes: version }
}

type DocumentWrite = Extract<Operation, { type: 'put' | 'patch' }>

/** The document and its CRDTs with an edit on them; null where that doesn't fit. */
function writtenOn(
  { rules, data, states }: CrdtGround,
  op: Exclude<Operation, { type: 'delete' }>,
  writer: DocumentWriter,
): (Settled & { readonly deltas: CrdtStates }) | null {
  const seen = op.type === 'put' && data === null ? {} : states
  const written = writeDocument(rules, op, { data: data ?? {}, states: seen }, seen, writer, text)
  const joined = written.ok ? joinDeltas(seen, written.value.deltas, text) : written
  const made =
    written.ok && joined.ok ? materialise(plainPart(rules, written.value.next), joined.value, text) : joined
  if (written.ok && joined.ok && made.ok)
    return { data: made.value as JsonObject, crdt: joined.value, deltas: written.value.deltas }
  for (const result of [written, made]) if (!result.ok) need(result.error.code)
  return null
}

function settle(start: CrdtGround, { op }: Mutation, writer: DocumentWriter): Settled | null {
  const made = op.type === 'delete' ? null : writtenOn(adopt(start), op, writer)
  return made && { data: made.data, crdt: made.crdt }
}

function join(first: readonly CrdtChange[], second: readonly CrdtChange[]): readonly CrdtChange[] | null {
  const joined = new Map(first.map((change) => [change.path, change]))
  for (const change of second) {
    const before = joined.get(change.path)
    const both = before ? joinChange(before, change) : change
    if (!both) return null
    joined.set(change.path, both)
  }
  if (joined.size > CRDT_CHANGES_MAX) return null
  const both = [...joined.values()]
  if (both.every(({ kind }) => kind === 'text')) noteJoined(first, second, both)
  return both
}

function joinChange(first: CrdtChange, second: CrdtChange): CrdtChange | null {
  if (first.kind === 'or-set' && second.kind === 'or-set') {
    const gone = new Set(second.remove)
    const add = [...(first.add ?? []).filter(({ dot }) => !gone.has(dot)), ...(second.add ?? [])]
    const remove = [...new Set([...(first.remove ?? []), ...gone])]
    return add.length + remove.length > CRDT_DOTS_MAX ? null : { ...second, add, remove }
  }
  const [a, b] = [deltaOf(first, text), deltaOf(second, text)]
  const both = a.ok && b.ok ? mergeStates(a.value, b.value, text) : a.ok ? b : a
  if (!both.ok) {
    need(both.error)
    return null
  }
  const state = both.value
  return state.kind === 'or-set' || (state.kind === 'text' && !isSendable(state))
    ? null
    : { path: second.path, ...state }
}

/** A deleted range takes four characters, so a short update may have more parts than the server takes in one. */
const isSendable = (joined: TextState): boolean =>
  joined.update.length <= JOINED_UPDATE_CHARS_MAX && loadedText().check(joined).ok

/** The state of a path as the kind that its method needs. */
function asKind<K extends CrdtState['kind']>(
  { states }: CrdtGround,
  path: string,
  kind: K,
  empty: Extract<CrdtState, { kind: K }> | null,
): Extract<CrdtState, { kind: K }> | null {
  const state = stateAt(states, path)
  if (!state) return empty
  const claimed = claim(state, kind, text)
  if (!claimed.ok) {
    need(claimed.error)
    throw new ReplicaError('invalid_patch', `${claimed.error} at ${path}`)
  }
  return claimed.value as Extract<CrdtState, { kind: K }>
}

export const crdtParts: CrdtParts = {
  joinTextsSince,
  checkState,
  hear,
  heard: heardParts,
  endHeard: (...end) => endHeard(crdtParts, ...end),
  noteLost: (...lost) => noteLost(crdtParts, ...lost),
  overHeard: (...write) => overHeard(crdtParts, ...write),
  isLacking,
  addCounted,
  remake: (ground, changes, counted, ids) => changes.map((change) => remakeOne(ground, change, counted, ids)),
  rebase: rebaseAll,
  misfit,
  settle,
  join,
  count(ground, path, deviceId, by, growOnly) {
    const kind = stateAt(ground.states, path)?.kind
    const isGrowing = kind === 'g-counter' || (growOnly && kind !== 'pn-counter')
    const delta = isGrowing
      ? countUp(asKind(ground, path, 'g-counter', EMPTY_G_COUNTER) ?? EMPTY_G_COUNTER, deviceId, by)
      : countBy(asKind(ground, path, 'pn-counter', EMPTY_PN_COUNTER) ?? EMPTY_PN_COUNTER, deviceId, by)
    if (!delta.ok) throw new ReplicaError('invalid_patch', `${delta.error} at ${path}`)
    return { path, ...delta.value }
  },
  nextDot: (ground, path, deviceId, least) =>
    Math.max(least, nextDotNumber(asKind(ground, path, 'or-set', EMPTY_OR_SET) ?? EMPTY_OR_SET, deviceId)),
  dots: (ground, path, value) => dotsOf(asKind(ground, path, 'or-set', EMPTY_OR_SET) ?? EMPTY_OR_SET, value),
  assign(ground, path, value, hlc) {
    if ((stateAt(ground.states, path)?.kind ?? 'lww-register') !== 'lww-register')
      throw new ReplicaError('invalid_patch', `kind_mismatch at ${path}`)
    return { path, ...registerOf(value, hlc) }
  },
  edit(ground, path, next, seed, place) {
    const yjs = loadedText()
    const base = asKind(ground, path, 'text', null)
    const own = writers.get(place)
    let delta = yjs.edit(base, next, seed, own)
    // Too many parts for one update: as one range they are few, at the price of what others type in it.
    if (delta.ok && typeof next !== 'string' && !yjs.check(delta.value).ok)
      delta = yjs.edit(base, edited(next), seed, own)
    if (!delta.ok) throw new ReplicaError('invalid_patch', `${delta.error} at ${path}`)
    if (!yjs.check(delta.value).ok) return null
    noteWriter(place, yjs.writerOf(delta.value))
    return { path, ...delta.value }
  },
}

function noteWriter(place: string, writer: TextWriter | null): void {
  if (!writer) return
  writers.delete(place)
  writers.set(place, writer)
  const oldest = writers.keys().next().value
  if (writers.size > TEXT_WRITERS_MAX && oldest !== undefined) writers.delete(oldest)
}
