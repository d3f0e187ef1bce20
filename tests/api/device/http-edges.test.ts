import { once } from 'node:events'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createNodeListener } from '#lib/http/node-listener.ts'
import { createRouter } from '#lib/http/router.ts'
import { openMemoryStorage } from '#lib/storage/memory/open-memory-storage.ts'
import { TestDevice, testApp, testFleet } from '#tests/support/device-world.ts'
import { createHttpServer, ignoreUpgrades } from '../../../scripts/launch/http-server.mjs'

/** What Node by itself would answer with nothing in it, or Next by an end of the connection. */
describe('what an HTTP client may say', () => {
  let server: Server
  let device: TestDevice
  beforeAll(async () => {
    const app = testApp(openMemoryStorage())
    device = await TestDevice.enroll(app, await testFleet(app))
    const metrics = async (): Promise<Response> => new Response('')
    const router = createRouter({ ctx: app.ctx, metrics, isDraining: () => false })
    const listener = createNodeListener(router)
    server = createHttpServer({}, (incoming, outgoing) => {
      void listener(incoming, outgoing).then((answered) => answered || outgoing.end(incoming.url))
    })
    ignoreUpgrades(server)
    // As Next does with its first request.
    server.on('upgrade', (_, socket) => socket.destroy())
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
  })
  afterAll(() => server.close())

  /** Status line, headers and body of the answer. */
  async function said(line: string, ...headers: readonly string[]): Promise<string> {
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
    const host = headers.some((header) => header.startsWith('Host')) ? [] : ['Host: tidemark.test']
    socket.end([line, ...host, ...headers.filter((header) => header !== 'Host'), '', ''].join('\r\n'))
    let answer = ''
    for await (const chunk of socket.setEncoding('utf8')) answer += chunk as string
    return answer
  }
  const auth = (): readonly string[] => [`Authorization: Bearer ${device.token}`, 'Tidemark-App: 1.0;ios']

  it('keeps a connection longer than the minute for which load balancers do', async () => {
    expect(await said('GET /livez HTTP/1.1')).toMatch(/^Keep-Alive: timeout=65\r$/m)
  })

  it('an offer to upgrade is left aside, and the request answered', async () => {
    const offer = ['Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABkAAQAAP__']
    expect(await said('GET /livez HTTP/1.1', ...offer)).toMatch(/^HTTP\/1\.1 200 /)
    const config = await said('GET /api/v1/config HTTP/1.1', ...auth(), ...offer)
    expect(config).toMatch(/^HTTP\/1\.1 200 [^]*"collections"/)
  })

  it('so is an expectation that nobody knows', async () => {
    expect(await said('GET /livez HTTP/1.1', 'Expect: zzz')).toMatch(/^HTTP\/1\.1 200 /)
  })

  it('two tokens are none, whichever comes first', async () => {
    const other = 'Authorization: Bearer nobody'
    expect(await said('GET /api/v1/config HTTP/1.1', ...auth(), other)).toMatch(/^HTTP\/1\.1 401 /)
    expect(await said('GET /api/v1/config HTTP/1.1', other, ...auth())).toMatch(/^HTTP\/1\.1 401 /)
  })

  it('an absolute address is served as its path, also by way of a forward proxy', async () => {
    const config = await said('GET http://tidemark.test/api/v1/config?x=1 HTTP/1.1', ...auth())
    expect(config).toMatch(/^HTTP\/1\.1 200 [^]*"collections"/)
    expect(await said('GET HTTP://other.test:8080 HTTP/1.1')).toMatch(/\r\n\r\n\/$/)
  })

  it('HTTP/1.0 need not name a host, HTTP/1.1 must, and it must be one', async () => {
    expect(await said('GET /livez HTTP/1.0', 'Host')).toMatch(/^HTTP\/1\.1 200 /)
    const refused = [
      await said('GET /livez HTTP/1.1', 'Host'),
      await said('GET /api/v1/config HTTP/1.1', 'Host: a b'),
      await said('GET /api/v1/config HTTP/1.1', 'Host: a/b'),
      await said('GET /api/v1/config HTTP/1.1', 'Host: a:99999'),
      await said('GET /api/v1\\config HTTP/1.1'),
      await said('GET /api/v1/%ff HTTP/1.1'),
      await said('GET /devices/%c0%ae?x=1 HTTP/1.1'),
      await said('GET http://:80/livez HTTP/1.1'),
      await said('GET * HTTP/1.1'),
    ]
    for (const answer of refused) {
      expect(answer).toMatch(/^HTTP\/1\.1 400 [^]*content-type: application\/problem\+json/i)
      expect(answer).toMatch(/tidemark-now: \d{13}\r\n[^]*"code":"malformed_request"/i)
    }
    expect(await said('HEAD /livez HTTP/1.1', 'Host')).toMatch(/^HTTP\/1\.1 400 [^]*\r\n\r\n$/)
  })

  it('[check 37] a method that no request of ours can have is refused in the words of the contract', async () => {
    for (const method of ['TRACE /livez', 'TRACE /overview', 'TRACE /api/v1/config'])
      expect(await said(`${method} HTTP/1.1`)).toMatch(
        /^HTTP\/1\.1 405 [^]*allow: GET, [^]*"code":"method_not_allowed"/i,
      )
  })

  it('what the server as a whole can do is no error', async () => {
    expect(await said('OPTIONS * HTTP/1.1')).toMatch(/^HTTP\/1\.1 204 /)
  })
})
