import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { JsonObject } from '#lib/kernel/json.ts'
import { bodyOf, newUuid } from '#tests/support/device-world.ts'
import type { DeviceHttp } from '#tests/support/device-http.ts'
import { deviceHttp } from '#tests/support/device-http.ts'
import type { SpanAttributes, ToldSpan } from '#tests/support/otel-spans.ts'
import { exportsOf, spansOf } from '#tests/support/otel-spans.ts'

let world: DeviceHttp
beforeAll(async () => {
  world = await deviceHttp()
})
afterAll(() => world.close())

const JSON_TYPE = 'application/json'
const PROTOBUF_TYPE = 'application/x-protobuf'

const span = (attributes: SpanAttributes = {}): ToldSpan => ({
  name: 'sync.session',
  attributes: { 'sync.client.id': 'till-7', 'sync.session.id': newUuid(), ...attributes },
  startMs: Date.now() - 3_000,
  endMs: Date.now() - 1_000,
})

async function collector() {
  const { fleetId } = await world.fleetWith({})
  const made = await bodyOf(
    await world.admin(
      'POST',
      '/ingest-keys',
      { fleet: fleetId, name: 'collector', source: 'powersync' },
      'admin',
    ),
  )
  const post = (body: Uint8Array | string, type: string, headers: Record<string, string> = {}) =>
    fetch(`${world.url}/api/otlp/v1/traces`, {
      method: 'POST',
      headers: { authorization: `Bearer ${made['key'] as string}`, 'content-type': type, ...headers },
      body: typeof body === 'string' ? body : Buffer.from(body),
    })
  const sessions = async () =>
    (await bodyOf(await world.admin('GET', `/sessions?fleet=${fleetId}`)))['items'] as JsonObject[]
  return { post, sessions }
}

const bytesOf = async (answer: Response) => Buffer.from(await answer.arrayBuffer())

describe('OTLP traces, over HTTP and PostgreSQL', () => {
  it('what the real exporter writes becomes sessions, in protobuf and JSON, packed or not, each once', async () => {
    const { post, sessions } = await collector()
    const { protobuf, json } = exportsOf(
      spansOf([span({ 'sync.pushed': 4 }), span({ 'sync.conflicts': 0 })], { 'service.version': '3.1' }),
    )
    const gzip = { 'content-encoding': 'gzip' }
    for (const [body, type, headers] of [
      [protobuf, PROTOBUF_TYPE, {}],
      [json, JSON_TYPE, {}],
      [gzipSync(protobuf), PROTOBUF_TYPE, gzip],
      [gzipSync(json), `${JSON_TYPE}; charset=utf-8`, gzip],
    ] as const) {
      const answer = await post(body, type, headers)
      expect([answer.status, answer.headers.get('content-type')]).toEqual([200, type.split(';')[0]])
      expect((await bytesOf(answer)).toString()).toBe(type === PROTOBUF_TYPE ? '' : '{}')
    }
    const stored = await sessions()
    expect(
      stored
        .map(({ pushed, conflicts }) => [pushed, conflicts])
        .toSorted(([a], [b]) => Number(b) - Number(a)),
    ).toEqual([
      [4, null],
      [null, 0],
    ])
    expect(stored[0]).toMatchObject({
      source: 'powersync',
      deviceName: 'till-7',
      appVersion: '3.1',
      result: 'ok',
    })
  })

  it('says in the language of the request what was rejected and why', async () => {
    const { post, sessions } = await collector()
    const { protobuf, json } = exportsOf(spansOf([span(), { ...span(), attributes: {} }]))
    const errorMessage = 'a span sync.session names no sync.client.id'
    expect(await (await post(json, JSON_TYPE)).json()).toEqual({
      partialSuccess: { rejectedSpans: '1', errorMessage },
    })
    const message = Buffer.from(errorMessage)
    const partial = Buffer.concat([Buffer.from([0x08, 1, 0x12, message.length]), message])
    expect(await bytesOf(await post(protobuf, PROTOBUF_TYPE))).toEqual(
      Buffer.concat([Buffer.from([0x0a, partial.length]), partial]),
    )
    expect(await sessions()).toHaveLength(1)
    const odd = await post(exportsOf(spansOf([span({ 'sync.mode': 'sideways' })])).json, JSON_TYPE)
    const told = (await odd.json()) as { partialSuccess: { rejectedSpans: string; errorMessage: string } }
    expect(told.partialSuccess.rejectedSpans).toBe('1')
    expect(told.partialSuccess.errorMessage).toContain('/mode')
  })

  it('[check 27] refuses what it can’t read with a status in the same language, and holds no bomb', async () => {
    const { post } = await collector()
    const { protobuf } = exportsOf(spansOf([span()]))
    const gzip = { 'content-encoding': 'gzip' }
    const refusal = async (answer: Response) => {
      const { code, message } = (await answer.json()) as { code: number; message: string }
      return [answer.status, code, message.split(':')[0]]
    }
    expect(await refusal(await post('{', JSON_TYPE))).toEqual([400, 3, 'malformed_json'])
    expect(await refusal(await post('['.repeat(99) + ']'.repeat(99), JSON_TYPE))).toEqual([
      400,
      3,
      'too_deep',
    ])
    for (const body of ['[]', 'null', '"x"', '[{"resourceSpans":[]}]'])
      expect(await refusal(await post(body, JSON_TYPE))).toEqual([400, 3, 'bad_request'])
    expect(await refusal(await post('{}', 'text/plain'))).toEqual([415, 3, 'unsupported_media_type'])
    expect(await refusal(await post('{}', JSON_TYPE, gzip))).toEqual([400, 3, 'bad_request'])
    expect(await refusal(await post('x'.repeat(1_100_000), JSON_TYPE))).toEqual([413, 8, 'body_too_large'])
    const bomb = gzipSync(Buffer.alloc(100 * 1024 * 1024))
    expect(bomb.length).toBeLessThan(1024 * 1024)
    const before = process.memoryUsage().arrayBuffers
    expect(await refusal(await post(bomb, JSON_TYPE, gzip))).toEqual([413, 8, 'body_too_large'])
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(50 * 1024 * 1024)
    const cut = await post(protobuf.subarray(0, -3), PROTOBUF_TYPE)
    expect([cut.status, cut.headers.get('content-type')]).toEqual([400, PROTOBUF_TYPE])
    const status = await bytesOf(cut)
    expect([...status.subarray(0, 3)]).toEqual([0x08, 3, 0x12])
    expect(status.toString()).toContain('bad_request: no protobuf of this request: cut short at byte')
    const nobody = await post(protobuf, PROTOBUF_TYPE, { authorization: 'Bearer nobody' })
    expect([nobody.status, (await bytesOf(nobody))[1]]).toEqual([401, 16])
  })

  it('a signal that there is no receiver for is not found', async () => {
    const answer = await fetch(`${world.url}/api/otlp/v1/profiles`, { method: 'POST', body: '{}' })
    expect([answer.status, (await bodyOf(answer))['code']]).toEqual([404, 'not_found'])
  })
})
