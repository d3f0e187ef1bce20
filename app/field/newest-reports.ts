import type { Collection, RecordView } from '#lib/client/collection.ts'

/** What a phone holds at once: as many are listed and searched. */
const LISTED_MAX = 10_000

interface NewestReports {
  /** Newest first, LISTED_MAX at the most. */
  readonly newest: readonly RecordView[]
  /** How many are on this device. */
  readonly total: number
}

/**
 * The newest reports of this device, and how many it has. A query alone stops at the first 10,000, which are the oldest: what
 * was just written would be missing.
 */
export async function newestReports(
  reports: Pick<Collection, 'query'>,
  max = LISTED_MAX,
): Promise<NewestReports> {
  let total = 0
  let last = ''
  let held: RecordView[] = []
  await reports.query((record) => {
    // A store that had to be opened anew is read from its beginning.
    if (record.id <= last) [total, held] = [0, []]
    last = record.id
    total += 1
    held.push(record)
    if (held.length >= 2 * max) held = held.slice(-max)
    return false
  })
  return { newest: held.slice(-max).reverse(), total }
}
