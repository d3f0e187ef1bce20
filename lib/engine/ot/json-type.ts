import { moveOp, type as json1 } from 'ot-json1'
import type { Doc, JSONOp } from 'ot-json1'
import type { Json, JsonObject } from '#lib/kernel/json.ts'
import { isJsonObject, jsonEqual, ownValue, depthWithin } from '#lib/kernel/json.ts'
import type { Result } from '#lib/kernel/result.ts'
import { err, ok } from '#lib/kernel/result.ts'
import { JSON_DEPTH_MAX } from '#lib/protocol/limits.ts'
import { toInner, toInnerKey, toOuter, toOuterKey } from './json-keys.ts'
import type { OpNode } from './json-op.ts'
import { JSON_PLACES_MAX, readJsonOp, touches, writeJsonOp } from './json-op.ts'
import { spend } from '../push-work.ts'
import type { Differing } from './list-difference.ts'
import { DROPS, listDifference, PICKS } from './list-difference.ts'
import type { OtFailure, OtType } from './ot-type.ts'
import { textType } from './text-type.ts'

/** Operations as the library has them: names escaped, values copied. */
const inner = (op: Json): JSONOp => writeJsonOp(tree(op), toInnerKey, toInner) as JSONOp
const outer = (op: JSONOp): Json => writeJsonOp(tree((op ?? null) as Json), toOuterKey, toOuter)

/** Holds for what `parse` let through, and for what the library makes of it. */
function tree(op: Json): OpNode | null {
  const read = readJsonOp(op, textType)
  return read.ok ? read.value : null
}

const places = (node: OpNode | null): number =>
  node === null ? 1 : node.children.reduce((sum, [, child]) => sum + places(child), 1)

/** Pairs of items that one difference compares, some 40 ns each; `PushWork` counts in half microseconds. */
const COMPARED_MAX = 1_000_000
const COMPARED_PER_UNIT = 12

/** JSON by ot-json1: inserts, removes, moves, and edits of texts and numbers (CS5). */
export const jsonType: OtType = {
  kind: 'json',
  parse(ops) {
    const read = readJsonOp(ops, textType)
    if (!read.ok) return read
    if (read.value === null) return ok(null)
    return attempt('bad_op', () => {
      const op = writeJsonOp(read.value, toInnerKey, toInner) as JSONOp
      const normal = json1.normalize(op)
      json1.checkValidOp(normal)
      return outer(normal)
    })
  },
  apply(value, op) {
    const node = tree(op)
    if (node === null) return ok(value)
    if (!fits(value, node, PICKS)) return err('does_not_fit')
    const applied = attempt('does_not_fit', () => {
      const result = json1.apply(value === undefined ? undefined : (toInner(value) as Doc), inner(op))
      return result === undefined ? undefined : toOuter(result as Json)
    })
    if (!applied.ok) return applied
    if (!fits(applied.value, node, DROPS)) return err('does_not_fit')
    return applied.value !== undefined && !depthWithin(applied.value, JSON_DEPTH_MAX)
      ? err('too_large')
      : applied
  },
  // The value is copied twice, however many operations there are: the library leaves what it is given as it was.
  redo: (value, ops) =>
    attempt('does_not_fit', () => {
      const start = value === undefined ? undefined : (toInner(value) as Doc)
      const end = ops.reduce<Doc | undefined>((document, op) => json1.apply(document, inner(op)), start)
      return end === undefined ? undefined : toOuter(end as Json)
    }),
  transform: (op, other, side) =>
    attempt('does_not_fit', () => outer(json1.transformNoConflict(inner(op), inner(other), side))),
  compose: (first, second) =>
    attempt('does_not_fit', () => outer(json1.compose(inner(first), inner(second)))),
  diff(before, after, work) {
    const differing = { move: 0, pairs: COMPARED_MAX, places: JSON_PLACES_MAX }
    const op = written(differenceBy(differing)(before, after), before, after)
    if (work) spend(work, (COMPARED_MAX - differing.pairs) / COMPARED_PER_UNIT)
    return ok(numbered(op))
  },
  diffSince: (before, after, _, work) => jsonType.diff(before, after, work),
  renew: (before, after) => ok(written(renewal(before, after), before, after)),
  cost: (op, other) => places(tree(op)) * places(tree(other)),
}

