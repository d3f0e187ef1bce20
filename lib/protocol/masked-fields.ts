import { z } from 'zod'
import type { Json, JsonObject } from '#lib/kernel/json.ts'
import { defineKey, isJsonObject } from '#lib/kernel/json.ts'
import type { Path } from '#lib/kernel/json-pointer.ts'
import { ARRAY_INDEX, fromPointer } from '#lib/kernel/json-pointer.ts'
import type { CrdtChange } from './crdt.ts'
import { MASKED_FIELDS_MAX } from './limits.ts'
import type { Operation } from './mutation.ts'

/** A JSON Pointer to what is masked with all below it; `*` stands for any one name or index, and the empty one for all. */
const maskedField = z
  .string()
  .max(200)
  .refine((pointer) => fromPointer(pointer) !== null, 'must be a JSON Pointer, such as /reporter')
export const maskedFields = z
  .array(maskedField)
  .max(MASKED_FIELDS_MAX)
  .refine((fields) => new Set(fields).size === fields.length, 'must not name a field twice')

/** Fields as paths; the whole document is each of its top-level fields, so that a masked one is an object still. Pure. */
export const maskedPaths = (fields: readonly string[]): readonly Path[] =>
  fields.map((field) => (field === '' ? ['*'] : (fromPointer(field) ?? ['*'])))

/** What is done with each value that is masked. */
export type AtField = (value: Json) => Json

/** A value with `at` done to what lies on the paths; the paths start at it. Pure, where `at` is. */
export function mapMasked(value: Json, paths: readonly Path[], at: AtField): Json {
  if (paths.length === 0) return value
  if (paths.some((path) => path.length === 0)) return at(value)
  if (Array.isArray(value))
    return (value as readonly Json[]).map((item, index) => mapMasked(item, below(paths, String(index)), at))
  if (!isJsonObject(value)) return value
  const copy: Record<string, Json> = {}
  for (const key of Object.keys(value))
    defineKey(copy, key, mapMasked(value[key] as Json, below(paths, key), at))
  return copy
}

/** The paths that go on through a key, from there. The end of an array is any index of it. */
const below = (paths: readonly Path[], key: string): readonly Path[] =>
  paths.flatMap(([head, ...rest]) => {
    const isIt = head === key || head === '*' || (key === '-' && head !== undefined && ARRAY_INDEX.test(head))
    return isIt ? [rest] : []
  })

/** Those that lie on the way to a path, or at it, or go on from it: from there. One that covers it is empty. Pure. */
export function pathsFrom(paths: readonly Path[], path: Path): readonly Path[] {
  let here = paths
  for (const key of path) {
    if (here.some((one) => one.length === 0)) return [[]]
    here = below(here, key)
  }
  return here
}

/** An operation with `at` done to what it puts into masked fields, and `totals` to counters there, which no text can stand for. */
export function mapMaskedOp(
  op: Operation,
  paths: readonly Path[],
  at: AtField,
  totals: (change: CounterChange, index: number) => CounterChange = withoutTotals,
): Operation {
  if (paths.length === 0 || op.type === 'delete') return op
  if (op.type === 'put') return { ...op, data: mapMasked(op.data, paths, at) as JsonObject }
  if (op.type === 'patch') {
    if (!op.set) return op
    const set: Record<string, Json> = {}
    for (const key of Object.keys(op.set)) {
      const path = key.startsWith('/') ? (fromPointer(key) ?? [key]) : [key]
      defineKey(set, key, mapMasked(op.set[key] as Json, pathsFrom(paths, path), at))
    }
    return { ...op, set }
  }
  if (op.type === 'ot') {
    const isMasked = pathsFrom(paths, fromPointer(op.path) ?? []).length > 0
    return isMasked ? { ...op, ops: at(op.ops) } : op
  }
  const changes = op.changes.map((change, index) => {
    const rest = pathsFrom(paths, fromPointer(change.path) ?? [])
    if (rest.length === 0) return change
    return isCounter(change) ? totals(change, index) : mapChange(change, rest, at)
  })
  return { ...op, changes }
}

export type CounterChange = Extract<CrdtChange, { kind: 'g-counter' | 'pn-counter' }>
const isCounter = (change: CrdtChange): change is CounterChange =>
  change.kind === 'g-counter' || change.kind === 'pn-counter'

const withoutTotals = (change: CounterChange): CounterChange =>
  change.kind === 'g-counter' ? { ...change, state: {} } : { ...change, state: { p: {}, n: {} } }

function mapChange(
  change: Exclude<CrdtChange, CounterChange>,
  rest: readonly Path[],
  at: AtField,
): CrdtChange {
  if (change.kind === 'lww-register')
    return change.value === undefined ? change : { ...change, value: mapMasked(change.value, rest, at) }
  if (change.kind === 'text') return { ...change, update: at(change.update) as string }
  const add = change.add?.map((one) => ({ ...one, value: at(one.value) }))
  return add ? { ...change, add } : change
}
