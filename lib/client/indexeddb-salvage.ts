import type { IDBPDatabase } from 'idb'
import { ASIDE } from './indexeddb-file.ts'
import type { Salvage, Table } from './store.ts'
import { TABLES, UNREADABLE_TOLD_MAX } from './store.ts'
import { parseStored } from './stored-text.ts'

const PAGE = 500
/** Rows kept aside at most, over all salvages; past it what cannot be read is dropped. */
const ASIDE_MAX = 1_000

/** Takes the rows that aren't JSON text out of the tables, and keeps them aside as they are. */
export async function moveUnreadableAside(db: IDBPDatabase): Promise<Salvage['unreadable']> {
  const moved: { table: Table; key: string }[] = []
  for (const table of TABLES) {
    for (const key of await findUnreadable(db, table)) {
      await moveAside(db, table, key)
      moved.push({ table, key: String(key) })
    }
  }
  return moved.slice(0, UNREADABLE_TOLD_MAX)
}

async function findUnreadable(db: IDBPDatabase, table: Table): Promise<IDBValidKey[]> {
  const unreadable: IDBValidKey[] = []
  let range = IDBKeyRange.lowerBound('')
  for (;;) {
    const keys = await db.getAllKeys(table, range, PAGE)
    const last = keys.at(-1)
    if (last === undefined) return unreadable
    const isSound = await isPageSound(db, table, IDBKeyRange.bound(keys[0], last))
    for (const key of isSound ? [] : keys) {
      const isRow = typeof key === 'string' && parseStored(await readRow(db, table, key)) !== undefined
      if (!isRow) unreadable.push(key)
    }
    range = IDBKeyRange.lowerBound(last, true)
  }
}

/** One row that the browser can't read fails its whole page: then each must be read by itself. */
async function isPageSound(db: IDBPDatabase, table: Table, range: IDBKeyRange): Promise<boolean> {
  try {
    const tx = db.transaction(table)
    const [keys, values] = await Promise.all([tx.store.getAllKeys(range), tx.store.getAll(range), tx.done])
    return (
      keys.every((key) => typeof key === 'string') &&
      values.every((value) => parseStored(value) !== undefined)
    )
  } catch {
    // Nothing is given up yet: each row of the page is read by itself next.
    return false
  }
}

/** Undefined for a row that can't be read. */
const readRow = (db: IDBPDatabase, table: Table, key: IDBValidKey): Promise<unknown> =>
  db.get(table, key).catch(() => undefined)

async function moveAside(db: IDBPDatabase, table: Table, key: IDBValidKey): Promise<void> {
  const value: unknown = await readRow(db, table, key)
  const tx = db.transaction([table, ASIDE], 'readwrite')
  const aside = tx.objectStore(ASIDE)
  if (value !== undefined && (await aside.count()) < ASIDE_MAX)
    await aside.put(value, `${table} ${String(key)}`)
  await tx.objectStore(table).delete(key)
  await tx.done
}
