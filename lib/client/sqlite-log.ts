import { closeSync, fstatSync, openSync, readFileSync, readSync, statSync } from 'node:fs'
import { endianness } from 'node:os'
import { PAGE_BYTES } from './sqlite-pages.ts'

/**
 * SQLite's write-ahead log (sqlite.org/fileformat2.html#walformat): a header, then frames of a page each, whose sums
 * build on the ones before. Its end is the first wrong sum, and what a killed process wrote may stand behind that, sums
 * and salts and all. Only the wal-index (sqlite.org/walformat.html) knows up to where it was published.
 */
const HEADER_BYTES = 32
const FRAME_HEADER_BYTES = 24
const FRAME_BYTES = FRAME_HEADER_BYTES + PAGE_BYTES
const MAGIC_LITTLE = 0x377f0682
const MAGIC_BIG = 0x377f0683
const INDEX_HEADER_BYTES = 48
const LOOKS_MAX = 3

type Sums = readonly [number, number]

/** What SQLite would drop without a word: a log beside an empty file. */
export function isLogWithoutFile(path: string): boolean {
  return sizeOf(`${path}-wal`) > 0 && sizeOf(path) === 0
}

/** What the wal-index says of the log: how many frames readers were told of, and of which round of the log. */
export interface Published {
  readonly frames: number
  readonly salts: Buffer
}

/** Open for good while SQLite has the file: a close would let go of all locks that this process has on it. */
const indexes = new Map<string, { readonly handle: number; readonly inode: number }>()

/** Null where there is no wal-index, or a process was ended while it wrote to it. */
export function publishedIn(path: string): Published | null {
  closeIndex(path)
  const handle = indexes.get(path)?.handle ?? ifThere(() => openSync(`${path}-shm`, 'r'))
  if (handle === null) return null
  indexes.set(path, { handle, inode: fstatSync(handle).ino })
  const index = Buffer.alloc(2 * INDEX_HEADER_BYTES)
  readSync(handle, index, 0, index.length, 0)
  const isLittle = endianness() === 'LE'
  const at = (offset: number): number => (isLittle ? index.readUInt32LE(offset) : index.readUInt32BE(offset))
  // It is written twice, and has a sum.
  const isWritten = index.subarray(0, INDEX_HEADER_BYTES).equals(index.subarray(INDEX_HEADER_BYTES))
  const isSound =
    isSame(sumsOf(index, isLittle, 0, 40, [0, 0]), [at(40), at(44)]) && index.readUInt8(12) === 1
  return isWritten && isSound ? { frames: at(16), salts: index.subarray(32, 40) } : null
}

/** Lets go of a wal-index that SQLite has deleted. */
export function closeIndex(path: string): void {
  const kept = indexes.get(path)
  if (!kept || statSync(`${path}-shm`, { throwIfNoEntry: false })?.ino === kept.inode) return
  closeSync(kept.handle)
  indexes.delete(path)
}

export interface Log {
  readonly bytes: Buffer
  /** The frames that SQLite reads: up to the last commit before the first wrong sum. */
  readonly soundFrames: number
  /** All that may have been published, damaged ones too. */
  readonly frames: number
  /** True when SQLite would drop work that was committed. */
  readonly isBroken: boolean
}

/** True when SQLite would drop published work. Looked at again where another process began a new round meanwhile. */
export function isLogBroken(path: string): boolean {
  for (let look = 1; look <= LOOKS_MAX; look++) {
    const published = publishedIn(path)
    if (!readLog(path, published)?.isBroken) return false
    const since = publishedIn(path)
    if (since === null ? published === null : published?.salts.equals(since.salts)) return true
  }
  return false
}

