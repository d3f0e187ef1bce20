import { JSON_DEPTH_MAX, JSON_KEYS_MAX, UNSET_KEYS_MAX } from './limits.ts'
import type { Mutation } from './mutation.ts'

/** Above an operation in a push are the body, its list, and the mutation. */
const OPERATION_LEVELS_MAX = JSON_DEPTH_MAX - 3

/**
 * The bound of a push that a mutation passes, in words; null when it stays within all of them. How many changes an operation
 * on CRDTs holds is bounded where they are joined.
 * @param bytes of its JSON text; `bytesMax` is for whoever asks: a single one may be longer than what is joined
 */
export function passedBound({ op }: Mutation, bytes: number, bytesMax: number): string | null {
  if (bytes > bytesMax) return `${bytesMax / 1_024} KiB`
  if (op.type === 'patch' && (op.unset?.length ?? 0) > UNSET_KEYS_MAX) return `${UNSET_KEYS_MAX} removed keys`
  return passedShape(op, OPERATION_LEVELS_MAX)
}

function passedShape(value: unknown, levels: number): string | null {
  if (typeof value !== 'object' || value === null) return null
  if (levels === 0) return `${JSON_DEPTH_MAX} levels in a push`
  const items: readonly unknown[] = Object.values(value)
  if (!Array.isArray(value) && items.length > JSON_KEYS_MAX) return `${JSON_KEYS_MAX} keys of an object`
  for (const item of items) {
    const passed = passedShape(item, levels - 1)
    if (passed !== null) return passed
  }
  return null
}
