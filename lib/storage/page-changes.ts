import type { PullPage, PullRead } from './ports.ts'

/**
 * Where a page leaves each collection: those read to the end reach their head, the one that
 * was cut reaches its last version that fitted, and those behind it stay.
 * @param cut index in `reads` of the collection that did not fit, null when all did
 * @param lastOf the last version on the page per collection
 */
export function reachedBy(
  reads: readonly PullRead[],
  heads: ReadonlyMap<string, number>,
  cut: number | null,
  lastOf: ReadonlyMap<string, number>,
): Pick<PullPage, 'reached' | 'hasMore'> {
  const reached = new Map<string, number>()
  for (const [i, { collection, afterVersion }] of reads.entries()) {
    const whole = cut === null || i < cut
    const version = whole ? (heads.get(collection) ?? 0) : (lastOf.get(collection) ?? 0)
    reached.set(collection, Math.max(afterVersion, version))
  }
  return { reached, hasMore: cut !== null }
}
