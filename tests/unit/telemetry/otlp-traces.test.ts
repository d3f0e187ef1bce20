import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { PROTOBUF_MESSAGES_MAX, readProtobuf } from '#lib/telemetry/otlp/protobuf.ts'
import {
  SESSIONS_PER_EXPORT_MAX,
  SPANS_MAX,
  sessionsOfTraces as sessionsBy,
} from '#lib/telemetry/otlp/sessions-of-traces.ts'
import { TRACES_MESSAGE } from '#lib/telemetry/otlp/trace-message.ts'
import type { SpanAttributes, ToldSpan } from '#tests/support/otel-spans.ts'
import { exportsOf, spansOf } from '#tests/support/otel-spans.ts'

const sessionsOfTraces = (request: unknown) => sessionsBy(request, (ms) => new Date(ms).toISOString())
const START = Date.UTC(2026, 10, 26, 9)
const session = (attributes: SpanAttributes = {}, changes: Partial<ToldSpan> = {}): ToldSpan => ({
  name: 'sync.session',
  attributes: { 'sync.client.id': 'till-7', ...attributes },
  startMs: START,
  endMs: START + 2_000,
  ...changes,
})

function ofProtobuf(bytes: Uint8Array) {
  const read = readProtobuf(bytes, TRACES_MESSAGE)
  if (!read.ok) throw new Error(read.error)
  return sessionsOfTraces(read.value)
}
const ofJson = (bytes: Uint8Array) => sessionsOfTraces(JSON.parse(Buffer.from(bytes).toString()))
const only = (told: ToldSpan, resource?: SpanAttributes) =>
  ofProtobuf(exportsOf(spansOf([told], resource)).protobuf).sessions[0] as Record<string, unknown>

