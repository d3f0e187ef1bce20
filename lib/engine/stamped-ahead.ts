import { CLOCK_AHEAD_MAX_MS } from '#lib/protocol/limits.ts'
import type { Mutation } from '#lib/protocol/mutation.ts'

/** Whether a stamp of a mutation, or of a register in it, is past the bound (CS1): those that are refused, and maybe more. */
export function isStampedAhead({ hlc, op }: Mutation, nowMs: number): boolean {
  // An HLC sorts as it counts, by its first 12 digits.
  const bound = (nowMs + CLOCK_AHEAD_MAX_MS).toString(16).padStart(12, '0')
  const isAhead = (stamp: string): boolean => stamp.slice(0, 12) > bound
  if (isAhead(hlc)) return true
  return op.type === 'crdt' && op.changes.some((one) => one.kind === 'lww-register' && isAhead(one.hlc))
}
