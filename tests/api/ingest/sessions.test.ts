import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { foldEvents } from '#lib/application/telemetry/fold-events.ts'
import { conflicts } from '#lib/application/pillars/conflicts.ts'
import { failures } from '#lib/application/pillars/failures.ts'
import type { JsonObject } from '#lib/kernel/json.ts'
import { bodyOf, newUuid, send } from '#tests/support/device-world.ts'
import type { DeviceHttp } from '#tests/support/device-http.ts'
import { deviceHttp } from '#tests/support/device-http.ts'

let world: DeviceHttp
beforeAll(async () => {
  world = await deviceHttp()
})
afterAll(() => world.close())

const PATH = '/api/v1/ingest/sessions'
/** `nowMs` is told where two times must be of one look at the clock. */
const ago = (ms: number, nowMs = Date.now()): string => new Date(nowMs - ms).toISOString()
const session = (changes: JsonObject = {}): JsonObject => ({
  sessionId: newUuid(),
  client: { id: 'till-7', name: 'Till 7', platform: 'Android', appVersion: '3.1' },
  startedAt: ago(3_000),
  endedAt: ago(1_000),
  result: 'ok',
  ...changes,
})

/** A fleet with a key of a source, and what the key's holder may do. */
async function source(name = 'powersync') {
  const fleet = await world.fleetWith({})
  const made = await bodyOf(
    await world.admin(
      'POST',
      '/ingest-keys',
      { fleet: fleet.fleetId, name: 'collector', source: name },
      'admin',
    ),
  )
  const token = made['key'] as string
  const tell = (body: unknown, changes: { token?: string; headers?: Record<string, string> } = {}) =>
    send(world.app, 'POST', PATH, { token, body, ...changes })
  const results = async (...sessions: JsonObject[]) => {
    const answer = await tell({ sessions })
    expect(answer.status).toBe(200)
    return (await bodyOf(answer))['results'] as JsonObject[]
  }
  const get = async (path: string) =>
    bodyOf(await world.admin('GET', `${path}${path.includes('?') ? '&' : '?'}fleet=${fleet.fleetId}`))
  return { ...fleet, token, keyId: made['id'] as string, tell, results, get }
}

