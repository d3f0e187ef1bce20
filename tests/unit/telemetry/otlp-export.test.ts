import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { EgressGuard } from '#lib/application/egress/egress-guard.ts'
import { createEgress } from '#lib/application/egress/post-json.ts'
import { OtlpExport, otlpMetrics } from '#lib/application/telemetry/otlp-export.ts'
import { createMetrics } from '#lib/application/telemetry/prometheus.ts'
import type { MetricDefinition } from '#lib/telemetry/metrics.ts'
import { METRICS } from '#lib/telemetry/metrics.ts'
import { eventAt, pushEvent, pushedCollection } from '#tests/support/telemetry-fixtures.ts'

const DEFINITIONS: readonly MetricDefinition[] = Object.values(METRICS)
const TOLD = { startedMs: 1_000, nowMs: 61_000, resource: { 'service.name': 'tidemark' } }

interface Point {
  readonly attributes: readonly { readonly key: string; readonly value: { readonly stringValue: string } }[]
  readonly startTimeUnixNano?: string
  readonly timeUnixNano: string
  readonly asDouble?: number
  readonly count?: string
  readonly sum?: number
  readonly explicitBounds?: readonly number[]
  readonly bucketCounts?: readonly string[]
}
interface Sent {
  readonly resourceMetrics: readonly {
    readonly resource: { readonly attributes: Point['attributes'] }
    readonly scopeMetrics: readonly {
      readonly metrics: readonly {
        readonly name: string
        readonly unit: string
        readonly sum?: { readonly isMonotonic: boolean; readonly dataPoints: readonly Point[] }
        readonly gauge?: { readonly dataPoints: readonly Point[] }
        readonly histogram?: {
          readonly aggregationTemporality: number
          readonly dataPoints: readonly Point[]
        }
      }[]
    }[]
  }[]
}
const metricsIn = (sent: Sent) => sent.resourceMetrics[0]?.scopeMetrics[0]?.metrics ?? []
const named = (sent: Sent, name: string) => metricsIn(sent).find((metric) => metric.name === name)

function counted() {
  const metrics = createMetrics()
  metrics.addFleet('f')
  const strikes = pushedCollection({ results: { applied: 3 }, uploadLagMs: [500, 7_000, 9_000_000_000] })
  metrics.observeEvent('f', eventAt('a', 1, pushEvent({ collections: { strikes } })))
  metrics.beat(60_500)
  return metrics
}

describe('names over OTLP', () => {
  test('a stem is the Prometheus name without prefix, unit and _total', () => {
    for (const { name, stem, kind, unit } of DEFINITIONS) {
      const suffix = `${unit === 'seconds' ? '_seconds' : ''}${kind === 'counter' ? '_total' : ''}`
      expect(`tidemark_${stem.replaceAll('.', '_')}${suffix}`).toBe(name)
    }
    expect(new Set(DEFINITIONS.map(({ stem }) => stem)).size).toBe(DEFINITIONS.length)
  })
})

