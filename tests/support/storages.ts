import { openMemoryStorage } from '#lib/storage/memory/open-memory-storage.ts'
import type { Storage } from '#lib/storage/ports.ts'
import { openPostgresStorage } from '#lib/storage/prisma/open-postgres-storage.ts'
import { createTestDatabase } from './database.ts'

/** A storage that a test file has to itself. */
export interface TestStorage {
  readonly storage: Storage
  /** Another process's way to the same data; for memory, the same. */
  another(): Promise<Storage>
  close(): Promise<void>
}

/** What the API suites run over: `describe.each(STORAGES)('…', ({ open }) => …)`. */
export const STORAGES: readonly { readonly name: string; readonly open: () => Promise<TestStorage> }[] = [
  { name: 'memory', open: openMemory },
  { name: 'PostgreSQL', open: openPostgres },
]

async function openMemory(): Promise<TestStorage> {
  const storage = openMemoryStorage()
  return { storage, another: async () => storage, close: () => storage.close() }
}

async function openPostgres(): Promise<TestStorage> {
  const { url, drop } = await createTestDatabase()
  const opened: Storage[] = []
  const another = async (): Promise<Storage> => {
    const storage = await openPostgresStorage({ url })
    opened.push(storage)
    return storage
  }
  const close = async (): Promise<void> => {
    await Promise.all(opened.map((storage) => storage.close()))
    await drop()
  }
  return { storage: await another(), another, close }
}
