import type { IncomingPush } from '#lib/engine/types.ts'
import { recordKey } from '#lib/engine/types.ts'

/** Pushes that share one transaction. */
export const PUSHES_PER_GROUP_MAX = 32
/**
 * Documents that the pushes of a group load together: their records, and what their mutations were made on. Small bodies may
 * name many large ones; a record has a bound (PU8), so what one group holds has one, too.
 */
export const DOCUMENTS_PER_GROUP_MAX = 4_000

/** How many of the pushes that wait, in their order, make the next group: the first one in any case, however much it loads. */
export function groupSize(waiting: readonly Pick<IncomingPush, 'mutations'>[]): number {
  const first = waiting.slice(0, PUSHES_PER_GROUP_MAX)
  const most = first.reduce((sum, { mutations }) => sum + 2 * mutations.length, 0)
  if (most <= DOCUMENTS_PER_GROUP_MAX) return first.length
  const named = new Set<string>()
  for (const [taken, { mutations }] of first.entries()) {
    for (const { mutation } of mutations) {
      const key = recordKey(mutation.collection, mutation.recordId)
      named.add(key)
      if (mutation.baseVersion > 0) named.add(`${key}@${mutation.baseVersion}`)
    }
    if (named.size > DOCUMENTS_PER_GROUP_MAX) return Math.max(1, taken)
  }
  return first.length
}
