import { existsSync, renameSync, rmSync } from 'node:fs'
import type Database from 'libsql'
import { ReplicaError } from './errors.ts'
import { openFile } from './sqlite-engine.ts'
import { isLogBroken, isLogWithoutFile } from './sqlite-log.ts'
import type { Table } from './store.ts'
import { TABLES } from './store.ts'

export interface SqliteStoreOptions {
  /** `full` survives a power cut; `normal` survives only the end of the process. */
  readonly durability?: 'full' | 'normal'
  /** The file's bound in pages of 4 KiB; past it writes fail with `quota_exceeded`. */
  readonly pagesMax?: number
}

/** How long a transaction waits for another process's. */
const BUSY_MS = 5_000
const LOG_LOOKS = 3
const LOG_LOOK_MS = 20
/** Small, or the only copy of somebody's work: looked through at each opening. Records come again from the server. */
const CHECKED: readonly Table[] = ['meta', 'outbox', 'outbox_by_id', 'outbox_by_record', 'notices']

/** Opens the file, or makes it. Damage that shows at once is thrown as SQLite's own error. */
export function openDatabase(
  path: string,
  { durability = 'full', pagesMax }: SqliteStoreOptions,
): Database.Database {
  finishSwap(path)
  // Before SQLite opens them: it deletes such logs.
  if (isLogWithoutFile(path)) throw new ReplicaError('store_corrupt', 'a log beside an empty file')
  if (staysBroken(path)) throw new ReplicaError('store_corrupt', 'the log is broken')
  const db = openFile(path, { timeout: BUSY_MS })
  try {
    db.exec('PRAGMA journal_mode = WAL')
    db.exec(`PRAGMA synchronous = ${durability}`)
    if (pagesMax !== undefined) db.exec(`PRAGMA max_page_count = ${pagesMax}`)
    createTables(db)
    checkColumns(db)
    for (const table of CHECKED) {
      const [found] = db.prepare(`PRAGMA quick_check('${table}')`).all() as { quick_check: string }[]
      if (found?.quick_check !== 'ok') throw new ReplicaError('store_corrupt', found?.quick_check)
    }
    restAll(db)
    return db
  } catch (error) {
    db.close()
    throw error
  }
}

/** Looked at again, since another process may have been in the middle of a write. */
function staysBroken(path: string): boolean {
  for (let look = 1; isLogBroken(path); look++) {
    if (look === LOG_LOOKS) return true
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, LOG_LOOK_MS)
  }
  return false
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

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** A text that was read as bytes, since libsql ends the process on one that isn't UTF-8. Undefined for such a one. */
export function decoded(stored: unknown): string | undefined {
  if (!(stored instanceof ArrayBuffer) && !ArrayBuffer.isView(stored)) return undefined
  try {
    return utf8.decode(stored)
  } catch {
    return undefined
  }
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

/** A mended file is whole as soon as it has this name; from then on only renaming is left, and any opening does it. */
export function finishSwap(path: string): void {
  if (!existsSync(`${path}.salvaged`)) return
  // The old log must not meet the new file.
  for (const part of ['-wal', '-shm']) rmSync(path + part, { force: true })
  renameSync(`${path}.salvaged`, path)
}

const CODES: Readonly<Record<string, 'quota_exceeded' | 'store_corrupt'>> = {
  SQLITE_FULL: 'quota_exceeded',
  SQLITE_CORRUPT: 'store_corrupt',
  SQLITE_NOTADB: 'store_corrupt',
}

export const isDamage = (error: unknown): boolean =>
  error instanceof ReplicaError && error.code === 'store_corrupt'

/** Turns SQLite's own errors into ours. */
export function guarded<T>(run: () => T): T {
  try {
    return run()
  } catch (error) {
    if (error instanceof ReplicaError) throw error
    const code = String((error as { code?: unknown }).code)
    const known = Object.hasOwn(CODES, code) ? CODES[code] : undefined
    throw new ReplicaError(known ?? 'store_failed', String(error), [], error)
  }
}
