import { gzipSync } from 'node:zlib'
import { SeverityNumber } from '@opentelemetry/api-logs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { foldFleet } from '#lib/application/telemetry/fold-events.ts'
import { snapshotGauges } from '#lib/application/telemetry/snapshot-gauges.ts'
import type { JsonObject } from '#lib/kernel/json.ts'
import { bodyOf } from '#tests/support/device-world.ts'
import type { DeviceHttp } from '#tests/support/device-http.ts'
import { deviceHttp } from '#tests/support/device-http.ts'
import { sdkMeter, wiredLogs } from '#tests/support/otel-metrics.ts'

let world: DeviceHttp
beforeAll(async () => {
  world = await deviceHttp()
})
afterAll(() => world.close())

const JSON_TYPE = 'application/json'
const PROTOBUF_TYPE = 'application/x-protobuf'
const GZIP = { 'content-encoding': 'gzip' }

async function collector(source = 'powersync') {
  const { fleetId } = await world.fleetWith({})
  const made = await bodyOf(
    await world.admin('POST', '/ingest-keys', { fleet: fleetId, name: 'collector', source }, 'admin'),
  )
  const post = (
    signal: string,
    body: Uint8Array | string,
    type: string,
    headers: Record<string, string> = {},
  ) =>
    fetch(`${world.url}/api/otlp/v1/${signal}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${made['key'] as string}`, 'content-type': type, ...headers },
      body: typeof body === 'string' ? body : Buffer.from(body),
    })
  const tell = (body: JsonObject) =>
    fetch(`${world.url}/api/v1/ingest/sessions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${made['key'] as string}`, 'content-type': JSON_TYPE },
      body: JSON.stringify(body),
    })
  const get = async (path: string) => bodyOf(await world.admin('GET', path))
  const pillar = async (name: string, part: string) => {
    await snapshotGauges(world.app.ctx, fleetId)
    await foldFleet(world.app.ctx, fleetId)
    const to = Date.now() + 60_000
    return get(`/pillars/${name}?fleet=${fleetId}&from=${to - 3_600_000}&to=${to}&${part}`)
  }
  return { fleetId, post, tell, get, pillar }
}

describe('OTLP metrics, over HTTP and PostgreSQL', () => {
  it('what the real SDK counts comes to the pillars with its source, each export once', async () => {
    const { post, pillar } = await collector()
    const { meter, wired } = sdkMeter('cumulative', { 'service.name': 'sync' })
    const attempts = meter.createCounter('sync.attempts')
    const [pushed, conflicts] = [meter.createCounter('sync.pushed'), meter.createCounter('sync.conflicts')]
    const lag = meter.createHistogram('sync.lag', {
      unit: 's',
      advice: { explicitBucketBoundaries: [1, 2, 4, 8] },
    })
    meter.createGauge('sync.queue.depth').record(7)
    meter.createGauge('sync.queue.oldest_age', { unit: 's' }).record(90)
    const tell = () => {
      attempts.add(30, { 'sync.result': 'ok' })
      attempts.add(10, { 'sync.result': 'failed', 'error.type': 'timeout' })
      pushed.add(50)
      conflicts.add(5)
      for (let i = 0; i < 20; i++) lag.record(3)
    }
    tell()
    const first = await wired()
    // What was before the first export may be years old.
    expect((await post('metrics', first.protobuf, PROTOBUF_TYPE)).status).toBe(200)
    tell()
    const second = await wired()
    for (const [body, type, headers] of [
      [second.protobuf, PROTOBUF_TYPE, {}],
      [gzipSync(second.json), JSON_TYPE, GZIP],
      [gzipSync(second.protobuf), PROTOBUF_TYPE, GZIP],
    ] as const) {
      const answer = await post('metrics', body, type, headers)
      expect([answer.status, answer.headers.get('content-type'), await answer.text()]).toEqual([
        200,
        type,
        type === JSON_TYPE ? '{}' : '',
      ])
    }
    expect((await pillar('failures', 'groupBy=source'))['figure']).toMatchObject({
      requests: { part: 10, whole: 40 },
      byCode: [{ key: 'timeout', count: 10 }],
    })
    expect((await pillar('conflicts', 'source=powersync'))['figure']).toMatchObject({
      mutations: { part: 5, whole: 50 },
    })
    const { upload } = (await pillar('lag', 'source=powersync'))['figure'] as { upload: JsonObject }
    expect(upload).toMatchObject({ count: 20, p50: expect.closeTo(3_000, -2) })
    const queue = await pillar('queue', 'groupBy=source')
    const groups = Object.fromEntries(
      (queue['groups'] as { key: string; figure: JsonObject }[]).map(({ key, figure }) => [key, figure]),
    )
    expect(groups['powersync']).toMatchObject({ depth: 7, devices: { oldestAgeMs: 90_000, pending: null } })
    expect((await pillar('failures', 'source=tidemark'))['figure']).not.toMatchObject({
      requests: { whole: 40 },
    })
  })

  it('what an engine doesn’t tell is null, and conflicts without their changes have no rate', async () => {
    const { post, pillar } = await collector('couchdb')
    const { meter, wired } = sdkMeter('delta')
    meter.createCounter('sync.conflicts').add(5)
    meter.createCounter('sync.attempts').add(30)
    meter.createGauge('sync.dlq.depth').record(2)
    expect((await post('metrics', (await wired()).json, JSON_TYPE)).status).toBe(200)
    expect((await pillar('conflicts', 'source=couchdb'))['figure']).toMatchObject({
      mutations: { part: 0, whole: 0, rate: null },
    })
    expect((await pillar('failures', 'source=couchdb'))['figure']).toMatchObject({
      requests: { part: 0, whole: 0, rate: null },
    })
    expect((await pillar('queue', 'source=couchdb'))['figure']).toMatchObject({ depth: null })
  })

  it('names that aren’t known are told in the language of the request, beside those that are', async () => {
    const { post } = await collector()
    const { meter, wired } = sdkMeter('delta')
    meter.createCounter('sync.conflicts').add(1)
    meter.createCounter('http.server.requests').add(1)
    const { protobuf, json } = await wired()
    const told = (await (await post('metrics', json, JSON_TYPE)).json()) as { partialSuccess: JsonObject }
    expect(told.partialSuccess).toMatchObject({ rejectedDataPoints: '1' })
    expect(told.partialSuccess['errorMessage']).toContain(
      'http.server.requests is no metric that is read here',
    )
    const bytes = Buffer.from(await (await post('metrics', protobuf, PROTOBUF_TYPE)).arrayBuffer())
    // The message is too long for one byte of length.
    expect([bytes[0], bytes[3], bytes[4]]).toEqual([0x0a, 0x08, 1])
  })

  it('[check 27] refuses what it can’t read, and holds no bomb', async () => {
    const { post } = await collector()
    const bomb = gzipSync(Buffer.alloc(50 * 1024 * 1024))
    for (const signal of ['metrics', 'logs']) {
      expect((await post(signal, '{', JSON_TYPE)).status).toBe(400)
      expect((await post(signal, '['.repeat(99) + ']'.repeat(99), JSON_TYPE)).status).toBe(400)
      expect((await post(signal, bomb, JSON_TYPE, GZIP)).status).toBe(413)
      expect((await post(signal, Buffer.from([0x0a, 9, 1]), PROTOBUF_TYPE)).status).toBe(400)
      const nobody = await post(signal, '{}', JSON_TYPE, { authorization: 'Bearer nobody' })
      expect(nobody.status).toBe(401)
    }
  })
})

