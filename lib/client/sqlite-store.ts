import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import { resolve } from 'node:path'
import Database from 'libsql'
import type { Json } from '#lib/kernel/json.ts'
import { ReplicaError } from './errors.ts'
import { createSerial } from './serial.ts'
import type { ReplicaStore, StoreTx, Table } from './store.ts'
import { TABLES } from './store.ts'

export interface SqliteStoreOptions {
  /** `full` survives a power cut; `normal` survives only the end of the process. */
  readonly durability?: 'full' | 'normal'
  /** The file's bound in pages of 4 KiB; past it writes fail with `quota_exceeded`. */
  readonly pagesMax?: number
}

/** How long a transaction waits for another process's. */
const BUSY_MS = 5_000
/** Larger than any key's next character, so that it ends the range of a prefix. Keys are ASCII. */
const PREFIX_END = '\u{10ffff}'

/** Openings of this process that still live: another owner under our process id is one from before a restart. */
const liveOwners = new Set<string>()
/** Transactions of one process on one file stand in line here; waiting inside SQLite would block the event loop. */
const serialByFile = new Map<string, ReturnType<typeof createSerial>>()

/** A store in one SQLite file (WAL), shared safely by several processes of one machine. */
export function openSqliteStore(file: string, options: SqliteStoreOptions = {}): ReplicaStore {
  const path = resolve(file)
  const db = guarded(() => openDatabase(path, options))
  const owner = `${hostname()}|${process.pid}|${randomUUID()}`
  liveOwners.add(owner)
  const serial = serialByFile.get(path) ?? createSerial()
  serialByFile.set(path, serial)
  const tx = transactionOn(db)
  return {
    owner,
    transact: (work) =>
      serial(async () => {
        guarded(() => db.exec('BEGIN IMMEDIATE'))
        try {
          const result = await work(tx)
          guarded(() => db.exec('COMMIT'))
          return result
        } catch (error) {
          if (db.inTransaction) db.exec('ROLLBACK')
          throw error
        }
      }),
    isGone: isOwnerGone,
    close: () =>
      serial(async () => {
        if (!liveOwners.delete(owner)) return
        db.close()
      }),
  }
}

function openDatabase(
  path: string,
  { durability = 'full', pagesMax }: SqliteStoreOptions,
): Database.Database {
  const db = new Database(path, { timeout: BUSY_MS })
  db.exec('PRAGMA journal_mode = WAL')
  db.exec(`PRAGMA synchronous = ${durability}`)
  if (pagesMax !== undefined) db.exec(`PRAGMA max_page_count = ${pagesMax}`)
  for (const table of TABLES) {
    db.exec(`CREATE TABLE IF NOT EXISTS ${table} (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID`)
  }
  return db
}

interface Statements {
  readonly get: Database.Statement
  readonly put: Database.Statement
  readonly remove: Database.Statement
  readonly scan: Database.Statement
}

function transactionOn(db: Database.Database): StoreTx {
  const prepare = (table: Table): Statements => ({
    get: db.prepare(`SELECT value FROM ${table} WHERE key = ?`),
    put: db.prepare(
      `INSERT INTO ${table} (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value`,
    ),
    remove: db.prepare(`DELETE FROM ${table} WHERE key = ?`),
    scan: db.prepare(
      `SELECT key, value FROM ${table} WHERE key > ? AND key >= ? AND key < ? ORDER BY key LIMIT ?`,
    ),
  })
  const statements = Object.fromEntries(TABLES.map((table) => [table, prepare(table)])) as Record<
    Table,
    Statements
  >
  return {
    async get(table, key) {
      const [row] = guarded(() => statements[table].get.all([key])) as { value: string }[]
      return row === undefined ? undefined : (JSON.parse(row.value) as Json)
    },
    async put(table, key, value) {
      guarded(() => statements[table].put.run([key, JSON.stringify(value)]))
    },
    async remove(table, key) {
      guarded(() => statements[table].remove.run([key]))
    },
    async scan(table, { prefix = '', after = '', limit }) {
      const rows = guarded(() => statements[table].scan.all([after, prefix, prefix + PREFIX_END, limit]))
      return (rows as { key: string; value: string }[]).map((row) => ({
        key: row.key,
        value: JSON.parse(row.value) as Json,
      }))
    },
  }
}

/** Turns SQLite's own errors into ours. */
function guarded<T>(run: () => T): T {
  try {
    return run()
  } catch (error) {
    const code = (error as { code?: unknown }).code
    throw new ReplicaError(
      code === 'SQLITE_FULL' ? 'quota_exceeded' : 'store_failed',
      String(error),
      [],
      error,
    )
  }
}

/** Sure only on this machine: the process has ended, or it is ours and this opening was closed or never was. */
function isOwnerGone(owner: string): boolean {
  const [host, pid] = owner.split('|')
  if (host !== hostname()) return false
  if (Number(pid) === process.pid) return !liveOwners.has(owner)
  try {
    process.kill(Number(pid), 0)
    return false
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH'
  }
}
