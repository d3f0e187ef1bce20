import type { IDBPDatabase, IDBPTransaction } from 'idb'
import type { Json } from '#lib/kernel/json.ts'
import { ReplicaError } from './errors.ts'
import { openDatabase } from './indexeddb-file.ts'
import { fetched } from './on-demand.ts'
import type { StoreNews } from './peers.ts'
import type { ReplicaStore, Salvage, StoreTx, Table } from './store.ts'
import { TABLES } from './store.ts'
import { readStored } from './stored-text.ts'

export interface IndexedDbStoreOptions {
  /** `full` asks the browser to have each commit on the disk; `normal` is faster, and a power cut may undo the last ones. */
  readonly durability?: 'full' | 'normal'
}

type Tx = IDBPTransaction<unknown, Table[], 'readwrite'>

/** Larger than any key's next character. Keys are ASCII. */
const PREFIX_END = '\uffff'
/** Openings of this page that still live. */
const liveOwners = new Set<string>()
const PAGE = randomHex()

/**
 * A store in the browser's IndexedDB, shared safely by all tabs and workers of its origin: they run one session at a
 * time (Web Locks) and tell each other of changes (BroadcastChannel).
 * Fails with ReplicaError `store_failed` where the browser gives no database.
 */
export async function openIndexedDbStore(
  name: string,
  { durability = 'full' }: IndexedDbStoreOptions = {},
): Promise<ReplicaStore> {
  const databaseName = `tidemark:${name}`
  const owner = `${PAGE}|${randomHex()}`
  const channel = new BroadcastChannel(databaseName)
  const emptied = new Set<Table>()
  let isHeld = false
  let isClosed = false
  let connection: Promise<IDBPDatabase> | null = null

  const connect = (): Promise<IDBPDatabase> => {
    const opening = openDatabase(databaseName, () => (connection = null))
    connection = opening.then((opened) => {
      for (const table of opened.emptied) emptied.add(table)
      return opened.db
    })
    // Who asked hears of it; the next one opens anew.
    connection.catch(() => (connection = null))
    return connection
  }
  const guarded = async <T>(run: () => Promise<T>): Promise<T> => {
    if (isClosed) throw new ReplicaError('closed')
    try {
      return await run()
    } catch (error) {
      throw toReplicaError(error)
    }
  }
  /** A connection that the browser closed is opened again; what it held stays. */
  const begin = async (): Promise<Tx> => {
    const start = (db: IDBPDatabase): Tx =>
      db.transaction<Table[], 'readwrite'>([...TABLES], 'readwrite', {
        durability: durability === 'full' ? 'strict' : 'relaxed',
      })
    try {
      return start(await (connection ?? connect()))
    } catch (error) {
      if (!isNamed(error, 'InvalidStateError')) throw error
      return start(await connect())
    }
  }
  await guarded(connect)
  liveOwners.add(owner)

  return {
    kind: 'indexeddb',
    owner,
    tell: (news) => channel.postMessage(news),
    listen(listener) {
      const onMessage = ({ data }: MessageEvent<StoreNews>): void => listener(data)
      channel.addEventListener('message', onMessage)
      return () => channel.removeEventListener('message', onMessage)
    },
    transact: (work) => guarded(async () => runOn(await begin(), work)),
    async hold(purpose, steal, onStolen) {
      const lock = `${databaseName}:${purpose}`
      if (purpose === 'events')
        return (await fetched(import('./indexeddb-stream.ts'))).holdStream(holdLock, lock)
      const letGo = await holdLock(lock, steal, () => {
        isHeld = false
        onStolen?.()
      })
      if (!letGo) return null
      // Without the browser's locks anybody may hold it: only the lease in the store says who has ended.
      isHeld = 'locks' in navigator
      return () => {
        isHeld = false
        letGo()
      }
    },
    // Another tab's holder can't be seen; but while the browser's lock is ours, whoever the row names has ended or lost it.
    isGone: (other) => (other.startsWith(`${PAGE}|`) ? !liveOwners.has(other) : isHeld),
    isDamaged: () => emptied.size > 0,
    salvage: () =>
      guarded(async (): Promise<Salvage> => {
        const { moveUnreadableAside } = await fetched(import('./indexeddb-salvage.ts'))
        const unreadable = await moveUnreadableAside(await (connection ?? connect()))
        const incomplete = [...emptied]
        emptied.clear()
        return { unreadable, incomplete, setAside: null }
      }),
    async close() {
      if (isClosed) return
      isClosed = true
      liveOwners.delete(owner)
      channel.close()
      const db = await connection
      db?.close()
    },
  }
}

