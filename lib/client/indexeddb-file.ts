import type { IDBPDatabase } from 'idb'
import { openDB } from 'idb'
import type { Table } from './store.ts'
import { TABLES } from './store.ts'

/** Rows that could not be read, moved aside as they were; under `table key`. */
export const ASIDE = 'unreadable'
/** Stands in each object store from its making on, under a key that no row has: without it the store was emptied. */
const SEAL = 0

export interface OpenedDatabase {
  readonly db: IDBPDatabase
  /** Tables that were there before, and were emptied or removed from outside. */
  readonly emptied: readonly Table[]
}

/**
 * Opens the database in whatever version it has; object stores that are missing are made in the next one.
 * `onGone` is called when the browser closes the connection, or another opening needs it closed.
 */
export async function openDatabase(name: string, onGone: () => void): Promise<OpenedDatabase> {
  let lostAll = false
  const connect = (version?: number): Promise<IDBPDatabase> =>
    openDB(name, version, {
      upgrade(db, _old, _new, tx, event) {
        // Chromium tells in this way that it found the database corrupt, and made an empty one.
        lostAll ||= (event as { dataLoss?: string }).dataLoss === 'total'
        for (const table of [...TABLES, ASIDE]) {
          if (db.objectStoreNames.contains(table)) continue
          void db.createObjectStore(table).put('', SEAL)
        }
        // What this version knows; a table that a later version adds is no loss.
        void tx.objectStore('meta').put(TABLES.join(), SEAL)
      },
      blocking: (_current, _blocked, event) => {
        ;(event.target as IDBDatabase).close()
        onGone()
      },
      terminated: onGone,
    })
  let db = await connect()
  const known = await knownTables(db)
  const missing = [...TABLES, ASIDE].filter((table) => !db.objectStoreNames.contains(table))
  if (missing.length > 0) {
    const { version } = db
    db.close()
    db = await connect(version + 1)
  }
  if (lostAll) return { db, emptied: TABLES }
  const unsealed = await sealAgain(db)
  const emptied = TABLES.filter(
    (table) => unsealed.includes(table) || (missing.includes(table) && known.includes(table)),
  )
  return { db, emptied }
}

async function knownTables(db: IDBPDatabase): Promise<readonly string[]> {
  if (!db.objectStoreNames.contains('meta')) return []
  const seal: unknown = await db.get('meta', SEAL)
  return typeof seal === 'string' ? seal.split(',') : []
}

/** The tables without their seal, which get a new one. */
async function sealAgain(db: IDBPDatabase): Promise<readonly Table[]> {
  const tx = db.transaction(TABLES, 'readwrite')
  const unsealed: Table[] = []
  for (const table of TABLES) {
    const store = tx.objectStore(table)
    if ((await store.get(SEAL)) !== undefined) continue
    unsealed.push(table)
    await store.put(table === 'meta' ? TABLES.join() : '', SEAL)
  }
  await tx.done
  return unsealed
}
