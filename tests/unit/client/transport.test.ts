import { createServer } from 'node:http'
import type { RequestListener, Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test, vi } from 'vitest'
import { systemClock } from '#lib/client/clock.ts'
import type { Call } from '#lib/client/transport.ts'
import { ANSWER_BYTES_MAX, createTransport } from '#lib/client/transport.ts'
import { checkNothing } from '#lib/client/wire.ts'

const servers: Server[] = []
afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
})

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener)
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const CALL: Call<true> = {
  kind: 'push',
  credential: 'tmd_x',
  body: '{}',
  check: checkNothing,
}
/** Longer than any machine takes: what is waited for is no time. */
const PATIENT_MS = 30_000
const ask = (url: string, timeoutMs = PATIENT_MS) =>
  createTransport({ url, app: '1.2.0;linux', clock: systemClock, fetch, timeoutMs }).call(
    CALL,
    new AbortController().signal,
  )

test('[SDK1] a request carries its credential and the app; an answer brings its facts', async () => {
  const now = Date.now() + 3_600_000
  let headers: Record<string, unknown> = {}
  let line = ''
  const url = await serve((request, response) => {
    headers = request.headers
    line = `${request.method} ${request.url}`
    response.writeHead(200, {
      'tidemark-now': new Date(now).toISOString(),
      'tidemark-config': '7',
      'tidemark-epoch': '3',
      'tidemark-commands': '[{"id":"a","type":"resync"},{"id":1},null]',
    })
    response.end('{}')
  })
  const { outcome, facts } = await ask(`${url}/`)
  expect(line).toBe('POST /api/v1/push')
  expect(headers).toMatchObject({
    authorization: 'Bearer tmd_x',
    'tidemark-app': '1.2.0;linux',
    'content-type': 'application/json',
  })
  expect(outcome).toMatchObject({ ok: true, status: 200 })
  expect(facts).toMatchObject({ configVersion: 7, epoch: 3, commands: [{ id: 'a', type: 'resync' }] })
  expect(Math.abs((facts?.sample?.offsetMs ?? 0) - 3_600_000)).toBeLessThan(2_000)
})

test.each([
  [200, 'not json', {}, { kind: 'unreachable', failure: 'answer_lost', code: 'bad_answer' }],
  [500, '{"code":"internal"}', {}, { kind: 'unreachable', failure: 'server_error', code: 'internal' }],
  [502, '<html>', {}, { kind: 'unreachable', failure: 'server_error', code: 'http_502' }],
  [
    503,
    '{"code":"breaker_open"}',
    { 'retry-after': '7' },
    { kind: 'wait', event: 'breaker_open', retryAfterMs: 7_000 },
  ],
  [503, '{"code":"shed"}', { 'retry-after': '2' }, { kind: 'wait', event: 'shed', retryAfterMs: 2_000 }],
  [
    503,
    '{"code":"database_unavailable"}',
    { 'retry-after': '2' },
    { kind: 'wait', event: 'shed', retryAfterMs: 2_000 },
  ],
  [503, '{"code":"shed"}', { 'retry-after': '99999999999' }, { kind: 'wait', retryAfterMs: 86_400_000 }],
  [
    503,
    '<html>',
    { 'retry-after': 'Wed, 21 Oct 2026 07:28:30 GMT', date: 'Wed, 21 Oct 2026 07:28:00 GMT' },
    { kind: 'wait', event: 'shed', retryAfterMs: 30_000 },
  ],
  [429, '{}', {}, { kind: 'wait', event: 'shed', retryAfterMs: 5_000 }],
  [
    403,
    '{"code":"device_paused"}',
    { 'retry-after': '60' },
    { kind: 'wait', event: 'shed', retryAfterMs: 60_000 },
  ],
  [401, '{"code":"device_revoked"}', {}, { kind: 'halt', code: 'device_revoked' }],
  // A gateway's own refusal says nothing of this device.
  [401, '<html>', {}, { kind: 'unreachable', failure: 'server_error', code: 'http_401' }],
  [410, '{"code":"token_expired"}', {}, { kind: 'resync', reason: 'token_expired' }],
  [400, '{"code":"token_invalid"}', {}, { kind: 'resync', reason: 'token_invalid' }],
  [409, '{"code":"epoch_changed"}', {}, { kind: 'epoch' }],
  [422, '{"code":"request_id_reused","detail":"d"}', {}, { kind: 'refused', status: 422, detail: 'd' }],
  [413, '<html>', {}, { kind: 'refused', status: 413, code: 'http_413' }],
] as const)('[SM6] %i %s is told by what to do about it', async (status, body, headers, failure) => {
  const url = await serve((_, response) => {
    response.writeHead(status, headers)
    response.end(body)
  })
  // Like every check of wire.ts that the SDK acts on, this one asks for an object.
  const check = (value: unknown): true | null => (typeof value === 'object' ? true : null)
  const transport = createTransport({ url, app: 'a;linux', clock: systemClock, fetch, timeoutMs: PATIENT_MS })
  const { outcome } = await transport.call({ ...CALL, check }, new AbortController().signal)
  expect(outcome).toMatchObject({ ok: false, failure })
})

