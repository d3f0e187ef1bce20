import {
  closeSync,
  copyFileSync,
  existsSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import type Database from 'libsql'
import { openFile } from './sqlite-engine.ts'
import { createTables, decoded, finishSwap } from './sqlite-file.ts'
import { isLogBroken, mendLog } from './sqlite-log.ts'
import type { Salvage, Table } from './store.ts'
import { TABLES, UNREADABLE_TOLD_MAX } from './store.ts'
import { parseStored } from './stored-text.ts'

/** How long one process waits for another that mends the same file. */
const GUARD_MS = 30_000
const ASIDE_MAX = 1_000
const PAGE_BYTES = 4_096

interface Row {
  readonly key: string
  readonly value: unknown
}

/**
 * Sets a damaged file aside and puts a new one with all that can be read of it in its place. The broken one stays,
 * byte for byte. Null when another process has done so since the file was opened as `inode`.
 * A crash on the way leaves the old file or the new one, never neither.
 */
export function salvageFile(path: string, inode: number): Salvage | null
export function salvageFile(path: string, inode: null): Salvage
export function salvageFile(path: string, inode: number | null): Salvage | null {
  // A lock that ends with its process, whatever state the store itself is in.
  const guard = openFile(`${path}.guard`, { timeout: GUARD_MS })
  try {
    guard.exec('BEGIN EXCLUSIVE')
    finishSwap(path)
    if (inode !== null && statSync(path).ino !== inode) return null
    const aside = freeName(path)
    copyWithLog(path, aside)
    const reading = `${path}.reading`
    copyWithLog(path, reading)
    padToLength(reading)
    const isCut = isLogBroken(reading)
    mendLog(reading)
    const found = readTables(reading)
    for (const part of ['', '-wal', '-shm']) rmSync(reading + part, { force: true })
    writeTables(path, found.rows)
    finishSwap(path)
    return { unreadable: found.unreadable, incomplete: isCut ? TABLES : found.incomplete, setAside: aside }
  } finally {
    guard.close()
  }
}

function freeName(path: string): string {
  for (let n = 1; n <= ASIDE_MAX; n++) if (!existsSync(`${path}.broken-${n}`)) return `${path}.broken-${n}`
  throw new Error(`${ASIDE_MAX} broken stores lie beside ${path}`)
}

function copyWithLog(from: string, to: string): void {
  if (existsSync(from)) copyFileSync(from, to)
  else writeFileSync(to, '')
  if (existsSync(`${from}-wal`)) copyFileSync(`${from}-wal`, `${to}-wal`)
}

/** SQLite reads nothing of a file that is shorter than its header says; padded, it reads the pages that are there. */
function padToLength(file: string): void {
  // All of it may stand in the log.
  if (statSync(file).size === 0) truncateSync(file, PAGE_BYTES)
  const header = Buffer.alloc(100)
  const handle = openSync(file, 'r')
  const read = readSync(handle, header)
  closeSync(handle)
  if (read < header.length || header.toString('latin1', 0, 15) !== 'SQLite format 3') return
  const pageBytes = header.readUInt16BE(16) === 1 ? 65_536 : header.readUInt16BE(16)
  const bytes = header.readUInt32BE(28) * pageBytes
  if (bytes > statSync(file).size) truncateSync(file, bytes)
}

interface Found {
  readonly rows: ReadonlyMap<Table, readonly Row[]>
  readonly unreadable: Salvage['unreadable']
  readonly incomplete: readonly Table[]
}

function readTables(file: string): Found {
  const rows = new Map<Table, readonly Row[]>()
  const unreadable: { table: Table; key: string }[] = []
  const incomplete: Table[] = []
  const db = openFile(file)
  for (const table of TABLES) {
    const forward = readRows(db, table, 'ASC')
    const backward = forward.isWhole ? forward : readRows(db, table, 'DESC')
    const byKey = new Map([...forward.rows, ...backward.rows].map((row) => [row.key, row]))
    const sound = [...byKey.values()].filter(({ value }) => parseStored(value) !== undefined)
    rows.set(table, sound)
    for (const row of byKey.values())
      if (parseStored(row.value) === undefined) unreadable.push({ table, key: row.key })
    if (!forward.isWhole) incomplete.push(table)
  }
  db.close()
  return { rows, unreadable: unreadable.slice(0, UNREADABLE_TOLD_MAX), incomplete }
}

/** The rows before the first page that can't be read. */
function readRows(
  db: Database.Database,
  table: Table,
  order: 'ASC' | 'DESC',
): { readonly rows: readonly Row[]; readonly isWhole: boolean } {
  const rows: Row[] = []
  try {
    const all = db
      .prepare(
        `SELECT CAST(key AS BLOB) AS name, CAST(value AS BLOB) AS value FROM ${table} ORDER BY key ${order}`,
      )
      .iterate()
    let isWhole = true
    for (const row of all as Iterable<{ name: unknown; value: unknown }>) {
      const key = decoded(row.name)
      if (key === undefined) isWhole = false
      else rows.push({ key, value: decoded(row.value) })
    }
    return { rows, isWhole }
  } catch {
    // Damage is what is looked for here; the caller tells the table as incomplete.
    return { rows, isWhole: false }
  }
}

function writeTables(path: string, rows: Found['rows']): void {
  const file = `${path}.new`
  for (const part of ['', '-journal']) rmSync(file + part, { force: true })
  const db = openFile(file)
  db.exec('BEGIN')
  createTables(db)
  for (const table of TABLES) {
    const insert = db.prepare(`INSERT OR REPLACE INTO ${table} (key, value) VALUES (?, ?)`)
    for (const { key, value } of rows.get(table) ?? []) insert.run([key, value])
  }
  db.exec('COMMIT')
  db.close()
  renameSync(file, `${path}.salvaged`)
}
