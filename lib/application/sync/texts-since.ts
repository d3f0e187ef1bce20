import { yjsText } from '#lib/engine/crdt/text-yjs.ts'
import { withTextsSince } from '#lib/engine/texts-since.ts'
import { recordKey } from '#lib/engine/types.ts'
import type { RecordTexts } from '#lib/engine/wire-record.ts'
import type { WireRecord } from '#lib/protocol/push.ts'
import type { PullRead, RecordAt, Storage } from '#lib/storage/ports.ts'

/** A shorter text goes out whole: to read what it was before costs more than it saves. */
export const TEXTS_SINCE_FROM_CHARS = 16 * 1024
/** Of the texts of a page that are looked at: to load one of so many takes a tenth of a second. */
export const TEXTS_SINCE_CHARS_MAX = 1024 * 1024

/** A read by a device, if it takes texts by what came to them since `heldVersion`. */
export interface PageRead extends PullRead {
  readonly textsSince?: boolean
}

/** A record of a page, and its paths under OT as the page tells them. */
export interface ToldRecord {
  readonly record: RecordTexts
  readonly ot: WireRecord['ot']
}

/** The records of a page, long texts told by what came to them since all was held: the page's own position may be past that. */
export async function tellTextsSince(
  { sync }: Pick<Storage, 'sync'>,
  fleetId: string,
  reads: readonly PageRead[],
  told: readonly ToldRecord[],
  fromChars: number,
): Promise<readonly ToldRecord[]> {
  const places = placesToLookAt(reads, told, fromChars)
  if (places.length === 0) return told
  const earlier = await sync.statesAt(fleetId, places)
  return told.map(({ record, ot }) => {
    const then = earlier.get(recordKey(record.collection, record.recordId))
    return { record: then ? withTextsSince(record, ot, then, fromChars, yjsText) : record, ot }
  })
}

/** Records that the device may hold, with long texts; as many as their characters allow, and one in any case. */
function placesToLookAt(
  reads: readonly PageRead[],
  told: readonly ToldRecord[],
  fromChars: number,
): readonly RecordAt[] {
  const held = new Map(
    reads.flatMap((read) => (read.textsSince ? [[read.collection, read.heldVersion ?? 0]] : [])),
  )
  const places: RecordAt[] = []
  let chars = 0
  for (const { record, ot } of told) {
    const { collection, recordId, deleted, life = 0 } = record
    const version = held.get(collection) ?? 0
    const length = charsOf(record, ot)
    if (version === 0 || deleted || life > version || length < fromChars) continue
    chars += length
    if (chars > TEXTS_SINCE_CHARS_MAX && places.length > 0) break
    places.push({ collection, recordId, version })
  }
  return places
}

/** Characters that the texts of a record may have. */
const charsOf = ({ crdt, data }: RecordTexts, ot: WireRecord['ot']): number =>
  Math.max(crdt?.length ?? 0, ot ? data.length : 0)
