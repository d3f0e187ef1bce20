import { decoded } from './sqlite-text.ts'
import type { Table } from './store.ts'
import { TABLES } from './store.ts'

/**
 * Rows from the pages themselves (sqlite.org/fileformat2.html#b_tree_pages), for a damaged file: SQLite stops at the
 * first bad page, and libsql drops up to 99 sound rows before it. Here a bad page costs what stands in it alone.
 */
export const PAGE_BYTES = 4_096
const FILE_HEADER_BYTES = 100
const INDEX_INTERIOR = 0x02
const INDEX_LEAF = 0x0a
const TABLE_LEAF = 0x0d
/** How much of a row stands in the page of an index; the rest is in a chain of pages of its own. */
const LOCAL_MAX = Math.floor(((PAGE_BYTES - 12) * 64) / 255) - 23
const LOCAL_MIN = Math.floor(((PAGE_BYTES - 12) * 32) / 255) - 23
/** Far more than any row has: a larger length is damage. */
const ROW_BYTES_MAX = 64 * 1_024 * 1_024
/** The bytes of a whole number, by its type. */
const INTEGER_BYTES = [0, 1, 2, 3, 4, 6, 8, 8, 0, 0]

/** A page by its number, from 1 on; undefined where there is none. */
export type PageSource = (page: number) => Buffer | undefined

type Row = readonly [key: string, value: string | undefined]

export interface Tree {
  /** A value that can't be read is undefined. */
  readonly rows: ReadonlyMap<string, string | undefined>
  /** False when rows may be missing, nobody knows which. */
  readonly isWhole: boolean
  readonly pages: ReadonlySet<number>
}

/** All rows that hang on a root page, each page once. */
export function readTree(pageAt: PageSource, root: number): Tree {
  const rows = new Map<string, string | undefined>()
  const seen = new Set<number>([root])
  const ahead = [root]
  let isWhole = true
  for (let number = ahead.pop(); number !== undefined; number = ahead.pop()) {
    const page = pageAt(number)
    const found = page && readPage(pageAt, page)
    if (!found?.isWhole) isWhole = false
    for (const child of found?.children ?? []) {
      if (seen.has(child)) isWhole = false
      else ahead.push(child)
      seen.add(child)
    }
    for (const [key, value] of found?.rows ?? []) if (!rows.has(key)) rows.set(key, value)
  }
  return { rows, isWhole, pages: seen }
}

/** Rows of pages that hang on none any more, as under a root that is lost; `known` hang on one, or are free. */
export function* strayRows(pageAt: PageSource, pages: number, known: ReadonlySet<number>): Iterable<Row> {
  const free = freePages(pageAt)
  for (let number = 2; number <= pages; number++) {
    const page = known.has(number) || free.has(number) ? undefined : pageAt(number)
    yield* (page && readPage(pageAt, page)?.rows) ?? []
  }
}

/** Pages that are out of use: what stands in them was deleted. */
function freePages(pageAt: PageSource): ReadonlySet<number> {
  const free = new Set<number>()
  const trunks = new Set<number>()
  for (let trunk = pageAt(1)?.readUInt32BE(32) ?? 0; !trunks.has(trunk);) {
    trunks.add(trunk)
    free.add(trunk)
    const page = pageAt(trunk)
    const count = Math.min(page?.readUInt32BE(4) ?? 0, PAGE_BYTES / 4 - 2)
    for (let n = 0; n < count; n++) free.add(page?.readUInt32BE(8 + 4 * n) ?? 0)
    trunk = page?.readUInt32BE(0) ?? 0
  }
  return free
}

/** Where a table's tree may begin: as the schema says, and as every store of this layout is made. */
export function rootsOf(pageAt: PageSource, table: Table): readonly number[] {
  const made = TABLES.indexOf(table) + 2
  const named = schemaRoots(pageAt(1)).get(table)
  return named === undefined || named === made ? [made] : [named, made]
}

interface PageRows {
  readonly rows: readonly Row[]
  readonly children: readonly number[]
  readonly isWhole: boolean
}

function readPage(pageAt: PageSource, page: Buffer): PageRows | undefined {
  const type = page.readUInt8(0)
  if (type !== INDEX_LEAF && type !== INDEX_INTERIOR) return undefined
  const isLeaf = type === INDEX_LEAF
  const headerBytes = isLeaf ? 8 : 12
  const rows: Row[] = []
  const children = isLeaf ? [] : [page.readUInt32BE(8)]
  let isWhole = true
  let usedBytes = 0
  for (const at of cellsOf(page, 0, headerBytes)) {
    const start = isLeaf ? at : at + 4
    const payload = start < PAGE_BYTES ? readPayload(pageAt, page, start) : undefined
    if (!isLeaf && start <= PAGE_BYTES) children.push(page.readUInt32BE(at))
    const [key, value] = payload ? columnsOf(payload.bytes) : []
    const name = decoded(key)
    if (name === undefined) isWhole = false
    else rows.push([name, decoded(value)])
    usedBytes += (payload?.end ?? at) - at
  }
  return { rows, children, isWhole: isWhole && usedBytes + freeBytes(page) === contentBytes(page) }
}

