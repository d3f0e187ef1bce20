import { getRequestListener } from '@hono/node-server'
import { createApiKey } from '#lib/application/access/api-keys.ts'
import { SYSTEM } from '#lib/application/access/audit-entry.ts'
import { systemClock } from '#lib/client/clock.ts'
import type { Replica } from '#lib/client/replica.ts'
import { openMemoryStore } from '#lib/client/memory-store.ts'
import type { ReplicaOptions } from '#lib/client/open-replica.ts'
import { openReplica } from '#lib/client/open-replica.ts'
import { answerAdmin } from '#lib/http/admin/admin-route.ts'
import { answerAuth } from '#lib/http/admin/auth-route.ts'
import { ADMIN_ROUTES } from '#lib/http/admin/routes.ts'
import { createNodeListener } from '#lib/http/node-listener.ts'
import { adminOpenApiDocument } from '#lib/http/admin/openapi-admin.ts'
import { openApiDocument } from '#lib/http/openapi.ts'
import type { JsonObject } from '#lib/kernel/json.ts'
import type { Role, Storage } from '#lib/storage/ports.ts'
import { openPostgresStorage } from '#lib/storage/prisma/open-postgres-storage.ts'
import { refuse } from '../../scripts/launch/refused-by-node.mjs'
import { createTestDatabase } from './database.ts'
import type { TestApp, TestFleet } from './device-world.ts'
import { TestDevice, testApp, testFleet } from './device-world.ts'
import { heldToContract } from './by-contract.ts'
import { listen } from './listen.ts'
import { SETTINGS, jsonBody } from './operator-world.ts'

type AdminMethod = 'GET' | 'POST' | 'PATCH' | 'DELETE'

/** The APIs on a socket over PostgreSQL, with one clock for server and replicas that can be set ahead. */
export interface DeviceHttp {
  readonly app: TestApp
  readonly storage: Storage
  /** Of the database, for what no port does. */
  readonly databaseUrl: string
  readonly url: string
  readonly fleet: TestFleet
  readonly clock: { aheadMs: number }
  /** A process of its own on the same database. */
  another(): Promise<TestApp & { readonly storage: Storage }>
  fleetWith(settings: JsonObject): Promise<TestFleet>
  device(fleet?: TestFleet): Promise<TestDevice>
  replica(options?: Partial<ReplicaOptions>, fleet?: TestFleet): Promise<Replica>
  /** `/api/admin/v1` + path, with a key of this role in every fleet. */
  admin(method: AdminMethod, path: string, body?: unknown, role?: Role): Promise<Response>
  close(): Promise<void>
}

export async function deviceHttp(): Promise<DeviceHttp> {
  const { url: databaseUrl, drop } = await createTestDatabase()
  const clock = { aheadMs: 0 }
  const closers: (() => Promise<unknown>)[] = []
  const serve = async (): Promise<TestApp & { storage: Storage; url: string }> => {
    const storage = await openPostgresStorage({ url: databaseUrl })
    const app = testApp(storage, console.error, { now: () => Date.now() + clock.aheadMs })
    const devices = createNodeListener(app.router)
    const others = getRequestListener((request) => answerOther(app, request), {
      overrideGlobalObjects: false,
    })
    const { server, url, close } = await listen((incoming, outgoing) => {
      void devices(incoming, outgoing).then((answered) => (answered ? undefined : others(incoming, outgoing)))
    })
    server.on('clientError', (error, socket) => refuse(error, socket, false))
    closers.push(async () => {
      await close()
      await storage.close()
    })
    return { ...app, storage, url }
  }
  const app = await serve()
  const fleet = await testFleet(app)
  const keys = new Map<string, string>()
  const keyOf = async (role: Role): Promise<string> => {
    const known = keys.get(role)
    if (known !== undefined) return known
    const { key } = await createApiKey(app.ctx, { actor: SYSTEM, body: { name: role, role } })
    keys.set(role, key)
    return key
  }
  return {
    app,
    storage: app.storage,
    databaseUrl,
    url: app.url,
    fleet,
    clock,
    another: serve,
    fleetWith: (settings) => testFleet(app, undefined, settings),
    device: (of = fleet) => TestDevice.enroll(app, of),
    replica: (options = {}, of = fleet) =>
      openReplica({
        url: app.url,
        enrollmentKey: of.key,
        device: { name: 'tablet', platform: 'ios', appVersion: '1.2.0' },
        store: openMemoryStore(),
        clock: { ...systemClock, now: () => Date.now() + clock.aheadMs },
        sync: { auto: false },
        ...options,
      }),
    admin: async (method, path, body, role = 'operator') => {
      const headers = { authorization: `Bearer ${await keyOf(role)}` }
      const init = body === undefined ? { method, headers } : jsonBody(method, body, headers)
      return heldToContract(method, path, await fetch(`${app.url}/api/admin/v1${path}`, init))
    },
    close: async () => {
      for (const close of closers) await close()
      await drop()
    },
  }
}

/** What Next serves behind the device API. */
async function answerOther({ ctx }: TestApp, request: Request): Promise<Response> {
  const { pathname } = new URL(request.url)
  if (pathname === '/api/openapi.json') return Response.json(openApiDocument())
  if (pathname === '/api/admin/openapi.json') return Response.json(adminOpenApiDocument())
  if (pathname.startsWith('/api/auth/')) return answerAuth(ctx, SETTINGS, request)
  if (pathname.startsWith('/api/admin/v1/')) return answerAdmin(ctx, SETTINGS, ADMIN_ROUTES, request)
  return new Response(null, { status: 404 })
}
