import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import http from 'node:http'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { JsonObject } from '#lib/kernel/json.ts'
import { HEADERS } from '#lib/protocol/device.ts'
import type { PullResponse } from '#lib/protocol/pull.ts'
import type { TestDevice } from '#tests/support/device-world.ts'
import { bodyOf, newUuid, send } from '#tests/support/device-world.ts'
import type { DeviceHttp } from '#tests/support/device-http.ts'
import { deviceHttp } from '#tests/support/device-http.ts'

/** Clients of other people read the contract and nothing else: what it leaves open must do no harm. */
let world: DeviceHttp
let device: TestDevice
beforeAll(async () => {
  world = await deviceHttp()
  device = await world.device()
})
afterAll(() => world.close())

const codeOf = async (response: Response) => [response.status, (await bodyOf(response))['code']]
const enroll = (changes: JsonObject) => {
  const person = { name: 'tablet', platform: 'ios', appVersion: '1.2.0' }
  return send(world.app, 'POST', '/api/v1/enroll', {
    token: world.fleet.key,
    body: { requestId: newUuid(), device: person, ...changes },
  })
}
const heartbeat = (report: JsonObject) => device.send('POST', '/api/v1/heartbeat', { body: { report } })

describe('what a client writes in its own way, over HTTP and PostgreSQL', () => {
  it('an optional field may be null', async () => {
    const outbox = { depth: 0, oldestMadeAt: null, oldestOffsetMs: null, byCollection: null }
    expect((await heartbeat({ ...device.report(), outbox, clock: null, ackCommands: null })).status).toBe(200)
    const enrolled = await enroll({
      deviceId: null,
      device: { name: 'n', platform: 'ios', appVersion: '1', model: null, os: null },
    })
    expect(enrolled.status).toBe(201)
    const told = { fullReason: null, oldestPendingAt: null, stateHash: null, localRefusals: null }
    expect(await storedAs({ ...session(), ...told })).toBe('stored')
  })

  it('times may have fractions, and are kept in whole milliseconds', async () => {
    const clock = { offsetMs: -40.5, rttMs: 80.25 }
    expect((await heartbeat({ ...device.report(), clock })).status).toBe(200)
    const kept = await world.storage.devices.get(device.fleetId, device.id)
    expect(kept?.report).toMatchObject({ offsetMs: -40, rttMs: 80 })
    const { results } = await device.pushed([device.mutation({ madeOffsetMs: 0.5 })])
    expect(results).toMatchObject([{ status: 'applied' }])
    const attempt = { kind: 'push', startedAt: session().startedAt, durationMs: 12.6 }
    expect(await storedAs({ ...session(), attempts: [attempt] })).toBe('stored')
  })

  it('a platform or a reason that we do not know is `other`', async () => {
    const person = { name: 'n', platform: 'Tizen', appVersion: '1' }
    const { deviceId } = await bodyOf(await enroll({ device: person }))
    const kept = await world.storage.devices.get(world.fleet.fleetId, deviceId as string)
    expect(kept?.platform).toBe('other')
    for (const app of ['1.2.0;iOS', '1.2.0; ios', '2.0.0-beta+1;react-native'])
      expect((await device.send('GET', '/api/v1/config', { headers: { [HEADERS.app]: app } })).status).toBe(
        200,
      )
    const report = { ...session(), mode: 'full', fullReason: 'because' }
    expect(await storedAs(report)).toBe('stored')
    const shown = await world.storage.sessions.get(device.fleetId, report.sessionId)
    expect(shown?.fullReason).toBe('other')
  })

  it("a session is the device's that named it first: another one's report is refused, and its own is stored", async () => {
    const other = await world.device()
    const report = session()
    await device.pushed([device.mutation({ op: { type: 'put', data: { title: 'a' } } })], {
      sessionId: report.sessionId,
    })
    const tell = async (by: TestDevice, changes: object = {}) =>
      bodyOf(await by.send('POST', '/api/v1/sessions', { body: { sessions: [{ ...report, ...changes }] } }))
    expect((await tell(other, { result: 'failed', pushed: 99 }))['results']).toEqual([
      { sessionId: report.sessionId, status: 'refused', code: 'other_device' },
    ])
    expect((await tell(device, { pushed: 1 }))['results']).toMatchObject([{ status: 'stored' }])
    const shown = await world.storage.sessions.get(device.fleetId, report.sessionId)
    expect(shown).toMatchObject({ deviceId: device.id, result: 'ok', pushed: 1 })
  })

  it('the order of keys, white space and the spelling of a number change nothing; Unicode does', async () => {
    const made = device.mutation({ op: { type: 'put', data: { title: 'é', count: 1 } } })
    const body = device.pushBody([made])
    const first = await (await device.push(body)).text()
    expect(await (await device.push(JSON.stringify(body, null, 2))).text()).toBe(first)
    const spelled = JSON.stringify(device.pushBody([made])).replace('"count":1', '"count" : 1.0e0')
    const duplicate = [{ id: made.id, status: 'duplicate' }]
    expect((await bodyOf(await device.push(spelled)))['results']).toMatchObject(duplicate)
    const turned = { ...made, op: { data: { count: 1, title: 'é' }, type: 'put' } }
    expect((await device.pushed([turned])).results).toMatchObject(duplicate)
    const decomposed = { ...made, op: { type: 'put', data: { title: 'e\u0301', count: 1 } } }
    expect((await device.pushed([decomposed])).results).toMatchObject([{ code: 'mutation_id_reused' }])
  })

  it('headers are read in any case, and the scheme too', async () => {
    const headers = { AUTHORIZATION: `bearer ${device.token}`, 'TIDEMARK-APP': '1.2.0;ios' }
    expect((await raw('/api/v1/config', headers)).status).toBe(200)
  })

  it.each([
    ['br', brotliDecompressSync],
    ['gzip', gunzipSync],
    ['identity', (bytes: Buffer) => bytes],
  ])(
    'answers in %s, to each device with its own token, also where it shares the page',
    async (encoding, decoded) => {
      const long = { title: 'x'.repeat(2_000) }
      const push = () => device.pushed([device.mutation({ op: { type: 'put', data: long } })])
      const read = async ({ token }: TestDevice): Promise<PullResponse> => {
        const headers = { authorization: `Bearer ${token}`, 'accept-encoding': encoding }
        const answer = await raw('/api/v1/pull', headers)
        expect(answer.headers['content-encoding'] ?? 'identity').toBe(encoding)
        expect(answer.headers['vary']).toContain('accept-encoding')
        return JSON.parse(decoded(answer.body).toString()) as PullResponse
      }
      const other = await world.device()
      await push()
      const pages = [await read(device), await read(device), await read(other)]
      expect(pages[0]).toMatchObject({ hasMore: false, snapshots: { notes: 'complete' } })
      expect(new Set(pages.map(({ changes }) => JSON.stringify(changes))).size).toBe(1)
      expect(pages[0]?.token).not.toBe(pages[2]?.token)
      for (const [i, one] of [device, device, other].entries())
        expect((await one.pulled(pages[i]?.token)).changes).toEqual([])
      await push()
      expect((await read(other)).changes).toHaveLength((pages[2]?.changes.length ?? 0) + 1)
    },
  )

  it('an ETag is known again when a proxy has weakened it, and in a list', async () => {
    const { token } = await device.pulled()
    for (const path of ['/api/v1/config', `/api/v1/pull?${new URLSearchParams({ token })}`]) {
      const etag = (await device.send('GET', path)).headers.get('etag') as string
      for (const held of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
        const answer = await device.send('GET', path, { headers: { 'if-none-match': held } })
        expect([answer.status, await answer.text(), answer.headers.get('etag')], held).toEqual([
          304,
          '',
          etag,
        ])
      }
      const other = await device.send('GET', path, { headers: { 'if-none-match': '"other"' } })
      expect(other.status).toBe(200)
    }
  })

  it('another method is 405 with Allow, an unknown path 404, both by the contract', async () => {
    for (const [method, path, allow] of [
      ['PUT', '/api/v1/push', 'POST, OPTIONS'],
      ['GET', '/api/v1/heartbeat', 'POST, OPTIONS'],
      ['POST', '/api/v1/pull', 'GET, OPTIONS'],
      ['DELETE', '/api/v1/sessions', 'POST, OPTIONS'],
    ] as const) {
      const answer = await device.send(method, path)
      expect([answer.headers.get('allow'), ...(await codeOf(answer))]).toEqual([
        allow,
        405,
        'method_not_allowed',
      ])
    }
    for (const path of ['/api/v1/nothing', '/api/v1/push/', '/api/v1/token'])
      expect(await codeOf(await device.send('GET', path))).toEqual([404, 'not_found'])
  })
})

