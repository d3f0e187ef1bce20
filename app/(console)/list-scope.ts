/** What of a list a page shows: which search, and whether there is more before or behind it. */
export type ListScope = {
  /** The search as it was typed; '' shows everything. */
  q: string
  /** There is a next page. */
  more: boolean
  /** This is not the first page. */
  later: boolean
}

/** "At least 50 sessions match “result:failed”": a filtered list never stands for the whole. Pure. */
export function matchSentence(counted: string, one: boolean, { q, more, later }: ListScope): string {
  return `${more || later ? 'At least ' : ''}${counted} ${one ? 'matches' : 'match'} “${q}”`
}
