import { readFileSync, statSync, writeFileSync } from 'node:fs'

/**
 * SQLite's write-ahead log (sqlite.org/fileformat2.html#walformat): a header, then frames of a page each, whose sums
 * build on the ones before. SQLite drops without a word what follows the first wrong sum.
 */
const HEADER_BYTES = 32
const FRAME_HEADER_BYTES = 24
const MAGIC_LITTLE = 0x377f0682
const MAGIC_BIG = 0x377f0683
const VERSION = 3_007_000
const PAGE_BYTES = 4_096

type Sums = readonly [number, number]

/** What SQLite would drop without a word: a log beside an empty file. */
export function isLogWithoutFile(path: string): boolean {
  return sizeOf(`${path}-wal`) > 0 && sizeOf(path) === 0
}

/**
 * True when committed work stands in the log that SQLite doesn't take. A last frame that is cut short is none: so ends
 * the write of a process that was killed.
 */
export function isLogBroken(path: string): boolean {
  if (sizeOf(`${path}-wal`) < HEADER_BYTES) return false
  const log = readFileSync(`${path}-wal`)
  if (!isSound(log, 0, [0, 0], HEADER_BYTES - 8)) return true
  let sums = readSums(log, HEADER_BYTES - 8)
  const frames = framesOf(log)
  for (const [at, offset] of frames.entries()) {
    const next = frameSums(log, offset, sums)
    if (!isOfLog(log, offset) || !isSame(next, readSums(log, offset + 16)))
      return frames.slice(at + 1).some((later) => isOfLog(log, later) && isCommit(log, later))
    sums = next
  }
  return false
}

/** Makes SQLite read every page of a broken log, damaged ones too: what stands in them is looked at row by row. */
export function mendLog(path: string): void {
  if (sizeOf(`${path}-wal`) < HEADER_BYTES + FRAME_HEADER_BYTES) return
  const log = readFileSync(`${path}-wal`)
  if (!isSound(log, 0, [0, 0], HEADER_BYTES - 8)) mendHeader(log)
  let sums = readSums(log, HEADER_BYTES - 8)
  const frames = framesOf(log)
  const last = frames.findLastIndex((offset) => isOfLog(log, offset) && isCommit(log, offset))
  for (const offset of frames.slice(0, last + 1)) {
    log.copy(log, offset + 8, 16, 24)
    sums = frameSums(log, offset, sums)
    writeSums(log, offset + 16, sums)
  }
  writeFileSync(`${path}-wal`, log)
}

function mendHeader(log: Buffer): void {
  if (!isKnownMagic(log)) log.writeUInt32BE(MAGIC_LITTLE, 0)
  log.writeUInt32BE(VERSION, 4)
  log.writeUInt32BE(PAGE_BYTES, 8)
  // The first frame has the salts of its log.
  log.copy(log, 16, HEADER_BYTES + 8, HEADER_BYTES + 16)
  writeSums(log, HEADER_BYTES - 8, sumsOf(log, 0, HEADER_BYTES - 8, [0, 0]))
}

const sizeOf = (file: string): number => statSync(file, { throwIfNoEntry: false })?.size ?? 0

const isKnownMagic = (log: Buffer): boolean => [MAGIC_LITTLE, MAGIC_BIG].includes(log.readUInt32BE(0))

/** Where the frames begin, of which the whole is there. */
function framesOf(log: Buffer): readonly number[] {
  const frameBytes = FRAME_HEADER_BYTES + PAGE_BYTES
  const count = Math.floor((log.length - HEADER_BYTES) / frameBytes)
  return Array.from({ length: count }, (_, at) => HEADER_BYTES + at * frameBytes)
}

/** The salts tell it from what an earlier round of the log left there. */
const isOfLog = (log: Buffer, offset: number): boolean =>
  log.compare(log, 16, 24, offset + 8, offset + 16) === 0

const isCommit = (log: Buffer, offset: number): boolean => log.readUInt32BE(offset + 4) > 0

function isSound(log: Buffer, from: number, before: Sums, to: number): boolean {
  return (
    isKnownMagic(log) &&
    log.readUInt32BE(8) === PAGE_BYTES &&
    isSame(sumsOf(log, from, to, before), readSums(log, to))
  )
}

const frameSums = (log: Buffer, offset: number, before: Sums): Sums =>
  sumsOf(
    log,
    offset + FRAME_HEADER_BYTES,
    offset + FRAME_HEADER_BYTES + PAGE_BYTES,
    sumsOf(log, offset, offset + 8, before),
  )

function sumsOf(log: Buffer, from: number, to: number, [first, second]: Sums): Sums {
  const view = new DataView(log.buffer, log.byteOffset, log.length)
  const isLittle = view.getUint32(0) !== MAGIC_BIG
  let [a, b] = [first, second]
  for (let at = from; at < to; at += 8) {
    a = (a + view.getUint32(at, isLittle) + b) >>> 0
    b = (b + view.getUint32(at + 4, isLittle) + a) >>> 0
  }
  return [a, b]
}

const readSums = (log: Buffer, at: number): Sums => [log.readUInt32BE(at), log.readUInt32BE(at + 4)]

function writeSums(log: Buffer, at: number, [a, b]: Sums): void {
  log.writeUInt32BE(a, at)
  log.writeUInt32BE(b, at + 4)
}

const isSame = (one: Sums, other: Sums): boolean => one[0] === other[0] && one[1] === other[1]