const session = () => {
  const [startedAt, endedAt] = [new Date(Date.now() - 1_000).toISOString(), new Date().toISOString()]
  return {
    sessionId: newUuid(),
    mode: 'delta',
    startedAt,
    endedAt,
    result: 'ok',
    transitions: [],
    attempts: [] as unknown[],
    pushed: 0,
    pulled: 0,
    conflicts: 0,
    deadLettered: 0,
    queueDepthBefore: 0,
    queueDepthAfter: 0,
  }
}

async function storedAs(report: object): Promise<unknown> {
  const answer = await bodyOf(await device.send('POST', '/api/v1/sessions', { body: { sessions: [report] } }))
  return (answer['results'] as readonly { status: string }[])[0]?.status
}

/** As it comes over the wire: `fetch` would write its own headers and decode the body. */
function raw(
  path: string,
  headers: Record<string, string>,
): Promise<{ status: number | undefined; headers: http.IncomingHttpHeaders; body: Buffer }> {
  return new Promise((resolve, reject) => {
    const request = http.get(world.url + path, { headers }, (answer) => {
      const chunks: Buffer[] = []
      answer.on('data', (chunk: Buffer) => chunks.push(chunk))
      answer.on('end', () =>
        resolve({ status: answer.statusCode, headers: answer.headers, body: Buffer.concat(chunks) }),
      )
    })
    request.on('error', reject)
  })
}
