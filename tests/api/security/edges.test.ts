import { readFileSync } from 'node:fs'
import { request as httpRequest } from 'node:http'
import { connect } from 'node:net'
import type { AddressInfo } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { TestDevice } from '#tests/support/device-world.ts'
import { newUuid } from '#tests/support/device-world.ts'
import type { DoorWorld } from '#tests/support/door-world.ts'
import { doorWorld } from '#tests/support/door-world.ts'
import { createHttpServer } from '../../../scripts/launch/http-server.mjs'
import { refuse } from '../../../scripts/launch/refused-by-node.mjs'

let world: DoorWorld
beforeAll(async () => {
  world = await doorWorld()
})
afterAll(() => world.close())

/** Sends 32 MiB without saying how long it is, until it is answered; the status, and how much had gone by then. */
function endless(path: string, headers: Record<string, string>): Promise<{ status: number; sent: number }> {
  return new Promise((resolve, reject) => {
    const sending = httpRequest(world.http.url + path, { method: 'POST', headers })
    const chunk = Buffer.alloc(64 * 1024, 0x20)
    let sent = 0
    let isAnswered = false
    sending.on('error', (error) => (isAnswered ? undefined : reject(error)))
    sending.on('response', (answer) => {
      isAnswered = true
      answer.resume()
      answer.on('end', () => sending.destroy())
      resolve({ status: answer.statusCode ?? 0, sent })
    })
    const more = (): void => {
      while (!isAnswered && sent < 32 * 1024 * 1024) {
        sent += chunk.length
        if (!sending.write(chunk)) return void sending.once('drain', more)
      }
      sending.end()
    }
    more()
  })
}

describe('bodies, over sockets', () => {
  it.each([
    ['the operator API', '/api/admin/v1/fleets', 'root key', 'application/json'],
    ['a push', '/api/v1/push', 'device token', 'application/json'],
    ['an enrollment', '/api/v1/enroll', 'enrollment key', 'application/json'],
    ['sessions told', '/api/v1/ingest/sessions', 'ingest key', 'application/json'],
    ['traces', '/api/otlp/v1/traces', 'ingest key', 'application/json'],
    ['metrics as protobuf', '/api/otlp/v1/metrics', 'ingest key', 'application/x-protobuf'],
    ['a set-up', '/api/auth/set-up', 'stranger', 'application/json'],
    ['a form', '/api/auth/callback/credentials', 'stranger', 'application/x-www-form-urlencoded'],
  ] as const)('[check 26] %s without end is 413 while it is read', async (_name, path, caller, type) => {
    const { status, sent } = await endless(path, { ...world.headersOf[caller], 'content-type': type })
    expect(status).toBe(413)
    // What lies in the buffers between is sent, but not read.
    expect(sent).toBeLessThan(16 * 1024 * 1024)
  })
})

describe('one mutation', () => {
  it('[check 33] sent fifty times at once, each in a request of its own, over two processes, has one effect', async () => {
    const { http } = world
    const other = await http.another()
    const device = await http.device()
    const twin = device.at(other)
    const mutation = device.mutation()
    // Reports of their own, that come out of turn, would be taken for those of two devices.
    const report = device.report()
    const results = await Promise.all(
      Array.from(
        { length: 50 },
        async (_, i) => (await (i % 2 ? twin : device).pushed([mutation], { report })).results[0],
      ),
    )
    const statuses = results.map((result) => result?.status)
    expect(statuses.filter((status) => status === 'applied')).toHaveLength(1)
    expect(statuses.filter((status) => status === 'duplicate')).toHaveLength(49)
    const mine = (await device.pulled()).changes.filter(({ recordId }) => recordId === mutation.recordId)
    expect(mine).toMatchObject([{ version: 1 }])
  })
})

/** A server as scripts/server.mjs makes it, with less patience. */
async function impatient() {
  const options = { requestTimeout: 400, headersTimeout: 200, connectionsCheckingInterval: 50 }
  const server = createHttpServer(options, (request, response) => {
    request.resume()
    request.on('end', () => response.end('read'))
  })
  server.on('clientError', (error, socket) => refuse(error, socket, false))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return server
}

/** Writes the head, then a byte now and then, until the other side ends it. */
function drip(port: number, head: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(head))
    const timer = setInterval(() => socket.write('a'), 40)
    let answer = ''
    socket.on('data', (part) => (answer += part.toString()))
    socket.on('error', () => undefined)
    socket.on('close', () => {
      clearInterval(timer)
      resolve(answer)
    })
  })
}

describe('what is slow in coming', () => {
  it('[check 34] a body or a head that comes byte by byte is told 408, and its connection ends', async () => {
    const server = await impatient()
    const { port } = server.address() as AddressInfo
    try {
      const slow = await Promise.all([
        drip(port, 'POST /api/v1/push HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n'),
        drip(port, 'POST /api/v1/push HTTP/1.1\r\nHost: x\r\nX-Slow: '),
      ])
      for (const answer of slow) expect(answer).toMatch(/^HTTP\/1\.1 408 [^]*"code":"request_timeout"/)
      expect(await (await fetch(`http://127.0.0.1:${port}/`, { method: 'POST', body: 'quick' })).text()).toBe(
        'read',
      )
    } finally {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    }
  })

  it('[check 34] the server waits a minute at most for a request, and Node looks after its heads', () => {
    const source = readFileSync('scripts/server.mjs', 'utf8')
    const [, ms = ''] = /const REQUEST_TIMEOUT_MS = ([\d_]+)/.exec(source) ?? []
    expect(Number(ms.replaceAll('_', ''))).toBeLessThanOrEqual(60_000)
    expect(source).toContain('createHttpServer({ requestTimeout: REQUEST_TIMEOUT_MS }')
  })
})

