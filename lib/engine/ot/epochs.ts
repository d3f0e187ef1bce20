import type { OtState } from '#lib/protocol/ot.ts'

/** Who writes, in which epoch of the fleet. */
interface Writer {
  readonly epoch: number
  /** The fleet's epoch before that; absent: the number before. */
  readonly before?: number | undefined
  readonly author: string
}

/** The state of a path after one more operation. */
export function afterOperation(
  { kind, revision, since }: OtState,
  { epoch, before, author }: Writer,
): OtState {
  const next = { kind, revision: revision + 1 }
  // The first epoch has none before it.
  if (epoch <= 1) return next
  if (since?.epoch !== epoch) {
    const named = before === undefined ? {} : { before }
    return { ...next, since: { epoch, ...named, revision, by: author } }
  }
  return { ...next, since: { ...since, by: since.by === author ? author : null } }
}

/**
 * Whether an operation of an older epoch names a revision that a restore took away (TK6, CS5): what stands under that number
 * today is something else. A device that alone wrote since has sent the same again, in the same order.
 */
export function isRevisionLost(
  { since }: OtState,
  {
    baseEpoch,
    baseRevision,
    author,
  }: { baseEpoch: number | undefined; baseRevision: number; author: string },
): boolean {
  if (!since || baseEpoch === undefined || baseEpoch >= since.epoch) return false
  // Of two restores one knows only the newest.
  if (baseEpoch < (since.before ?? since.epoch - 1)) return true
  return baseRevision > since.revision && since.by !== author
}
