import { createNodeListener } from '#lib/http/node-listener.ts'
import { openMemoryStorage } from '#lib/storage/memory/open-memory-storage.ts'
import type { Storage } from '#lib/storage/ports.ts'
import { openPostgresStorage } from '#lib/storage/prisma/open-postgres-storage.ts'
import { createTestDatabase } from './database.ts'
import type { TestApp } from './device-world.ts'
import type { Listening } from './listen.ts'
import { listen } from './listen.ts'

/** A storage that a test file has to itself. */
export interface TestStorage {
  readonly storage: Storage
  /** Another process's way to the same data; for memory, the same. */
  another(): Promise<Storage>
  /** The application as a request meets it: over PostgreSQL behind a socket, over memory at its router. */
  served(app: TestApp): Promise<TestApp>
  close(): Promise<void>
}

/** What the API suites run over: `describe.each(STORAGES)('…', ({ open }) => …)`. */
export const STORAGES: readonly { readonly name: string; readonly open: () => Promise<TestStorage> }[] = [
  { name: 'memory', open: openMemory },
  { name: 'PostgreSQL', open: openPostgres },
]

async function openMemory(): Promise<TestStorage> {
  const storage = openMemoryStorage()
  return { storage, another: async () => storage, served: async (app) => app, close: () => storage.close() }
}

async function openPostgres(): Promise<TestStorage> {
  const { url, drop } = await createTestDatabase()
  const opened: Storage[] = []
  const another = async (): Promise<Storage> => {
    const storage = await openPostgresStorage({ url })
    opened.push(storage)
    return storage
  }
  const servers: Listening[] = []
  const served = async (app: TestApp): Promise<TestApp> => {
    const listener = createNodeListener(app.router)
    const server = await listen((incoming, outgoing) => void listener(incoming, outgoing))
    servers.push(server)
    return { ...app, url: server.url }
  }
  const close = async (): Promise<void> => {
    for (const server of servers) await server.close()
    await Promise.all(opened.map((storage) => storage.close()))
    await drop()
  }
  return { storage: await another(), another, served, close }
}
