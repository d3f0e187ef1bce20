import type { RecordTexts } from '#lib/engine/wire-record.ts'
import { recordKey } from '#lib/engine/types.ts'
import { withTextsSince } from '#lib/engine/crdt/texts-since.ts'
import { yjsText } from '#lib/engine/crdt/text-yjs.ts'
import type { PullRead, Storage } from '#lib/storage/ports.ts'

/** A shorter state goes out whole: to read an earlier one costs more than it saves. */
export const TEXTS_SINCE_FROM_CHARS = 16 * 1024
/** Records of a page that are looked at: each loads its text as it was, some 10 ms where it is long. */
export const TEXTS_SINCE_MAX = 8

/** A read by a device that holds what its collection had at the position, if it takes texts by what came to them since. */
export interface PageRead extends PullRead {
  readonly textsSince?: boolean
}

/** The records of a page, long texts told by what came to them since the position that the page is read from. */
export async function tellTextsSince(
  { sync }: Pick<Storage, 'sync'>,
  fleetId: string,
  reads: readonly PageRead[],
  records: readonly RecordTexts[],
  fromChars: number,
): Promise<readonly RecordTexts[]> {
  const after = new Map(
    reads.flatMap((read) => (read.textsSince ? [[read.collection, read.afterVersion]] : [])),
  )
  const places = records
    .filter(
      ({ collection, crdt, deleted }) =>
        !deleted && after.has(collection) && (crdt?.length ?? 0) >= fromChars,
    )
    .slice(0, TEXTS_SINCE_MAX)
    .map(({ collection, recordId }) => ({ collection, recordId, version: after.get(collection) ?? 0 }))
  if (places.length === 0) return records
  const earlier = await sync.statesAt(fleetId, places)
  return records.map((record) => {
    const then = earlier.get(recordKey(record.collection, record.recordId))
    return then ? withTextsSince(record, then, fromChars, yjsText) : record
  })
}