describe('sessions of spans', () => {
  test('protobuf and JSON of the real exporter tell the same', () => {
    const text = fc.string({ maxLength: 20, unit: 'grapheme' })
    const attribute = fc.oneof(
      text,
      fc.integer(),
      // Past these the SDK writes other numbers in protobuf than in JSON.
      fc.double({ min: -1e15, max: 1e15, noNaN: true }),
      fc.boolean(),
      fc.array(text, { maxLength: 2 }),
    )
    const attributes = fc.dictionary(
      fc.oneof(
        fc.constantFrom('sync.client.id', 'sync.pushed', 'sync.mode', 'sync.session.id', '__proto__'),
        text,
      ),
      attribute,
      { maxKeys: 6 },
    )
    const span = fc.record({
      name: fc.constantFrom('sync.session', 'sync.push', 'GET /'),
      attributes,
      startMs: fc.integer({ min: START, max: START + 9_999 }),
      endMs: fc.integer({ min: START + 10_000, max: START + 99_999 }),
      isError: fc.boolean(),
    })
    fc.assert(
      fc.property(fc.array(span, { maxLength: 5 }), attributes, (told, resource) => {
        const { protobuf, json } = exportsOf(spansOf(told, resource as SpanAttributes))
        expect(ofProtobuf(protobuf)).toEqual(ofJson(json))
      }),
      { numRuns: 200 },
    )
  })

  test('a span’s attributes are the session’s fields; what it doesn’t say is not reported', () => {
    const told = only(
      session({
        'sync.session.id': 's1',
        'sync.pushed': 4,
        'sync.queue.depth.after': 0,
        'sync.mode': 'full',
      }),
      { 'service.version': '3.1', 'os.type': 'android' },
    )
    expect(told).toMatchObject({
      sessionId: 's1',
      client: { id: 'till-7', platform: 'android', appVersion: '3.1', name: undefined },
      startedAt: '2026-11-26T09:00:00.000Z',
      endedAt: '2026-11-26T09:00:02.000Z',
      result: 'ok',
      mode: 'full',
      pushed: 4,
      pulled: null,
      conflicts: null,
      queueDepthBefore: null,
      queueDepthAfter: 0,
      attempts: [],
    })
    expect(only(session({}, { isError: true }))).toMatchObject({ result: 'failed' })
    expect(only(session({ 'sync.result': 'abandoned' }, { isError: true }))).toMatchObject({
      result: 'abandoned',
    })
    expect(only(session({ 'sync.pushed': ' ', 'sync.pulled': '0x10', 'sync.conflicts': '7' }))).toMatchObject(
      { pushed: null, pulled: null, conflicts: 7 },
    )
    expect(only(session({ 'sync.pushed': -3, 'sync.pulled': 1.5 }))).toMatchObject({
      pushed: null,
      pulled: null,
    })
  })

  test('without an id of its own a session is its trace, so that the same export is the same session', () => {
    const spans = spansOf([session()])
    expect(ofProtobuf(exportsOf(spans).protobuf).sessions).toMatchObject([
      { sessionId: spans[0]?.spanContext().traceId },
    ])
  })

  test('requests of the same trace come along, where they tell how they were answered', () => {
    const traceId = 'ab'.repeat(16)
    const attributes = [{ key: 'http.response.status_code', value: { intValue: 503 } }]
    const times = { startTimeUnixNano: '1764147600000000000', endTimeUnixNano: '1764147600250000000' }
    const client = [{ key: 'sync.client.id', value: { stringValue: 'c' } }]
    const spans = [
      { traceId: traceId.toUpperCase(), name: 'sync.push', attributes, ...times },
      { traceId, name: 'sync.pull', attributes: [], ...times },
      { traceId: 'cd'.repeat(16), name: 'sync.pull', attributes, ...times },
      { traceId, name: 'sync.session', attributes: client, status: { code: 'STATUS_CODE_ERROR' }, ...times },
    ]
    expect(sessionsOfTraces({ resourceSpans: [{ scopeSpans: [{ spans }] }] }).sessions).toMatchObject([
      { result: 'failed', attempts: [{ kind: 'push', status: 503, durationMs: 250, code: null }] },
    ])
  })

  test('64-bit numbers come as texts or as numbers, and fields that nobody knows are ignored', () => {
    const span = (pushed: unknown) => ({
      name: 'sync.session',
      traceId: '00ff',
      new: { thing: [1] },
      startTimeUnixNano: 1764147600000000000,
      endTimeUnixNano: '1764147601000000000',
      attributes: [
        { key: 'sync.client.id', value: { stringValue: 'c' } },
        { key: 'sync.pushed', value: { intValue: pushed } },
        null,
        { key: 7 },
      ],
    })
    for (const pushed of ['12', 12]) {
      const { sessions } = sessionsOfTraces({ resourceSpans: [{ scopeSpans: [{ spans: [span(pushed)] }] }] })
      expect(sessions).toMatchObject([{ pushed: 12, startedAt: '2025-11-26T09:00:00.000Z' }])
    }
  })

  test('a session that names no client is rejected with a reason; spans of other things are passed over', () => {
    const spans = spansOf([session(), { ...session(), attributes: {} }, { ...session(), name: 'GET /' }])
    expect(ofProtobuf(exportsOf(spans).protobuf)).toMatchObject({
      sessions: [{ client: { id: 'till-7' } }],
      rejected: 1,
      reason: 'a span sync.session names no sync.client.id',
    })
    for (const odd of [null, 7, [], { resourceSpans: 'x' }, { resourceSpans: [null, { scopeSpans: [3] }] }])
      expect(sessionsOfTraces(odd)).toEqual({ sessions: [], rejected: 0, reason: null })
  })

  test('what is past the bounds is rejected, and told', () => {
    const spanOf = (i: number) => ({
      name: 'sync.session',
      traceId: String(i),
      startTimeUnixNano: '1764147600000000000',
      endTimeUnixNano: '1764147601000000000',
      attributes: [{ key: 'sync.client.id', value: { stringValue: 'c' } }],
    })
    const many = (count: number) =>
      sessionsOfTraces({
        resourceSpans: [{ scopeSpans: [{ spans: Array.from({ length: count }, (_, i) => spanOf(i)) }] }],
      })
    const some = many(SESSIONS_PER_EXPORT_MAX + 3)
    expect([some.sessions.length, some.rejected]).toEqual([SESSIONS_PER_EXPORT_MAX, 3])
    expect(many(SPANS_MAX + 5).rejected).toBe(SPANS_MAX + 5 - SESSIONS_PER_EXPORT_MAX)
    expect(many(SPANS_MAX + 5).reason).toBe(`more than ${SPANS_MAX} spans in one export`)
  })
})

describe('protobuf', () => {
  const { protobuf } = exportsOf(spansOf([session({ 'sync.pushed': 3 }), session({ list: ['a', 'b'] })]))

  test('any bytes are read or refused, never more', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const read = readProtobuf(bytes, TRACES_MESSAGE)
        if (read.ok) sessionsOfTraces(read.value)
        else expect(read.error).not.toBe('')
      }),
      { numRuns: 2_000 },
    )
  })

  test('a good export with one byte changed or its end cut off is read or refused', () => {
    for (let at = 0; at < protobuf.length; at++) {
      const changed = Uint8Array.from(protobuf)
      changed[at] = (changed[at] ?? 0) ^ 0x81
      for (const bytes of [changed, protobuf.subarray(0, at)]) {
        const read = readProtobuf(bytes, TRACES_MESSAGE)
        if (read.ok) sessionsOfTraces(read.value)
      }
    }
    expect(readProtobuf(protobuf.subarray(0, -1), TRACES_MESSAGE)).toMatchObject({
      ok: false,
      error: expect.stringMatching(/^cut short at byte \d+$/),
    })
  })

  test('messages are counted: a body of empty ones is no way to fill the memory', () => {
    const empty = Buffer.alloc(2 * (PROTOBUF_MESSAGES_MAX + 1))
    for (let i = 0; i < empty.length; i += 2) empty[i] = 0x0a
    expect(readProtobuf(empty, TRACES_MESSAGE)).toMatchObject({ ok: false })
    expect(readProtobuf(empty.subarray(0, 1_000), TRACES_MESSAGE)).toMatchObject({ ok: true })
  })
})
