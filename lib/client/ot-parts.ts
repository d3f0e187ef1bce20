import { edited } from '#lib/engine/replaced-range.ts'
import { moveBetween } from '#lib/engine/ot/json-type.ts'
import { otLibrary } from '#lib/engine/ot/ot-library.ts'
import { withLetBe } from '#lib/engine/ot/let-be.ts'
import { isOtPath, otPaths, withValue } from '#lib/engine/ot/paths.ts'
import { applyOperation } from '#lib/engine/patch.ts'
import type { CollectionRules } from '#lib/engine/types.ts'
import { hasHalfPair } from '#lib/kernel/half-pairs.ts'
import type { Json, JsonObject } from '#lib/kernel/json.ts'
import { jsonEqual } from '#lib/kernel/json.ts'
import { overlaps, valueAt } from '#lib/kernel/json-pointer.ts'
import type { Result } from '#lib/kernel/result.ts'
import type { Mutation, Operation, OtOperation } from '#lib/protocol/mutation.ts'
import type { WireOtPath } from '#lib/protocol/ot.ts'
import type { EffectiveResult, WireRecord } from '#lib/protocol/push.ts'
import { assignment } from './assignment.ts'
import { ReplicaError } from './errors.ts'
import { conflictsOf } from './notices.ts'
import { areOperationsAt, pass, touching, waitingIn } from './ot-waiting.ts'
import { pendingOf } from './outbox.ts'
import type { StoreTx } from './store.ts'
import type { ReplicaRecord } from './tables.ts'
import { getMeta, identityOf, putRow, recordRowKey } from './tables.ts'
import type { TextEdit } from './text-edits.ts'
import { checkedEdits, inCodePoints } from './text-edits.ts'
import type { RecordGround } from './view.ts'

type Applied = Extract<EffectiveResult, { status: 'applied' }>
/** Names and indices from the path's value down. */
export type JsonPath = readonly (string | number)[]

/** What an edit does to the value of its path. */
export type OtEdit =
  | { readonly kind: 'text'; readonly edits: readonly TextEdit[] }
  | { readonly kind: 'json'; readonly ops: Json }
  | { readonly kind: 'json'; readonly from: JsonPath; readonly to: JsonPath }

type OtPaths = Readonly<Record<string, Pick<WireOtPath, 'kind'>>>

export interface OtParts {
  /**
   * The document with the own changes on top, in order; one that no longer fits leaves it as it was. `ot` has the record's
   * paths under OT.
   */
  rebase(
    rules: Pick<CollectionRules, 'strategy' | 'fieldStrategies'>,
    ot: OtPaths | undefined,
    data: JsonObject | null,
    own: readonly Pick<Mutation, 'op'>[],
  ): JsonObject | null
  /**
   * The operation of an edit, or a document write where the revision isn't known that it would be made on. `at` is the
   * field's place in the ground, `path` its name under the schema version that the app writes.
   */
  edit(
    rules: Pick<CollectionRules, 'strategy' | 'fieldStrategies'>,
    ground: RecordGround,
    field: { readonly at: string; readonly path: string },
    edit: OtEdit,
  ): Mutation['op']
  /** The paths of a record behind an own document write that was applied: the revision of what it touched isn't told. */
  afterWrite(
    rules: Parameters<OtParts['edit']>[0],
    known: ReplicaRecord | null,
    op: Operation,
  ): Pick<ReplicaRecord, 'ot' | 'otUnsure'>
  /** One operation with the effect of both; null where they don't belong together. */
  join(first: OtOperation, second: OtOperation): OtOperation | null
  /**
   * What an `applied` operation says of its path: the pending ones on it go past others' since (CS5). `aligned` is the
   * record with the operation under the version that the server wrote it in.
   */
  settle(
    tx: StoreTx,
    mutation: Mutation,
    result: Applied,
    deviceId: string,
    aligned: Pick<RecordGround, 'record' | 'own'>,
  ): Promise<void>
  /**
   * The pending operations on a record go past what a pull brings. Gives the record to keep: a result doesn't tell how, so
   * there a path that they wait on stays as they fit it until the pull behind it does.
   */
  catchUp(
    tx: StoreTx,
    wire: WireRecord,
    known: ReplicaRecord | null,
    isResult: boolean | undefined,
  ): Promise<WireRecord>
  /** The text at a path as the operations that a pull tells make it of the one that is held; null where they don't. */
  textAt(
    known: ReplicaRecord,
    wire: WireRecord,
    path: string,
  ): { readonly ok: true; readonly value: string } | null
}

