import { fromPointer, isWithin, toPointer } from '#lib/kernel/json-pointer.ts'
import type { Operation } from '#lib/protocol/mutation.ts'

/**
 * Where in an operation the value stands that a place of the document gets from it, as a JSON Pointer into the operation;
 * null where it isn't from there. For what has no document to mark the place in. Pure.
 */
export function placeInOp(op: Operation, place: string): string | null {
  if (op.type === 'put') return `/data${place}`
  if (op.type === 'ot') return op.path === place ? '/ops' : null
  if (op.type === 'crdt') {
    const index = op.changes.findIndex((change) => isWithin(place, change.path))
    return index < 0 ? null : `/changes/${index}`
  }
  if (op.type === 'delete') return null
  for (const key of Object.keys(op.set ?? {})) {
    const path = key.startsWith('/') ? fromPointer(key) : [key]
    const at = path && toPointer(path)
    if (at !== null && isWithin(place, at)) return `${toPointer(['set', key])}${place.slice(at.length)}`
  }
  const unset = (op.unset ?? []).findIndex((key) => (key.startsWith('/') ? key : toPointer([key])) === place)
  return unset < 0 ? null : `/unset/${unset}`
}