test('[BO1] a refused connection, a time-out and a lost answer are told apart', async () => {
  const dead = await serve(() => undefined)
  const server = servers.pop()
  await new Promise((resolve) => server?.close(resolve))
  expect((await ask(dead)).outcome).toMatchObject({
    failure: { failure: 'refused_connection', code: 'ECONNREFUSED', status: 0 },
  })

  const silent = await serve(() => undefined)
  expect((await ask(silent, 100)).outcome).toMatchObject({ failure: { failure: 'timed_out' } })

  const cutting = await serve((request) => request.socket.destroy())
  expect((await ask(cutting)).outcome).toMatchObject({ failure: { failure: 'answer_lost' } })

  const halfway = await serve((_, response) => {
    response.writeHead(200, { 'content-length': '1000' })
    response.write('{"results":')
    setTimeout(() => response.destroy(), 20)
  })
  expect((await ask(halfway)).outcome).toMatchObject({ failure: { failure: 'answer_lost' } })

  const stalling = await serve((_, response) => {
    response.writeHead(200, { 'content-length': '1000' })
    response.write('{"results":')
  })
  expect((await ask(stalling, 100)).outcome).toMatchObject({ failure: { failure: 'timed_out' } })
})

/** What an answer's body holds; one that is no JSON is damaged. */
const askFor = (url: string) =>
  createTransport({ url, app: '1.2.0;linux', clock: systemClock, fetch, timeoutMs: PATIENT_MS }).call(
    { ...CALL, check: (body: unknown) => (body ?? null) as object | null },
    new AbortController().signal,
  )

test('[SDK1] an answer that never ends is read up to the bound, and its connection is given up', async () => {
  let sent = 0
  let isCut = false
  const url = await serve((_, response) => {
    response.on('close', () => (isCut = true))
    response.writeHead(200, { 'content-type': 'application/json' })
    const chunk = Buffer.alloc(1024 * 1024, 0x20)
    const more = (): void => {
      if (isCut) return
      sent += chunk.length
      if (response.write(chunk)) setImmediate(more)
      else response.once('drain', more)
    }
    more()
  })
  const { outcome } = await askFor(url)
  expect(outcome).toMatchObject({ ok: false, failure: { kind: 'unreachable', code: 'bad_answer' } })
  await vi.waitFor(() => expect(isCut).toBe(true), { timeout: PATIENT_MS })
  // What was under way between the two is read by nobody.
  expect(sent).toBeLessThan(2 * ANSWER_BYTES_MAX)
})

test('[SDK1] letters that fall between two pieces of an answer are whole', async () => {
  const url = await serve((_, response) => {
    const bytes = Buffer.from(JSON.stringify({ title: 'é👩‍🚀' }))
    response.write(bytes.subarray(0, 11))
    setTimeout(() => response.end(bytes.subarray(11)), 20)
  })
  const { outcome } = await askFor(url)
  expect(outcome).toMatchObject({ ok: true, value: { title: 'é👩‍🚀' } })
})

test.each([
  ['is cancelled', (): ReadableStream => new ReadableStream()],
  // As a fetch of an app's own may be: nothing ends its reads.
  ['never ends', () => ({ getReader: () => ({ read: stalled, cancel: stalled }) }) as never],
])(
  '[SDK1] the time limit holds under a fetch that ends no read: a body that stalls %s',
  async (_, bodyOf) => {
    const body = bodyOf()
    const transport = createTransport({
      url: 'http://authority.test',
      app: '1.2.0;linux',
      clock: systemClock,
      fetch: async () => ({ status: 200, headers: new Headers(), body }) as Response,
      timeoutMs: 20,
    })
    const { outcome } = await transport.call(CALL, new AbortController().signal)
    expect(outcome).toMatchObject({ ok: false, failure: { kind: 'unreachable', failure: 'timed_out' } })

    const closing = new AbortController()
    const again = bodyOf()
    const opening = createTransport({
      url: 'http://authority.test',
      app: '1.2.0;linux',
      clock: systemClock,
      fetch: async () => ({ status: 503, headers: new Headers(), body: again }) as Response,
      timeoutMs: PATIENT_MS,
    }).open('/api/v1/events', 'tmd_x', closing.signal)
    setTimeout(() => closing.abort(), 20)
    await expect(opening).rejects.toMatchObject({ type: 'abort' })
  },
)

const stalled = (): Promise<never> => new Promise(() => undefined)
