import { wireText } from '#lib/engine/wire-record.ts'
import type { Fleet, PullPage, Storage } from '#lib/storage/ports.ts'
import type { Heads } from './stream-heads.ts'
import type { PageRead } from './texts-since.ts'
import { tellTextsSince, TEXTS_SINCE_FROM_CHARS } from './texts-since.ts'
import { withOps } from './with-ops.ts'

/** Bytes of pages that one process keeps for the next who read them, and how many pages. */
export const SHARED_BYTES_MAX = 32 * 1024 * 1024
export const SHARED_PAGES_MAX = 4_096
/** Shorter pages are read and encoded as fast as they are looked up. */
export const SHARED_FROM_CHARS = 1_024

/** Looks at what another one read, before a page is read anew. */
const TRIES = 2

/** Encodes a text whose end differs from caller to caller, and whose beginning doesn't. */
export interface Encoder {
  /** Of the encoding: two of one name make the same bytes. */
  readonly name: string
  begin(text: string): Promise<Begun>
}
export interface Begun {
  /** What it takes in memory. */
  readonly bytesHeld: number
  /** The whole, with this behind the beginning; may be called again. */
  end(rest: string): Uint8Array<ArrayBuffer>
}

/** A page whose records are text, or encoded, already: `{"changes":[…]`, to be ended by the rest of the answer. */
export interface WrittenPage extends Omit<PullPage, 'records' | 'otOps'> {
  readonly isBare: boolean
  readonly changes: string | Begun
}
interface Kept {
  readonly page: WrittenPage
  readonly changes: Begun
  /** Records of each collection. */
  readonly counts: ReadonlyMap<string, number>
}

/**
 * Pages as they went out, for the next device that reads from the same positions: of a fleet that is set up, of one that
 * was poked (decision 0045). A record that changes leaves its version for one past the head and none comes to stand between,
 * so a range that holds as many records as it did holds the same ones. That is asked of the database, unless the streams are
 * known to stand where they stood when it was read.
 */
export class SharedPages {
  private readonly storage: Pick<Storage, 'sync'>
  /** In the order in which they were used last. */
  private readonly pages = new Map<string, Kept>()
  private readonly reading = new Map<string, Promise<void>>()
  private readonly textsFromChars: number
  private bytes = 0

  constructor({
    storage,
    textsFromChars = TEXTS_SINCE_FROM_CHARS,
  }: {
    readonly storage: Pick<Storage, 'sync'>
    readonly textsFromChars?: number
  }) {
    this.storage = storage
    this.textsFromChars = textsFromChars
  }

  /** @param heads asks where the streams are known to stand; null for a device that may not be told from memory (TK8) */
  async read(
    fleet: Fleet,
    reads: readonly PageRead[],
    bounds: { readonly limit: number; readonly maxBytes: number },
    encoder: Encoder,
    heads: () => Promise<Heads | null>,
  ): Promise<WrittenPage> {
    const key = `${fleet.id}/${JSON.stringify([fleet.epoch, encoder.name, bounds, reads])}`
    // Of a fleet that is poked many ask at once: the first one reads for all, unless what it read is outdated again.
    for (let tries = 0; tries < TRIES; tries++) {
      const another = this.reading.get(key)
      if (another) await another
      const kept = this.pages.get(key)
      if (!kept) break
      const known = await heads()
      if (known && isAsOf(kept, known)) return this.used(key, kept)
      const page = await this.asKept(key, kept, fleet, reads)
      if (page) return page
    }
    return this.readAnew(key, fleet, reads, bounds, encoder)
  }

  /** Drops the pages of a fleet that was removed. */
  forget(fleetId: string): void {
    for (const key of this.pages.keys()) if (key.startsWith(`${fleetId}/`)) this.drop(key)
  }

  /** Null, and the page is forgotten, when it holds something else by now. */
  private async asKept(
    key: string,
    kept: Kept,
    fleet: Fleet,
    reads: readonly PageRead[],
  ): Promise<WrittenPage | null> {
    const { page, changes, counts } = kept
    const ranges = reads.map((read) => ({ ...read, upTo: page.reached.get(read.collection) ?? 0 }))
    const { epoch, heads, purged, records } = await this.storage.sync.tally(fleet.id, ranges)
    const isSame = ranges.every(({ collection, upTo }) => {
      const head = page.heads.get(collection) ?? 0
      const isEnd = upTo < head || heads.get(collection) === head
      return isEnd && records.get(collection) === (counts.get(collection) ?? 0)
    })
    const isLatest = this.pages.get(key) === kept
    if (!isSame || epoch !== page.epoch) {
      if (isLatest) this.drop(key)
      return null
    }
    if (isLatest) this.keep(key, kept)
    return { ...page, heads, purged, changes }
  }

  private used(key: string, kept: Kept): WrittenPage {
    if (this.pages.get(key) === kept) this.keep(key, kept)
    return { ...kept.page, changes: kept.changes }
  }

  private async readAnew(
    key: string,
    fleet: Fleet,
    reads: readonly PageRead[],
    bounds: { readonly limit: number; readonly maxBytes: number },
    encoder: Encoder,
  ): Promise<WrittenPage> {
    const written = this.write(key, fleet, reads, bounds, encoder)
    const ended = written.then(
      () => undefined,
      () => undefined,
    )
    this.reading.set(key, ended)
    try {
      return await written
    } finally {
      if (this.reading.get(key) === ended) this.reading.delete(key)
    }
  }

  private async write(
    key: string,
    fleet: Fleet,
    reads: readonly PageRead[],
    bounds: { readonly limit: number; readonly maxBytes: number },
    encoder: Encoder,
  ): Promise<WrittenPage> {
    const { records, otOps, ...page } = await this.storage.sync.pull(fleet.id, reads, bounds)
    const whole = records.map((record) => ({ record, ot: withOps(record, otOps) }))
    const told = await tellTextsSince(this.storage, fleet.id, reads, whole, this.textsFromChars)
    const text = `{"changes":[${told.map(({ record, ot }) => wireText(record, ot)).join(',')}]`
    const isBare = records.length === 0
    // The log of operations that a page tells of is no part of its records: it is shortened while they stay.
    if (text.length < SHARED_FROM_CHARS || otOps.size > 0) return { ...page, isBare, changes: text }
    const changes = await encoder.begin(text)
    const written = { ...page, isBare, changes }
    const counts = new Map<string, number>()
    for (const { collection } of records) counts.set(collection, (counts.get(collection) ?? 0) + 1)
    this.keep(key, { page: written, changes, counts })
    return written
  }

  private keep(key: string, kept: Kept): void {
    this.drop(key)
    this.pages.set(key, kept)
    this.bytes += kept.changes.bytesHeld
    for (const oldest of this.pages.keys()) {
      if (this.bytes <= SHARED_BYTES_MAX && this.pages.size <= SHARED_PAGES_MAX) return
      this.drop(oldest)
    }
  }

  private drop(key: string): void {
    this.bytes -= this.pages.get(key)?.changes.bytesHeld ?? 0
    this.pages.delete(key)
  }
}

/** Whether nothing was committed or purged since the page was read: then it is what the database would say. */
const isAsOf = ({ page }: Kept, { epoch, versions, purged }: Heads): boolean =>
  epoch === page.epoch &&
  [...page.heads].every(
    ([name, head]) => versions.get(name) === head && purged.get(name) === page.purged.get(name),
  )
