import { createMetrics } from '#lib/application/telemetry/prometheus.ts'
import type { Metrics } from '#lib/application/telemetry/prometheus.ts'
import { metricsHandler } from '#lib/http/metrics.ts'
import { PLATFORMS } from '#lib/protocol/device.ts'
import { encodeSketch, sketchOf } from '#lib/rollups/sketch.ts'
import type { TelemetryPayload } from '#lib/telemetry/events.ts'
import { markdownTable, whole } from './markdown.ts'
import { inTurns } from './rounds.ts'

const SERIES = 10_000
const MARK_MS = 50
const ROUNDS = { warmUp: 10, measured: 31 }
const COLLECTIONS = 4
const VERSIONS = 5

/** GET /metrics of a process that has counted pushes, deliveries and sessions of several fleets. */
export async function benchMetrics(): Promise<string> {
  const metrics = createMetrics()
  for (let fleet = 0; (await seriesOf(metrics)) < SERIES; fleet++) fill(metrics, `fleet-${fleet}`)
  const series = await seriesOf(metrics)
  const handler = metricsHandler(metrics, () => Promise.resolve(true))
  const request = new Request('http://127.0.0.1/metrics')
  const { ours } = await inTurns(
    {
      ours: async () => {
        const [startedMs, before] = [performance.now(), process.cpuUsage()]
        const bytes = (await (await handler(request)).arrayBuffer()).byteLength
        const { user, system } = process.cpuUsage(before)
        return { tookMs: performance.now() - startedMs, cpuMs: (user + system) / 1_000, bytes }
      },
    },
    ROUNDS,
  )
  return markdownTable(
    'GET /metrics',
    ['figure', 'series', 'KiB', 'CPU ms', 'ms', 'ms ÷ mark of 50'],
    [
      [
        'the handler, in this process',
        whole(series),
        whole(ours.bytes / 1_024),
        ours.cpuMs.toFixed(1),
        ours.tookMs.toFixed(1),
        (ours.tookMs / MARK_MS).toFixed(2),
      ],
    ],
  )
}

async function seriesOf(metrics: Metrics): Promise<number> {
  return (await metrics.render()).body.split('\n').filter((line) => line.startsWith('tidemark_')).length
}

function fill(metrics: Metrics, fleet: string): void {
  metrics.addFleet(fleet)
  let id = 0
  const observe = (payload: TelemetryPayload): void =>
    metrics.observeEvent(fleet, { id: String(++id), atMs: id, payload })
  const lag = encodeSketch(sketchOf([120, 4_000, 90_000]))
  for (let n = 0; n < COLLECTIONS * VERSIONS; n++) {
    const collection = `collection-${n % COLLECTIONS}`
    const source = {
      deviceId: 'device',
      platform: PLATFORMS[n % 2] ?? 'other',
      appVersion: `2.4.${n % VERSIONS}`,
    }
    const pushed = {
      results: { applied: 40, conflict: 2 },
      conflicts: [{ strategy: 'lww', outcome: 'remote' as const, fields: [] }],
      uploadLagMs: [120, 4_000, 90_000],
      clamped: 0,
      deadLetterCodes: {},
    }
    observe({
      kind: 'push',
      requestId: 'r',
      sessionId: 's',
      ...source,
      collections: { [collection]: pushed },
    })
    const delivered = { count: 3, deliveryLag: lag, visibilityLag: lag }
    observe({ kind: 'delivery', ...source, collections: { [collection]: delivered } })
  }
}
