import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { BUCKETS_MAX } from '#lib/telemetry/otlp/metric-values.ts'
import { METRICS_MESSAGE } from '#lib/telemetry/otlp/metrics-message.ts'
import { POINTS_MAX, pointsOfMetrics } from '#lib/telemetry/otlp/points-of-metrics.ts'
import { PROTOBUF_NUMBERS_MAX, readProtobuf } from '#lib/telemetry/otlp/protobuf.ts'
import { SYNC_METRICS } from '#lib/telemetry/told/meanings.ts'
import { sdkMeter } from '#tests/support/otel-metrics.ts'

function ofProtobuf(bytes: Uint8Array) {
  const read = readProtobuf(bytes, METRICS_MESSAGE)
  if (!read.ok) throw new Error(read.error)
  return pointsOfMetrics(read.value)
}
const ofJson = (bytes: Uint8Array) => pointsOfMetrics(JSON.parse(Buffer.from(bytes).toString()))

const AT = '1795683600000000000'
const point = (over: object = {}) => ({ timeUnixNano: AT, asInt: '4', ...over })
const request = (...metrics: readonly object[]) => ({
  resourceMetrics: [{ scopeMetrics: [{ metrics }] }],
})
const sum = (over: object = {}, ...points: readonly object[]) => ({
  aggregationTemporality: 2,
  isMonotonic: true,
  dataPoints: points.length > 0 ? points : [point()],
  ...over,
})
const only = (metric: object) => {
  const { points, reason } = pointsOfMetrics(request(metric))
  return points[0]?.told ?? reason
}

