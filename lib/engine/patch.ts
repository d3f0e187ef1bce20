import type { Json, JsonObject } from '#lib/kernel/json.ts'
import { copyObject, defineKey, isJsonObject, ownValue, withKey, depthWithin } from '#lib/kernel/json.ts'
import type { Path } from '#lib/kernel/json-pointer.ts'
import { ARRAY_INDEX, fromPointer, toPointer } from '#lib/kernel/json-pointer.ts'
import type { Result } from '#lib/kernel/result.ts'
import { err, ok } from '#lib/kernel/result.ts'
import { JSON_DEPTH_MAX } from '#lib/protocol/limits.ts'
import type { Operation } from '#lib/protocol/mutation.ts'

/** Why an operation cannot be carried out on a document; `path` is the key as the patch wrote it. */
export interface PatchFailure {
  readonly code: 'bad_pointer' | 'not_a_container' | 'index_out_of_range' | 'too_deep' | 'needs_state'
  readonly path: string
}

/**
 * The path of a patch's key (PA1): a key starting with `/` is a JSON Pointer (RFC 6901), any other
 * one top-level name. Null for a `~` that escapes nothing.
 */
export function parseKey(key: string): Path | null {
  return key.startsWith('/') ? fromPointer(key) : [key]
}

/**
 * Carries out an operation on a document (null: none, or deleted) and gives the new one. Never throws on JSON.
 * A patch sets first, outer paths before inner ones, then unsets from the last to the first, so array indices mean
 * the document as it was. Missing parents become objects; an index at an array's end (or `-`) appends, past it fails.
 */
export function applyOperation(
  document: JsonObject | null,
  op: Operation,
): Result<JsonObject | null, PatchFailure> {
  if (op.type === 'delete') return ok(null)
  // A document alone doesn't tell what these do (lib/engine/crdt, lib/engine/ot).
  if (op.type === 'crdt' || op.type === 'ot') return err({ code: 'needs_state', path: '' })
  if (op.type === 'put')
    return depthWithin(op.data, JSON_DEPTH_MAX) ? ok(op.data) : err({ code: 'too_deep', path: '' })
  const sets = orderedPaths(Object.keys(op.set ?? {}))
  if (!sets.ok) return sets
  const unsets = orderedPaths(op.unset ?? [])
  if (!unsets.ok) return unsets
  let result: Json = document ?? {}
  for (const { key, path } of sets.value) {
    const value = ownValue(op.set ?? {}, key) as Json
    if (!depthWithin(value, JSON_DEPTH_MAX - path.length)) return err({ code: 'too_deep', path: key })
    const changed = setAt(result, path, value)
    if (!changed.ok) return err({ code: changed.error, path: key })
    result = changed.value
  }
  for (const { path } of unsets.value.toReversed()) result = unsetAt(result, path)
  return ok(result as JsonObject)
}

/** The paths that an operation touches, as pointers; null when it touches the whole document. */
export function touchedPointers(op: Operation): readonly string[] | null {
  if (op.type !== 'patch') return null
  return [...Object.keys(op.set ?? {}), ...(op.unset ?? [])].map((key) => toPointer(parseKey(key) ?? [key]))
}

interface KeyedPath {
  readonly key: string
  readonly path: Path
}

/** Each key once, in an order that doesn't hang on theirs, which storage doesn't keep. */
function orderedPaths(keys: readonly string[]): Result<KeyedPath[], PatchFailure> {
  const paths: KeyedPath[] = []
  for (const key of new Set(keys)) {
    const path = parseKey(key)
    if (!path) return err({ code: 'bad_pointer', path: key })
    if (path.length > JSON_DEPTH_MAX) return err({ code: 'too_deep', path: key })
    paths.push({ key, path })
  }
  return ok(paths.sort((a, b) => comparePaths(a.path, b.path) || compareTexts(a.key, b.key)))
}

/**
 * A total order (PA4): segment by segment, outer paths first. Whether a segment is an index is told by it alone, for what
 * stands there isn't known: to tell it by pairs of segments would be no order ("2" < "10" < "1a" < "2").
 */
export function comparePaths(a: Path, b: Path): number {
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    const order = compareSegments(a[i] as string, b[i] as string)
    if (order !== 0) return order
  }
  return a.length - b.length
}

/** Indices by number; then `-`, the end of an array, since they mean the array as it was; then names. */
function compareSegments(a: string, b: string): number {
  const kind = kindOf(a) - kindOf(b)
  if (kind !== 0) return kind
  return kindOf(a) === 0 ? Number(a) - Number(b) : compareTexts(a, b)
}

const kindOf = (segment: string): number => (ARRAY_INDEX.test(segment) ? 0 : segment === '-' ? 1 : 2)

const compareTexts = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

function setAt(node: Json | undefined, path: Path, value: Json): Result<Json, PatchFailure['code']> {
  const [head, ...rest] = path
  if (head === undefined) return ok(value)
  if (node !== undefined && Array.isArray(node)) return setInArray(node, head, rest, value)
  if (node !== undefined && !isJsonObject(node)) return err('not_a_container')
  const object = node ?? {}
  const child = setAt(ownValue(object, head), rest, value)
  if (!child.ok) return child
  const copy = copyObject(object)
  defineKey(copy, head, child.value)
  return ok(copy)
}

function setInArray(
  array: readonly Json[],
  head: string,
  rest: Path,
  value: Json,
): Result<Json, PatchFailure['code']> {
  const index = head === '-' ? array.length : ARRAY_INDEX.test(head) ? Number(head) : Infinity
  if (index > array.length) return err('index_out_of_range')
  const child = setAt(array[index], rest, value)
  return child.ok ? ok([...array.slice(0, index), child.value, ...array.slice(index + 1)]) : child
}

/** Without effect where there is nothing, so that an unset can be repeated. */
function unsetAt(node: Json, path: Path): Json {
  const [head, ...rest] = path
  if (head === undefined) return node
  if (Array.isArray(node)) {
    const index = ARRAY_INDEX.test(head) ? Number(head) : Infinity
    if (index >= node.length) return node
    if (rest.length === 0) return node.toSpliced(index, 1)
    return node.with(index, unsetAt(node[index] as Json, rest))
  }
  if (!isJsonObject(node)) return node
  const child = ownValue(node, head)
  if (child === undefined) return node
  return withKey(node, head, rest.length === 0 ? undefined : unsetAt(child, rest))
}
