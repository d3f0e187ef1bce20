/** What of a list a page shows: which search, and whether there is more before or behind it. */
export type ListScope = {
  /** The search as it was typed; '' shows everything. */
  q: string
  /** There is a next page. */
  more: boolean
  /** This is not the first page. */
  later: boolean
  /** How many match, where all of them were counted; absent where they were not. */
  matching?: number
}

/**
 * "107 sessions match “result:failed”", or "At least 50" where a page is all that is known: a filtered list never stands
 * for the whole. Pure.
 * @param shown rows of this page
 * @param counted puts the noun behind a count
 */
export function matchSentence(
  shown: number,
  counted: (count: number) => string,
  { q, more, later, matching }: ListScope,
): string {
  // Counts trail the list: they can't speak of more than they have seen.
  const isCounted = matching !== undefined && matching >= shown
  const count = isCounted ? matching : shown
  const atLeast = !isCounted && (more || later) ? 'At least ' : ''
  return `${atLeast}${counted(count)} ${count === 1 ? 'matches' : 'match'} “${q}”`
}