function applyAll(
  data: JsonObject,
  { path, kind }: Pick<OtOperation, 'path' | 'kind'>,
  ops: readonly Json[],
): JsonObject | null {
  let document: JsonObject | null = data
  for (const op of ops) {
    const value: Result<Json | undefined, string> | null =
      document && otLibrary[kind].apply(valueAt(document, path), op)
    document = document && value?.ok ? withValue(document, path, value.value) : null
  }
  return document
}

const rebase: OtParts['rebase'] = (rules, ot, data, own) => {
  const paths: Record<string, Pick<WireOtPath, 'kind'>> = { ...ot }
  return own.reduce<JsonObject | null>((document, { op }) => {
    if (op.type === 'ot') {
      const made = document && applyAll(document, op, [op.ops])
      if (made) paths[op.path] ??= op
      return made ?? document
    }
    if (document === null && op.type === 'patch') return null
    const next = applyOperation(document, op)
    if (!next.ok) return document
    return next.value && withLetBe(rules, paths, document, op, next.value)
  }, data)
}

function misfit(code: string, path: string): never {
  throw new ReplicaError('invalid_patch', `${code} at ${path}`)
}

interface Made {
  /** Null where positions by code point can't say it: it goes as a document write. */
  readonly ops: Json | null
  readonly next: Json | undefined
}

function made(edit: OtEdit, before: Json | undefined, path: string): Made {
  if (edit.kind === 'text') return typed(edit.edits, before, path)
  const move = 'ops' in edit ? null : moveBetween(edit.from, edit.to)
  if (move && !move.ok) return misfit(move.error, path)
  return operate('json', before, move ? move.value : (edit as { readonly ops: Json }).ops, path)
}

function operate(kind: OtEdit['kind'], before: Json | undefined, ops: Json, path: string): Made {
  const parsed = otLibrary[kind].parse(ops)
  if (!parsed.ok) return misfit(parsed.error, path)
  const next = otLibrary[kind].apply(before, parsed.value)
  return next.ok ? { ops: parsed.value, next: next.value } : misfit(next.error, path)
}

function typed(edits: readonly TextEdit[], before: Json | undefined, path: string): Made {
  if (before !== undefined && typeof before !== 'string') return misfit('kind_mismatch', path)
  const text = before ?? ''
  const made = { before: text, ranges: checkedEdits(text, edits, path) }
  // One that a document write brought is no fault of these edits.
  if (hasHalfPair(text)) return { ops: null, next: edited(made) }
  const ops = composed(inCodePoints(made).map(({ at, inserted, gone }) => [at, inserted, { d: gone }]))
  return ops.ok ? operate('text', text, ops.value, path) : misfit(ops.error, path)
}

/** One operation with the effect of all. Halves are put together, since each time the whole of both is gone over. */
function composed(ops: readonly Json[]): Result<Json, string> {
  const half = Math.ceil(ops.length / 2)
  if (half === ops.length) return otLibrary.text.parse(ops[0] ?? [])
  const [first, second] = [composed(ops.slice(0, half)), composed(ops.slice(half))]
  return first.ok && second.ok ? otLibrary.text.compose(first.value, second.value) : first.ok ? second : first
}