/** The transaction stays open as long as `work` waits for nothing but its requests. */
async function runOn<T>(tx: Tx, work: (tx: StoreTx) => Promise<T>): Promise<T> {
  const failure = tx.done.then(
    () => null,
    (error: unknown) => error,
  )
  let result: T
  try {
    result = await work(transactionOn(tx))
  } catch (error) {
    abort(tx)
    // A request that failed aborts with its own error, which says more (quota) than a later one of `work`.
    const cause = await failure
    throw isNamed(cause, 'QuotaExceededError') ? cause : error
  }
  const cause = await failure
  if (cause !== null) throw cause
  return result
}

function abort(tx: Tx): void {
  try {
    tx.abort()
  } catch (error) {
    // It was aborted already, by the request that failed.
    if (!isNamed(error, 'InvalidStateError')) throw error
  }
}

function transactionOn(tx: Tx): StoreTx {
  return {
    async get(table, key) {
      const text: unknown = await tx.objectStore(table).get(key)
      return text === undefined ? undefined : readStored(table, key, text)
    },
    async put(table, key, value) {
      await tx.objectStore(table).put(JSON.stringify(value), key)
    },
    async remove(table, key) {
      await tx.objectStore(table).delete(key)
    },
    async scan(table, { prefix = '', after, limit }) {
      const range =
        after !== undefined && after >= prefix
          ? IDBKeyRange.bound(after, prefix + PREFIX_END, true)
          : IDBKeyRange.bound(prefix, prefix + PREFIX_END)
      const store = tx.objectStore(table)
      const [keys, texts] = await Promise.all([store.getAllKeys(range, limit), store.getAll(range, limit)])
      return keys.map((key, n): { key: string; value: Json } => ({
        key: String(key),
        value: readStored(table, String(key), texts[n]),
      }))
    },
    count: (table) => tx.objectStore(table).count(IDBKeyRange.lowerBound('')),
  }
}

/** Null when another opening holds it. Without Web Locks (a page that isn't secure) the lock row alone decides. */
async function holdLock(name: string, steal = false, onStolen?: () => void): Promise<(() => void) | null> {
  const locks = (navigator as { locks?: LockManager }).locks
  if (!locks) return () => undefined
  return new Promise((resolve, reject) => {
    locks
      .request(name, { steal, ifAvailable: !steal }, (lock) => {
        if (!lock) return resolve(null)
        return new Promise<void>((letGo) => resolve(letGo))
      })
      // Of a lock that was given: this is how its holder hears that another opening took it.
      .catch((error: unknown) => (isNamed(error, 'AbortError') ? onStolen?.() : reject(error)))
  })
}

const isNamed = (error: unknown, name: string): boolean =>
  (error as { name?: unknown } | null | undefined)?.name === name

/** A row's file that the browser lost reads as NotFoundError or DataError (Chromium). */
const DAMAGE = new Set(['DataError', 'NotFoundError', 'NotReadableError'])

/** Errors of `work` itself pass as they are. */
function toReplicaError(error: unknown): unknown {
  if (!(error instanceof DOMException)) return error
  if (error.name === 'QuotaExceededError') return new ReplicaError('quota_exceeded', error.message, [], error)
  const code = DAMAGE.has(error.name) ? 'store_corrupt' : 'store_failed'
  return new ReplicaError(code, `${error.name} ${error.message}`, [], error)
}

/** `crypto.randomUUID` exists on secure pages only. */
function randomHex(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('')
}
