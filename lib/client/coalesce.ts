import { applyOperation } from '#lib/engine/patch.ts'
import type { Json, JsonObject } from '#lib/kernel/json.ts'
import { copyObject, defineKey, ownValue, withKey } from '#lib/kernel/json.ts'
import type { Mutation, Operation } from '#lib/protocol/mutation.ts'
import { crdtParts, otParts } from './on-demand.ts'

type Patch = Extract<Operation, { type: 'patch' }>

/**
 * One operation with the effect of both, or null where there is none: put then put, put then patch, patch then
 * patch of top-level names, CRDT changes, and operations on one path. Pointers into documents do not combine without the document, so those stay apart.
 */
export function coalesceOperations(first: Operation, second: Operation): Operation | null {
  if (first.type === 'put' && second.type === 'put') return second
  if (first.type === 'put' && second.type === 'patch') {
    const data = applyOperation(first.data, second)
    return data.ok && data.value !== null ? { type: 'put', data: data.value } : null
  }
  if (first.type === 'patch' && second.type === 'patch') return combinePatches(first, second)
  if (first.type === 'crdt' && second.type === 'crdt') {
    const changes = crdtParts().join(first.changes, second.changes)
    return changes && { type: 'crdt', changes }
  }
  if (first.type === 'ot' && second.type === 'ot') return otParts().join(first, second)
  return null
}

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
