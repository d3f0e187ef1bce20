import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { connect } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { brotliCompressSync } from 'node:zlib'
import { NextRequest } from 'next/server'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DEVICE_ROUTES } from '#lib/http/device-api.ts'
import { INGEST_ROUTES } from '#lib/http/ingest/ingest-api.ts'
import { ANSWER_SECURITY } from '#lib/http/security-lines.ts'
import type { DoorWorld } from '#tests/support/door-world.ts'
import { doorWorld } from '#tests/support/door-world.ts'
import config from '../../../next.config.js'
import { proxy } from '../../../proxy.ts'
import { ANSWER_SECURITY as OF_LAUNCH } from '../../../scripts/launch/answer-security.mjs'
import { compressedFiles } from '../../../scripts/launch/compressed-files.mjs'
import { fieldFiles } from '../../../scripts/launch/field-files.mjs'

let world: DoorWorld
beforeAll(async () => {
  world = await doorWorld()
})
afterAll(() => world.close())

/** What an answer lacks of what security.md 35 asks of one that is no page. */
function lackingIn(headers: Headers): readonly string[] {
  const policy = headers.get('content-security-policy') ?? ''
  const isMet = {
    nosniff: headers.get('x-content-type-options') === 'nosniff',
    hsts: headers.get('strict-transport-security') === 'max-age=31536000; includeSubDomains',
    referrer: headers.get('referrer-policy') === 'no-referrer',
    policy: policy.includes(`default-src 'none'`) && !policy.includes('unsafe'),
    frames: policy.includes(`frame-ancestors 'none'`),
  }
  return Object.entries(isMet).flatMap(([name, isSo]) => (isSo ? [] : [name]))
}

async function ask(
  address: string,
  init: RequestInit = {},
): Promise<{ status: number; lacking: readonly string[] }> {
  const answer = await fetch(address, { redirect: 'manual', ...init })
  await answer.body?.cancel()
  return { status: answer.status, lacking: lackingIn(answer.headers) }
}

const raw = (text: string): Promise<string> =>
  new Promise((resolve, reject) => {
    const socket = connect(Number(new URL(world.http.url).port), '127.0.0.1', () => socket.write(text))
    let answer = ''
    socket.on('data', (part) => (answer += part.toString()))
    socket.on('error', reject)
    socket.on('close', () => resolve(answer))
  })

describe('[check 35] security headers on what is no page, errors too', () => {
  it('on every route of devices and of telemetry in: taken, refused, of another method, from another origin', async () => {
    const { http, headersOf } = world
    const statuses = new Set<number>()
    const json = { 'content-type': 'application/json', 'tidemark-app': '1.0;ios' }
    for (const [at, { method }] of [
      ...DEVICE_ROUTES,
      ...[...INGEST_ROUTES.keys()].map((key) => [key, { method: 'POST' }] as const),
    ])
      for (const headers of [{}, headersOf['device token'], headersOf['ingest key']])
        for (const asked of [method, 'OPTIONS', 'PUT']) {
          const body = asked === 'GET' || asked === 'OPTIONS' ? null : '{"nobodyKnowsThis":'
          const sent = { ...json, origin: 'https://evil.example', ...headers }
          const { status, lacking } = await ask(http.url + at, { method: asked, headers: sent, body })
          statuses.add(status)
          expect.soft([asked, at, status, lacking]).toEqual([asked, at, status, []])
        }
    // Else it was all of one kind.
    expect([...statuses]).toEqual(expect.arrayContaining([200, 400, 401, 405]))
  })

  it('on probes, figures, what there is none of, and while the storage fails', async () => {
    const { http, headersOf: of } = world
    const seen = async (at: string, headers: Readonly<Record<string, string>> = {}) => {
      const { status, lacking } = await ask(http.url + at, { headers })
      return [at, status, lacking]
    }
    expect(await seen('/livez')).toEqual(['/livez', 200, []])
    expect(await seen('/readyz')).toEqual(['/readyz', 200, []])
    expect(await seen('/metrics')).toEqual(['/metrics', 401, []])
    expect(await seen('/metrics', of['metrics key'])).toEqual(['/metrics', 200, []])
    for (const at of ['/api/v1/nowhere', '/api/otlp/v1/nowhere'])
      expect(await seen(at)).toEqual([at, 404, []])
    const { storage } = http.app.ctx
    const { ping } = storage
    storage.ping = () => Promise.reject(new Error('away'))
    expect(await seen('/readyz')).toEqual(['/readyz', 503, []])
    storage.ping = ping
  })

  it.each([
    ['what is no HTTP', 'NONSENSE\r\n\r\n', 400],
    ['a request without a host', 'GET /overview HTTP/1.1\r\nConnection: close\r\n\r\n', 400],
    ['a method that there is none of', 'TRACE / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n', 405],
    ['headers too large', `GET / HTTP/1.1\r\nHost: x\r\nX: ${'a'.repeat(70_000)}\r\n\r\n`, 431],
  ])('on %s', async (_name, text, status) => {
    const [head = ''] = (await raw(text)).split('\r\n\r\n')
    const [line = '', ...lines] = head.split('\r\n')
    expect(line).toContain(`HTTP/1.1 ${status} `)
    const pairs = lines.map(
      (one) => [one.slice(0, one.indexOf(':')), one.slice(one.indexOf(':') + 1).trim()] as const,
    )
    expect(lackingIn(new Headers(pairs.map(([name, value]) => [name, value])))).toEqual([])
  })

  it('on files of the build and of the field client, and where these are asked for wrongly', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'tidemark-files-'))
    mkdirSync(path.join(folder, 'field'))
    writeFileSync(path.join(folder, 'a.js.br'), brotliCompressSync('1'))
    writeFileSync(path.join(folder, 'field', 'index.html'), '<!doctype html>')
    const files = compressedFiles(folder, '/_next/static')
    const field = fieldFiles(path.join(folder, 'field'))
    const server = createServer((request, response) => {
      if (!files(request, response) && !field(request, response)) response.writeHead(404).end()
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    try {
      const headers = { 'accept-encoding': 'br' }
      expect(await ask(`${base}/_next/static/a.js`, { headers })).toEqual({ status: 200, lacking: [] })
      expect(await ask(`${base}/field`)).toEqual({ status: 200, lacking: [] })
      expect(await ask(`${base}/field`, { method: 'POST' })).toEqual({ status: 405, lacking: [] })
    } finally {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      rmSync(folder, { recursive: true })
    }
  })

  it('on what Next serves before it asks proxy.ts: its own files', async () => {
    const named = new Map((await config.headers?.())?.map(({ source, headers }) => [source, headers]))
    const pairs = (named.get('/_next/:path*') ?? []).map(({ key, value }) => [key, value] as [string, string])
    expect(lackingIn(new Headers(pairs))).toEqual([])
    // Next answers with a redirect of its configuration before all, and with no header.
    expect(config.redirects).toBeUndefined()
    const led = proxy(new NextRequest('https://sync.example.org/favicon.ico'))
    expect([led.status, led.headers.get('location')]).toEqual([307, 'https://sync.example.org/icon.svg'])
    expect(led.headers.get('content-security-policy')).toContain(`frame-ancestors 'none'`)
    expect(led.headers.get('x-content-type-options')).toBe('nosniff')
  })

  it('the two lists of them are one', () => {
    expect(OF_LAUNCH).toEqual({ ...ANSWER_SECURITY, 'x-content-type-options': 'nosniff' })
  })
})
