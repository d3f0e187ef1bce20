import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { DEPTH_MAX } from '#lib/protocol/report.ts'
import type { JsonObject } from '#lib/kernel/json.ts'
import { makeFleetCredential } from '#lib/application/access/credentials.ts'
import type { TestApp, TestFleet } from '#tests/support/device-world.ts'
import { TestDevice, bodyOf, newUuid, send, testApp, testFleet } from '#tests/support/device-world.ts'
import type { TestStorage } from '#tests/support/storages.ts'
import { STORAGES } from '#tests/support/storages.ts'

describe.each(STORAGES)('bad input over $name', ({ open }) => {
  let held: TestStorage
  let app: TestApp
  let fleet: TestFleet
  let device: TestDevice
  beforeAll(async () => {
    held = await open()
    app = await held.served(testApp(held.storage))
    fleet = await testFleet(app)
    device = await TestDevice.enroll(app, fleet)
  })
  afterAll(() => held.close())
  // Nothing was written, and the server still works.
  afterEach(async () => {
    expect((await device.pulled()).changes).toEqual([])
    expect(await held.storage.deadLetters.countOpen(fleet.fleetId)).toBe(0)
  })

  const codeOf = async (response: Response) => [response.status, (await bodyOf(response))['code']]
  const raw = (body: BodyInit, headers: Record<string, string> = {}): Promise<Response> => {
    const all = { authorization: `Bearer ${device.token}`, 'content-type': 'application/json', ...headers }
    const init = { method: 'POST', headers: all, body, duplex: 'half' } as RequestInit
    if (app.url !== undefined) return fetch(`${app.url}/api/v1/push`, init)
    return app.router.handle(new Request('http://tidemark.test/api/v1/push', init)) as Promise<Response>
  }

  it('malformed JSON is 400', async () => {
    for (const body of ['', '{', '{"a":1}}', '"\\x"', 'null x']) {
      expect(await codeOf(await raw(body))).toEqual([400, 'malformed_json'])
    }
  })

  it('JSON that is not an object is 400', async () => {
    for (const body of ['null', '1', '[]', '"text"'])
      expect(await codeOf(await raw(body))).toEqual([400, 'bad_request'])
  })

  it('a number past what can be kept is 400, not null', async () => {
    const body = JSON.stringify(
      device.pushBody([device.mutation({ op: { type: 'put', data: { title: 'n' } } })]),
    )
    for (const number of ['1e400', '-1E+400', '1e0999', '9'.repeat(400)]) {
      const answer = await raw(body.replace('"title":"n"', `"title":"n","size":${number}`))
      expect(await codeOf(answer), number).toEqual([400, 'malformed_json'])
    }
  })

  it('an id in upper case is 400, with the place and the reason: another spelling would be another id', async () => {
    const mutation = device.mutation()
    const answer = await raw(
      JSON.stringify(device.pushBody([{ ...mutation, recordId: mutation.recordId.toUpperCase() }])),
    )
    expect(answer.status).toBe(400)
    expect(await bodyOf(answer)).toMatchObject({
      code: 'bad_request',
      errors: [{ path: '/mutations/0/recordId', message: 'must be a lower-case UUID' }],
    })
  })

  it('an object with a length where text or a list belongs is 400, not 500', async () => {
    const odd = { length: { toString: 0 } }
    const mutation = device.mutation({ op: { type: 'put', data: { title: 'n' } } })
    const bodies: readonly JsonObject[] = [
      { ...device.pushBody([]), mutations: odd },
      device.pushBody([{ ...mutation, collection: odd }]),
      device.pushBody([{ ...mutation, op: { type: 'patch', unset: odd } }]),
      device.pushBody([
        { ...mutation, op: { type: 'crdt', changes: [{ kind: 'text', path: odd, update: '' }] } },
      ]),
    ]
    for (const body of bodies) expect(await codeOf(await device.push(body))).toEqual([400, 'bad_request'])
    const sessions = await device.send('POST', '/api/v1/sessions', {
      body: { sessions: [{ sessionId: odd, attempts: odd }] },
    })
    expect(sessions.status).toBeLessThan(500)
    const beat = await device.send('POST', '/api/v1/heartbeat', {
      body: { report: { ...device.report(), nonce: odd } },
    })
    expect(await codeOf(beat)).toEqual([400, 'bad_request'])
  })

  it('a report of more changes or collections than there can be is 400', async () => {
    const report = device.report()
    const many = Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`c${i}`, 1]))
    for (const outbox of [
      { depth: Number.MAX_SAFE_INTEGER },
      { depth: 1, byCollection: many },
      { depth: 1, byCollection: { ['x'.repeat(900_000)]: 1 } },
    ]) {
      const answer = await device.send('POST', '/api/v1/heartbeat', {
        body: { report: { ...report, outbox } },
      })
      expect(await codeOf(answer)).toEqual([400, 'bad_request'])
    }
  })

  it('a body that is not UTF-8 is 400', async () => {
    expect(await codeOf(await raw(new Uint8Array([0x7b, 0x22, 0xff, 0x22, 0x7d])))).toEqual([
      400,
      'malformed_json',
    ])
  })

  it('wrong types are 400 and name the place', async () => {
    const good = device.mutation()
    const cases: [unknown, string][] = [
      [device.pushBody([{ ...good, id: 7 }]), '/mutations/0/id'],
      [device.pushBody([{ ...good, baseVersion: '1' }]), '/mutations/0/baseVersion'],
      [device.pushBody([{ ...good, baseVersion: -1 }]), '/mutations/0/baseVersion'],
      [device.pushBody([{ ...good, recordId: good.recordId.toUpperCase() }]), '/mutations/0/recordId'],
      [device.pushBody([{ ...good, madeAt: 'yesterday' }]), '/mutations/0/madeAt'],
      [device.pushBody([{ ...good, op: { type: 'rename' } }]), '/mutations/0/op/type'],
      [device.pushBody([{ ...good, op: { type: 'put', data: [] } }]), '/mutations/0/op/data'],
      [device.pushBody([good], { epoch: 'one' }), '/epoch'],
      [device.pushBody([good], { report: null }), '/report'],
      [device.pushBody([null]), '/mutations/0'],
    ]
    for (const [body, path] of cases) {
      const answer = await device.push(body)
      expect([answer.status, await bodyOf(answer)]).toMatchObject([
        400,
        { code: 'bad_request', errors: [{ path }] },
      ])
    }
  })

  it('an unknown field refuses its mutation only; in the envelope it is ignored', async () => {
    const { results } = await device.pushed([{ ...device.mutation(), colour: 'red' }], { colour: 'red' })
    expect(results).toMatchObject([{ status: 'refused', code: 'unknown_field' }])
    const inOp = await device.pushed([{ ...device.mutation(), op: { type: 'delete', force: true } }])
    expect(inOp.results).toMatchObject([{ status: 'refused', code: 'unknown_field' }])
  })

  it('[check 28] 501 mutations are 400', async () => {
    const mutations = Array.from({ length: 501 }, () => 0)
    expect(await codeOf(await device.push(device.pushBody(mutations)))).toEqual([400, 'too_many_mutations'])
  })

  it('[check 26] a body of 2 MiB is 413, with its length told and without', async () => {
    const text = JSON.stringify({ filler: 'x'.repeat(2 * 1024 * 1024) })
    expect(await codeOf(await raw(text, { 'content-length': String(text.length) }))).toEqual([
      413,
      'body_too_large',
    ])
    let sentBytes = 0
    const endless = new ReadableStream<Uint8Array>({
      pull(controller) {
        sentBytes += 65_536
        controller.enqueue(new Uint8Array(65_536).fill(0x20))
        if (sentBytes > 64 * 1024 * 1024) controller.close()
      },
    })
    expect(await codeOf(await raw(endless))).toEqual([413, 'body_too_large'])
    // A socket has buffers on its way.
    expect(sentBytes).toBeLessThan((app.url === undefined ? 2 : 16) * 1024 * 1024)
  })

  it('[check 28] deep or wide JSON is 400 in little time', async () => {
    const wide = JSON.stringify(Object.fromEntries(Array.from({ length: 1_001 }, (_, i) => [`k${i}`, 1])))
    const startedMs = performance.now()
    for (const body of ['['.repeat(500_000), '{"a":'.repeat(33) + '1' + '}'.repeat(33), wide]) {
      expect(await codeOf(await raw(body))).toEqual([400, 'too_deep'])
    }
    expect(performance.now() - startedMs).toBeLessThan(5_000)
  })

  it('[check 27] another content type or a compressed body is 415', async () => {
    expect(await codeOf(await raw('{}', { 'content-type': 'text/plain' }))).toEqual([
      415,
      'unsupported_media_type',
    ])
    expect(await codeOf(await raw('{}', { 'content-encoding': 'gzip' }))).toEqual([
      415,
      'unsupported_media_type',
    ])
  })

  it('another method is 405 and names the right one', async () => {
    const answer = await device.send('DELETE', '/api/v1/push')
    expect([answer.headers.get('allow'), ...(await codeOf(answer))]).toEqual([
      'POST, OPTIONS',
      405,
      'method_not_allowed',
    ])
  })

  it('a bad device token is 401, whatever is bad about it', async () => {
    const last = device.token.at(-1) === '0' ? '1' : '0'
    const unknown = makeFleetCredential('device', fleet.fleetId).text
    const foreign = makeFleetCredential('device', newUuid()).text
    const tokens = [
      '',
      'x',
      device.token.slice(0, -1) + last,
      unknown,
      foreign,
      fleet.key,
      `${device.token}x`,
    ]
    for (const token of tokens) {
      expect(await codeOf(await send(app, 'GET', '/api/v1/config', { token }))).toEqual([401, 'unauthorized'])
    }
    expect(
      await codeOf(await send(app, 'POST', '/api/v1/enroll', { token: device.token, body: {} })),
    ).toEqual([401, 'unauthorized'])
  })

  it('a changed sync token is 400 at every byte, and another device’s too', async () => {
    const { token } = await device.pulled()
    const path = (text: string) => `/api/v1/pull?${new URLSearchParams({ token: text })}`
    for (let i = 0; i < token.length; i += 7) {
      const flipped = token.slice(0, i) + (token[i] === 'A' ? 'B' : 'A') + token.slice(i + 1)
      expect(await codeOf(await device.send('GET', path(flipped)))).toEqual([400, 'token_invalid'])
    }
    const other = await TestDevice.enroll(app, fleet)
    expect(await codeOf(await other.send('GET', path(token)))).toEqual([400, 'token_invalid'])
  })

  it('a bad query or report of a pull is 400', async () => {
    for (const query of ['limit=0', 'limit=501', 'limit=x', 'collections=', 'collections=A b']) {
      expect(await codeOf(await device.send('GET', `/api/v1/pull?${query}`))).toEqual([400, 'bad_request'])
    }
    for (const report of ['{', '{}', '[]']) {
      const answer = await device.send('GET', '/api/v1/pull', { headers: { 'tidemark-report': report } })
      expect(await codeOf(answer)).toEqual([400, 'bad_request'])
    }
    expect(await codeOf(await device.send('GET', '/api/v1/pull?collections=unknown'))).toEqual([
      403,
      'collection_forbidden',
    ])
  })

  it('a malformed Tidemark-App is 400', async () => {
    expect(
      await codeOf(await device.send('GET', '/api/v1/config', { headers: { 'tidemark-app': '1.0' } })),
    ).toEqual([400, 'bad_request'])
  })

  it('a foreign stamp and a clock an hour ahead are refused and have no effect', async () => {
    const other = await TestDevice.enroll(app, fleet)
    const ahead = (Date.now() + 3_600_000).toString(16).padStart(12, '0')
    const { results } = await device.pushed([
      { ...device.mutation(), hlc: other.mutation().hlc },
      { ...device.mutation(), hlc: `${ahead}-0001-${device.id}` },
    ])
    expect(results).toMatchObject([
      { status: 'refused', code: 'foreign_actor' },
      { status: 'refused', code: 'clock_out_of_bounds' },
    ])
  })

  it('numbers at the edge of what is allowed are stored, not 500', async () => {
    const extreme = Number.MAX_SAFE_INTEGER
    const report = {
      ...device.report(),
      outbox: { depth: DEPTH_MAX, oldestMadeAt: '9999-12-31T23:59:59.999Z', oldestOffsetMs: extreme },
      clock: { offsetMs: -extreme, rttMs: extreme },
    }
    expect((await device.send('POST', '/api/v1/heartbeat', { body: { report } })).status).toBe(200)
  })
})