/** Null when there is no log, or nothing in it. Read `published` first: what it names is not written over in its round. */
export function readLog(path: string, published: Published | null): Log | null {
  const bytes = ifThere(() => readFileSync(`${path}-wal`))
  if (!bytes || bytes.length < HEADER_BYTES + FRAME_BYTES) return null
  const count = Math.floor((bytes.length - HEADER_BYTES) / FRAME_BYTES)
  if (isHeaderSound(bytes)) {
    const soundFrames = countSound(bytes, count)
    const isOfLog = published?.salts.equals(bytes.subarray(16, 24)) === true
    const frames = isOfLog ? Math.max(soundFrames, Math.min(published.frames, count)) : soundFrames
    return { bytes, soundFrames, frames, isBroken: isOfLog && soundFrames < published.frames }
  }
  // The first frame has the salts of its log.
  const salts = bytes.subarray(HEADER_BYTES + 8, HEADER_BYTES + 16)
  const isLast = (n: number): boolean =>
    isCommit(bytes, n) && salts.equals(bytes.subarray(offsetOf(n) + 8, offsetOf(n) + 16))
  const last = Array.from({ length: count }, (_, n) => n).findLastIndex(isLast)
  return { bytes, soundFrames: 0, frames: published?.frames ?? last + 1, isBroken: published?.frames !== 0 }
}

/** The last image of each page within so many frames, by its number. */
export function pagesOf({ bytes }: Log, frames: number): ReadonlyMap<number, Buffer> {
  const pages = new Map<number, Buffer>()
  for (let n = 0; n < frames && offsetOf(n + 1) <= bytes.length; n++) {
    const at = offsetOf(n)
    pages.set(bytes.readUInt32BE(at), bytes.subarray(at + FRAME_HEADER_BYTES, at + FRAME_BYTES))
  }
  return pages
}

function countSound(log: Buffer, count: number): number {
  let sums = readSums(log, HEADER_BYTES - 8)
  let sound = 0
  for (let n = 0; n < count; n++) {
    const at = offsetOf(n)
    sums = frameSums(log, at, sums)
    if (log.compare(log, 16, 24, at + 8, at + 16) !== 0 || !isSame(sums, readSums(log, at + 16))) return sound
    if (isCommit(log, n)) sound = n + 1
  }
  return sound
}

/** Another process may delete its log, and the index, at any time. */
function ifThere<T>(run: () => T): T | null {
  try {
    return run()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}

const sizeOf = (file: string): number => statSync(file, { throwIfNoEntry: false })?.size ?? 0

const offsetOf = (frame: number): number => HEADER_BYTES + frame * FRAME_BYTES

const isCommit = (log: Buffer, frame: number): boolean => log.readUInt32BE(offsetOf(frame) + 4) > 0

const isHeaderSound = (log: Buffer): boolean =>
  [MAGIC_LITTLE, MAGIC_BIG].includes(log.readUInt32BE(0)) &&
  log.readUInt32BE(8) === PAGE_BYTES &&
  isSame(sumsOf(log, isLittle(log), 0, HEADER_BYTES - 8, [0, 0]), readSums(log, HEADER_BYTES - 8))

const isLittle = (log: Buffer): boolean => log.readUInt32BE(0) !== MAGIC_BIG

const frameSums = (log: Buffer, at: number, before: Sums): Sums =>
  sumsOf(
    log,
    isLittle(log),
    at + FRAME_HEADER_BYTES,
    at + FRAME_BYTES,
    sumsOf(log, isLittle(log), at, at + 8, before),
  )

function sumsOf(bytes: Buffer, little: boolean, from: number, to: number, [first, second]: Sums): Sums {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  let [a, b] = [first, second]
  for (let at = from; at < to; at += 8) {
    a = (a + view.getUint32(at, little) + b) >>> 0
    b = (b + view.getUint32(at + 4, little) + a) >>> 0
  }
  return [a, b]
}

const readSums = (log: Buffer, at: number): Sums => [log.readUInt32BE(at), log.readUInt32BE(at + 4)]

const isSame = (one: Sums, other: Sums): boolean => one[0] === other[0] && one[1] === other[1]