function cellsOf(page: Buffer, header: number, headerBytes: number): readonly number[] {
  const first = header + headerBytes
  const count = Math.min(page.readUInt16BE(header + 3), Math.floor((PAGE_BYTES - first) / 2))
  // As SQLite takes them, whatever the upper bits say.
  return Array.from({ length: count }, (_, n) => page.readUInt16BE(first + 2 * n) % PAGE_BYTES)
}

/** A page whose cells and gaps aren't all of its content has lost rows, as after a wrong count. */
const contentBytes = (page: Buffer): number => PAGE_BYTES - page.readUInt16BE(5)

function freeBytes(page: Buffer): number {
  let bytes = page.readUInt8(7)
  let at = page.readUInt16BE(1)
  while (at > 0 && at <= PAGE_BYTES - 4) {
    bytes += page.readUInt16BE(at + 2)
    const next = page.readUInt16BE(at)
    // They go upwards; anything else would go round for ever.
    at = next > at ? next : 0
  }
  return bytes
}

/** What can be had of a row, and where it ends in its page. */
function readPayload(
  pageAt: PageSource,
  page: Buffer,
  start: number,
): { bytes: Buffer; end: number } | undefined {
  const [length, at] = readVarint(page, start)
  if (length > ROW_BYTES_MAX) return undefined
  const kept = LOCAL_MIN + ((length - LOCAL_MIN) % (PAGE_BYTES - 4))
  const local = length <= LOCAL_MAX ? length : kept <= LOCAL_MAX ? kept : LOCAL_MIN
  const end = at + local + (local < length ? 4 : 0)
  if (end > PAGE_BYTES) return undefined
  const parts = [page.subarray(at, at + local)]
  let next = local < length ? page.readUInt32BE(at + local) : 0
  for (let left = length - local; left > 0; left -= PAGE_BYTES - 4) {
    const overflow = pageAt(next)
    if (!overflow) break
    parts.push(overflow.subarray(4, 4 + left))
    next = overflow.readUInt32BE(0)
  }
  return { bytes: Buffer.concat(parts), end }
}

/** The texts and whole numbers of a row, as bytes; undefined where they aren't all there. */
function columnsOf(row: Buffer): (Buffer | undefined)[] {
  const columns: (Buffer | undefined)[] = []
  const [headerBytes, first] = readVarint(row, 0)
  let start = headerBytes
  for (let at = first; at < Math.min(headerBytes, row.length);) {
    const [type, next] = readVarint(row, at)
    const bytes = INTEGER_BYTES[type] ?? Math.floor((type - 12) / 2)
    // Texts have odd types from 13 on.
    const isKnown = type < INTEGER_BYTES.length || (type >= 13 && type % 2 === 1)
    const end = start + bytes
    columns.push(isKnown && end <= row.length ? row.subarray(start, end) : undefined)
    start = end
    at = next
  }
  return columns
}

/** Seven bits a byte, the highest ones first; a ninth byte has eight. Past the end it is no length of ours. */
function readVarint(bytes: Buffer, from: number): readonly [value: number, next: number] {
  let value = 0
  for (let at = from; at < Math.min(from + 8, bytes.length); at++) {
    const byte = bytes.readUInt8(at)
    value = value * 128 + (byte & 0x7f)
    if (byte < 0x80) return [value, at + 1]
  }
  return [Number.MAX_SAFE_INTEGER, bytes.length]
}

function schemaRoots(page: Buffer | undefined): ReadonlyMap<string, number> {
  const roots = new Map<string, number>()
  if (page?.readUInt8(FILE_HEADER_BYTES) !== TABLE_LEAF) return roots
  for (const cell of cellsOf(page, FILE_HEADER_BYTES, 8)) {
    const [length, at] = readVarint(page, cell)
    const [, start] = readVarint(page, at)
    const [, name, , root] = columnsOf(page.subarray(start, start + Math.min(length, PAGE_BYTES)))
    const table = decoded(name)
    if (table !== undefined && root && root.length > 0 && root.length <= 4)
      roots.set(table, root.readUIntBE(0, root.length))
  }
  return roots
}
