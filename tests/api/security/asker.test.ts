import { connect } from 'node:net'
import type { AddressInfo } from 'node:net'
import { getRequestListener } from '@hono/node-server'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createApiKey } from '#lib/application/access/api-keys.ts'
import { SYSTEM } from '#lib/application/access/audit-entry.ts'
import { writeDenials } from '#lib/application/audit/denials.ts'
import { answerAdmin } from '#lib/http/admin/admin-route.ts'
import { answerAuth } from '#lib/http/admin/auth-route.ts'
import { ADMIN_ROUTES } from '#lib/http/admin/routes.ts'
import { mayReadMetrics } from '#lib/http/may-read-metrics.ts'
import { createNodeListener } from '#lib/http/node-listener.ts'
import { createRouter } from '#lib/http/router.ts'
import { operatorWorld, ORIGIN, SETTINGS, type OperatorWorld } from '#tests/support/operator-world.ts'
import { createClientNaming } from '../../../scripts/launch/client-address.mjs'
import { createHttpServer } from '../../../scripts/launch/http-server.mjs'

const PEER = '192.0.2.77'

let world: OperatorWorld
let port = 0
let close = async (): Promise<void> => undefined

/** The server as scripts/server.mjs puts it together, whose connections come from elsewhere: the tests' own are trusted. */
beforeAll(async () => {
  world = await operatorWorld()
  const { ctx } = world
  const mayRead = mayReadMetrics(ctx, false)
  const devices = createNodeListener(
    createRouter({
      ctx,
      metrics: async (request) => new Response('', { status: (await mayRead(request)) ? 200 : 401 }),
      isDraining: () => false,
    }),
  )
  const others = getRequestListener(
    (request) =>
      request.url.includes('/api/auth/')
        ? answerAuth(ctx, SETTINGS, request)
        : answerAdmin(ctx, SETTINGS, ADMIN_ROUTES, request),
    { overrideGlobalObjects: false },
  )
  const nameClient = createClientNaming()
  const server = createHttpServer({}, (incoming, outgoing) => {
    nameClient(incoming)
    void devices(incoming, outgoing).then((answered) => (answered ? undefined : others(incoming, outgoing)))
  })
  server.on('connection', (socket) => Object.defineProperty(socket, 'remoteAddress', { value: PEER }))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  port = (server.address() as AddressInfo).port
  close = () => new Promise((resolve) => server.close(() => resolve()))
})
afterAll(() => close())

/** Sent as it stands; the status. */
async function ask(line: string, headers: readonly string[]): Promise<number> {
  const socket = connect(port, '127.0.0.1')
  const head = [`${line} HTTP/1.1`, 'Host: tidemark.test', 'Connection: close', ...headers, '', '']
  socket.write(head.join('\r\n'))
  let answer = ''
  for await (const chunk of socket.setEncoding('utf8')) answer += chunk as string
  return Number(/^HTTP\/1\.1 (\d+)/.exec(answer)?.[1])
}

const CLAIMS: readonly (readonly [string, readonly string[]])[] = [
  ['nothing', []],
  ['another address', ['X-Forwarded-For: 198.51.100.1']],
  ['a chain', ['x-forwarded-for: 198.51.100.1, 198.51.100.2']],
  ['two headers', ['X-Forwarded-For: 198.51.100.1', 'Accept: */*', 'X-FORWARDED-FOR: 198.51.100.2']],
]
const BODY = ['Content-Type: application/json', 'Content-Length: 0']
const DOORS: readonly (readonly [string, readonly string[]])[] = [
  ['GET /api/v1/config', []],
  ['GET /api/v1/pull?checkpoint=0', []],
  ['GET /api/v1/events', []],
  ['POST /api/v1/push', BODY],
  ['POST /api/v1/enroll', BODY],
  ['POST /api/v1/ingest/sessions', BODY],
  ['POST /api/otlp/v1/traces', BODY],
  ['GET /metrics', []],
  ['GET /api/admin/v1/users', []],
  ['POST /api/auth/callback/credentials', [...BODY, 'Origin: https://evil.example']],
]

describe('[check 11] [check 43] who asks is the connection, whatever is claimed', () => {
  test.each(CLAIMS)('where %s is told, a denial at every kind of door names it', async (name, told) => {
    const addressesOf = async () => {
      await writeDenials(world.ctx, true)
      const every = { fleetId: null, action: null }
      const { items } = await world.ctx.storage.audit.list(every, { limit: 500, cursor: null })
      return items.filter(({ outcome }) => outcome === 'denied').map(({ address }) => address)
    }
    const before = (await addressesOf()).length
    for (const [line, headers] of DOORS) {
      const bearer = line.includes('/api/auth/') ? [] : ['Authorization: Bearer tmd_nobody_x']
      const status = await ask(line, ['Tidemark-App: 1.0;ios', ...bearer, ...headers, ...told])
      expect([name, line, [401, 403].includes(status)]).toEqual([name, line, true])
    }
    const addresses = await addressesOf()
    expect(addresses).toHaveLength(before + DOORS.length)
    expect(new Set(addresses)).toEqual(new Set([PEER]))
  })

  test.each(CLAIMS)('where %s is told, so does the last use of a key', async (name, told) => {
    const { key, id } = await createApiKey(world.ctx, { actor: SYSTEM, body: { name, role: 'admin' } })
    expect(await ask('GET /api/admin/v1/fleets', [`Authorization: Bearer ${key}`, ...told])).toBe(200)
    const headers = { authorization: `Bearer ${key}`, origin: ORIGIN }
    const { items } = (await (await world.admin('/api-keys', { headers })).json()) as {
      items: readonly { id: string; lastUsedAddress: string | null }[]
    }
    expect(items.find((one) => one.id === id)?.lastUsedAddress).toBe(PEER)
  })
})
