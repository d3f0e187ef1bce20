import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import type { ClientRequest, IncomingMessage } from 'node:http'
import { Agent, request } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { createServer } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import type { TestDatabase } from '#tests/support/database.ts'
import { createTestDatabase } from '#tests/support/database.ts'
import type { SetUpFleet } from '../../../bench/set-up-fleet.ts'
import { pushOfReports, strikeReportSource } from '../../../bench/push/push-bodies.ts'
import { buildConsole } from '../../../scripts/setup/build.mjs'
import { freePort, untilReady } from '../../e2e/support/programs.ts'
import { startRealServer } from './real-server.ts'
import { enrollAt, rowsOf } from './servers.ts'
import { makeTrialFleet } from './trial-fleet.ts'

const READY_WITHIN_MS = 60_000
const BUILT_WITHIN_MS = 300_000
/** Two signals within a second are one. */
const ANOTHER_SIGNAL_MS = 1_200
/** The design's bound for all of it, the usual drain of 5 s included. */
const ENDED_WITHIN_MS = 30_000
/** One that never took traffic has nothing to drain, but for what it began itself. */
const STARTING_ENDED_WITHIN_MS = 15_000

/** What a stopping server does, by the program that production runs (reliability.md, "Operations"). */
describe('a server that is told to end', () => {
  let database: TestDatabase
  let fleet: SetUpFleet
  beforeAll(async () => {
    await buildConsole()
    database = await createTestDatabase()
    fleet = await makeTrialFleet(database.url)
  }, BUILT_WITHIN_MS)
  afterAll(() => database.drop())

  async function started(settings: Readonly<Record<string, string>>) {
    const port = await freePort()
    const server = startRealServer(database.url, port, settings)
    onTestFinished(() => server.stop())
    return { server, url: `http://127.0.0.1:${port}` }
  }

  async function ready(settings: Readonly<Record<string, string>>) {
    const { server, url } = await started(settings)
    await untilReady(url, server, READY_WITHIN_MS)
    return { server, url }
  }

  it('says at once that it is no longer ready, and answers all the while, each time as the last on its connection', async () => {
    const { server, url } = await ready({ TIDEMARK_DRAIN_MS: '60000' })
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    onTestFinished(() => agent.destroy())
    expect((await asked(url, '/readyz', agent)).headers.connection).toBe('keep-alive')
    server.signal('SIGTERM')
    const signalledMs = performance.now()
    await expect.poll(async () => (await asked(url, '/readyz', agent)).statusCode).toBe(503)
    expect(await (await fetch(`${url}/readyz`)).json()).toEqual({ status: 'draining' })
    const device = await enrollAt(url, fleet.enrollmentKey)
    expect(device.epoch).toBe(1)
    // By each of those who answer: the device API's listener, the console's pages and its files.
    for (const [path, status] of [
      ['/livez', 200],
      ['/api/v1/pull', 401],
      ['/sign-in', 200],
      ['/nowhere', 404],
      [await scriptOf(url), 200],
    ] as const) {
      const answer = await asked(url, path, agent, { 'accept-encoding': 'br' })
      expect([path, answer.statusCode, answer.headers.connection]).toEqual([path, status, 'close'])
    }
    await pause(Math.max(0, signalledMs + ANOTHER_SIGNAL_MS - performance.now()))
    server.signal('SIGTERM')
    expect(await server.ended, server.output()).toBe(0)
  })

  it('finishes what it was asked before the end of the drain, ends streams of events, and ends with 0', async () => {
    const { server, url } = await ready({ TIDEMARK_DRAIN_MS: '200' })
    const device = await enrollAt(url, fleet.enrollmentKey)
    const headers = { authorization: `Bearer ${device.token}`, 'tidemark-app': '2.4.0;ios' }
    const events = await fetch(`${url}/api/v1/events`, { headers })
    const reading = read(events)
    const push = pushOfReports(device, 10, strikeReportSource())
    const body = Buffer.from(JSON.stringify(push))
    const slow = request(`${url}/api/v1/push`, {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/json', 'content-length': body.length },
    })
    const answered = answerOf(slow)
    slow.write(body.subarray(0, 1_000))
    await pause(100)

    server.signal('SIGTERM')
    await expect.poll(() => isTaking(url), { timeout: 15_000 }).toBe(false)
    expect(server.hasEnded()).toBe(false)
    await reading
    slow.end(body.subarray(1_000))
    const { status, text } = await answered
    expect([status, (JSON.parse(text) as { results: unknown[] }).results.length]).toEqual([200, 10])
    expect(await server.ended, server.output()).toBe(0)
    const [row] = await rowsOf<{ n: number }>(
      database.url,
      fleet.fleetId,
      'SELECT count(*)::int AS n FROM change_log WHERE mutation_id = ANY ($1)',
      [push.mutations.map(({ id }) => id)],
    )
    expect(row?.n).toBe(10)
  })

  it('is no longer drained at a second signal, and still finishes what it was asked', async () => {
    const { server, url } = await ready({ TIDEMARK_DRAIN_MS: '60000' })
    const device = await enrollAt(url, fleet.enrollmentKey)
    const slow = request(`${url}/api/v1/push`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${device.token}`,
        'tidemark-app': '2.4.0;ios',
        'content-type': 'application/json',
      },
    })
    const answered = answerOf(slow)
    slow.write('{"requestId":')
    const startedMs = performance.now()
    server.signal('SIGTERM')
    // npm passes the signal on that the terminal has sent: a second one at once is the same.
    await pause(300)
    server.signal('SIGTERM')
    await pause(1_000)
    expect(await isTaking(url)).toBe(true)
    server.signal('SIGTERM')
    await expect.poll(() => isTaking(url), { timeout: 15_000 }).toBe(false)
    slow.end(`"${randomUUID()}"}`)
    expect((await answered).status).toBe(400)
    expect(await server.ended, server.output()).toBe(0)
    expect(performance.now() - startedMs).toBeLessThan(ENDED_WITHIN_MS)
  })

  it('answers and ends with 0 when nobody reads any more what it logs', async () => {
    const { server, url } = await ready({ TIDEMARK_DRAIN_MS: '1' })
    await loseListeners(database.url)
    await expect.poll(server.output).toContain('signals of other processes may be missed')
    const again = { timeout: 15_000, interval: 200 }
    const isListening = async () => (await listeners(database.url)).length > 0
    await expect.poll(isListening, again).toBe(true)
    server.stopReading()
    await loseListeners(database.url)
    const lives = async () => [await isListening(), await statusOf(`${url}/readyz`)]
    await expect.poll(lives, again).toEqual([true, 200])
    server.signal('SIGTERM')
    const startedMs = performance.now()
    expect(await server.ended).toBe(0)
    expect(performance.now() - startedMs).toBeLessThan(ENDED_WITHIN_MS)
  })

  it('does not wait for who never sends the rest of a request', async () => {
    const { server, url } = await ready({ TIDEMARK_DRAIN_MS: '1' })
    const half = request(`${url}/api/v1/push`, { method: 'POST' })
    const cut = answerOf(half).then(
      ({ status }) => status,
      () => 'cut',
    )
    half.write('{')
    await pause(100)
    const startedMs = performance.now()
    server.signal('SIGTERM')
    expect(await server.ended, server.output()).toBe(0)
    expect(performance.now() - startedMs).toBeLessThan(ENDED_WITHIN_MS)
    // Without a credential it may be refused before its end has come.
    expect(['cut', 401]).toContain(await cut)
  })

  it.each([0, 150, 400, 900])('ends with 0, or by the signal, %s ms after its start', async (afterMs) => {
    const { server } = await started({ TIDEMARK_DRAIN_MS: '1' })
    await pause(afterMs)
    server.signal('SIGTERM')
    const startedMs = performance.now()
    // Before Node has loaded the program, the signal itself ends it.
    expect([0, null]).toContain(await server.ended)
    expect(performance.now() - startedMs).toBeLessThan(STARTING_ENDED_WITHIN_MS)
  })

  it.each([
    ['says nothing', () => undefined],
    ['goes away', (socket: Socket) => void socket.destroy()],
  ])('ends with 0 while it waits for a database that %s', async (_, then) => {
    const silent = createServer().listen(0, '127.0.0.1')
    await once(silent, 'listening')
    onTestFinished(() => void silent.close())
    const away = new URL(database.url)
    away.port = String((silent.address() as AddressInfo).port)
    const asked = once(silent, 'connection')
    const { server } = await started({ DATABASE_URL: away.href, DATABASE_DIRECT_URL: away.href })
    const [socket] = (await asked) as [Socket]
    onTestFinished(() => void socket.destroy())
    server.signal('SIGTERM')
    await pause(200)
    then(socket)
    const startedMs = performance.now()
    expect(await server.ended, server.output()).toBe(0)
    expect(performance.now() - startedMs).toBeLessThan(STARTING_ENDED_WITHIN_MS)
  })
})

/** One request by this agent. */
async function asked(url: string, path: string, agent: Agent, headers = {}): Promise<IncomingMessage> {
  const [answer] = (await once(request(url + path, { agent, headers }).end(), 'response')) as [
    IncomingMessage,
  ]
  answer.resume()
  await once(answer, 'end')
  return answer
}

async function answerOf(sent: ClientRequest): Promise<{ readonly status: number; readonly text: string }> {
  const [answer] = (await once(sent, 'response')) as [IncomingMessage]
  let text = ''
  for await (const chunk of answer) text += String(chunk)
  return { status: answer.statusCode ?? 0, text }
}

/** The path of one of the build's scripts. */
async function scriptOf(url: string): Promise<string> {
  const page = await (await fetch(`${url}/sign-in`)).text()
  return /"(\/_next\/static\/[^"]+\.js)"/.exec(page)?.[1] ?? '/no-script'
}

/** To its end, however it comes. */
async function read({ body }: Response): Promise<void> {
  try {
    for await (const _ of body ?? []);
  } catch {
    // Cut off, as a stream of a server that is gone is.
  }
}

/** Connections by which programs hear of each other at this database; each is asked now and then whether it is still there. */
const LISTENERS = `FROM pg_stat_activity WHERE datname = current_database() AND query ~ '^(LISTEN|SELECT 1$)'`
const listeners = (databaseUrl: string) => rowsOf(databaseUrl, '', `SELECT pid ${LISTENERS}`)
const loseListeners = (databaseUrl: string) =>
  rowsOf(databaseUrl, '', `SELECT pg_terminate_backend(pid, 5000) ${LISTENERS}`)

/** Null where no answer comes. */
const statusOf = (url: string): Promise<number | null> =>
  fetch(url, { signal: AbortSignal.timeout(2_000) }).then(
    ({ status }) => status,
    () => null,
  )

const isTaking = (url: string): Promise<boolean> =>
  fetch(`${url}/livez`).then(
    () => true,
    () => false,
  )
