import {
  CRDT_CHANGES_MAX,
  CRDT_PATH_CHARS_MAX,
  JSON_DEPTH_MAX,
  JSON_KEYS_MAX,
  UNSET_KEYS_MAX,
} from './limits.ts'
import type { Mutation, Operation } from './mutation.ts'

/** Above an operation in a push are the body, its list, and the mutation. */
const OPERATION_LEVELS_MAX = JSON_DEPTH_MAX - 3

/**
 * The bound of a push that a mutation passes, in words; null when it stays within all of them.
 * @param bytes of its JSON text; `bytesMax` is for whoever asks: a single one may be longer than what is joined
 */
export function passedBound({ op }: Mutation, bytes: number, bytesMax: number): string | null {
  if (bytes > bytesMax) return `${bytesMax / 1_024} KiB`
  return passedShape(op, OPERATION_LEVELS_MAX) ?? passedCount(op)
}

function passedCount(op: Operation): string | null {
  if (op.type === 'patch' && (op.unset?.length ?? 0) > UNSET_KEYS_MAX) return `${UNSET_KEYS_MAX} removed keys`
  if (op.type === 'crdt' && op.changes.length > CRDT_CHANGES_MAX) return `${CRDT_CHANGES_MAX} changes`
  const paths = op.type === 'crdt' ? op.changes.map(({ path }) => path) : op.type === 'ot' ? [op.path] : []
  return paths.some((path) => path.length > CRDT_PATH_CHARS_MAX)
    ? `${CRDT_PATH_CHARS_MAX} characters of a path`
    : null
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