function makeEdit(
  rules: Parameters<OtParts['edit']>[0],
  { data, record, own }: RecordGround,
  { at, path }: Parameters<OtParts['edit']>[2],
  edit: OtEdit,
): Mutation['op'] {
  if (!isOtPath(rules, at)) return misfit('not_ot', path)
  const { ops, next } = made(edit, valueAt(data, at), path)
  if (data && !withValue(data, at, next)) return misfit('not_a_container', path)
  const changes = own.map(({ op }) => touching(op))
  const isKnown = record !== null && !record.otUnsure && areOperationsAt(changes, at)
  if (!isKnown || ops === null) return assignment(path, next)
  const operated = { ...record.ot, ...operatedHere(own) }
  if (Object.keys(operated).some((other) => other !== at && overlaps(other, at)))
    return misfit('not_ot', path)
  const { kind = edit.kind, revision = 0 } = operated[at] ?? {}
  if (kind !== edit.kind) return misfit('kind_mismatch', path)
  return { type: 'ot', path, kind, baseRevision: revision, ops }
}

/** What the first of the own operations on each path was made on. */
function operatedHere(own: RecordGround['own']): Readonly<Record<string, WireOtPath>> {
  const ops = own.flatMap(({ op }) => (op.type === 'ot' ? [op] : []))
  return Object.fromEntries(
    ops.reverse().map(({ path, kind, baseRevision: revision }) => [path, { revision, kind }]),
  )
}

const afterWrite: OtParts['afterWrite'] = (rules, known, op) => {
  const paths = otPaths(rules, known?.ot ?? {})
  const isUnsure =
    known?.otUnsure || op.type !== 'patch' || paths.some((path) => !areOperationsAt([touching(op)], path))
  return { ot: known?.ot, ...(isUnsure ? { otUnsure: true } : {}) }
}

function join(first: OtOperation, second: OtOperation): OtOperation | null {
  const { path, kind, baseRevision } = first
  if (second.path !== path || second.kind !== kind || second.baseRevision !== baseRevision) return null
  const both = otLibrary[kind].compose(first.ops, second.ops)
  return both.ok && otLibrary[kind].parse(both.value).ok ? { ...first, ops: both.value } : null
}

const settle: OtParts['settle'] = async (tx, mutation, result, deviceId, { record: known, own }) => {
  const { op } = mutation
  const { version, revision, transformed = [] } = result
  if (op.type !== 'ot' || revision === undefined) return
  // It may be shown past some of them already (`sentAs`), and so is what waits behind it.
  const count = revision - 1 - op.baseRevision
  if (count < 0) return
  const told = count > transformed.length ? null : transformed.slice(transformed.length - count)
  const { record } = result
  const made = own[0]?.op
  const isFit = made?.type === 'ot' && known !== null && isAsAt(known, op.baseRevision, made.path)
  const shown = isFit && known.data && applyAll(known.data, made, [made.ops])
  const isOfThis = shown && record?.ot?.[made.path]?.revision === revision
  const theirs = isOfThis ? wayTo(made, shown, known, record, told) : told
  if (!theirs) return
  const waiting = (await waitingIn(tx, mutation))(op.path)
  await pass(waiting, { from: op.baseRevision, to: revision, theirs })
  // Where others came between, the result has the record; a newer one has, or may have, what is in `transformed`.
  if (!shown || record || known.version >= version) return
  const data = applyAll(shown, made, theirs)
  if (!data) return
  const next: ReplicaRecord = {
    ...known,
    version,
    data,
    versionVector: { ...known.versionVector, [deviceId]: version },
    ot: { ...known.ot, [made.path]: { revision, kind: op.kind } },
  }
  await putRow(tx, 'records', recordRowKey(known.collection, known.recordId), next)
}

/** True where what is known of a record says what stood at a path at this revision. */
const isAsAt = (known: ReplicaRecord, revision: number, path: string): boolean =>
  !known.otUnsure && !known.orphan && (known.ot?.[path]?.revision ?? 0) === revision

const isAlike = (known: ReplicaRecord, wire: WireRecord): boolean =>
  known.schemaVersion === wire.schemaVersion && known.life === wire.life

/**
 * The way from what this device shows at a path to what a record has there: what is told of it, or, where that doesn't lead
 * there, their difference. What was written as a document before the path's first operation is in no log.
 */
