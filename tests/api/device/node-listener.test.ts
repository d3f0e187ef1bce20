import { request as httpRequest } from 'node:http'
import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createNodeListener } from '#lib/http/node-listener.ts'
import { createRouter } from '#lib/http/router.ts'
import { openMemoryStorage } from '#lib/storage/memory/open-memory-storage.ts'
import type { TestApp } from '#tests/support/device-world.ts'
import { TestDevice, testApp, testFleet } from '#tests/support/device-world.ts'
import type { Listening } from '#tests/support/listen.ts'
import { listen } from '#tests/support/listen.ts'

describe('the listener under node:http', () => {
  let server: Listening
  let app: TestApp
  let device: TestDevice
  const state = { draining: false, away: false }

  beforeAll(async () => {
    const inner = openMemoryStorage()
    const ping = async (): Promise<void> => {
      if (state.away) throw new Error('away')
    }
    app = testApp({ ...inner, ping })
    device = await TestDevice.enroll(app, await testFleet(app))
    const metrics = async (): Promise<Response> => new Response('some metrics')
    const listener = createNodeListener(
      createRouter({ ctx: app.ctx, metrics, isDraining: () => state.draining }),
    )
    server = await listen((incoming, outgoing) => {
      void listener(incoming, outgoing).then((answered) => {
        if (!answered) outgoing.writeHead(404).end('next')
      })
    })
  })
  afterAll(() => server.close())

  const headers = () => ({
    authorization: `Bearer ${device.token}`,
    'tidemark-app': '1.0;ios',
    'content-type': 'application/json',
  })

  it('answers a push, and leaves other paths to whoever comes next', async () => {
    const body = JSON.stringify(device.pushBody([device.mutation()]))
    const response = await fetch(`${server.url}/api/v1/push?x=1`, {
      method: 'POST',
      headers: headers(),
      body,
    })
    expect(await response.json()).toMatchObject({ results: [{ status: 'applied' }] })
    expect(response.headers.get('tidemark-epoch')).toBe('1')
    expect(await (await fetch(`${server.url}/overview`)).text()).toBe('next')
  })

  it('answers for every path of its API, by an error of the contract where there is none', async () => {
    const response = await fetch(`${server.url}/api/v1/nope`, { method: 'POST' })
    expect([response.status, response.headers.get('content-type')]).toEqual([404, 'application/problem+json'])
    expect(response.headers.get('tidemark-version')).toBe('1')
    expect(Number(response.headers.get('tidemark-now'))).toBeGreaterThan(0)
    expect(await response.json()).toMatchObject({ code: 'not_found', type: '/docs/errors#not_found' })
  })

  it('[check 26] stops reading a body without Content-Length at 1 MiB', async () => {
    const status = await new Promise<number | undefined>((resolve, reject) => {
      const sending = httpRequest(
        `${server.url}/api/v1/push`,
        { method: 'POST', headers: headers() },
        (response) => {
          resolve(response.statusCode)
          response.resume()
        },
      )
      sending.on('error', reject)
      const chunk = Buffer.alloc(64 * 1024, 0x20)
      let sent = 0
      const more = (): void => {
        while (sent < 2 * 1024 * 1024) {
          sent += chunk.length
          if (!sending.write(chunk)) return void sending.once('drain', more)
        }
        sending.end()
      }
      more()
    })
    expect(status).toBe(413)
    expect((await fetch(`${server.url}/livez`)).status).toBe(200)
  })

  it('survives a body that is cut off', async () => {
    const socket = connect(server.port, '127.0.0.1')
    const lines = [
      'POST /api/v1/push HTTP/1.1',
      'Host: x',
      `Authorization: Bearer ${device.token}`,
      'Content-Type: application/json',
      'Content-Length: 1000',
      '',
      '{"requ',
    ]
    await new Promise<void>((resolve) => socket.write(lines.join('\r\n'), () => resolve()))
    socket.destroy()
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect((await fetch(`${server.url}/livez`)).status).toBe(200)
  })

  it('is alive without its database, but not ready', async () => {
    const statuses = async () =>
      Promise.all(['livez', 'readyz'].map(async (path) => (await fetch(`${server.url}/${path}`)).status))
    expect(await statuses()).toEqual([200, 200])
    state.away = true
    expect(await statuses()).toEqual([200, 503])
    state.away = false
    state.draining = true
    expect(await statuses()).toEqual([200, 503])
    state.draining = false
    expect(await (await fetch(`${server.url}/metrics`)).text()).toBe('some metrics')
  })

  it('[EV3] holds little for a reader of events that has stopped reading: its stream ends', async () => {
    const { port } = server
    const socket = connect(Number(port), '127.0.0.1')
    const lines = Object.entries(headers()).map(([name, value]) => `${name}: ${value}`)
    socket.write(['GET /api/v1/events HTTP/1.1', `Host: 127.0.0.1:${port}`, ...lines, '', ''].join('\r\n'))
    await expect.poll(() => app.ctx.pokes.listened()).not.toEqual([])
    socket.pause()
    const poke = { event: 'resolved', deviceId: device.id, conflictId: 'x'.repeat(32 * 1024) } as const
    for (let i = 0; i < 1_000 && app.ctx.pokes.listened().length > 0; i++) {
      app.ctx.pokes.tell(device.fleetId, poke)
      await new Promise((resolve) => setImmediate(resolve))
    }
    expect(app.ctx.pokes.listened()).toEqual([])
    const closed = new Promise((resolve) => socket.once('close', resolve))
    socket.on('error', () => undefined).resume()
    await closed
  })

  it('streams events as they come', async () => {
    const controller = new AbortController()
    const response = await fetch(`${server.url}/api/v1/events`, {
      headers: headers(),
      signal: controller.signal,
    })
    const reader = (response.body as ReadableStream<Uint8Array>).getReader()
    await device.pushed([device.mutation()])
    let text = ''
    while (!text.includes('event: poke')) text += new TextDecoder().decode((await reader.read()).value)
    controller.abort()
    for (let i = 0; i < 50 && app.ctx.pokes.listened().length > 0; i++)
      await new Promise((resolve) => setTimeout(resolve, 20))
    expect(app.ctx.pokes.listened()).toEqual([])
  })
})
