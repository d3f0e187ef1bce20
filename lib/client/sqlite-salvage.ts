import {
  closeSync,
  copyFileSync,
  existsSync,
  fstatSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { openFile } from './sqlite-engine.ts'
import { createTables, finishSwap } from './sqlite-file.ts'
import type { Published } from './sqlite-log.ts'
import { pagesOf, publishedIn, readLog } from './sqlite-log.ts'
import type { PageSource, Tree } from './sqlite-pages.ts'
import { PAGE_BYTES, readTree, rootsOf } from './sqlite-pages.ts'
import type { Salvage, Table } from './store.ts'
import { SALVAGED, TABLES, UNREADABLE_TOLD_MAX } from './store.ts'
import { isSoundRow } from './stored-shapes.ts'
import { parseStored } from './stored-text.ts'

const ASIDE_MAX = 1_000

type Rows = ReadonlyMap<string, string | undefined>

/**
 * Sets a damaged file aside and puts a new one with all that can be read of it in its place. The broken one stays,
 * byte for byte. What was lost stands in the new one, as SALVAGED of `meta`, until the rebuild has told it.
 * A crash on the way leaves the old file or the new one, never neither. The caller is alone with the file.
 */
export function salvageFile(path: string): void {
  const published = publishedIn(path)
  const aside = freeName(path)
  try {
    copyWithLog(path, aside)
    const { rows, ...lost } = readTables(aside, published)
    writeTables(path, rows, { ...lost, setAside: aside })
  } catch (error) {
    // The store itself is still in its place, and the next try makes a copy of its own.
    for (const part of ['', '-wal']) rmSync(aside + part, { force: true })
    throw error
  }
  finishSwap(path)
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

interface Found extends Omit<Salvage, 'setAside'> {
  readonly rows: ReadonlyMap<Table, Rows>
}

function readTables(file: string, published: Published | null): Found {
  const handle = openSync(file, 'r')
  try {
    const log = readLog(file, published)
    const sound = sourceOf(handle, log ? pagesOf(log, log.soundFrames) : new Map())
    if (!log?.isBroken) return readThrough([sound])
    // Without the wal-index nobody knows what of the rest is of one history: it only adds rows.
    const all = sourceOf(handle, pagesOf(log, log.frames))
    return { ...readThrough(published ? [all, sound] : [sound, all]), incomplete: TABLES }
  } finally {
    closeSync(handle)
  }
}

function sourceOf(handle: number, logged: ReadonlyMap<number, Buffer>): PageSource {
  const bytes = fstatSync(handle).size
  return (number) => {
    const page = logged.get(number)
    const at = (number - 1) * PAGE_BYTES
    if (page || at < 0 || at + PAGE_BYTES > bytes) return page
    const read = Buffer.alloc(PAGE_BYTES)
    return readSync(handle, read, 0, PAGE_BYTES, at) === PAGE_BYTES ? read : undefined
  }
}

/** What the first source has of a row counts; the others add the rows that are missing there. */
function readThrough(sources: readonly PageSource[]): Found {
  const rows = new Map<Table, Rows>()
  const unreadable: { table: Table; key: string }[] = []
  const incomplete: Table[] = []
  for (const table of TABLES) {
    const trees = sources.flatMap((pageAt) => readRoots(pageAt, table))
    const found = new Map<string, string | undefined>()
    for (const [key, value] of trees.flatMap((tree) => [...tree.rows])) {
      const sound = parseStored(value) === undefined ? undefined : value
      if (found.get(key) === undefined) found.set(key, sound)
    }
    for (const [key, value] of found) if (value === undefined) unreadable.push({ table, key })
    if (!trees[0]?.isWhole) incomplete.push(table)
    rows.set(table, found)
  }
  return { rows, unreadable: unreadable.slice(0, UNREADABLE_TOLD_MAX), incomplete }
}

/** Where the schema says otherwise than the layout, either may be right: what is a row of the table says so itself. */
function readRoots(pageAt: PageSource, table: Table): readonly Tree[] {
  const trees = rootsOf(pageAt, table).map((root) => readTree(pageAt, root))
  if (trees.length === 1) return trees
  return trees.map(({ rows }) => ({ rows: ownRows(table, rows), isWhole: false }))
}

function ownRows(table: Table, rows: Rows): Rows {
  const isOwn = ([key, value]: readonly [string, string | undefined]): boolean => {
    const parsed = parseStored(value)
    return parsed !== undefined && isSoundRow(table, key, parsed)
  }
  return new Map([...rows].filter(isOwn))
}

function writeTables(path: string, rows: Found['rows'], lost: Salvage): void {
  const file = `${path}.new`
  for (const part of ['', '-journal']) rmSync(file + part, { force: true })
  const db = openFile(file)
  db.exec('BEGIN')
  createTables(db)
  for (const table of TABLES) {
    const insert = db.prepare(`INSERT OR REPLACE INTO ${table} (key, value) VALUES (?, ?)`)
    for (const [key, value] of rows.get(table) ?? []) if (value !== undefined) insert.run([key, value])
    if (table === 'meta') insert.run([SALVAGED, JSON.stringify(lost)])
  }
  db.exec('COMMIT')
  db.close()
  renameSync(file, `${path}.salvaged`)
}
