import type { Positions } from '#lib/engine/token.ts'
import { positionOf } from '#lib/engine/token.ts'
import type { Heads } from './stream-heads.ts'

/** Whether a device has begun each of these collections, and has read its first snapshot to the end. */
export const isPastSnapshots = (names: readonly string[], positions: Positions): boolean =>
  names.every((name) => positionOf(positions, name)?.snapshot === null)

/**
 * Whether such a device has missed nothing, by where its fleet's streams are known to stand (TK8). False says only that the
 * database has to be asked.
 */
export function isNothingNew(
  heads: Heads | null,
  epoch: number,
  names: readonly string[],
  positions: Positions,
): boolean {
  if (!heads || heads.epoch !== epoch) return false
  return names.every((name) => {
    const version = positionOf(positions, name)?.version ?? 0
    return heads.versions.get(name) === version && version >= (heads.purged.get(name) ?? 0)
  })
}
