import { randomUUID } from 'node:crypto'
import { statSync } from 'node:fs'
import { hostname } from 'node:os'
import { resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type Database from 'libsql'
import { ReplicaError } from './errors.ts'
import type { PeerHub } from './peers.ts'
import { createPeerHub } from './peers.ts'
import { createSerial } from './serial.ts'
import type { SqliteStoreOptions } from './sqlite-file.ts'
import {
  checkWritable,
  finishSwap,
  guarded,
  isDamage,
  isSwapping,
  openDatabase,
  restAll,
} from './sqlite-file.ts'
import { openGuard } from './sqlite-guard.ts'
import { closeIndex } from './sqlite-log.ts'
import { salvageFile } from './sqlite-salvage.ts'
import { decoded } from './sqlite-text.ts'
import type { ReplicaStore, Salvage, StoreEntry, StoreTx, Table } from './store.ts'
import { NOTHING_LOST, SALVAGED, TABLES } from './store.ts'
import { readStored } from './stored-text.ts'

export type { SqliteStoreOptions } from './sqlite-file.ts'

/** Larger than any key's next character, so that it ends the range of a prefix. Keys are ASCII. */
const PREFIX_END = '\u{10ffff}'

/** Openings of this process that still live: another owner under our process id is one from before a restart. */
const liveOwners = new Set<string>()
/** What the openings of one file in this process share. */
interface Shared {
  /** Transactions stand in line here; waiting inside SQLite would block the event loop. */
  readonly serial: ReturnType<typeof createSerial>
  readonly hub: PeerHub
  /** How often the file was to be set aside: reading it as a file has cost all openings here their locks on it. */
  salvages: number
}
const sharedByFile = new Map<string, Shared>()

/** How often a transaction finds that another process has set the file aside once more. */
const TAKE_UPS_MAX = 3
/** How long a transaction waits for another opening to rebuild what it has mended: 5 s. */
const REBUILD_LOOKS_MAX = 50
const REBUILD_LOOK_MS = 100

/** One open file: replaced when another opening has put a mended one in its place. */
interface Opened {
  readonly db: Database.Database
  readonly tx: StoreTx
  readonly inode: number
  readonly salvages: number
  /** Mended, and not rebuilt when it was last looked at: `here` when that is for this opening to do. */
  unbuilt: 'no' | 'elsewhere' | 'here'
}

/**
 * A store in one SQLite file (WAL), shared safely by several processes of one machine. A damaged file is set aside
 * (`FILE.broken-1`) and what can be read of it goes on in a new one.
 */
export function openSqliteStore(file: string, options: SqliteStoreOptions = {}): ReplicaStore {
  const path = resolve(file)
  const owner = `${hostname()}|${process.pid}|${randomUUID()}`
  const shared: Shared = sharedByFile.get(path) ?? {
    serial: createSerial(),
    hub: createPeerHub(),
    salvages: 0,
  }
  sharedByFile.set(path, shared)
  checkWritable(path)
  const guard = guarded(() => openGuard(path))
  /** Of the file that was found damaged: SQLite moves its log into it at the close, and a hole hides what is missing. */
  let brokenInode: number | undefined
  /** Null while it is known to be damaged. */
  let current: Opened | null = openIfSound()
  const { tell, listen, leave } = shared.hub.join()
  liveOwners.add(owner)

  function open(): Opened {
    const db = guarded(() => openDatabase(path, options))
    const unbuilt = salvageIn(db) ? 'elsewhere' : 'no'
    return { db, tx: transactionOn(db), inode: statSync(path).ino, salvages: shared.salvages, unbuilt }
  }
  /** Mending may have to wait for a transaction of this very process, so it is left to whoever stands in line. */
  function openIfSound(): Opened | null {
    try {
      return under(() => (isSwapping(path) ? null : open()))
    } catch (error) {
      if (!isDamage(error)) {
        guard.close()
        throw error
      }
      brokenInode = inodeNow()
      return null
    }
  }
  function under<T>(run: () => T): T {
    guarded(() => guard.share())
    try {
      return run()
    } finally {
      guard.leave()
    }
  }
  function inodeNow(): number | undefined {
    return statSync(path, { throwIfNoEntry: false })?.ino
  }
  const isPresent = ({ inode, salvages }: Opened): boolean =>
    inodeNow() === inode && salvages === shared.salvages && !isSwapping(path)
  function closeFile(): void {
    current?.db.close()
    current = null
  }
  /** Alone. */
  function mend(): void {
    closeFile()
    shared.salvages += 1
    guarded(() => salvageFile(path))
    brokenInode = undefined
    current = open()
  }
  /** Alone: another process may have set the file aside since, and what it mended is the store now. */
  function takeUp(): void {
    finishSwap(path)
    closeFile()
    if (brokenInode !== undefined && brokenInode === inodeNow()) return mend()
    try {
      current = open()
    } catch (error) {
      if (!isDamage(error)) throw error
      mend()
    }
  }
  /** The file that stands there now, under the guard until that is left. */
  function enter(): Opened {
    for (let tries = 1; tries <= TAKE_UPS_MAX; tries++) {
      guarded(() => guard.share())
      if (current && isPresent(current)) return current
      guard.leave()
      guarded(() => guard.alone(takeUp))
    }
    throw new ReplicaError('store_failed', 'the file is set aside again and again')
  }
  function findSalvage(): Salvage | null {
    const opened = enter()
    try {
      const found = guarded(() => salvageIn(opened.db))
      opened.unbuilt = found ? 'here' : 'no'
      return found
    } finally {
      guard.leave()
    }
  }
  /** Null when another opening has to rebuild the store first: a write would meet rows that aren't in order yet. */
  async function attempt<T>(work: (tx: StoreTx) => Promise<T>): Promise<{ readonly result: T } | null> {
    const opened = enter()
    const { db, tx } = opened
    try {
      guarded(() => db.exec('BEGIN IMMEDIATE'))
      try {
        if (opened.unbuilt === 'elsewhere' && !salvageIn(db)) opened.unbuilt = 'no'
        const done = opened.unbuilt === 'elsewhere' ? null : { result: await work(tx) }
        guarded(() => db.exec('COMMIT'))
        return done
      } catch (error) {
        if (db.inTransaction) db.exec('ROLLBACK')
        throw error
      }
    } finally {
      guard.leave()
    }
  }

  return {
    kind: 'sqlite',
    owner,
    tell,
    listen,
    async transact(work) {
      for (let look = 1; look <= REBUILD_LOOKS_MAX; look++) {
        const done = await shared.serial(() => attempt(work))
        if (done) return done.result
        await delay(REBUILD_LOOK_MS)
      }
      throw new ReplicaError('store_corrupt', 'mended, and not rebuilt')
    },
    hold: async () => () => undefined,
    isGone: isOwnerGone,
    isDamaged: () => current === null || current.unbuilt !== 'no',
    salvage: () =>
      shared.serial(async () => {
        const met = current
        const wasBuilt = met?.unbuilt === 'no'
        const found = findSalvage()
        if (found || !wasBuilt || met !== current) return found ?? NOTHING_LOST
        guarded(() => guard.alone(() => (isPresent(met) ? mend() : takeUp())))
        return findSalvage() ?? NOTHING_LOST
      }),
    close: () =>
      shared.serial(async () => {
        if (!liveOwners.delete(owner)) return
        leave()
        under(() => {
          // Another opening's mended file rests by itself.
          if (current && isPresent(current)) restAll(current.db)
          closeFile()
        })
        closeIndex(path)
        guard.close()
      }),
  }
}

/** What was lost of the file that this one stands for, as long as nobody has rebuilt it. */
function salvageIn(db: Database.Database): Salvage | null {
  const [row] = db
    .prepare(`SELECT CAST(value AS BLOB) AS value FROM meta WHERE key = '${SALVAGED}'`)
    .all([]) as { value: unknown }[]
  return row ? (readStored('meta', SALVAGED, decoded(row.value)) as unknown as Salvage) : null
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
