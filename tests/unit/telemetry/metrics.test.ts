import { describe, expect, test } from 'vitest'
import type { Metrics } from '#lib/application/telemetry/prometheus.ts'
import { createMetrics } from '#lib/application/telemetry/prometheus.ts'
import { metricsHandler } from '#lib/http/metrics.ts'
import type { TelemetryEvent } from '#lib/telemetry/events.ts'
import type { MetricDefinition } from '#lib/telemetry/metrics.ts'
import { METRICS } from '#lib/telemetry/metrics.ts'
import { metricsTable } from '#lib/telemetry/metrics-table.ts'
import { DEFAULT_THRESHOLDS } from '#lib/telemetry/thresholds.ts'
import {
  eventAt,
  fleetGaugesEvent,
  gaugesEvent,
  pushEvent,
  pushedCollection,
  sessionEvent,
  textOf,
} from '#tests/support/telemetry-fixtures.ts'

const DEFINITIONS: readonly MetricDefinition[] = Object.values(METRICS)
const source = { deviceId: 'd', platform: 'ios' as const, appVersion: '2.4.0' }

/** Sample lines of one name, `labels value`. */
async function samples(metrics: Metrics, name: string): Promise<string[]> {
  const { body } = await metrics.render()
  return body.split('\n').filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
}

const requests = (
  statusClass: '2xx' | '4xx' | '5xx' | 'shed',
  code: string | null,
  count: number,
): TelemetryEvent =>
  eventAt('r', 1, {
    kind: 'requests',
    process: 'p',
    sequence: 1,
    counts: [{ route: 'push', statusClass, code, platform: 'ios', appVersion: '2.4.0', count }],
  })

describe('declared metrics', () => {
  test('exactly the declared names are exposed under the prefix, with their kinds and helps', async () => {
    const { body } = await createMetrics().render()
    const types = [...body.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name, kind]) => `${name} ${kind}`)
    const exposed = types.filter((line) => line.startsWith('tidemark_')).sort()
    expect(exposed).toEqual(DEFINITIONS.map(({ name, kind }) => `${name} ${kind}`).sort())
    for (const { name, help } of DEFINITIONS) expect(body).toContain(`# HELP ${name} ${help}\n`)
  })

  test('default process metrics are there', async () => {
    expect((await createMetrics().render()).body).toContain('process_cpu_seconds_total')
  })

  test('names are in base units, counters and only they end in _total, no label names a device or a user', () => {
    for (const { name, kind, unit, labels } of DEFINITIONS) {
      expect(name).toMatch(/^tidemark_[a-z_]+$/)
      expect(name.endsWith('_total')).toBe(kind === 'counter')
      expect(name.endsWith('_seconds')).toBe(unit === 'seconds')
      expect(labels.filter((label) => /device|user|session|request/.test(label))).toEqual([])
    }
  })

  test('the table has one row a name', () => {
    const rows = metricsTable().trimEnd().split('\n')
    expect(rows).toHaveLength(DEFINITIONS.length + 2)
    for (const { name } of DEFINITIONS)
      expect(rows.filter((row) => row.includes(`\`${name}\``))).toHaveLength(1)
    for (const row of rows) expect(row.match(/\|/g)).toHaveLength(9)
  })
})

