import type { Json } from '#lib/kernel/json.ts'
import { withParts } from './on-demand.ts'
import type { ReplicaErrorCode } from './errors.ts'
import { ReplicaError } from './errors.ts'
import { createSerial } from './serial.ts'
import type { ReplicaStore, StoreEntry, StoreTx, Table } from './store.ts'
import type { MetaKey } from './tables.ts'

/** What a session may hold in memory while the store has no room: a push and what its answer changes. */
export const UNSTORED_BYTES_MAX = 4 * 1024 * 1024
/** Rows whose removal is sound by itself, without the other writes of its transaction. */
const REMOVABLE: readonly Table[] = [
  'outbox',
  'outbox_by_id',
  'outbox_by_record',
  'acknowledged',
  'session_reports',
]

/** Went on without the store: an old value would look like a copied device, none shows what happened (recover.ts). */
const COUNTED_ON: MetaKey = 'reportSeq'

/** What is kept here is no reason to take the lock from its holder: only a lease that ran out is (session-lock.ts). */
const LET_GO: MetaKey = 'lock'

/** A row's new value, null when it is removed. */
type Unstored = Map<string, { readonly table: Table; readonly key: string; readonly text: string | null }>

export interface TightStore extends ReplicaStore {
  /** For what must be on the device when it returns: without room it fails with `quota_exceeded`, and leaves nothing. */
  transactDurably<T>(work: (tx: StoreTx) => Promise<T>): Promise<T>
  /** From a write that found no room until one of the app's finds some again, or a session goes well. */
  isFull(): boolean
  /** How often a write has found no room. */
  quotaFailures(): number
  noteRoom(): void
  /** A row could not be read since the store was mended. */
  isCorrupt(): boolean
  noteMended(): void
  /** Calls when the store became full, or is no longer, and when damage shows. */
  onTrouble(listener: () => void): () => void
}

/**
 * Lets sessions go on in a store without room, since it is they that free it (SDK3): what cannot be written is kept in
 * memory, on top of the store, until it can; rows that the server has acknowledged are removed at once. When the process
 * ends before that, the next session says the same again under the same ids, and the server answers `duplicate`.
 */
