import type { Operation } from '#lib/protocol/mutation.ts'
import { touchedPointers } from '../patch.ts'

/**
 * The places that an operation touches (CS5), as pointers: a `put` the whole document, a patch what it names, and the array
 * that it takes an item out of, since that moves what is behind it.
 */
export function touchedPlaces(op: Operation): readonly string[] {
  if (op.type === 'ot') return [op.path]
  const removed = op.type === 'patch' ? (touchedPointers({ type: 'patch', unset: op.unset }) ?? []) : []
  const arrays = removed.flatMap((pointer) => /^(.+)\/[0-9]+$/.exec(pointer)?.[1] ?? [])
  return [...(touchedPointers(op) ?? ['']), ...arrays]
}