describe('an export', () => {
  test('tells what /metrics tells, and nothing where nothing is known', async () => {
    const sent = otlpMetrics(await counted().series(), TOLD) as Sent
    expect(sent.resourceMetrics[0]?.resource.attributes).toEqual([
      { key: 'service.name', value: { stringValue: 'tidemark' } },
    ])
    const applied = named(sent, 'mutations')?.sum?.dataPoints.find(({ asDouble }) => asDouble === 3)
    expect(applied).toMatchObject({ startTimeUnixNano: '1000000000', timeUnixNano: '61000000000' })
    expect(applied?.attributes.map(({ key, value }) => `${key}=${value.stringValue}`)).toEqual([
      'fleet=f',
      'collection=strikes',
      'platform=ios',
      'app_version=2.4.0',
      'result=applied',
    ])
    expect(named(sent, 'mutations')?.sum).toMatchObject({ isMonotonic: true, aggregationTemporality: 2 })
    expect(named(sent, 'heartbeat.timestamp')).toMatchObject({
      unit: 's',
      gauge: { dataPoints: [{ asDouble: 60.5 }] },
    })
    expect(named(sent, 'pending_age')).toBeUndefined()
  })

  test('a histogram has its own count in each bucket, the last beyond all bounds', async () => {
    const [point] =
      named(otlpMetrics(await counted().series(), TOLD) as Sent, 'sync.lag')?.histogram?.dataPoints ?? []
    expect(point).toMatchObject({ count: '3', sum: 9_000_007.5, explicitBounds: METRICS.syncLag.buckets })
    const { buckets } = METRICS.syncLag
    const expected = [...buckets, Infinity].map((bound) =>
      bound === 0.5 || bound === 15 || bound === Infinity ? '1' : '0',
    )
    expect(point?.bucketCounts).toEqual(expected)
  })

  test('every series of /metrics under our prefix is in it', async () => {
    const metrics = counted()
    const lines = (await metrics.render()).body.split('\n').filter((line) => line.startsWith('tidemark_'))
    const values = lines.filter((line) => !/_(bucket|sum)\{/.test(line)).length
    const points = metricsIn(otlpMetrics(await metrics.series(), TOLD) as Sent).flatMap(
      ({ sum, gauge, histogram }) => (sum ?? gauge ?? histogram)?.dataPoints ?? [],
    )
    expect(points).toHaveLength(values)
  })
})

describe('sending', () => {
  const ends: (() => void)[] = []
  afterEach(() => ends.splice(0).forEach((end) => end()))

  async function receiver() {
    const requests: { url: string; headers: NodeJS.Dict<string | string[]>; body: string }[] = []
    const state = { status: 200 }
    const server = createServer((request, response) => {
      let body = ''
      request.on('data', (part: Buffer) => (body += part.toString()))
      request.on('end', () => {
        requests.push({ url: request.url ?? '', headers: request.headers, body })
        response.writeHead(state.status).end('{}')
      })
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    ends.push(() => server.close())
    return { requests, state, port: (server.address() as AddressInfo).port }
  }

  function exportTo(port: number) {
    const lines: string[] = []
    const log = {
      info: (message: string) => void lines.push(`info ${message}`),
      warn: (message: string) => void lines.push(`warn ${message}`),
      error: (message: string) => void lines.push(`error ${message}`),
    }
    const egress = createEgress(new EgressGuard([`127.0.0.1:${port}`]))
    const deps = { metrics: counted(), clock: { now: () => 61_000 }, log, egress, processId: 'p1' }
    const url = `http://127.0.0.1:${port}/v1/metrics`
    const settings = {
      url,
      headers: { 'api-key': 'k' },
      timeoutMs: 5_000,
      resource: TOLD.resource,
      startedMs: 1_000,
    }
    return { sending: new OtlpExport(deps, settings), lines }
  }

  test('goes to the receiver with the headers, and says which process it is', async () => {
    const { requests, port } = await receiver()
    const { sending, lines } = exportTo(port)
    await sending.send()
    expect(requests).toHaveLength(1)
    expect(requests[0]).toMatchObject({
      url: '/v1/metrics',
      headers: { 'api-key': 'k', 'content-type': 'application/json' },
    })
    const sent = JSON.parse(requests[0]?.body ?? '') as Sent
    expect(sent.resourceMetrics[0]?.resource.attributes).toContainEqual({
      key: 'service.instance.id',
      value: { stringValue: 'p1' },
    })
    expect(lines).toEqual([])
  })

  test('a receiver that is away is told once, and again when it is back', async () => {
    const { state, port } = await receiver()
    const { sending, lines } = exportTo(port)
    state.status = 503
    await sending.send()
    await sending.send()
    state.status = 200
    await sending.send()
    await sending.send()
    expect(lines).toEqual(['warn metrics could not be sent by OTLP', 'info metrics are sent by OTLP again'])
  })
})