/** The library tells what it can't do by throwing: here, and nowhere else, that becomes a value. */
function attempt<T>(failure: OtFailure, work: () => T): Result<T, OtFailure> {
  try {
    return ok(work())
  } catch {
    return err(failure)
  }
}

/** Whether every place with one of these components is there. An index past an array's end is nowhere. */
function fits(value: Json | undefined, node: OpNode, fields: readonly string[]): boolean {
  if (
    node.component !== null &&
    value === undefined &&
    fields.some((f) => Object.hasOwn(node.component ?? {}, f))
  )
    return false
  return node.children.every(
    ([key, child]) => !touches(child, fields) || fits(childOf(value, key), child, fields),
  )
}

function childOf(value: Json | undefined, key: string | number): Json | undefined {
  if (Array.isArray(value)) return typeof key === 'number' ? (value as readonly Json[])[key] : undefined
  return value !== undefined && isJsonObject(value) && typeof key === 'string'
    ? ownValue(value, key)
    : undefined
}

/** The operation; the whole value in one place where there are more places than an operation has. */
function written(node: OpNode | null, before: Json | undefined, after: Json | undefined): Json {
  const whole = node !== null && nodes(node) > JSON_PLACES_MAX ? replaced(before, after) : node
  return writeJsonOp(
    whole,
    (key) => key,
    (value) => value,
  )
}

const nodes = (node: OpNode): number => node.children.reduce((sum, [, child]) => sum + nodes(child), 1)

function replaced(before: Json | undefined, after: Json | undefined): OpNode | null {
  if (before === undefined && after === undefined) return null
  const removed = before === undefined ? {} : { r: true }
  const inserted = after === undefined ? {} : { i: after }
  return { component: { ...removed, ...inserted }, children: [] }
}

type Difference = (before: Json | undefined, after: Json | undefined) => OpNode | null

/** Names by name, arrays item by item, texts by their difference, everything else as a whole. */
function differenceBy(differing: Differing): Difference {
  const difference: Difference = (before, after) => {
    if (jsonEqual(before, after)) return null
    if (typeof before === 'string' && typeof after === 'string') {
      const edit = textType.diff(before, after)
      if (edit.ok) return { component: { es: edit.value }, children: [] }
    }
    if (before !== undefined && after !== undefined && isJsonObject(before) && isJsonObject(after))
      return { component: null, children: childrenBy(difference, before, after) }
    if (Array.isArray(before) && Array.isArray(after) && differing.places > 0) {
      const items = listDifference(before as readonly Json[], after as readonly Json[], differing, difference)
      if (items && nodes(items) <= JSON_PLACES_MAX) return items
    }
    return replaced(before, after)
  }
  return difference
}

/** Moves numbered as the library does it. */
const numbered = (op: Json): Json => (op === null ? null : outer(json1.normalize(inner(op))))

/** Names by name; of texts and arrays every part is removed, and every part of the new ones is put in. */
function renewal(before: Json | undefined, after: Json | undefined): OpNode | null {
  if (typeof before === 'string' && typeof after === 'string') {
    const edit = textType.renew(before, after)
    if (edit.ok) return { component: { es: edit.value }, children: [] }
  }
  if (Array.isArray(before) && Array.isArray(after)) {
    const [old, next] = [before as readonly Json[], after as readonly Json[]]
    const children = Array.from({ length: Math.max(old.length, next.length) }, (_, i): [number, OpNode] => [
      i,
      replaced(old[i], next[i]) as OpNode,
    ])
    return children.length === 0 ? null : { component: null, children }
  }
  if (before !== undefined && after !== undefined && isJsonObject(before) && isJsonObject(after)) {
    const children = childrenBy(renewal, before, after)
    return children.length === 0 ? null : { component: null, children }
  }
  return replaced(before, after)
}

function childrenBy(change: Difference, before: JsonObject, after: JsonObject): OpNode['children'] {
  // The library wants names in order, as it has them.
  const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort((a, b) =>
    toInnerKey(a) < toInnerKey(b) ? -1 : 1,
  )
  return keys.flatMap((key): [string, OpNode][] => {
    const node = change(ownValue(before, key), ownValue(after, key))
    return node === null ? [] : [[key, node]]
  })
}

/** The operation that moves what is at one place to another, as it comes: `parse` says whether it is one. */
export const moveBetween = (
  from: readonly (string | number)[],
  to: readonly (string | number)[],
): Result<Json, OtFailure> => attempt('bad_op', () => moveOp([...from], [...to]) as Json)
