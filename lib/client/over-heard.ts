import { stopsOf } from '#lib/engine/crdt/derive.ts'
import { crdtLeaves, plainPart } from '#lib/engine/crdt/governed.ts'
import { kindFor } from '#lib/engine/crdt/kind-for.ts'
import { withValue } from '#lib/engine/ot/paths.ts'
import { applyOperation, parseKey } from '#lib/engine/patch.ts'
import type { Json, JsonObject } from '#lib/kernel/json.ts'
import { canonicalJson, jsonEqual } from '#lib/kernel/json.ts'
import { isWithin, overlaps, toPointer, valueAt, valueIn } from '#lib/kernel/json-pointer.ts'
import type { Random } from '#lib/kernel/random.ts'
import { uuidv7 } from '#lib/kernel/uuid.ts'
import type { CrdtChange, CrdtKind } from '#lib/protocol/crdt.ts'
import { CRDT_CHANGES_MAX, CRDT_PATH_CHARS_MAX } from '#lib/protocol/limits.ts'
import type { Mutation, Operation } from '#lib/protocol/mutation.ts'
import type { Clock } from './clock.ts'
import type { CrdtGround, CrdtParts } from './crdt-parts.ts'
import { stateAt } from './crdt-state-at.ts'
import { tickClock } from './device-clock.ts'
import { noteDot, spoiltDots } from './device-dots.ts'
import { ReplicaError } from './errors.ts'
import type { StoreTx } from './store.ts'
import type { Counted } from './tables.ts'
import { identityOf } from './tables.ts'
import type { RecordGround, groundOf } from './view.ts'
import type { WriteInput, WriteReceipt, writeLocally } from './write.ts'

/** Who writes, and what makes its dots, stamps and texts its own. */
interface HeardWriter {
  readonly deviceId: string
  /** A stamp that is newer than all that this device knows. */
  readonly hlc: string
  /** Dots are given from here on at least. */
  readonly firstDot: number
  readonly seed: string
  /** As of `CrdtParts.edit`, without the path. */
  readonly place: string
}

type PartOfWrite = Pick<WriteInput, 'op' | 'counted'>
type Parts = Pick<CrdtParts, 'count' | 'nextDot' | 'dots' | 'edit' | 'assign' | 'misfit'>
type CrdtOperation = Extract<Operation, { type: 'crdt' }>
type DocumentWrite = Extract<Operation, { type: 'put' | 'patch' }>

/** Of the SDK's core, which this part would bring a second time. */
export interface WriteCore {
  readonly groundOf: typeof groundOf
  readonly writeLocally: typeof writeLocally
}

/** Writes what becomes of a document write: one mutation where CRDT changes say all of it (docs/decisions/0043). */
export async function overHeard(
  parts: Parts & Pick<CrdtParts, 'rebase'>,
  core: WriteCore,
  { record, own, writes, version, made }: RecordGround & { readonly made: Mutation },
  tx: StoreTx,
  clock: Clock,
  random: Random,
  input: WriteInput,
): Promise<WriteReceipt | null> {
  const { collection, recordId, options, opening } = input
  const { op } = made
  if ((op.type !== 'put' && op.type !== 'patch') || options.resolves !== undefined) return null
  // A document of a version ahead of this ground waits for it on the server.
  if (op.type === 'put' && writes > version) return null
  const ground = await core.groundOf(tx, collection, record)
  const shown = parts.rebase(ground, own)
  const unheard = parts.rebase({ ...ground, heard: undefined }, own)
  const { deviceId } = await identityOf(tx)
  const writer = {
    deviceId,
    hlc: await tickClock(tx, deviceId, clock.now()),
    firstDot: (await spoiltDots(tx)) + 1,
    seed: uuidv7(clock.now(), random),
    place: `${opening}/${collection}/${recordId}`,
  }
  const question = { shown: { ...shown, heard: ground.heard }, unheard, op, writer }
  const found = asChanges(parts, question) ?? split(parts, question)
  if (!found) return null
  if (found.lastDot > 0) await noteDot(tx, found.lastDot)
  const receipts: WriteReceipt[] = []
  // The whole was checked; its parts are under the version of what they stand on.
  const as = {
    ...input,
    options: { validate: false },
    app: { version },
    isPart: true,
    // Each stands on the one before it.
    ground: undefined,
  } as const
  for (const part of found.made) receipts.push(await core.writeLocally(tx, clock, random, { ...as, ...part }))
  return receipts[0] ?? null
}

interface Question {
  readonly shown: CrdtGround
  readonly unheard: CrdtGround
  readonly op: DocumentWrite
  readonly writer: HeardWriter
}

