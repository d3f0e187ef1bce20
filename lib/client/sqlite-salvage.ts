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
import { PAGE_BYTES, readTree, rootsOf, strayRows } from './sqlite-pages.ts'
import type { Salvage, Table } from './store.ts'
import { SALVAGED, TABLES, UNREADABLE_TOLD_MAX } from './store.ts'
import { isSoundRow } from './stored-shapes.ts'
import { parseStored } from './stored-text.ts'
import type { OutboxEntry } from './tables.ts'

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

interface Source {
  readonly pageAt: PageSource
  readonly pages: number
}

function sourceOf(handle: number, logged: ReadonlyMap<number, Buffer>): Source {
  const inFile = Math.floor(fstatSync(handle).size / PAGE_BYTES)
  const pageAt: PageSource = (number) => {
    const page = logged.get(number)
    if (page || number < 1 || number > inFile) return page
    const read = Buffer.alloc(PAGE_BYTES)
    readSync(handle, read, 0, PAGE_BYTES, (number - 1) * PAGE_BYTES)
    return read
  }
  return { pageAt, pages: [...logged.keys()].reduce((most, page) => Math.max(most, page), inFile) }
}

/** What the first source has of a row counts; the others add the rows that are missing there. */
function readThrough(sources: readonly Source[]): Found {
  const rows = new Map<Table, Map<string, string | undefined>>()
  const incomplete: Table[] = []
  for (const table of TABLES) {
    const trees = sources.flatMap(({ pageAt }) => readRoots(pageAt, table))
    const found = new Map<string, string | undefined>()
    for (const [key, value] of trees.flatMap((tree) => [...tree.rows])) {
      const sound = parseStored(value) === undefined ? undefined : value
      if (found.get(key) === undefined) found.set(key, sound)
    }
    if (!trees[0]?.isWhole) incomplete.push(table)
    rows.set(table, found)
  }
  if (incomplete.includes('outbox')) for (const source of sources) addStrays(source, rows)
  const unreadable = [...rows].flatMap(([table, found]) =>
    [...found].flatMap(([key, value]) => (value === undefined ? [{ table, key }] : [])),
  )
  return { rows, unreadable: unreadable.slice(0, UNREADABLE_TOLD_MAX), incomplete }
}

/** Changes that wait, of pages that hang on none any more: the index by id still knows which of them do wait. */
function addStrays(
  { pageAt, pages }: Source,
  rows: ReadonlyMap<Table, Map<string, string | undefined>>,
): void {
  const known = new Set(
    TABLES.flatMap((table) => readRoots(pageAt, table).flatMap((tree) => [...tree.pages])),
  )
  const outbox = rows.get('outbox')
  for (const [key, value] of strayRows(pageAt, pages, known)) {
    if (outbox?.get(key) !== undefined || !isOwnRow('outbox', key, value)) continue
    const { position, mutation } = parseStored(value) as unknown as OutboxEntry
    if (rows.get('outbox_by_id')?.get(mutation.id) === String(position)) outbox?.set(key, value)
  }
}

/** Where the schema says otherwise than the layout, either may be right: what is a row of the table says so itself. */
function readRoots(pageAt: PageSource, table: Table): readonly Tree[] {
  const trees = rootsOf(pageAt, table).map((root) => readTree(pageAt, root))
  if (trees.length === 1) return trees
  return trees.map((tree) => ({
    ...tree,
    rows: new Map([...tree.rows].filter(([key, value]) => isOwnRow(table, key, value))),
    isWhole: false,
  }))
}

function isOwnRow(table: Table, key: string, value: string | undefined): boolean {
  const parsed = parseStored(value)
  return parsed !== undefined && isSoundRow(table, key, parsed)
}

function writeTables(path: string, rows: Found['rows'], lost: Salvage): void {
  const file = `${path}.new`
  for (const part of ['', '-journal']) rmSync(file + part, { force: true })
  const db = openFile(file)
  db.exec('BEGIN')
  createTables(db)
  for (const table of TABLES) {
    const insert = db.prepare(`INSERT OR REPLACE INTO ${table} (key, value) VALUES (?, ?)`)
    for (const [key, value] of rows.get(table) ?? []) {
      // The server has them all, and under its own key each will come again.
      const isGood = table === 'records' ? isOwnRow(table, key, value) : value !== undefined
      if (isGood) insert.run([key, value])
    }
    if (table === 'meta') insert.run([SALVAGED, JSON.stringify(lost)])
  }
  db.exec('COMMIT')
  db.close()
  renameSync(file, `${path}.salvaged`)
}