function wayTo(
  { path, kind }: Pick<OtOperation, 'path' | 'kind'>,
  shown: JsonObject | null,
  known: ReplicaRecord,
  wire: WireRecord,
  told: readonly Json[] | null,
): readonly Json[] | null {
  if (!isAlike(known, wire)) return told
  const [was, is] = [valueAt(shown, path), valueAt(wire.data, path)]
  const redone = told && otLibrary[kind].redo(was, told)
  if (redone?.ok && jsonEqual(redone.value, is)) return told
  const applied = (told ?? []).map((ops) => ({ ops, isOwn: false }))
  const made = otLibrary[kind].diffSince(was, is, applied)
  return made.ok ? [made.value] : told
}

const catchUp: OtParts['catchUp'] = async (tx, wire, known, isResult) => {
  const { collection, recordId, versionVector } = wire
  const pending = await pendingOf(tx, collection, recordId)
  const conflicts = await conflictsOf(tx, collection, recordId)
  const mutations = [...conflicts.flatMap((one) => one.mutations), ...pending.map((one) => one.mutation)]
  const own = mutations.flatMap(({ op }) => (op.type === 'ot' ? [op.path] : []))
  if (own.length === 0) return wire
  const { deviceId } = await identityOf(tx)
  const isOwnNews = versionVector[deviceId] !== known?.versionVector[deviceId]
  // What waited behind a conflict has run: among others' operations are own ones, which the server takes the rest past.
  if (isOwnNews && conflicts.length > 0) return wire
  // A copy of the store has what was made before this session, and may have sent it: as it was then.
  const waitingOn = await waitingIn(tx, wire, (await getMeta(tx, 'sessionFrom')) ?? 0)
  let kept = wire
  // A path without operations isn't named.
  for (const path of new Set([...Object.keys(wire.ot ?? {}), ...own])) {
    const { revision = 0, ops = [] } = wire.ot?.[path] ?? {}
    const waiting = waitingOn(path)
    const [first] = waiting
    const from = first?.op.baseRevision ?? revision
    const count = revision - from
    if (!first || count < 0) continue
    const stood = known?.data && isAsAt(known, from, path) ? known : null
    if (count > 0 && isResult && known) {
      kept = asBefore(kept, known, path, from)
      // What is made on it next waits for the answer: no version of the record has it as it is shown.
      if (stood && from === 0) await pass(waiting, { from, to: from, theirs: [] })
      continue
    }
    const told = ops.length >= count ? ops.slice(ops.length - count) : null
    // Nothing is told in a full sync. There an own operation may be in what has come, whose answer was lost or a copy of the store
    // had: then they stay as they are, since the server knows the way from where they were made.
    const isAnother = !isOwnNews && mutations.every(({ hlc }) => hlc.endsWith(deviceId))
    const isByDifference = told ? from === 0 : isAnother
    const theirs =
      stood && isByDifference ? wayTo({ path, kind: first.op.kind }, stood.data, stood, wire, told) : told
    if (theirs && theirs.length > 0) await pass(waiting, { from, to: revision, theirs })
  }
  return kept
}

/** A record with a path as it was at this revision, where that is what is known of it. */
function asBefore(wire: WireRecord, known: ReplicaRecord, path: string, revision: number): WireRecord {
  const isIt = isAsAt(known, revision, path) && isAlike(known, wire)
  const data = isIt && wire.data && withValue(wire.data, path, valueAt(known.data, path))
  return data ? { ...wire, data, ot: { ...wire.ot, [path]: { ...wire.ot?.[path], revision } } } : wire
}

const textAt: OtParts['textAt'] = (known, wire, path) => {
  const { revision = 0, ops = [] } = wire.ot?.[path] ?? {}
  const count = revision - (known.ot?.[path]?.revision ?? 0)
  if (known.otUnsure || !known.data || count < 0 || count > ops.length) return null
  const missing = ops.slice(ops.length - count)
  const document = applyAll(known.data, { path, kind: 'text' }, missing)
  const value = document && valueAt(document, path)
  return typeof value === 'string' ? { ok: true, value } : null
}

export const otParts: OtParts = { rebase, edit: makeEdit, afterWrite, join, settle, catchUp, textAt }