describe('counting', () => {
  test('a fleet starts at 0, its lag is absent until known', async () => {
    const metrics = createMetrics()
    metrics.addFleet('f')
    expect(await samples(metrics, 'tidemark_requests_total')).toContain(
      'tidemark_requests_total{fleet="f",route="push",status_class="5xx"} 0',
    )
    expect(await samples(metrics, 'tidemark_push_errors_total')).toContain(
      'tidemark_push_errors_total{fleet="f",error_type="shed",retryable="true"} 0',
    )
    expect(await samples(metrics, 'tidemark_duplicate_requests_total')).toEqual([
      'tidemark_duplicate_requests_total{fleet="f"} 0',
    ])
    expect(await samples(metrics, 'tidemark_sync_lag_seconds_count')).toEqual([])
    expect(await samples(metrics, 'tidemark_pending_age_seconds')).toEqual([])
  })

  test('a push counts its request, mutations, conflicts and upload lag', async () => {
    const metrics = createMetrics()
    const strikes = pushedCollection({
      results: { applied: 2, duplicate: 1 },
      conflicts: [{ strategy: 'lww', outcome: 'local', fields: [] }],
      uploadLagMs: [500, 7_000],
    })
    metrics.observeEvent('f', eventAt('a', 1, pushEvent({ collections: { strikes } })))
    const mutations = await samples(metrics, 'tidemark_mutations_total')
    const labels = 'fleet="f",collection="strikes",platform="ios",app_version="2.4.0"'
    expect(mutations).toContain(`tidemark_mutations_total{${labels},result="applied"} 2`)
    expect(mutations).toContain(`tidemark_mutations_total{${labels},result="duplicate"} 1`)
    expect(mutations).toContain(`tidemark_mutations_total{${labels},result="dead_lettered"} 0`)
    expect(await samples(metrics, 'tidemark_requests_total')).toEqual([
      'tidemark_requests_total{fleet="f",route="push",status_class="2xx"} 1',
    ])
    const conflicts = await samples(metrics, 'tidemark_conflicts_total')
    const where = 'fleet="f",collection="strikes"'
    expect(conflicts).toContain(`tidemark_conflicts_total{${where},strategy="lww",outcome="local"} 1`)
    // The others have begun at 0: their first one will be a change.
    expect(conflicts).toContain(`tidemark_conflicts_total{${where},strategy="manual",outcome="manual"} 0`)
    expect(conflicts.filter((line) => !line.endsWith(' 0'))).toHaveLength(1)
    expect(await samples(metrics, 'tidemark_sync_lag_seconds_sum')).toEqual([
      'tidemark_sync_lag_seconds_sum{fleet="f",collection="strikes",stage="upload"} 7.5',
    ])
  })

  test('a 2xx push among the requests was a duplicate, an error code is a push error', async () => {
    const metrics = createMetrics()
    for (const event of [
      requests('2xx', null, 3),
      requests('4xx', 'epoch_changed', 2),
      requests('shed', 'breaker_open', 5),
    ])
      metrics.observeEvent('f', event)
    expect(await samples(metrics, 'tidemark_duplicate_requests_total')).toEqual([
      'tidemark_duplicate_requests_total{fleet="f"} 3',
    ])
    expect(await samples(metrics, 'tidemark_push_errors_total')).toEqual([
      'tidemark_push_errors_total{fleet="f",error_type="epoch_changed",retryable="false"} 2',
      'tidemark_push_errors_total{fleet="f",error_type="breaker_open",retryable="true"} 5',
    ])
  })

  test('deliveries and sessions are observed', async () => {
    const metrics = createMetrics()
    const collections = {
      strikes: { count: 2, deliveryLag: textOf(100, 200), visibilityLag: textOf(200, 200) },
    }
    metrics.observeEvent('f', eventAt('a', 1, { kind: 'delivery', ...source, collections }))
    metrics.observeEvent(
      'f',
      eventAt('b', 1, sessionEvent({ mode: 'full', fullReason: 'first', durationMs: 1_500 })),
    )
    expect((await samples(metrics, 'tidemark_sync_lag_seconds_count')).sort()).toEqual([
      'tidemark_sync_lag_seconds_count{fleet="f",collection="strikes",stage="delivery"} 2',
      'tidemark_sync_lag_seconds_count{fleet="f",collection="strikes",stage="visibility"} 2',
    ])
    expect(await samples(metrics, 'tidemark_full_resyncs_total')).toEqual([
      'tidemark_full_resyncs_total{fleet="f",reason="first"} 1',
    ])
    expect(await samples(metrics, 'tidemark_sync_session_duration_seconds_sum')).toEqual([
      'tidemark_sync_session_duration_seconds_sum{fleet="f",mode="full",result="ok"} 1.5',
    ])
  })
})

