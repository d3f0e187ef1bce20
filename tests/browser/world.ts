import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { SYSTEM } from '#lib/application/access/audit-entry.ts'
import { createCollection } from '#lib/application/collections/create-collection.ts'
import { createNodeListener } from '#lib/http/node-listener.ts'
import type { StrategyName } from '#lib/protocol/device.ts'
import type { TestApp, TestFleet } from '#tests/support/device-world.ts'
import { testApp, testFleet } from '#tests/support/device-world.ts'
import { STORAGES } from '#tests/support/storages.ts'

/** The server over real HTTP and PostgreSQL, with an eye on what a device asks of it. */
export interface Served {
  readonly url: string
  readonly fleet: TestFleet
  readonly app: TestApp
  /** The most requests of sessions that were under way at once since `watch()`: a stream is opened beside them. */
  watch(): () => number
  /** Holds back the answer to the next request of that path, after the server has acted. */
  holdNext(path: string): { readonly acted: Promise<void>; release(): void }
  close(): Promise<void>
}

/** Adds collections that take any document, by name. */
export async function addCollections(
  { app, fleet }: Served,
  strategies: Readonly<Record<string, StrategyName>>,
): Promise<void> {
  for (const [name, strategy] of Object.entries(strategies)) {
    const body = { name, strategy, schema: true }
    await createCollection(app.ctx, { actor: SYSTEM, fleetId: fleet.fleetId, body })
  }
}

/** Answers true where it has answered: files beside the device API, of one origin with it. */
type Files = (request: IncomingMessage, response: ServerResponse) => boolean

export async function serveFleet(origin: string, files: Files = () => false): Promise<Served> {
  const postgres = STORAGES.find(({ name }) => name === 'PostgreSQL')
  if (!postgres) throw new Error('there is no PostgreSQL storage')
  const held = await postgres.open()
  const app = testApp(held.storage)
  // Short waits: a test must not wait for an interval.
  const fleet = await testFleet(app, undefined, {
    allowedOrigins: [origin],
    intervalMs: 1_000,
    backoff: { baseMs: 50, capMs: 1_000 },
  })
  let running = 0
  let most = 0
  const holds = new Map<string, { acted(): void; release: Promise<void> }>()
  const listener = createNodeListener({
    ...app.router,
    owns: () => true,
    async answer(request) {
      const isDevice = request.method !== 'OPTIONS'
      const { pathname } = new URL(request.url)
      const isOfSession = isDevice && pathname !== '/api/v1/events'
      if (isOfSession) most = Math.max(most, ++running)
      try {
        const answer = await app.router.answer(request)
        const hold = isDevice ? holds.get(pathname) : undefined
        if (hold) {
          holds.delete(pathname)
          hold.acted()
          await hold.release
        }
        return answer
      } finally {
        if (isOfSession) running -= 1
      }
    },
  })
  const server = createServer((request, response) => {
    if (!files(request, response)) void listener(request, response)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    fleet,
    app,
    watch() {
      most = 0
      return () => most
    },
    holdNext(path) {
      let release = (): void => undefined
      const released = new Promise<void>((resolve) => (release = resolve))
      const acted = new Promise<void>((resolve) => holds.set(path, { acted: resolve, release: released }))
      return { acted, release }
    },
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
      await held.close()
    },
  }
}