describe('OTLP logs, over HTTP and PostgreSQL', () => {
  it('a client’s logs come to its device and session, each once', async () => {
    const { fleetId, post, tell, get } = await collector()
    const client = { 'sync.client.id': 'till-7' }
    const at = Date.now() - 5_000
    const logs = wiredLogs([
      {
        body: 'push failed',
        severity: SeverityNumber.ERROR,
        attributes: { ...client, 'sync.session.id': 's1', 'error.type': 'timeout' },
        atMs: at,
      },
      { body: 'queue is long', severity: SeverityNumber.WARN, attributes: client, atMs: at + 1_000 },
      { body: 'of the server itself', attributes: {}, atMs: at },
    ])
    for (const [body, type] of [
      [logs.protobuf, PROTOBUF_TYPE],
      [logs.json, JSON_TYPE],
    ] as const)
      expect((await post('logs', body, type)).status).toBe(200)
    const [device] = (await get(`/devices?fleet=${fleetId}&q=source:powersync`))['items'] as JsonObject[]
    // A log is no contact.
    expect(device).toMatchObject({ name: 'till-7', source: 'powersync', lastContactMs: null })
    const listed = await get(`/devices/${device?.['id'] as string}/logs?fleet=${fleetId}`)
    expect((listed['items'] as JsonObject[]).map(({ text, level, code }) => [text, level, code])).toEqual([
      ['queue is long', 'warn', null],
      ['push failed', 'error', 'timeout'],
    ])
    const ended = new Date(at + 2_000).toISOString()
    const told = {
      sessionId: 's1',
      client: { id: 'till-7' },
      startedAt: ended,
      endedAt: ended,
      result: 'failed',
    }
    const { results } = (await (await tell({ sessions: [told] })).json()) as { results: { id: string }[] }
    const detail = await get(`/sessions/${results[0]?.id}?fleet=${fleetId}`)
    expect(detail['logs']).toMatchObject([{ text: 'push failed', level: 'error', deviceId: device?.['id'] }])
    const heard = await get(`/devices/${device?.['id'] as string}?fleet=${fleetId}`)
    expect(heard['lastContactMs']).toBe(at + 2_000)
  })
})
