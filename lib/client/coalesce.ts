import { applyOperation } from '#lib/engine/patch.ts'
import type { Json, JsonObject } from '#lib/kernel/json.ts'
import { copyObject, defineKey, isJsonObject, ownValue, withKey } from '#lib/kernel/json.ts'
import type { Mutation, Operation } from '#lib/protocol/mutation.ts'
import { crdtParts, otParts } from './on-demand.ts'

type Patch = Extract<Operation, { type: 'patch' }>

/**
 * One operation with the effect of both, or null where there is none: put then put, put then patch, patch then
 * patch of top-level names, CRDT changes, and operations on one path. Pointers into documents do not combine without the document, so those stay apart.
 * @param letsBe a `put` of the collection keeps what it leaves out (CS4, CS5): what the first one wrote there must be said
 */
export function coalesceOperations(first: Operation, second: Operation, letsBe = false): Operation | null {
  if (first.type === 'put' && (second.type === 'put' || second.type === 'patch')) {
    const made = applyOperation(first.data, second)
    if (!made.ok || !made.value) return null
    const isUnset = second.type === 'patch' && second.unset?.length
    if (letsBe && (isUnset || !holdsAll(made.value, first.data))) return null
    return { type: 'put', data: made.value }
  }
  if (first.type === 'patch' && second.type === 'patch') return combinePatches(first, second)
  if (first.type === 'crdt' && second.type === 'crdt') {
    const changes = crdtParts().join(first.changes, second.changes)
    return changes && { type: 'crdt', changes }
  }
  if (first.type === 'ot' && second.type === 'ot') return otParts().join(first, second)
  return null
}

/** True where `after` has a value at every place where `before` has one. */
const holdsAll = (after: Json | undefined, before: JsonObject): boolean =>
  isJsonObject(after) &&
  Object.keys(before).every((key) => {
    const [was, is] = [ownValue(before, key), ownValue(after, key)]
    return is !== undefined && (!isJsonObject(was) || holdsAll(is, was))
  })

/** SM4: only un-sent mutations of equal base. The caller sees to it that nothing stands between them. */
export function haveEqualBase(first: Mutation, second: Mutation): boolean {
  return (
    first.baseVersion === second.baseVersion &&
    first.baseEpoch === second.baseEpoch &&
    first.schemaVersion === second.schemaVersion &&
    first.resolves === undefined &&
    second.resolves === undefined
  )
}

function combinePatches(first: Patch, second: Patch): Patch | null {
  const keys = [first, second].flatMap((patch) => [...Object.keys(patch.set ?? {}), ...(patch.unset ?? [])])
  if (keys.some((key) => key.startsWith('/'))) return null
  const secondUnset = new Set(second.unset)
  let set: JsonObject = {}
  for (const patch of [settled(first), settled(second)]) set = assign(set, patch)
  for (const key of secondUnset) set = withKey(set, key, undefined)
  const unset = [...new Set([...(first.unset ?? []), ...secondUnset])].filter(
    (key) => secondUnset.has(key) || !Object.hasOwn(second.set ?? {}, key),
  )
  return { type: 'patch', set, unset }
}

/** What a patch leaves set: of one that sets and unsets a key, the unset stands (patch.ts). */
function settled(patch: Patch): JsonObject {
  return (patch.unset ?? []).reduce((set, key) => withKey(set, key, undefined), patch.set ?? {})
}

function assign(target: JsonObject, source: JsonObject): JsonObject {
  const copy = copyObject(target)
  for (const key of Object.keys(source)) defineKey(copy, key, ownValue(source, key) as Json)
  return copy
}
