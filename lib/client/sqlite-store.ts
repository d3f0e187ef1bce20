import { randomUUID } from 'node:crypto'
import { statSync } from 'node:fs'
import { hostname } from 'node:os'
import { resolve } from 'node:path'
import type Database from 'libsql'
import { ReplicaError } from './errors.ts'
import type { PeerHub } from './peers.ts'
import { createPeerHub } from './peers.ts'
import { createSerial } from './serial.ts'
import type { SqliteStoreOptions } from './sqlite-file.ts'
import { decoded, guarded, isDamage, openDatabase, restAll } from './sqlite-file.ts'
import { salvageFile } from './sqlite-salvage.ts'
import type { ReplicaStore, Salvage, StoreEntry, StoreTx, Table } from './store.ts'
import { NOTHING_LOST, TABLES } from './store.ts'
import { readStored } from './stored-text.ts'

export type { SqliteStoreOptions } from './sqlite-file.ts'

/** Larger than any key's next character, so that it ends the range of a prefix. Keys are ASCII. */
const PREFIX_END = '\u{10ffff}'

/** Openings of this process that still live: another owner under our process id is one from before a restart. */
const liveOwners = new Set<string>()
/** Transactions of one process on one file stand in line here; waiting inside SQLite would block the event loop. */
const sharedByFile = new Map<string, { serial: ReturnType<typeof createSerial>; hub: PeerHub }>()

/** One open file: replaced when another opening has put a mended one in its place. */
interface Opened {
  readonly db: Database.Database
  readonly tx: StoreTx
  readonly inode: number
}

/**
 * A store in one SQLite file (WAL), shared safely by several processes of one machine. A damaged file is set aside
 * (`FILE.broken-1`) and what can be read of it goes on in a new one.
 */
export function openSqliteStore(file: string, options: SqliteStoreOptions = {}): ReplicaStore {
  const path = resolve(file)
  const owner = `${hostname()}|${process.pid}|${randomUUID()}`
  const shared = sharedByFile.get(path) ?? { serial: createSerial(), hub: createPeerHub() }
  sharedByFile.set(path, shared)
  let lost: Salvage | null = null
  let current = openSound()
  const { tell, listen, leave } = shared.hub.join()
  liveOwners.add(owner)

  function open(): Opened {
    const db = guarded(() => openDatabase(path, options))
    return { db, tx: transactionOn(db), inode: statSync(path).ino }
  }
  function openSound(): Opened {
    try {
      return open()
    } catch (error) {
      if (!isDamage(error)) throw error
      lost = guarded(() => salvageFile(path, null))
      return open()
    }
  }
  /** Another process may have set the file aside since: what it mended is the store now. */
  function present(): Opened {
    if (statSync(path, { throwIfNoEntry: false })?.ino !== current.inode) {
      current.db.close()
      current = openSound()
    }
    return current
  }

  return {
    kind: 'sqlite',
    owner,
    tell,
    listen,
    transact: (work) =>
      shared.serial(async () => {
        const { db, tx } = present()
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
    hold: async () => () => undefined,
    isGone: isOwnerGone,
    isDamaged: () => lost !== null,
    salvage: () =>
      shared.serial(async () => {
        const told = lost
        lost = null
        if (told) return told
        const { db, inode } = present()
        if (lost) return lost
        db.close()
        const found = guarded(() => salvageFile(path, inode))
        current = open()
        return found ?? NOTHING_LOST
      }),
    close: () =>
      shared.serial(async () => {
        if (!liveOwners.delete(owner)) return
        leave()
        // Another opening's mended file rests by itself.
        if (statSync(path, { throwIfNoEntry: false })?.ino === current.inode) restAll(current.db)
        current.db.close()
      }),
  }
}

interface Statements {
  readonly get: Database.Statement
  readonly put: Database.Statement
  readonly remove: Database.Statement
  readonly scan: Database.Statement
  readonly count: Database.Statement
}

function transactionOn(db: Database.Database): StoreTx {
  const prepare = (table: Table): Statements => ({
    get: db.prepare(`SELECT CAST(value AS BLOB) AS value FROM ${table} WHERE key = ?`),
    put: db.prepare(
      `INSERT INTO ${table} (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value`,
    ),
    remove: db.prepare(`DELETE FROM ${table} WHERE key = ?`),
    scan: db.prepare(
      `SELECT CAST(key AS BLOB) AS name, CAST(value AS BLOB) AS value FROM ${table} WHERE key > ? AND key >= ? AND key < ? ORDER BY key LIMIT ?`,
    ),
    count: db.prepare(`SELECT count(*) AS count FROM ${table}`),
  })
  const statements = Object.fromEntries(TABLES.map((table) => [table, prepare(table)])) as Record<
    Table,
    Statements
  >
  return {
    async get(table, key) {
      const [row] = guarded(() => statements[table].get.all([key])) as { value: unknown }[]
      return row === undefined ? undefined : readStored(table, key, decoded(row.value))
    },
    async put(table, key, value) {
      guarded(() => statements[table].put.run([key, JSON.stringify(value)]))
    },
    async remove(table, key) {
      guarded(() => statements[table].remove.run([key]))
    },
    async scan(table, { prefix = '', after = '', limit }) {
      const rows = guarded(() => statements[table].scan.all([after, prefix, prefix + PREFIX_END, limit]))
      return (rows as { name: unknown; value: unknown }[]).map((row) => readEntry(table, row))
    },
    async count(table) {
      const [row] = guarded(() => statements[table].count.all([])) as { count: number }[]
      return row?.count ?? 0
    },
  }
}

function readEntry(table: Table, row: { name: unknown; value: unknown }): StoreEntry {
  const key = decoded(row.name)
  if (key === undefined) throw new ReplicaError('store_corrupt', `${table}: a key`)
  return { key, value: readStored(table, key, decoded(row.value)) }
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
