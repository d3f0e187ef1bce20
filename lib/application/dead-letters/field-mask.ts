import { createHmac } from 'node:crypto'
import type { PatchStep } from '#lib/engine/json-patch.ts'
import type { RecordState } from '#lib/engine/types.ts'
import type { Json, JsonObject } from '#lib/kernel/json.ts'
import { canonicalJson, jsonEqual } from '#lib/kernel/json.ts'
import type { Path } from '#lib/kernel/json-pointer.ts'
import { fromPointer, isWithin, toPointer } from '#lib/kernel/json-pointer.ts'
import { maskText } from '#lib/protocol/mask.ts'
import { mapMasked, mapMaskedOp, maskedPaths, pathsFrom } from '#lib/protocol/masked-fields.ts'
import type { Operation } from '#lib/protocol/mutation.ts'
import type { MutationResult, WireRecord } from '#lib/protocol/push.ts'
import type { Masking } from '#lib/storage/ports.ts'
import { maskWords } from './mask-words.ts'
import { maskedMisstep } from './masked-misstep.ts'

/**
 * Hides the masked fields of one collection in what belongs to one subject, such as a letter. A mask is a keyed hash of the
 * subject and the value: equal values of one subject are seen to be equal, and nothing else is learned of them.
 */
export class FieldMask {
  private readonly secret: Uint8Array
  private readonly subject: string
  private readonly paths: readonly Path[]

  /** With several of them a field is masked that any of them masks. */
  constructor(secret: Uint8Array, subject: string, ...maskings: readonly Omit<Masking, 'name'>[]) {
    this.secret = secret
    this.subject = subject
    this.paths = maskings.flatMap((one) => maskedPaths(withFormerNames(one)))
  }

  get isEmpty(): boolean {
    return this.paths.length === 0
  }

  document(document: JsonObject | null): JsonObject | null {
    return document && (mapMasked(document, this.paths, this.hide) as JsonObject)
  }

  op(op: Operation): Operation {
    return mapMaskedOp(op, this.paths, this.hide)
  }

  /** A JSON Patch, with what it would put into masked fields hidden. */
  steps(steps: readonly PatchStep[]): readonly PatchStep[] {
    return steps.map((step) =>
      'value' in step
        ? { ...step, value: mapMasked(step.value as Json, this.below(step.path), this.hide) }
        : step,
    )
  }

  /** Why a JSON Patch would show what is hidden; null where it doesn't. */
  misstep(steps: readonly PatchStep[]): string | null {
    return maskedMisstep(steps, this.paths)
  }

  /** Without the states of masked CRDTs and texts, which hold what the document reads as. */
  record<Of extends RecordState | WireRecord>(record: Of | null): Of | null {
    if (record === null || this.isEmpty) return record
    const shown = { ...record, data: this.document(record.data) }
    if (record.crdt) Object.assign(shown, { crdt: this.states(record.crdt) })
    if (record.ot) Object.assign(shown, { ot: this.states<unknown>(record.ot) })
    return shown
  }

  /** A result as an operator is told it; `values` are those that its words may repeat. */
  result(result: MutationResult, values: Iterable<Json>): MutationResult {
    if (this.isEmpty) return result
    if (result.status === 'dead_lettered') return { ...result, detail: this.words(result.detail, values) }
    if (result.status === 'duplicate')
      return { ...result, original: this.result(result.original, values) as typeof result.original }
    if (!('record' in result) || !result.record) return result
    const shown = { ...result, record: this.record(result.record) } as MutationResult
    return 'transformed' in shown ? { ...shown, transformed: undefined } : shown
  }

  /** A text without these values. */
  words(text: string, values: Iterable<Json>): string {
    return this.isEmpty ? text : maskWords(text, [...values], this.hide)
  }

  /** The places of a document that are masked, as pointers to what stands there. */
  places(document: JsonObject | null): readonly { readonly pointer: string; readonly value: Json }[] {
    return document === null ? [] : placesIn(document, this.paths, [])
  }

  /** What is masked in a document and in operations, by mask. */
  values(document: JsonObject | null, ...ops: readonly Operation[]): ReadonlyMap<string, Json> {
    const found = new Map<string, Json>()
    const twice = new Set<string>()
    const keep = (value: Json): Json => {
      const mask = this.hide(value)
      if (found.has(mask) && !jsonEqual(found.get(mask), value)) twice.add(mask)
      found.set(mask, value)
      return value
    }
    if (document) mapMasked(document, this.paths, keep)
    for (const op of ops) mapMaskedOp(op, this.paths, keep)
    // One in sixteen million: then it stands for neither.
    for (const mask of twice) found.delete(mask)
    return found
  }

  /**
   * An operation that a person wrote over `original` as it was shown: masks in masked fields stand for what they hide, by
   * `known`, and counters that were left empty for theirs.
   */
  unmasked(op: Operation, original: Operation, known: ReadonlyMap<string, Json>): Operation {
    const show = (value: Json): Json =>
      typeof value === 'string' && known.has(value)
        ? (known.get(value) as Json)
        : mapMasked(value, [['*']], show)
    return mapMaskedOp(op, this.paths, show, (change, index) => {
      const former = original.type === 'crdt' ? original.changes[index] : undefined
      const isKept = former?.kind === change.kind && former.path === change.path && isNothing(change.state)
      return isKept ? (former as typeof change) : change
    })
  }

  private readonly hide = (value: Json): string => {
    const text = `mask:${this.subject}:${canonicalJson(value)}`
    return maskText(createHmac('sha256', this.secret).update(text).digest('hex').slice(0, 6))
  }

  private below(pointer: string): readonly Path[] {
    return pathsFrom(this.paths, fromPointer(pointer) ?? [])
  }

  /** By pointer, without those that a masked field lies in, or that lie in one. */
  private states<State>(states: Readonly<Record<string, State>>): Readonly<Record<string, State>> {
    const isShown = ([pointer]: [string, State]): boolean =>
      !this.paths.some((path) => crosses(path, fromPointer(pointer) ?? []))
    return Object.fromEntries(Object.entries(states).filter(isShown))
  }
}

/** What was called otherwise in an older schema version is masked under that name too (DL5). */
function withFormerNames({ masked, upMigrations }: Omit<Masking, 'name'>): readonly string[] {
  const fields = new Set(masked)
  const renames = upMigrations
    .toSorted((a, b) => b.from - a.from)
    .flatMap(({ ops }) => ops.toReversed())
    .filter((op) => op.op === 'rename')
  for (const { path, to } of renames) {
    // Those of this step alone: a field that is renamed into itself would have no end of names.
    const known = [...fields]
    for (const field of known) {
      if (isWithin(field, to)) fields.add(`${path}${field.slice(to.length)}`)
      else if (isWithin(to, field)) fields.add(path)
    }
  }
  return [...fields]
}

function placesIn(
  value: Json,
  paths: readonly Path[],
  at: Path,
): readonly { readonly pointer: string; readonly value: Json }[] {
  if (paths.some((path) => path.length === 0)) return [{ pointer: toPointer(at), value }]
  if (paths.length === 0 || typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, inner]) => {
    const rest = paths.flatMap(([head, ...more]) => (head === key || head === '*' ? [more] : []))
    return placesIn(inner as Json, rest, [...at, key])
  })
}

const crosses = (path: Path, other: Path): boolean =>
  path.slice(0, other.length).every((part, index) => part === '*' || part === other[index])

const isNothing = (state: object): boolean =>
  Object.values(state).every((part) => typeof part === 'object' && part !== null && isNothing(part as object))