/** How long nothing is sent until what was done is over: beside an answer that is given already, reads may be under way. */
const QUIET_MS = 100

/** Counts the statements that this process sends while something is done, and, with `tail`, until it is quiet after it. */
async function statementsOf<T>(
  work: () => Promise<T>,
  tail = false,
): Promise<{ texts: readonly string[]; value: T }> {
  const client = pg.Client.prototype as unknown as { query: (...given: unknown[]) => unknown }
  const { query: send } = client
  const texts: string[] = []
  client.query = function (this: unknown, ...given: unknown[]) {
    const [first] = given
    const isNamed = typeof first === 'object' && first !== null && 'text' in first
    texts.push(String(isNamed ? first.text : first))
    return send.apply(this, given)
  }
  try {
    const value = await work()
    for (let sent = -1; tail && sent !== texts.length;) {
      sent = texts.length
      await pause(QUIET_MS)
    }
    return { value, texts }
  } finally {
    client.query = send
  }
}

describe('limits', () => {
  it('[check 32] a fleet past its limit costs the database a look a second, however often it asks: no other one waits for it', async () => {
    const { http } = world
    const flooded = await http.fleetWith({ rateLimits: { devicePerMinute: 100, fleetPerMinute: 3 } })
    const device = await http.device(flooded)
    const calm = await http.device()
    const ask = (of: TestDevice) => of.send('GET', '/api/v1/config')
    for (let n = 0; n < 3; n++) await ask(device)
    await ask(calm)
    const startedMs = performance.now()
    const { texts, value } = await statementsOf(() =>
      Promise.all(Array.from({ length: 300 }, async () => ask(device))),
    )
    for (const answer of value) {
      expect(answer.status).toBe(429)
      expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0)
    }
    // Who a device is is looked up once a second, however often it asks.
    const seconds = Math.ceil((performance.now() - startedMs) / 1_000)
    expect(texts.filter((text) => text === 'BEGIN').length).toBeLessThanOrEqual(4 * (seconds + 1))
    expect((await ask(calm)).status).toBe(200)
  })

  it('[check 32] another fleet’s requests cost the database what they cost alone, while one that is past its limit asks ten times as often', async () => {
    const { http } = world
    const flooded = await http.fleetWith({ rateLimits: { devicePerMinute: 100, fleetPerMinute: 3 } })
    const device = await http.device(flooded)
    const calm = await http.device()
    const ask = (of: TestDevice) => of.send('GET', '/api/v1/config')
    for (let n = 0; n < 4; n++) await ask(device)
    await ask(calm)
    const some = async () => {
      const statuses: number[] = []
      for (let n = 0; n < 20; n++) statuses.push((await ask(calm)).status)
      return statuses
    }
    const startedMs = performance.now()
    const alone = await statementsOf(some)
    const beside = await statementsOf(async () => {
      const flood = Promise.all(Array.from({ length: 200 }, async () => (await ask(device)).status))
      return [await some(), await flood] as const
    })
    expect(alone.value).toEqual(alone.value.map(() => 200))
    expect(beside.value[0]).toEqual(alone.value)
    expect(new Set(beside.value[1])).toEqual(new Set([429]))
    // What is looked up once a second, of either fleet.
    const seconds = Math.ceil((performance.now() - startedMs) / 1_000)
    const begun = ({ texts }: { texts: readonly string[] }) => texts.filter((text) => text === 'BEGIN').length
    expect(begun(beside)).toBeLessThanOrEqual(begun(alone) + 8 * (seconds + 1))
  })
})

const THINGS = ['/devices/:id', '/sessions/:id', '/dead-letters/:id', '/conflicts/:id', '/collections/:id']

describe('ids of another fleet', () => {
  it.each([...THINGS, '/operations/:id', '/devices/:id/diagnosis', '/dead-letters/groups/:id'])(
    '[check 3] %s: one of another fleet costs the same statements as one that there is not, and is told in the same words',
    async (pattern) => {
      const owner = pattern.replace('/diagnosis', '')
      const look = async (id: string) => {
        const path = `/api/admin/v1${pattern.replace(':id', id)}?fleet=${world.otherFleetId}`
        const { texts, value } = await statementsOf(
          () => fetch(world.http.url + path, { headers: world.headersOf['other admin key'] }),
          true,
        )
        // A pool looks now and then whether its connections live.
        return {
          status: value.status,
          body: await value.text(),
          // Of several connections in no order.
          texts: texts.filter((text) => text !== 'SELECT 1').toSorted(),
        }
      }
      const foreign = world.things[owner] ?? ''
      expect(foreign).not.toBe('')
      // The first use of a key in a minute is noted.
      await look(newUuid())
      // What is kept for a moment is looked up now by the one and now by the other; what lies in the id is there each time.
      await vi.waitFor(
        async () => {
          const [unknown, theirs] = [await look(newUuid()), await look(foreign)]
          expect(theirs).toEqual(unknown)
          expect(unknown.status).toBe(404)
          expect(unknown.texts.length).toBeGreaterThan(0)
        },
        { timeout: 60_000, interval: 50 },
      )
    },
  )
})
