import { isJsonObject, type Json } from '#lib/kernel/json.ts'
import type { AuditEntry, AuditPort } from '#lib/storage/ports.ts'
import type { FirstBad } from './verify-audit.ts'

export const ADOPT_ACTION = 'audit.adopt'
/** Entries of before the chain that one entry of it adopts. */
export const ADOPTED_AT_ONCE = 200
/** Each has the macs of what it adopts with it. */
const ADOPTIONS_AT_ONCE = 50

export interface Place {
  readonly atMs: number
  readonly id: string
}
/** From where to where entries without a number are adopted, both included. */
export interface AdoptedRange {
  readonly first: Place
  readonly last: Place
}
/** What one entry of the chain adopts: entries without a number, each by its id and mac, in their order. */
interface Adoption extends AdoptedRange {
  readonly macs: readonly (readonly [id: string, mac: string])[]
}

const isBefore = (a: Place, b: Place): boolean => a.atMs < b.atMs || (a.atMs === b.atMs && a.id < b.id)
const isWithin = ({ first, last }: AdoptedRange, place: Place): boolean =>
  !isBefore(place, first) && !isBefore(last, place)

/** Whether any of them has this place, by halves. @param ranges as `adoptedRanges` gives them */
export function isAdopted(ranges: readonly AdoptedRange[], place: Place): boolean {
  let [from, to] = [0, ranges.length]
  while (from < to) {
    const middle = (from + to) >> 1
    const range = ranges[middle]
    if (range && !isBefore(place, range.first)) from = middle + 1
    else to = middle
  }
  const range = ranges[from - 1]
  return range !== undefined && isWithin(range, place)
}

/** In their order, and none over another: those that overlap are one. Pure. */
function apart(ranges: readonly AdoptedRange[]): readonly AdoptedRange[] {
  const joined: AdoptedRange[] = []
  for (const range of ranges
    .filter(({ first, last }) => !isBefore(last, first))
    .toSorted((a, b) => (isBefore(a.first, b.first) ? -1 : 1))) {
    const before = joined.at(-1)
    if (!before || isBefore(before.last, range.first)) joined.push(range)
    else if (isBefore(before.last, range.last))
      joined[joined.length - 1] = { first: before.first, last: range.last }
  }
  return joined
}

/** What an entry says that it adopts; null where it is no adoption. */
function rangeOf({ action, after }: Pick<AuditEntry, 'action' | 'after'>): Adoption | null {
  if (action !== ADOPT_ACTION || !isJsonObject(after)) return null
  const [first, last, macs] = [placeOf(after['first']), placeOf(after['last']), after['macs']]
  if (!first || !last || !Array.isArray(macs)) return null
  return { first, last, macs: macs as Adoption['macs'] }
}

function placeOf(value: Json | undefined): Place | null {
  if (value === undefined || !isJsonObject(value)) return null
  const { atMs, id } = value
  return typeof atMs === 'number' && typeof id === 'string' ? { atMs, id } : null
}

/**
 * What all adoptions of the chain cover, in order; one for each ADOPTED_AT_ONCE entries, once in the life of an installation.
 * Without their macs, which are held a page at a time.
 */
export async function adoptedRanges(audit: AuditPort): Promise<readonly AdoptedRange[]> {
  const ranges: AdoptedRange[] = []
  let cursor = null
  do {
    const page = await audit.list(
      { fleetId: null, action: ADOPT_ACTION },
      { limit: ADOPTIONS_AT_ONCE, cursor },
    )
    for (const entry of page.items) {
      const adoption = (entry.seq ?? 0) < 1 ? null : rangeOf(entry)
      if (adoption) ranges.push({ first: adoption.first, last: adoption.last })
    }
    cursor = page.next
  } while (cursor)
  return apart(ranges)
}

/** Holds what an adoption names against what stands there; null for any other entry, and where all are as they were. */
export async function checkAdopted(
  audit: AuditPort,
  entry: AuditEntry,
  counts: { adopted: number },
): Promise<FirstBad | null> {
  const range = rangeOf(entry)
  if (!range) return null
  // From right before the first one on: what begins like an id stands behind the beginning of it.
  const before = { atMs: range.first.atMs, id: range.first.id.slice(0, -1) }
  const rows = (await audit.unchained(before, range.macs.length + ADOPTED_AT_ONCE)).filter((row) =>
    isWithin(range, row.entry),
  )
  for (const [i, [id, mac]] of range.macs.entries()) {
    const row = rows[i]
    if (row && row.entry.id !== id && !range.macs.some(([known]) => known === row.entry.id))
      return bad(row.entry.id, row.entry.atMs, 'was not there when those of before the chain were adopted')
    if (!row || row.entry.id !== id) return bad(id, null, 'of before the chain is gone')
    if (row.expected !== mac) return bad(id, row.entry.atMs, 'of before the chain is not what was adopted')
    counts.adopted += 1
  }
  const extra = rows[range.macs.length]
  return extra
    ? bad(extra.entry.id, extra.entry.atMs, 'was not there when those of before the chain were adopted')
    : null
}

const bad = (id: string, atMs: number | null, what: string): FirstBad => ({
  kind: 'before_chain',
  seq: null,
  id,
  atMs,
  what: `The entry ${id} ${what}`,
})