describe('points of metrics', () => {
  test.each(['delta', 'cumulative'] as const)(
    'protobuf and JSON of the real SDK tell the same, %s',
    async (temporality) => {
      const { meter, wired } = sdkMeter(temporality, { 'service.name': 'sync', 'service.instance.id': 'a' }, [
        'sync.lag',
      ])
      meter.createCounter('sync.attempts').add(3, { 'sync.result': 'ok' })
      meter.createCounter('sync.attempts').add(1, { 'error.type': 'timeout' })
      meter.createCounter('sync.conflicts').add(2)
      const lag = meter.createHistogram('sync.lag', { unit: 's' })
      for (const seconds of [0, 0.2, 3, 3, 90]) lag.record(seconds, { 'sync.collection': 'orders' })
      meter.createGauge('sync.queue.oldest_age', { unit: 'ms' }).record(1_500)
      meter.createGauge('sync.dlq.depth').record(2)
      meter.createHistogram('http.server.duration').record(1)
      const { protobuf, json } = await wired()
      const read = ofProtobuf(protobuf)
      expect(read).toEqual(ofJson(json))
      expect(read.rejected).toBe(1)
      expect(read.reason).toContain('http.server.duration is no metric that is read here')
      const told = read.points.map(({ told: value }) => value)
      const cumulative = temporality === 'cumulative'
      expect(told).toContainEqual({ kind: 'count', counters: ['requests'], code: null, cumulative, value: 3 })
      expect(told).toContainEqual({
        kind: 'count',
        counters: ['requests', 'failures'],
        code: 'timeout',
        cumulative,
        value: 1,
      })
      expect(told).toContainEqual({ kind: 'gauge', gauge: 'oldestAgeMs', value: 1_500 })
      expect(told).toContainEqual({ kind: 'gauge', gauge: 'deadLetters', value: 2 })
      const [spread] = read.points.filter(({ told: { kind } }) => kind === 'spread')
      expect(spread).toMatchObject({ collection: 'orders', told: { stage: 'upload', unitMs: 1_000 } })
      expect(spread?.told).toMatchObject({ spread: { kind: 'exponential', zero: 1 } })
    },
  )

  test('each way of an outcome, and of a breaker’s state', () => {
    const attempts = (...attributes: readonly [string, string | number][]) => {
      const list = attributes.map(([key, value]) => ({
        key,
        value: typeof value === 'number' ? { intValue: value } : { stringValue: value },
      }))
      const told = only({ name: 'sync.attempts', sum: sum({}, point({ attributes: list })) })
      return typeof told === 'object' && told?.kind === 'count' ? [told.counters.at(-1), told.code] : told
    }
    expect(attempts()).toEqual(['attempts', null])
    expect(attempts(['sync.result', 'ok'])).toEqual(['requests', null])
    expect(attempts(['sync.result', 'failed'])).toEqual(['failures', 'not_told'])
    expect(attempts(['http.response.status_code', 200])).toEqual(['requests', null])
    expect(attempts(['http.response.status_code', 503])).toEqual(['failures', '503'])
    expect(attempts(['error.type', 'timeout'])).toEqual(['failures', 'timeout'])
    const breaker = (value: number, state?: string) =>
      only({
        name: 'sync.circuit_breaker.state',
        gauge: {
          dataPoints: [
            point({
              asInt: value,
              attributes: state === undefined ? [] : [{ key: 'state', value: { stringValue: state } }],
            }),
          ],
        },
      })
    const gauge = (value: number) => ({ kind: 'gauge', gauge: 'breaker', value })
    expect([breaker(0), breaker(1)]).toEqual([gauge(0), gauge(2)])
    expect([breaker(1, 'closed'), breaker(1, 'half-open'), breaker(1, 'OPEN'), breaker(0, 'open')]).toEqual([
      gauge(0),
      gauge(1),
      gauge(2),
      gauge(0),
    ])
  })

  test('64-bit numbers come as numbers or texts, and names of enumerations as names', () => {
    const count = { kind: 'count', counters: ['conflicts'], code: null, cumulative: true, value: 4 }
    const named = 'AGGREGATION_TEMPORALITY_CUMULATIVE'
    expect(only({ name: 'sync.conflicts', sum: sum({}, point({ asInt: 4 })) })).toEqual(count)
    expect(only({ name: 'sync.conflicts', sum: sum({ aggregationTemporality: named }) })).toEqual(count)
    expect(only({ name: 'sync.conflicts', sum: sum({}, { timeUnixNano: Number(AT), asDouble: 4 }) })).toEqual(
      count,
    )
  })

  test.each([
    ['a gauge that is counted', { name: 'sync.conflicts', gauge: sum() }, 'a monotonic sum'],
    [
      'a count without temporality',
      { name: 'sync.conflicts', sum: sum({ aggregationTemporality: 0 }) },
      'temporality',
    ],
    [
      'a count that goes down',
      { name: 'sync.conflicts', sum: sum({ isMonotonic: false }) },
      'a monotonic sum',
    ],
    ['a count below zero', { name: 'sync.conflicts', sum: sum({}, point({ asInt: '-1' })) }, 'of 0 or more'],
    ['a count of nothing', { name: 'sync.conflicts', sum: sum({}, point({ asInt: 'x' })) }, 'of 0 or more'],
    [
      'a depth as a delta',
      { name: 'sync.queue.depth', sum: sum({ aggregationTemporality: 1, isMonotonic: false }) },
      'cumulative',
    ],
    ['a depth as a histogram', { name: 'sync.queue.depth', histogram: sum() }, 'as a gauge'],
    ['a lag in bytes', { name: 'sync.lag', unit: 'By', gauge: sum() }, 'no unit of time'],
    ['a lag as a sum', { name: 'sync.lag', sum: sum() }, 'as a histogram or a gauge'],
    ['a lag as a summary', { name: 'sync.lag', summary: sum() }, 'as a histogram or a gauge'],
    ['a point without a time', { name: 'sync.dlq.depth', gauge: { dataPoints: [{ asInt: 1 }] } }, 'no time'],
    [
      'bounds that fall',
      {
        name: 'sync.lag',
        histogram: sum({}, { timeUnixNano: AT, explicitBounds: [2, 1], bucketCounts: [1, 1, 1] }),
      },
      'numbers that rise',
    ],
    [
      'counts that are too few',
      {
        name: 'sync.lag',
        histogram: sum({}, { timeUnixNano: AT, explicitBounds: [1, 2], bucketCounts: [1] }),
      },
      'one count more',
    ],
    [
      'too many counts',
      {
        name: 'sync.lag',
        exponentialHistogram: sum(
          {},
          {
            timeUnixNano: AT,
            positive: { bucketCounts: Array.from({ length: BUCKETS_MAX + 1 }, () => 1) },
          },
        ),
      },
      `at most ${BUCKETS_MAX}`,
    ],
    [
      'a scale beyond all',
      { name: 'sync.lag', exponentialHistogram: sum({}, { timeUnixNano: AT, scale: 900 }) },
      'scale',
    ],
  ])('%s is rejected in words', (_, metric, words) => {
    const { points, rejected, reason } = pointsOfMetrics(request(metric))
    expect([points.length, rejected]).toEqual([0, 1])
    expect(reason).toContain(words)
  })

  test('a point that says it has no value is no rejection, and no zero', () => {
    expect(
      pointsOfMetrics(
        request({ name: 'sync.dlq.depth', gauge: { dataPoints: [{ timeUnixNano: AT, flags: 1 }] } }),
      ),
    ).toEqual({ points: [], rejected: 0, reason: null })
  })

  test('data points beyond the bound are rejected, the others stand', () => {
    const many = Array.from({ length: POINTS_MAX + 5 }, () => point())
    const { points, rejected, reason } = pointsOfMetrics(
      request({ name: 'sync.conflicts', sum: sum({}, ...many) }),
    )
    expect([points.length, rejected]).toEqual([POINTS_MAX, 5])
    expect(reason).toBe(`more than ${POINTS_MAX} data points in one export`)
  })

  test('any JSON and any bytes are read or refused', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom(...Object.keys(SYNC_METRICS)), (value, name) => {
        const odd = value as object
        for (const shape of ['gauge', 'sum', 'histogram', 'exponentialHistogram'])
          pointsOfMetrics(
            request({ name, [shape]: { dataPoints: [odd], aggregationTemporality: 2, isMonotonic: true } }),
          )
        pointsOfMetrics(odd)
      }),
      { numRuns: 200 },
    )
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const read = readProtobuf(bytes, METRICS_MESSAGE)
        if (read.ok) pointsOfMetrics(read.value)
      }),
      { numRuns: 500 },
    )
  })

  test('numbers in lists are bounded, packed or not', () => {
    const { meter, wired } = sdkMeter('delta')
    meter.createHistogram('sync.lag', { unit: 's' }).record(1)
    return wired().then(({ protobuf }) => {
      expect(ofProtobuf(protobuf).points).toHaveLength(1)
      const list = { fields: { 1: { name: 'n', type: 'int64', repeated: true } } } as const
      const length = PROTOBUF_NUMBERS_MAX + 1
      const packed = Buffer.concat([Buffer.from([0x0a]), varint(length), Buffer.alloc(length, 1)])
      const plain = Buffer.alloc(2 * length, Buffer.from([0x08, 1]))
      for (const bytes of [packed, plain])
        expect(readProtobuf(bytes, list)).toEqual({
          ok: false,
          error: `more than ${PROTOBUF_NUMBERS_MAX} numbers in one body`,
        })
      const few = Buffer.from([0x0a, 3, 1, 2, 3, 0x08, 4])
      expect(readProtobuf(few, list)).toEqual({ ok: true, value: { n: ['1', '2', '3', '4'] } })
    })
  })
})

function varint(value: number): Buffer {
  const bytes: number[] = []
  let rest = value
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) + 0x80)
  return Buffer.from([...bytes, rest])
}