interface Found {
  readonly made: readonly PartOfWrite[]
  readonly lastDot: number
}

/**
 * The whole write as the changes that it comes to, in one mutation, which the server judges as one. Null where nothing heard
 * is touched, or something in it is no CRDT, isn't known here, or is too much for one operation.
 */
function asChanges(parts: Parts, { shown, unheard, op, writer }: Question): Found | null {
  const next = applyOperation(shown.data, op)
  if (!next.ok || !next.value || !shown.data) return null
  const { rules, states, heard = {} } = shown
  if (!jsonEqual(plainPart(rules, shown.data), plainPart(rules, next.value))) return null
  const stops = new Set(stopsOf(states))
  const [before, after] = [shown.data, next.value].map((data) => crdtLeaves(rules, data, stops)) as Leaves
  const differing = [...new Set([...before.keys(), ...after.keys()])].filter(
    (path) => !jsonEqual(before.get(path), after.get(path)),
  )
  const isTouched = differing.some((path) => Object.hasOwn(heard, path) && !isAsUnheard(shown, unheard, path))
  if (!isTouched || differing.length > CRDT_CHANGES_MAX) return null
  const edits: Edit[] = []
  let { firstDot: nextDot } = writer
  for (const path of differing) {
    const [was, is] = [before.get(path), after.get(path)]
    const kind = stateAt(states, path)?.kind ?? kindFor(rules, path, is)
    if (shown.written.has(path) || path.length > CRDT_PATH_CHARS_MAX) return null
    // As a change it would say what the value is, and another's may say otherwise by now.
    if (was !== undefined && isAsUnheard(shown, unheard, path)) return null
    if (!fits(kind, was) || !fits(kind, is)) return null
    if (is === undefined && op.type === 'put' && kind !== 'lww-register') continue
    const edit = editOf({ parts, ground: shown, path, kind, was, is, writer, nextDot })
    nextDot = edit.nextDot
    edits.push(edit)
  }
  const made = together(edits)
  if (!made || parts.misfit(shown, made.op.changes) !== null) return null
  return { made: [made], lastDot: nextDot === writer.firstDot ? 0 : nextDot - 1 }
}

/** True for a plain value of which nothing new was heard: a document says of it all that there is to say. */
const isAsUnheard = (shown: CrdtGround, unheard: CrdtGround, path: string): boolean =>
  (stateAt(shown.states, path)?.kind ?? 'lww-register') === 'lww-register' &&
  jsonEqual(valueAt(shown.data ?? {}, path), valueAt(unheard.data ?? {}, path))

type Leaves = [ReadonlyMap<string, Json>, ReadonlyMap<string, Json>]

/** One operation of all; null of none. */
function together(edits: readonly Edit[]): (PartOfWrite & { readonly op: CrdtOperation }) | null {
  if (edits.length === 0) return null
  const changes = edits.map(({ change }) => change)
  return {
    op: { type: 'crdt', changes },
    counted: Object.assign({}, ...edits.map(({ counted }) => counted)) as Counted,
  }
}

/**
 * A document write on a record of which something was heard. The server makes the difference of a document from what it
 * knows itself, in which nothing heard is: so the document says there what the server has, and the difference from
 * what this device shows goes out as CRDT changes, as handles make them. Null where nothing heard is touched.
 */
function split(parts: Parts, { shown, unheard, op, writer }: Question): Found | null {
  const next = applyOperation(shown.data, op)
  if (!next.ok || !next.value || !shown.data) return null
  let document = next.value
  let { firstDot: nextDot } = writer
  let lastDot = 0
  const edits: Edit[] = []
  const taken: string[] = []
  for (const path of Object.keys(shown.heard ?? {})) {
    if (shown.written.has(path) || !touches(op, path) || isAsUnheard(shown, unheard, path)) continue
    const kind = stateAt(shown.states, path)?.kind
    const [was, is] = [shown.data, next.value].map((data) => valueAt(data, path))
    if (!kind || !fits(kind, was) || !fits(kind, is)) continue
    const isLeftOut = is === undefined && op.type === 'put'
    const kept = isLeftOut ? document : withValue(document, path, valueAt(unheard.data, path))
    if (!kept) continue
    document = kept
    taken.push(path)
    // A document that leaves a counter, set or text out lets it be; a patch that unsets it empties it.
    if ((isLeftOut && kind !== 'lww-register') || jsonEqual(was, is)) continue
    const change = { parts, ground: shown, path, kind, was, is, writer, nextDot }
    const edit = editOf(change)
    if (edit.nextDot > nextDot) lastDot = (nextDot = edit.nextDot) - 1
    edits.push(edit)
  }
  if (taken.length === 0) return null
  const rest = plainOp(op, document, taken)
  // The app is owed a receipt also for a write that changes nothing of what it sees.
  const plain = rest ?? (edits.length === 0 ? { type: 'patch' as const, set: {} } : null)
  const changes = together(edits)
  return { made: [...(plain ? [{ op: plain }] : []), ...(changes ? [changes] : [])], lastDot }
}

