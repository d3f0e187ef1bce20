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

/** Where a member stands: `arrivedAtMs` is no earlier than that of the one that it was made after, whosever clock told it. */
interface Place {
  readonly arrivedAtMs: number
  /** How many members it stands behind, link by link. */
  readonly depth: number
}

/**
 * Members in the order in which they run (DL11): as they arrived, in which a device's own are in causal order; of those that
 * arrived together each behind the one that it was made after, else as they were made. Pure.
 */
export function orderMembers(candidates: readonly Candidate[]): Members {
  const byMutation = new Map(candidates.map((one) => [one.mutationId, one]))
  const places = new Map<string, Place>()
  const placed = candidates
    .map((one) => ({ one, place: placeOf(one, byMutation, places) }))
    .sort(
      (a, b) =>
        a.place.arrivedAtMs - b.place.arrivedAtMs ||
        a.place.depth - b.place.depth ||
        a.one.madeAtMs - b.one.madeAtMs ||
        (a.one.id < b.one.id ? -1 : 1),
    )
  return {
    matched: candidates.filter(({ behind }) => behind === null).length,
    items: placed.map(({ one }, i) => ({ ordinal: i + 1, letterId: one.id, behind: one.behind })),
  }
}

/** A circle ends where it closes. */
function placeOf(
  candidate: Candidate,
  byMutation: ReadonlyMap<string, Candidate>,
  places: Map<string, Place>,
): Place {
  const chain: Candidate[] = []
  const seen = new Set<string>()
  let at: Candidate | undefined = candidate
  while (at && !places.has(at.id) && !seen.has(at.id)) {
    seen.add(at.id)
    chain.push(at)
    at = at.parentMutationId === null ? undefined : byMutation.get(at.parentMutationId)
  }
  let place = (at && places.get(at.id)) ?? { arrivedAtMs: -Infinity, depth: -1 }
  for (const one of chain.toReversed()) {
    place = { arrivedAtMs: Math.max(place.arrivedAtMs, one.createdAtMs), depth: place.depth + 1 }
    places.set(one.id, place)
  }
  return place
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
