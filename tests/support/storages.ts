import { createServer } from 'node:http'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createNodeListener } from '#lib/http/node-listener.ts'
import { openMemoryStorage } from '#lib/storage/memory/open-memory-storage.ts'
import type { Storage } from '#lib/storage/ports.ts'
import { openPostgresStorage } from '#lib/storage/prisma/open-postgres-storage.ts'
import { createTestDatabase } from './database.ts'
import type { TestApp } from './device-world.ts'

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
  const servers: Server[] = []
  const served = async (app: TestApp): Promise<TestApp> => {
    const listener = createNodeListener(app.router)
    const server = createServer((incoming, outgoing) => void listener(incoming, outgoing))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    servers.push(server)
    return { ...app, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
  }
  const close = async (): Promise<void> => {
    for (const server of servers) {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    }
    await Promise.all(opened.map((storage) => storage.close()))
    await drop()
  }
  return { storage: await another(), another, served, close }
}
