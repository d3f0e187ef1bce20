import type { Json } from '#lib/kernel/json.ts'
import { createSerial } from './serial.ts'
import type { ReplicaStore, StoreTx, Table } from './store.ts'
import { TABLES } from './store.ts'

/** What a memory store holds; openings that share it behave like processes that share a file. */
export interface MemoryDisk {
  readonly tables: Readonly<Record<Table, Map<string, string>>>
  readonly owners: Set<string>
  readonly serial: ReturnType<typeof createSerial>
  opened: number
}

export function createMemoryDisk(): MemoryDisk {
  const tables = Object.fromEntries(TABLES.map((table) => [table, new Map<string, string>()]))
  return { tables: tables as MemoryDisk['tables'], owners: new Set(), serial: createSerial(), opened: 0 }
}

/** A store that lives as long as its disk. Values are kept as text, so nothing is shared with the caller. */
export function openMemoryStore(disk: MemoryDisk = createMemoryDisk()): ReplicaStore {
  const owner = `memory-${++disk.opened}`
  disk.owners.add(owner)
  return {
    owner,
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
    isGone: (other) => !disk.owners.has(other),
    async close() {
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
      return text === undefined ? undefined : (JSON.parse(text) as Json)
    },
    async put(table, key, value) {
      write(table, key, JSON.stringify(value))
    },
    async remove(table, key) {
      write(table, key, undefined)
    },
    async scan(table, { prefix = '', after, limit }) {
      const keys = [...disk.tables[table].keys()].filter(
        (key) => key.startsWith(prefix) && (after === undefined || key > after),
      )
      keys.sort()
      return keys
        .slice(0, limit)
        .map((key) => ({ key, value: JSON.parse(disk.tables[table].get(key) as string) as Json }))
    },
  }
}
