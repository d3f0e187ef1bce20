import { yjsText } from '#lib/engine/crdt/text-yjs.ts'
import { withTextsSince } from '#lib/engine/texts-since.ts'
import { recordKey } from '#lib/engine/types.ts'
import type { RecordTexts } from '#lib/engine/wire-record.ts'
import type { WireRecord } from '#lib/protocol/push.ts'
import type { PullRead, Storage } from '#lib/storage/ports.ts'

/** A shorter text goes out whole: to read what it was before costs more than it saves. */
export const TEXTS_SINCE_FROM_CHARS = 16 * 1024
/** Records of a page that are looked at: each may load its texts as they were, some 10 ms where they are long. */
export const TEXTS_SINCE_MAX = 8

/** A read by a device that holds what its collection had at the position, if it takes texts by what came to them since. */
export interface PageRead extends PullRead {
  readonly textsSince?: boolean
}

/** A record of a page, and its paths under OT as the page tells them. */
export interface ToldRecord {
  readonly record: RecordTexts
  readonly ot: WireRecord['ot']
}

/** The records of a page, long texts told by what came to them since the position that the page is read from. */
export async function tellTextsSince(
  { sync }: Pick<Storage, 'sync'>,
  fleetId: string,
  reads: readonly PageRead[],
  told: readonly ToldRecord[],
  fromChars: number,
): Promise<readonly ToldRecord[]> {
  const after = new Map(
    reads.flatMap((read) => (read.textsSince ? [[read.collection, read.afterVersion]] : [])),
  )
  const places = told
    .filter(({ record, ot }) => after.has(record.collection) && longest(record, ot) >= fromChars)
    .slice(0, TEXTS_SINCE_MAX)
    .map(({ record: { collection, recordId } }) => ({
      collection,
      recordId,
      version: after.get(collection) ?? 0,
    }))
  if (places.length === 0) return told
  const earlier = await sync.statesAt(fleetId, places)
  return told.map(({ record, ot }) => {
    const then = earlier.get(recordKey(record.collection, record.recordId))
    return { record: then ? withTextsSince(record, ot, then, fromChars, yjsText) : record, ot }
  })
}

/** Characters that a text of the record may have. */
const longest = ({ crdt, data }: RecordTexts, ot: WireRecord['ot']): number =>
  Math.max(crdt?.length ?? 0, ot ? data.length : 0)