/** What a value of another kind comes to is the server's to judge: it stays in the document. */
function fits(kind: CrdtKind, value: Json | undefined): boolean {
  if (value === undefined || kind === 'lww-register') return true
  if (kind === 'or-set') return Array.isArray(value)
  return kind === 'text' ? typeof value === 'string' : Number.isSafeInteger(value)
}

function touches(op: DocumentWrite, pointer: string): boolean {
  return op.type === 'put' || keysOf(op).some((key) => overlaps(pointerOf(key), pointer))
}

const keysOf = (op: Extract<Operation, { type: 'patch' }>): readonly string[] => [
  ...Object.keys(op.set ?? {}),
  ...(op.unset ?? []),
]
const pointerOf = (key: string): string => toPointer(parseKey(key) ?? [key])

/** The write without what goes out as changes; null for a patch of which nothing is left. */
function plainOp(op: DocumentWrite, document: JsonObject, taken: readonly string[]): DocumentWrite | null {
  if (op.type === 'put') return { type: 'put', data: document }
  const set: [string, Json][] = []
  const unset: string[] = []
  for (const key of keysOf(op)) {
    const pointer = pointerOf(key)
    if (taken.some((path) => isWithin(pointer, path))) continue
    const holds = taken.some((path) => isWithin(path, pointer))
    const value = valueIn(document, parseKey(key) ?? [])
    if (!holds && Object.hasOwn(op.set ?? {}, key)) set.push([key, (op.set as JsonObject)[key] as Json])
    else if (!holds || value === undefined) unset.push(key)
    else set.push([key, value])
  }
  if (set.length + unset.length === 0) return null
  return { type: 'patch', set: Object.fromEntries(set), unset }
}

interface Change {
  readonly parts: Parts
  readonly ground: CrdtGround
  readonly path: string
  readonly kind: CrdtKind
  readonly was: Json | undefined
  readonly is: Json | undefined
  readonly writer: HeardWriter
  readonly nextDot: number
}

interface Edit {
  readonly change: CrdtChange
  readonly counted: Counted
  readonly nextDot: number
}

function editOf(input: Change): Edit {
  const { parts, ground, path, kind, was, is, writer, nextDot } = input
  const made = (change: CrdtChange, counted: Counted = {}): Edit => ({ change, counted, nextDot })
  switch (kind) {
    case 'g-counter':
    case 'pn-counter': {
      const by = Number(is ?? 0) - Number(was ?? 0)
      const one = parts.count(ground, path, writer.deviceId, by, kind === 'g-counter')
      return made(one, { [path]: [Math.max(by, 0), Math.max(-by, 0)] })
    }
    case 'or-set':
      return changeSet(input)
    case 'lww-register':
      return made(parts.assign(ground, path, is, writer.hlc))
    case 'text': {
      const next = String(is ?? '')
      const edit = parts.edit(ground, path, next, `${writer.seed}${path}`, `${writer.place}${path}`)
      if (!edit) throw new ReplicaError('too_large', `what goes at ${path} lies in too many pieces`)
      return made(edit)
    }
  }
}

function changeSet({ parts, ground, path, was, is, writer, nextDot }: Change): Edit {
  const [before, after] = [was, is].map(
    (list) => new Map(((list ?? []) as readonly Json[]).map((value) => [canonicalJson(value), value])),
  ) as [Map<string, Json>, Map<string, Json>]
  const first = parts.nextDot(ground, path, writer.deviceId, nextDot)
  const added = [...after].filter(([key]) => !before.has(key)).map(([, value]) => value)
  const add = added.map((value, i) => ({ value, dot: `${writer.deviceId}:${first + i}` }))
  const gone = [...before].filter(([key]) => !after.has(key)).map(([, value]) => value)
  const remove = gone.flatMap((value) => parts.dots(ground, path, value))
  const change: CrdtChange = { path, kind: 'or-set', add, remove }
  return { change, counted: {}, nextDot: added.length > 0 ? first + added.length : nextDot }
}
