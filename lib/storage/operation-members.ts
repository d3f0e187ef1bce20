import type { Members, NewOperation, OperationRow } from './ports.ts'

/** A letter that is to be a member, as far as its place hangs on it. Times in Unix ms. */
export interface Candidate {
  readonly id: string
  readonly mutationId: string
  readonly parentMutationId: string | null
  readonly createdAtMs: number
  readonly madeAtMs: number
  /** The letter of the filter that it came along with; null for those of the filter. */
  readonly behind: string | null
}

/**
 * Members in the order in which they run (DL11): as they arrived, in which a device's own are in causal order; of those that
 * arrived together each behind the one that it was made after, else as they were made. Pure.
 */
export function orderMembers(candidates: readonly Candidate[]): Members {
  const byMutation = new Map(candidates.map((one) => [one.mutationId, one]))
  const depths = new Map<string, number>()
  const placed = candidates
    .map((one) => ({ one, depth: depthOf(one, byMutation, depths) }))
    .sort(
      (a, b) =>
        a.one.createdAtMs - b.one.createdAtMs ||
        a.depth - b.depth ||
        a.one.madeAtMs - b.one.madeAtMs ||
        (a.one.id < b.one.id ? -1 : 1),
    )
  return {
    matched: candidates.filter(({ behind }) => behind === null).length,
    items: placed.map(({ one }, i) => ({ ordinal: i + 1, letterId: one.id, behind: one.behind })),
  }
}

/** How many members it stands behind, link by link; a circle ends where it closes. */
function depthOf(
  candidate: Candidate,
  byMutation: ReadonlyMap<string, Candidate>,
  depths: Map<string, number>,
): number {
  const chain: Candidate[] = []
  const seen = new Set<string>()
  let at: Candidate | undefined = candidate
  while (at && !depths.has(at.id) && !seen.has(at.id)) {
    seen.add(at.id)
    chain.push(at)
    at = at.parentMutationId === null ? undefined : byMutation.get(at.parentMutationId)
  }
  let depth = at ? (depths.get(at.id) ?? -1) : -1
  for (const one of chain.toReversed()) depths.set(one.id, (depth += 1))
  return depths.get(candidate.id) ?? 0
}

/** A new operation before its members are counted. Pure. */
export function draftOf(operation: NewOperation): OperationRow {
  if (operation.kind === 'resolve') {
    const { ids: _, ...row } = operation
    return { ...row, matched: 0, total: 0 }
  }
  const { withPoison: _, ...row } = operation
  return { ...row, matched: 0, total: 0 }
}

/** Conflicts as members, in the order in which they were found. Pure. */
export const chosenMembers = (ids: readonly string[]): Members => ({
  matched: ids.length,
  items: ids.map((letterId, i) => ({ ordinal: i + 1, letterId, behind: null })),
})
