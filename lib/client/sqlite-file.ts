import { accessSync, constants, existsSync, renameSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import type Database from 'libsql'
import { ReplicaError } from './errors.ts'
import { openFile } from './sqlite-engine.ts'
import { isLogBroken, isLogWithoutFile } from './sqlite-log.ts'
import { TABLES } from './store.ts'

export interface SqliteStoreOptions {
  /** `full` survives a power cut; `normal` survives only the end of the process. */
  readonly durability?: 'full' | 'normal'
  /** The file's bound in pages of 4 KiB; past it writes fail with `quota_exceeded`. */
  readonly pagesMax?: number
}

/** A record's key ends with its id. */
const UUID_CHARS = 36
/** How long a transaction waits for another process's. */
const BUSY_MS = 5_000

/** Opens the file, or makes it, under its guard. Damage that shows at once is thrown as SQLite's own error. */
export function openDatabase(
  path: string,
  { durability = 'full', pagesMax }: SqliteStoreOptions,
): Database.Database {
  checkWritable(path)
  // Before SQLite opens them: it deletes such logs.
  if (isLogWithoutFile(path)) throw new ReplicaError('store_corrupt', 'a log beside an empty file')
  if (isLogBroken(path)) throw new ReplicaError('store_corrupt', 'the log is broken')
  const db = openFile(path, { timeout: BUSY_MS })
  try {
    db.exec('PRAGMA journal_mode = WAL')
    db.exec(`PRAGMA synchronous = ${durability}`)
    if (pagesMax !== undefined) db.exec(`PRAGMA max_page_count = ${pagesMax}`)
    checkNames(db)
    createTables(db)
    checkColumns(db)
    checkRows(db)
    restAll(db)
    return db
  } catch (error) {
    db.close()
    // What these statements say is always right: it is what stands in the file that doesn't fit.
    if (codeOf(error) === 'SQLITE_ERROR') throw new ReplicaError('store_corrupt', String(error), [], error)
    throw error
  }
}

/**
 * A store that this process may not write is no damaged one: SQLite would say the same of both.
 * @throws ReplicaError `store_read_only`, with the file or folder to blame
 */
export function checkWritable(path: string): void {
  for (const file of [path, `${path}-wal`, `${path}-shm`, `${path}.guard`, dirname(path)]) {
    if (!existsSync(file)) continue
    try {
      accessSync(file, constants.W_OK)
    } catch (error) {
      throw new ReplicaError('store_read_only', file, [], error)
    }
  }
}

/**
 * Records too: some damage makes rows vanish without an error, and nobody would ask for them again. `quick_check` does not
 * look at the order of keys.
 */
function checkRows(db: Database.Database): void {
  for (const table of TABLES) {
    const [found] = db.prepare(`PRAGMA integrity_check('${table}')`).all() as { integrity_check: string }[]
    if (found?.integrity_check !== 'ok') throw new ReplicaError('store_corrupt', found?.integrity_check)
  }
  const [misplaced] = db
    .prepare(
      `SELECT 1 FROM records WHERE instr(value, '"recordId":"' || substr(key, -${UUID_CHARS}) || '"') = 0
       OR instr(value, '"collection":' || json_quote(substr(key, 1, length(key) - ${UUID_CHARS + 1}))) = 0 LIMIT 1`,
    )
    .all([])
  if (misplaced) throw new ReplicaError('store_corrupt', 'a record under another key')
}

/** Moves all work from the log into the file, which then is a whole store by itself. What is in use stays in the log. */
export function restAll(db: Database.Database): void {
  try {
    db.exec('PRAGMA busy_timeout = 0')
    db.prepare('PRAGMA wal_checkpoint(TRUNCATE)').all()
  } catch {
    // Without room, or on a damaged page: nothing is lost, since the log holds it as before.
  } finally {
    db.exec(`PRAGMA busy_timeout = ${BUSY_MS}`)
  }
}

/** A table of ours by another name would be made anew, and empty. */
function checkNames(db: Database.Database): void {
  const [found] = db
    .prepare(`SELECT count(*) AS count, sum(name IN ('${TABLES.join("', '")}')) AS known FROM sqlite_schema`)
    .all([]) as { count: number; known: number | null }[]
  const known = found?.known ?? 0
  if (known < TABLES.length && known !== found?.count)
    throw new ReplicaError('store_corrupt', 'a table of another name')
}

/** A column by another name is a damaged text too: that of the table itself. */
function checkColumns(db: Database.Database): void {
  for (const table of TABLES) {
    const [found] = db
      .prepare(`SELECT count(*) AS count FROM pragma_table_info('${table}') WHERE name IN ('key', 'value')`)
      .all([]) as { count: number }[]
    if (found?.count !== 2) throw new ReplicaError('store_corrupt', `the columns of ${table}`)
  }
}

export function createTables(db: Database.Database): void {
  for (const table of TABLES) {
    db.exec(`CREATE TABLE IF NOT EXISTS ${table} (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID`)
  }
}

/** A mended file is whole as soon as it has this name; from then on only renaming is left, and any process does it. */
export const isSwapping = (path: string): boolean => existsSync(`${path}.salvaged`)

/** The caller is alone with the file. */
export function finishSwap(path: string): void {
  if (!isSwapping(path)) return
  // The old log must not meet the new file.
  for (const part of ['-wal', '-shm']) rmSync(path + part, { force: true })
  renameSync(`${path}.salvaged`, path)
}

const CODES: Readonly<Record<string, 'quota_exceeded' | 'store_corrupt'>> = {
  SQLITE_FULL: 'quota_exceeded',
  SQLITE_CORRUPT: 'store_corrupt',
  SQLITE_CORRUPT_INDEX: 'store_corrupt',
  // The file ends before a page of it does.
  SQLITE_IOERR_SHORT_READ: 'store_corrupt',
  SQLITE_NOTADB: 'store_corrupt',
  // A byte of the header says so too, and a file in its place helps in either case.
  SQLITE_READONLY: 'store_corrupt',
}

export const isDamage = (error: unknown): boolean =>
  error instanceof ReplicaError && error.code === 'store_corrupt'

const codeOf = (error: unknown): string => String((error as { code?: unknown }).code)

/** Turns SQLite's own errors into ours. */
export function guarded<T>(run: () => T): T {
  try {
    return run()
  } catch (error) {
    if (error instanceof ReplicaError) throw error
    const code = codeOf(error)
    const known = Object.hasOwn(CODES, code) ? CODES[code] : undefined
    throw new ReplicaError(known ?? 'store_failed', String(error), [], error)
  }
}