describe('gauges of the leader', () => {
  const snapshot = [
    eventAt(
      'a',
      1,
      gaugesEvent({
        queueDepth: 4,
        queueDepths: textOf(1, 3),
        oldestPendingAgeMs: 9_000,
        pendingAgeOnline: textOf(2_000),
        clockSkewMaxMs: 50,
        devicesByState: { pushing: 2, idle: 1 },
      }),
    ),
    eventAt(
      'b',
      1,
      gaugesEvent({
        appVersion: '2.4.1',
        queueDepth: 1,
        queueDepths: textOf(1),
        oldestPendingAgeMs: 8_000,
        pendingAgeOnline: textOf(4_000),
      }),
    ),
    eventAt('c', 1, fleetGaugesEvent({ openDeadLettersByCode: { schema_mismatch: 2 } })),
  ]

  test('a snapshot is shown over all its groups', async () => {
    const metrics = createMetrics()
    metrics.showSnapshot('f', snapshot)
    metrics.showFoldLag('f', 1_500)
    const { body } = await metrics.render()
    for (const line of [
      'tidemark_queue_depth{fleet="f",stat="sum"} 5',
      'tidemark_queue_depth{fleet="f",stat="max"} 3',
      'tidemark_queue_oldest_age_seconds{fleet="f"} 9',
      'tidemark_sync_sessions_active{fleet="f"} 2',
      'tidemark_clock_skew_seconds{fleet="f"} 0.05',
      'tidemark_dead_letters{fleet="f",error_type="schema_mismatch",status="open"} 2',
      'tidemark_dead_letters{fleet="f",error_type="exhausted",status="open"} 0',
      'tidemark_rollup_fold_lag_seconds{fleet="f"} 1.5',
    ])
      expect(body).toContain(`${line}\n`)
    expect(body).toMatch(
      /tidemark_pending_age_seconds\{fleet="f",connectivity="online",quantile="1"\} (3\.9|4)/,
    )
    expect(body).not.toContain('connectivity="offline"')
  })

  test('limits are shown of the fleet and of each collection, and go with the collection', async () => {
    const metrics = createMetrics()
    const own = { ...DEFAULT_THRESHOLDS, lagWarnMs: 9_000 }
    metrics.showThresholds('f', DEFAULT_THRESHOLDS, new Map([['orders', own]]))
    const { body } = await metrics.render()
    for (const line of [
      'tidemark_threshold_seconds{fleet="f",collection="*",limit="lag_warn"} 300',
      'tidemark_threshold_seconds{fleet="f",collection="orders",limit="lag_warn"} 9',
      'tidemark_threshold_figure{fleet="f",collection="*",limit="queue_warn"} 100',
      'tidemark_threshold_figure{fleet="f",collection="orders",limit="conflict_warn"} 0.02',
    ])
      expect(body).toContain(`${line}\n`)
    expect(body).not.toContain('collection="orders",limit="queue_warn"')
    metrics.showThresholds('f', DEFAULT_THRESHOLDS, new Map())
    expect((await metrics.render()).body).not.toContain('collection="orders"')
  })

  test('what is no longer known is taken away, and all of it with the leadership', async () => {
    const metrics = createMetrics()
    metrics.showSnapshot('f', snapshot)
    metrics.showSnapshot('f', [eventAt('d', 2, gaugesEvent())])
    expect(await samples(metrics, 'tidemark_queue_oldest_age_seconds')).toEqual([])
    expect(await samples(metrics, 'tidemark_pending_age_seconds')).toEqual([])
    metrics.hideLeaderGauges()
    for (const { name, source: told } of DEFINITIONS) {
      if (told === 'leader') expect(await samples(metrics, name)).toEqual([])
    }
  })
})

describe('GET /metrics', () => {
  const get = (allowed: boolean) =>
    metricsHandler(createMetrics(), () => Promise.resolve(allowed))(new Request('http://x/metrics'))

  test('answers in text format to who may read', async () => {
    const response = await get(true)
    expect([response.status, response.headers.get('content-type')]).toEqual([
      200,
      'text/plain; version=0.0.4; charset=utf-8',
    ])
    expect(await response.text()).toContain('tidemark_heartbeat_timestamp_seconds 0')
  })

  test('says nothing to anyone else', async () => {
    const response = await get(false)
    expect([response.status, response.headers.get('www-authenticate')]).toEqual([401, 'Bearer'])
    expect(await response.text()).not.toContain('tidemark_')
  })
})