describe('sessions of other engines, over HTTP and PostgreSQL', () => {
  it('land in the session and device tables, marked with their source; what is not told is null', async () => {
    const engine = await source()
    const told = session({ pushed: 4, queueDepthAfter: 0, somethingElse: { is: 'ignored' } })
    const [result] = await engine.results(told)
    expect(result).toMatchObject({ sessionId: told['sessionId'], status: 'stored' })
    const detail = (await engine.get(`/sessions/${result?.['id'] as string}`))['session'] as JsonObject
    expect(detail).toMatchObject({
      deviceName: 'Till 7',
      platform: 'android',
      appVersion: '3.1',
      source: 'powersync',
      mode: null,
      pushed: 4,
      pulled: null,
      conflicts: null,
      deadLettered: null,
      queueDepthBefore: null,
      queueDepthAfter: 0,
      inferred: false,
    })
    const device = await engine.get(`/devices/${detail['deviceId'] as string}`)
    expect(device).toMatchObject({ name: 'Till 7', source: 'powersync', report: null })
    expect(device['lastContactMs']).toBe(Date.parse(told['endedAt'] as string))
  })

  it('are what a diagnosis goes by: it promises nothing of a device that nobody here can tell anything', async () => {
    const engine = await source()
    const diagnosed = async (client: string, ...told: JsonObject[]) => {
      const named = told.map((one) => session({ client: { id: client, name: client }, ...one }))
      const id = (await engine.results(...named))[0]?.['id'] as string
      const { deviceId } = (await engine.get(`/sessions/${id}`))['session'] as JsonObject
      return (await engine.get(`/devices/${deviceId as string}/diagnosis`)) as JsonObject & {
        next: { action: { kind: string } | null }
      }
    }
    const push = { kind: 'push', startedAt: ago(2_000), durationMs: 40, status: 429, code: 'busy' }
    const failed = { result: 'failed', attempts: [push] }
    const found = [
      await diagnosed('untold', {}),
      await diagnosed('empty', { queueDepthAfter: 0 }),
      await diagnosed('failing', failed, failed),
      await diagnosed('silent', { startedAt: ago(9 * 86_400_000), endedAt: ago(9 * 86_400_000) }),
    ]
    expect(found.map(({ verdict }) => verdict)).toEqual(['not_known', 'healthy', 'failing', 'offline'])
    for (const { next } of found) expect(next.action?.kind).not.toBe('command')
  })

  it('are stored once, however often they are told; two clients may use the same words under two sources', async () => {
    const engine = await source()
    const told = session()
    const both = await engine.results(told, told)
    expect(both.map(({ status }) => status)).toEqual(['stored', 'duplicate'])
    const many = await Promise.all([1, 2, 3, 4].map(() => engine.results(told)))
    expect(many.flat().map(({ status }) => status)).toEqual(Array(4).fill('duplicate'))
    const { key } = await bodyOf(
      await world.admin(
        'POST',
        '/ingest-keys',
        { fleet: engine.fleetId, name: 'other', source: 'couchdb' },
        'admin',
      ),
    )
    const other = await bodyOf(await engine.tell({ sessions: [told] }, { token: key as string }))
    expect(other['results']).toMatchObject([{ status: 'stored' }])
    expect((await engine.get('/sessions'))['items']).toHaveLength(2)
    expect((await engine.get('/devices'))['items']).toHaveLength(2)
  })

  it('can neither speak for a device of ours nor take the id of its session', async () => {
    const engine = await source()
    const device = await world.device(engine)
    const sessionId = newUuid()
    const [result] = await engine.results(session({ sessionId, client: { id: device.id } }))
    expect(result?.['id']).not.toBe(sessionId)
    const devices = (await engine.get('/devices'))['items'] as JsonObject[]
    expect(devices.map(({ id, source: of }) => [id === device.id, of]).sort()).toEqual([
      [false, 'powersync'],
      [true, undefined],
    ])
  })

  it("a session of one client is no other one's", async () => {
    const engine = await source()
    const told = session()
    const [first] = await engine.results(told)
    const [, repeated] = await engine.results(
      session({ sessionId: told['sessionId'] as string, client: { id: 'till-8' } }),
      told,
    )
    expect(first).toMatchObject({ status: 'stored' })
    expect(repeated).toMatchObject({ status: 'duplicate' })
    const [other] = await engine.results(
      session({ sessionId: told['sessionId'] as string, client: { id: 'till-8' } }),
    )
    expect(other).toMatchObject({ status: 'refused', code: 'other_device' })
    const detail = (await engine.get(`/sessions/${first?.['id'] as string}`))['session'] as JsonObject
    expect(detail['deviceName']).toBe('Till 7')
  })

  it('a bad one is refused with its place, and the others stand', async () => {
    const engine = await source()
    const results = await engine.results(
      session({ startedAt: 'yesterday' }),
      session({ startedAt: ago(0), endedAt: ago(9_000) }),
      session({ startedAt: ago(40 * 86_400_000), endedAt: ago(40 * 86_400_000) }),
      session({ pushed: -1 }),
      session({ sessionId: 'x'.repeat(201) }),
      session(),
    )
    expect(results.map(({ status, code }) => [status, code])).toEqual([
      ['refused', 'bad_request'],
      ['refused', 'bad_request'],
      ['refused', 'too_old'],
      ['refused', 'bad_request'],
      ['refused', 'bad_request'],
      ['stored', undefined],
    ])
    expect(results[0]?.['detail']).toMatch(/^\/startedAt /)
  })

  it('one from a clock that is ahead ends now, and takes as long as it did', async () => {
    const engine = await source()
    const nowMs = Date.now()
    const times = { startedAt: ago(-3_600_000, nowMs), endedAt: ago(-3_602_000, nowMs) }
    const [result] = await engine.results(session(times))
    const { session: row } = await engine.get(`/sessions/${result?.['id'] as string}`)
    const { startedAtMs, endedAtMs } = row as { startedAtMs: number; endedAtMs: number }
    expect(endedAtMs).toBeLessThanOrEqual(Date.now())
    expect(endedAtMs - startedAtMs).toBe(2_000)
  })

  it('counts in the pillars; a session without conflicts told is in no share of them', async () => {
    const engine = await source()
    await engine.results(
      ...Array.from({ length: 20 }, () => session({ conflicts: 0 })),
      ...Array.from({ length: 5 }, () => session({ conflicts: 2 })),
      ...Array.from({ length: 15 }, () => session({ result: 'failed' })),
    )
    const { ctx } = world.app
    await foldEvents(ctx)
    const query = { fleetId: engine.fleetId, fromMs: Date.now() - 3_600_000, toMs: Date.now() + 60_000 }
    expect((await conflicts(ctx, query)).figure?.sessions).toEqual({ part: 5, whole: 25, rate: 0.2 })
    expect((await failures(ctx, query)).figure?.sessions).toEqual({ part: 15, whole: 40, rate: 0.375 })
  })

  it('a revoked key, another kind of key or none is refused; so is whatever is no list of sessions', async () => {
    const engine = await source()
    const codeOf = async (answer: Response) => [answer.status, (await bodyOf(answer))['code']]
    expect(await codeOf(await engine.tell({ sessions: [] }))).toEqual([400, 'bad_request'])
    expect(await codeOf(await engine.tell('{'))).toEqual([400, 'malformed_json'])
    expect(await codeOf(await engine.tell('x'.repeat(1_100_000)))).toEqual([413, 'body_too_large'])
    const headers = { 'content-type': 'text/plain' }
    expect(await codeOf(await engine.tell('{}', { headers }))).toEqual([415, 'unsupported_media_type'])
    const body = { sessions: [session()] }
    expect(await codeOf(await engine.tell(body, { token: engine.key }))).toEqual([401, 'unauthorized'])
    expect(await codeOf(await send(world.app, 'POST', PATH, { body }))).toEqual([401, 'unauthorized'])
    const got = await fetch(world.url + PATH, { headers: { authorization: `Bearer ${engine.token}` } })
    expect([got.status, got.headers.get('allow')]).toEqual([405, 'POST'])
    expect((await send(world.app, 'GET', '/api/v1/config', { token: engine.token })).status).toBe(401)
    const path = `/ingest-keys/${engine.keyId}`
    expect((await world.admin('DELETE', path, { reason: 'leaked' }, 'admin')).status).toBe(200)
    expect(await codeOf(await engine.tell(body))).toEqual([401, 'unauthorized'])
    const audit = (await engine.get('/audit?action=ingest-key.revoke'))['items'] as JsonObject[]
    expect(audit).toMatchObject([{ target: engine.keyId, reason: 'leaked' }])
  })

  it('a device of another engine can be revoked and told nothing; what it does then is refused', async () => {
    const engine = await source()
    await engine.results(session())
    const [device] = (await engine.get('/devices'))['items'] as JsonObject[]
    const path = `/devices/${device?.['id'] as string}/commands`
    expect((await world.admin('POST', path, { type: 'pause', reason: 'x' })).status).toBe(400)
    expect((await world.admin('POST', path, { type: 'revoke', reason: 'sold' })).status).toBe(201)
    expect(await engine.results(session())).toMatchObject([{ status: 'refused', code: 'device_revoked' }])
  })
})