describe.each(STORAGES)('what can never apply, over $name', ({ open }) => {
  let held: TestStorage
  let app: TestApp
  beforeAll(async () => {
    held = await open()
    app = await held.served(testApp(held.storage))
  })
  afterAll(() => held.close())

  it('[DL1] an unknown collection is a dead letter, no record is written, and the rest goes on', async () => {
    const fleet = await testFleet(app)
    const device = await TestDevice.enroll(app, fleet)
    const lost = device.mutation({ collection: 'nowhere' })
    const answer = await device.pushed([lost, device.mutation()])
    expect(answer.results).toMatchObject([
      { status: 'dead_lettered', code: 'unknown_collection' },
      { status: 'applied' },
    ])
    expect(await held.storage.sync.getRecord(fleet.fleetId, 'nowhere', lost.recordId)).toBeNull()
    expect(await held.storage.deadLetters.countOpen(fleet.fleetId)).toBe(1)
    expect(answer.head).toEqual({ notes: 1 })
  })

  it('a device writes only where its key lets it, and reads only what it covers', async () => {
    const fleet = await testFleet(app, { notes: 'read' })
    const device = await TestDevice.enroll(app, fleet)
    const push = await device.push(device.pushBody([device.mutation()]))
    expect([push.status, await bodyOf(push)]).toMatchObject([
      403,
      { code: 'collection_forbidden', collection: 'notes' },
    ])
    expect((await device.pulled()).snapshots).toEqual({ notes: 'complete' })
    const blind = await testFleet(app, { elsewhere: 'write' })
    expect((await (await TestDevice.enroll(app, blind)).pulled()).snapshots).toEqual({})
  })

  it('[check 29] `__proto__` in a document is data', async () => {
    const fleet = await testFleet(app)
    const device = await TestDevice.enroll(app, fleet)
    const text = JSON.stringify(device.pushBody([device.mutation()])).replace(
      '{"title":"a note"}',
      '{"title":"x","__proto__":{"admin":true}}',
    )
    expect((await device.push(text)).status).toBe(200)
    const pull = await (await device.send('GET', '/api/v1/pull')).text()
    expect(pull).toContain('"__proto__":{"admin":true}')
    expect(({} as Record<string, unknown>)['admin']).toBeUndefined()
  })

  it('an app version below the fleet’s minimum is 426', async () => {
    const fleet = await testFleet(app, undefined, { minAppVersion: '1.10.0' })
    const device = await TestDevice.enroll(app, fleet)
    const old = await device.send('GET', '/api/v1/config', { headers: { 'tidemark-app': '1.9.9;ios' } })
    const fine = await device.send('GET', '/api/v1/config', { headers: { 'tidemark-app': '1.10;ios' } })
    expect([old.status, (await bodyOf(old))['code'], fine.status]).toEqual([426, 'app_version_refused', 200])
  })

  it('answers pages of allowed origins only', async () => {
    const origin = 'https://app.example.org'
    const fleet = await testFleet(app, undefined, { allowedOrigins: [origin] })
    const device = await TestDevice.enroll(app, fleet)
    const asked = async (from: string, method: string) => {
      const { headers } = await device.send(method, '/api/v1/config', { headers: { origin: from } })
      return [headers.get('access-control-allow-origin'), headers.get('access-control-allow-credentials')]
    }
    expect(await asked(origin, 'GET')).toEqual([origin, null])
    expect(await asked('https://evil.example', 'GET')).toEqual([null, null])
    expect(await asked(origin, 'OPTIONS')).toEqual([origin, null])
    expect(await asked('https://evil.example', 'OPTIONS')).toEqual([null, null])
    const stranger = await TestDevice.enroll(app, await testFleet(app))
    const response = await stranger.send('GET', '/api/v1/config', { headers: { origin } })
    expect(response.headers.get('access-control-allow-origin')).toBeNull()
  })
})