export function createTightStore(store: ReplicaStore): TightStore {
  const oneAtATime = createSerial()
  let unstored: Unstored = new Map()
  const listeners = new Set<() => void>()
  let isFull = false
  let isCorrupt = false
  let quotaFailures = 0
  let kept: (() => void) | null = null

  const tell = (): void => {
    for (const listener of new Set(listeners)) listener()
  }
  const setFull = (next: boolean): void => {
    if (isFull === next) return
    isFull = next
    tell()
  }
  const letKeptGo = (): void => {
    kept?.()
    kept = null
  }
  /** Another opening goes on from what is stored, as after the end of this process. */
  const forget = (): void => {
    unstored = new Map()
    letKeptGo()
  }
  const noteTrouble = (error: unknown): void => {
    if (isCode(error, 'quota_exceeded')) {
      quotaFailures += 1
      setFull(true)
    }
    if (isCode(error, 'store_corrupt') && !isCorrupt) {
      isCorrupt = true
      tell()
    }
  }
  /** All that waits and the work, or neither. */
  const transactDurably = async <T>(work: (tx: StoreTx) => Promise<T>): Promise<T> => {
    try {
      const result = await store.transact(async (tx) => {
        for (const { table, key, text } of unstored.values())
          await (text === null ? tx.remove(table, key) : tx.put(table, key, JSON.parse(text) as Json))
        return work(tx)
      })
      unstored = new Map()
      return result
    } catch (error) {
      noteTrouble(error)
      throw error
    }
  }
  const transact = async <T>(work: (tx: StoreTx) => Promise<T>): Promise<T> => {
    try {
      return await transactDurably(work)
    } catch (error) {
      unlessFull(error)
    }
    const next: Unstored = new Map(unstored)
    const result = await store.transact((tx) => work(over(tx, next)))
    if (bytesIn(next) > UNSTORED_BYTES_MAX) throw new ReplicaError('quota_exceeded')
    unstored = next
    // A log wants room for a removal too. What is kept here has it, and the next transaction tries again.
    await store.transact((tx) => removeFrom(tx, next)).catch(unlessFull)
    return result
  }
  return {
    ...store,
    transact: (work) => oneAtATime(() => withParts(transact, work)),
    transactDurably: (work) =>
      oneAtATime(async () => {
        const result = await withParts(transactDurably, work)
        setFull(false)
        return result
      }),
    isFull: () => isFull,
    quotaFailures: () => quotaFailures,
    noteRoom: () => setFull(unstored.size > 0),
    isCorrupt: () => isCorrupt,
    noteMended: () => void (isCorrupt = false),
    onTrouble(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    /** Another opening would not know what is kept here: the lock stays until all is written. */
    async hold(purpose, steal) {
      if (purpose === 'events') return store.hold(purpose)
      const letGo = kept ?? (await store.hold(purpose, steal, forget))
      kept = null
      if (!letGo) return null
      return () => {
        kept = letGo
        if (unstored.size === 0) letKeptGo()
      }
    },
    async close() {
      letKeptGo()
      await store.close()
    },
  }
}

const isCode = (error: unknown, code: ReplicaErrorCode): boolean =>
  error instanceof ReplicaError && error.code === code

function unlessFull(error: unknown): void {
  if (!isCode(error, 'quota_exceeded')) throw error
}

const rowName = (table: Table, key: string): string => `${table} ${key}`

const bytesIn = (unstored: Unstored): number =>
  [...unstored.values()].reduce((sum, { key, text }) => sum + key.length + (text?.length ?? 0), 0)

/** What a notice tells of that isn't stored stays in the outbox: it is told again, where the process ends before there is room. */
async function removeFrom(tx: StoreTx, unstored: Unstored): Promise<void> {
  const rows = [...unstored.values()]
  const notices = rows.flatMap(({ table, text }) => (table === 'notices' && text !== null ? text : [])).join()
  for (const { table, key, text } of rows) {
    if (
      !(text === null ? REMOVABLE.includes(table) || key === LET_GO : table === 'meta' && key === COUNTED_ON)
    )
      continue
    if (notices !== '' && table.startsWith('outbox') && notices.includes(await idAt(tx, table, key))) continue
    await tx.remove(table, key)
  }
}

/** The mutation's id that a row of the outbox, or of one of its indices, is about. */
async function idAt(tx: StoreTx, table: Table, key: string): Promise<string> {
  if (table === 'outbox_by_id') return key
  const row = await tx.get(table, key)
  return typeof row === 'string'
    ? row
    : String((row as { mutation?: { id?: string } } | undefined)?.mutation?.id)
}

/** The transaction as it reads with what isn't stored on top; writes go there too. */
function over(tx: StoreTx, unstored: Unstored): StoreTx {
  const rowsOf = (table: Table) => [...unstored.values()].filter((row) => row.table === table)
  return {
    async get(table, key) {
      const row = unstored.get(rowName(table, key))
      if (row) return row.text === null ? undefined : (JSON.parse(row.text) as Json)
      return tx.get(table, key)
    },
    async put(table, key, value) {
      unstored.set(rowName(table, key), { table, key, text: JSON.stringify(value) })
    },
    async remove(table, key) {
      unstored.set(rowName(table, key), { table, key, text: null })
    },
    async scan(table, scan) {
      const { prefix = '', after, limit } = scan
      const own = rowsOf(table).filter(
        ({ key }) => key.startsWith(prefix) && (after === undefined || key > after),
      )
      // As many more as may fall away here: then the page's end is the end of both.
      const stored = await tx.scan(table, { ...scan, limit: limit + own.length })
      const entries = new Map<string, StoreEntry>(stored.map((entry) => [entry.key, entry]))
      for (const { key, text } of own) {
        if (text === null) entries.delete(key)
        else entries.set(key, { key, value: JSON.parse(text) as Json })
      }
      return [...entries.values()].sort((a, b) => (a.key < b.key ? -1 : 1)).slice(0, limit)
    },
    async count(table) {
      let count = await tx.count(table)
      for (const { key, text } of rowsOf(table)) {
        const isStored = (await tx.get(table, key)) !== undefined
        count += (text === null ? 0 : 1) - (isStored ? 1 : 0)
      }
      return count
    },
  }
}
