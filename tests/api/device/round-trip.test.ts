import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DIRECTORY_FRESH_MS } from '#lib/application/devices/directory.ts'
import type { Platform } from '#lib/protocol/device.ts'
import type { TestApp, TestFleet } from '#tests/support/device-world.ts'
import { TestDevice, bodyOf, newUuid, send, testApp, testFleet } from '#tests/support/device-world.ts'
import type { TestStorage } from '#tests/support/storages.ts'
import { STORAGES } from '#tests/support/storages.ts'

describe.each(STORAGES)('device API over $name', ({ open }) => {
  let held: TestStorage
  let app: TestApp
  let fleet: TestFleet
  beforeAll(async () => {
    held = await open()
    app = await held.served(testApp(held.storage))
    fleet = await testFleet(app)
  })
  afterAll(() => held.close())

  it('carries a change from one device to another', async () => {
    const [one, two] = [await TestDevice.enroll(app, fleet), await TestDevice.enroll(app, fleet)]
    const first = await two.pulled()
    expect(first.snapshots).toEqual({ notes: 'complete' })
    const mutation = one.mutation()
    const answer = await one.pushed([mutation])
    expect(answer.results).toMatchObject([{ id: mutation.id, status: 'applied' }])
    const second = await two.pulled(first.token)
    const { recordId } = mutation
    expect(second.changes).toMatchObject([
      { recordId, version: answer.head['notes'], deleted: false, data: { title: 'a note' } },
    ])
    expect(second.snapshots).toEqual({})
    expect((await two.pulled(second.token)).changes).toEqual([])
  })

  it('merges disjoint fields of two devices, and tells both', async () => {
    const [one, two] = [await TestDevice.enroll(app, fleet), await TestDevice.enroll(app, fleet)]
    const made = one.mutation({ op: { type: 'put', data: { title: 'first', count: 1 } } })
    const created = await one.pushed([made])
    const baseVersion = created.head['notes'] as number
    const { recordId } = made
    await one.pushed([one.mutation({ recordId, baseVersion, op: { type: 'patch', set: { count: 2 } } })])
    const late = await two.pushed([
      two.mutation({ recordId, baseVersion, op: { type: 'patch', set: { title: 'second' } } }),
    ])
    expect(late.results).toMatchObject([
      { status: 'merged', record: { data: { title: 'second', count: 2 } } },
    ])
  })

  it('reads a snapshot page by page and marks it complete at its end', async () => {
    const device = await TestDevice.enroll(app, fleet)
    await device.pushed(Array.from({ length: 5 }, () => device.mutation()))
    const reader = await TestDevice.enroll(app, fleet)
    const seen = new Set<string>()
    let token: string | null = null
    for (let page = 0; page < 50; page++) {
      const query = new URLSearchParams({ limit: '2', collections: 'notes', ...(token && { token }) })
      const response = await reader.send('GET', `/api/v1/pull?${query}`)
      expect(response.status).toBe(200)
      const body = await bodyOf(response)
      for (const change of body['changes'] as { recordId: string }[]) seen.add(change.recordId)
      token = body['token'] as string
      expect(body['snapshots']).toEqual({ notes: body['hasMore'] ? 'running' : 'complete' })
      if (!body['hasMore']) break
    }
    expect(seen.size).toBeGreaterThanOrEqual(5)
  })

  it('answers 304 to an idle pull and to a config that did not change', async () => {
    const device = await TestDevice.enroll(app, fleet)
    const { token } = await device.pulled()
    const path = `/api/v1/pull?${new URLSearchParams({ token })}`
    const idle = await device.send('GET', path)
    const etag = idle.headers.get('etag') as string
    expect((await device.send('GET', path, { headers: { 'if-none-match': etag } })).status).toBe(304)
    await device.pushed([device.mutation()])
    expect((await device.send('GET', path, { headers: { 'if-none-match': etag } })).status).toBe(200)
    const config = await device.send('GET', '/api/v1/config')
    const same = await device.send('GET', '/api/v1/config', {
      headers: { 'if-none-match': config.headers.get('etag') as string },
    })
    expect([config.status, same.status]).toEqual([200, 304])
    expect(await bodyOf(config)).toMatchObject({
      collections: [{ name: 'notes', access: 'write', schemaVersion: 1, rules: [] }],
    })
  })

  it('compresses a long answer', async () => {
    const device = await TestDevice.enroll(app, fleet)
    const config = await device.send('GET', '/api/v1/pull', {
      headers: { 'accept-encoding': 'gzip;q=0, br' },
    })
    const plain = await device.send('GET', '/api/v1/pull', { headers: { 'accept-encoding': 'identity' } })
    expect([config.headers.get('content-encoding'), plain.headers.get('content-encoding')]).toEqual([
      'br',
      null,
    ])
  })

  it('carries the headers of the contract', async () => {
    const device = await TestDevice.enroll(app, fleet)
    const response = await device.send('GET', '/api/v1/config')
    expect(response.headers.get('tidemark-version')).toBe('1')
    expect(Math.abs(Number(response.headers.get('tidemark-now')) - Date.now())).toBeLessThan(5_000)
    expect(response.headers.get('tidemark-epoch')).toBe('1')
    expect(response.headers.get('tidemark-config')).toMatch(/^\d+$/)
    expect(response.headers.get('tidemark-commands')).toBe('[]')
    expect(response.headers.get('cache-control')).toBe('no-store')
  })

  it('keeps what a heartbeat reports', async () => {
    const device = await TestDevice.enroll(app, fleet)
    const madeAt = '2026-01-01T00:00:00.000Z'
    const report = {
      ...device.report(),
      state: 'idle',
      outbox: { depth: 3, oldestMadeAt: madeAt },
      clock: { offsetMs: 60_000, rttMs: 1 },
    }
    expect((await device.send('POST', '/api/v1/heartbeat', { body: { report } })).status).toBe(200)
    const stored = await held.storage.devices.get(fleet.fleetId, device.id)
    expect(stored?.report).toMatchObject({
      state: 'idle',
      depth: 3,
      oldestMadeAtMs: Date.parse(madeAt) + 60_000,
    })
  })

  it('stores session reports one by one', async () => {
    const device = await TestDevice.enroll(app, fleet)
    const report = sessionReport()
    const illegal = {
      ...sessionReport(),
      transitions: [{ from: 'idle', event: 'pulled', to: 'halted', at: report.endedAt }],
    }
    const body = { sessions: [report, { ...report, sessionId: 'none' }, illegal] }
    const first = await bodyOf(await device.send('POST', '/api/v1/sessions', { body }))
    expect(first['results']).toEqual([
      { sessionId: report.sessionId, status: 'stored' },
      { sessionId: '', status: 'refused', code: 'bad_request' },
      { sessionId: illegal.sessionId, status: 'stored' },
    ])
    const again = await bodyOf(
      await device.send('POST', '/api/v1/sessions', { body: { sessions: [report] } }),
    )
    expect(again['results']).toEqual([{ sessionId: report.sessionId, status: 'duplicate' }])
    expect((await held.storage.sessions.get(fleet.fleetId, illegal.sessionId))?.illegalTransitions).toBe(1)
  })

  it('a session of a clock that is ahead ends when it arrives, as long as it was', async () => {
    const device = await TestDevice.enroll(app, fleet)
    const report = sessionReport()
    for (const aheadMs of [6, 3_600_000, 30_000_000_000_000]) {
      const endedAt = new Date(Date.now() + aheadMs).toISOString()
      const startedAt = new Date(Date.parse(endedAt) - 168).toISOString()
      const body = { sessions: [{ ...report, sessionId: newUuid(), startedAt, endedAt }] }
      await device.send('POST', '/api/v1/sessions', { body })
      const stored = await held.storage.sessions.get(fleet.fleetId, body.sessions[0]?.sessionId ?? '')
      expect((stored?.endedAtMs ?? 0) - (stored?.startedAtMs ?? 0)).toBe(168)
      expect(stored?.endedAtMs).toBeLessThanOrEqual(stored?.receivedAtMs ?? 0)
      expect(stored?.startedAtMs).toBe(Date.parse(startedAt) + (stored?.offsetMs ?? 0))
    }
  })

  it('gives a repeated enrollment a new token, and refuses a device id in use', async () => {
    const device = { name: 'tablet', platform: 'ios' as Platform, appVersion: '1.2.0' }
    const body = { requestId: newUuid(), deviceId: newUuid(), device }
    const first = await bodyOf(await send(app, 'POST', '/api/v1/enroll', { token: fleet.key, body }))
    const again = await send(app, 'POST', '/api/v1/enroll', { token: fleet.key, body })
    expect(again.status).toBe(201)
    const second = await bodyOf(again)
    expect(second['deviceId']).toBe(body.deviceId)
    expect(second['token']).not.toBe(first['token'])
    const taken = await send(app, 'POST', '/api/v1/enroll', {
      token: fleet.key,
      body: { ...body, requestId: newUuid() },
    })
    expect([taken.status, (await bodyOf(taken))['code']]).toEqual([409, 'device_id_taken'])
    const anonymous = { requestId: newUuid(), device }
    const made = await bodyOf(
      await send(app, 'POST', '/api/v1/enroll', { token: fleet.key, body: anonymous }),
    )
    const remade = await bodyOf(
      await send(app, 'POST', '/api/v1/enroll', { token: fleet.key, body: anonymous }),
    )
    expect(remade['deviceId']).toBe(made['deviceId'])
  })

  it('rotates a token, and the old one works on for a while', async () => {
    const device = await TestDevice.enroll(app, fleet)
    const { token } = await bodyOf(await device.send('POST', '/api/v1/token/rotate'))
    const statuses = [device.token, token as string].map((text) =>
      send(app, 'GET', '/api/v1/config', { token: text }),
    )
    expect((await Promise.all(statuses)).map(({ status }) => status)).toEqual([200, 200])
  })

  it('pokes an open stream after a push', async () => {
    const [one, two] = [await TestDevice.enroll(app, fleet), await TestDevice.enroll(app, fleet)]
    const response = await two.send('GET', '/api/v1/events')
    const reader = (response.body as ReadableStream<Uint8Array>).getReader()
    await one.pushed([one.mutation()])
    let text = ''
    while (!text.includes('event: poke')) text += new TextDecoder().decode((await reader.read()).value)
    expect(text).toContain('data: {"collections":["notes"]')
    await reader.cancel()
    await expect.poll(() => app.ctx.pokes.listened()).toEqual([])
  })

  it('[check 22] shuts out a revoked device within a second, and from a push at once', async () => {
    const device = await TestDevice.enroll(app, fleet)
    await device.pulled()
    const audit = {
      id: newUuid(),
      atMs: Date.now(),
      fleetId: fleet.fleetId,
      actor: { kind: 'system', id: 't', name: 't' },
      action: 'x',
      target: 'x',
      reason: null,
      before: null,
      after: null,
      address: null,
      outcome: 'done',
    } as const
    await held.storage.devices.command(
      fleet.fleetId,
      device.id,
      { command: null, status: 'revoked', nowMs: Date.now() },
      audit,
    )
    const push = await device.push(device.pushBody([device.mutation()]))
    expect([push.status, (await bodyOf(push))['code']]).toEqual([401, 'device_revoked'])
    await new Promise((resolve) => setTimeout(resolve, DIRECTORY_FRESH_MS))
    const pull = await device.send('GET', '/api/v1/pull')
    expect([pull.status, (await bodyOf(pull))['code']]).toEqual([401, 'device_revoked'])
  })
})

function sessionReport() {
  const [startedAt, endedAt] = [new Date(Date.now() - 1_000).toISOString(), new Date().toISOString()]
  const counts = {
    pushed: 1,
    pulled: 0,
    conflicts: 0,
    deadLettered: 0,
    queueDepthBefore: 1,
    queueDepthAfter: 0,
  }
  return {
    sessionId: newUuid(),
    mode: 'delta',
    startedAt,
    endedAt,
    result: 'ok',
    transitions: [{ from: 'idle', event: 'start', to: 'scanning', at: startedAt }],
    attempts: [],
    ...counts,
  }
}
