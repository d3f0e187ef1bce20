import type { Json } from '#lib/kernel/json.ts'
import type { PeerHub } from './peers.ts'
import { createPeerHub } from './peers.ts'
import { createSerial } from './serial.ts'
import type { ReplicaStore, Salvage, StoreTx, Table } from './store.ts'
import { TABLES, UNREADABLE_TOLD_MAX } from './store.ts'
import { parseStored, readStored } from './stored-text.ts'

/** What a memory store holds; openings that share it behave like processes that share a file. */
export interface MemoryDisk {
  readonly tables: Readonly<Record<Table, Map<string, string>>>
  /** What was last read under a key of `meta`, frozen: a config is read a hundred times for each time that it is written. */
  readonly metaRead: Map<string, { readonly text: string; readonly value: Json }>
  readonly owners: Set<string>
  readonly serial: ReturnType<typeof createSerial>
  readonly hub: PeerHub
  opened: number
}

export function createMemoryDisk(): MemoryDisk {
  const tables = Object.fromEntries(TABLES.map((table) => [table, new Map<string, string>()]))
  return {
    tables: tables as MemoryDisk['tables'],
    metaRead: new Map(),
    owners: new Set(),
    serial: createSerial(),
    hub: createPeerHub(),
    opened: 0,
  }
}

/** A store that lives as long as its disk. Values are kept as text, so nothing is shared with the caller. */
export function openMemoryStore(disk: MemoryDisk = createMemoryDisk()): ReplicaStore {
  const owner = `memory-${++disk.opened}`
  const { tell, listen, leave } = disk.hub.join()
  disk.owners.add(owner)
  return {
    kind: 'memory',
    owner,
    tell,
    listen,
    transact: (work) =>
      disk.serial(async () => {
        const undo: (() => void)[] = []
        try {
          return await work(transactionOn(disk, undo))
        } catch (error) {
          for (const step of undo.reverse()) step()
          throw error
        }
      }),
    // The lock row does it all.
    hold: async () => () => undefined,
    isGone: (other) => !disk.owners.has(other),
    isDamaged: () => false,
    salvage: () => disk.serial(async () => dropUnreadable(disk)),
    async close() {
      leave()
      disk.owners.delete(owner)
    },
  }
}

function transactionOn(disk: MemoryDisk, undo: (() => void)[]): StoreTx {
  const write = (table: Table, key: string, text: string | undefined): void => {
    const map = disk.tables[table]
    const before = map.get(key)
    undo.push(() => void (before === undefined ? map.delete(key) : map.set(key, before)))
    if (text === undefined) map.delete(key)
    else map.set(key, text)
  }
  return {
    async get(table, key) {
      const text = disk.tables[table].get(key)
      if (text === undefined) return undefined
      return table === 'meta' ? readMeta(disk, key, text) : readStored(table, key, text)
    },
    async put(table, key, value) {
      write(table, key, JSON.stringify(value))
    },
    async remove(table, key) {
      write(table, key, undefined)
    },
    async scan(table, { prefix = '', after, limit }) {
      const rows = disk.tables[table]
      const keys: string[] = []
      for (const key of rows.keys())
        if (key.startsWith(prefix) && (after === undefined || key > after)) keys.push(key)
      if (keys.length > 1) keys.sort()
      return keys.slice(0, limit).map((key) => ({ key, value: readStored(table, key, rows.get(key)) }))
    },
    count: async (table) => disk.tables[table].size,
  }
}

function readMeta({ metaRead }: MemoryDisk, key: string, text: string): Json {
  const read = metaRead.get(key)
  if (read?.text === text) return read.value
  const value = frozen(readStored('meta', key, text))
  metaRead.set(key, { text, value })
  return value
}

/** Whoever changes what it was given, and others read too, fails. */
function frozen(value: Json): Json {
  if (typeof value !== 'object' || value === null) return value
  for (const part of Object.values(value)) frozen(part)
  return Object.freeze(value)
}

function dropUnreadable(disk: MemoryDisk): Salvage {
  const lost = TABLES.flatMap((table) =>
    [...disk.tables[table]].flatMap(([key, text]) =>
      parseStored(text) === undefined ? [{ table, key }] : [],
    ),
  )
  for (const { table, key } of lost) disk.tables[table].delete(key)
  return { unreadable: lost.slice(0, UNREADABLE_TOLD_MAX), incomplete: [], setAside: null }
}
