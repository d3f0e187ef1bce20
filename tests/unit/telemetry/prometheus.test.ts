import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readProtobuf } from '#lib/telemetry/otlp/protobuf.ts'
import { isRead, pointsOfSamples } from '#lib/telemetry/prometheus/points-of-samples.ts'
import { readExposition } from '#lib/telemetry/prometheus/read-exposition.ts'
import { unpackSnappy } from '#lib/telemetry/prometheus/snappy.ts'
import { samplesOfWrite, WRITE_REQUEST } from '#lib/telemetry/prometheus/write-request.ts'
import { pointsOfSchedulerDocs } from '#lib/telemetry/told/scheduler-docs.ts'
import { packSnappy, writeRequest } from '#tests/support/remote-write.ts'

const NOW = 1_795_683_600_000
const MAX = 1_000_000

describe('snappy blocks', () => {
  test('literals and copies of every kind make what they say', () => {
    const part = fc.oneof(
      fc.uint8Array({ minLength: 1, maxLength: 70 }).map((bytes) => ({ bytes })),
      fc.record({ back: fc.integer({ min: 1, max: 3_000 }), length: fc.integer({ min: 1, max: 64 }) }),
    )
    fc.assert(
      fc.property(fc.array(part, { maxLength: 30 }), (parts) => {
        const { packed, plain } = packSnappy(parts)
        expect(unpackSnappy(packed, MAX)).toEqual({ ok: true, value: plain })
      }),
    )
  })

  test('any bytes are unpacked within the bound or refused', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        const read = unpackSnappy(bytes, 1_000)
        if (read.ok) expect(read.value.length).toBeLessThanOrEqual(1_000)
      }),
      { numRuns: 1_000 },
    )
  })

  test('[check 27] a bomb is refused by what it says, and what lies about its length by what it does', () => {
    const { packed } = packSnappy([{ bytes: new Uint8Array(64) }])
    expect(unpackSnappy(packed, 63)).toEqual({ ok: false, error: 'it unpacks to more than 63 bytes' })
    const lies = Uint8Array.from(packed)
    lies[0] = 10
    expect(unpackSnappy(lies, MAX)).toEqual({ ok: false, error: 'it is longer than it says' })
    lies[0] = 100
    expect(unpackSnappy(lies, MAX)).toEqual({ ok: false, error: 'it is shorter than it says' })
    expect(unpackSnappy(Uint8Array.from([4, 0b000_000_01, 9]), MAX)).toMatchObject({ ok: false })
    const copied = (back: number) => unpackSnappy(Uint8Array.from([5, 0, 65, 0b000_000_01, back]), MAX)
    expect(copied(1)).toEqual({ ok: true, value: new Uint8Array(5).fill(65) })
    expect(copied(2)).toEqual({ ok: false, error: 'a copy at byte 3 begins before the block' })
    expect(unpackSnappy(packed.subarray(0, -1), MAX)).toMatchObject({ ok: false })
    expect(unpackSnappy(new Uint8Array(), MAX)).toMatchObject({ ok: false })
  })
})

describe('remote write', () => {
  const read = (bytes: Uint8Array) => {
    const message = readProtobuf(bytes, WRITE_REQUEST)
    if (!message.ok) throw new Error(message.error)
    return pointsOfSamples(samplesOfWrite(message.value), { place: 'p', whole: false })
  }

  test('samples become points; a zero is one though it isn’t written, and an end of a series tells nothing', () => {
    const { points, rejected } = read(
      writeRequest([
        { labels: { __name__: 'sync_queue_depth', collection: 'orders' }, samples: [[0, NOW]] },
        {
          labels: { __name__: 'sync_attempts_total', result: 'failed' },
          samples: [
            [3, NOW],
            [4, NOW + 1],
          ],
        },
        { labels: { __name__: 'sync_dlq_depth' }, samples: [[Number.NaN, NOW]] },
      ]),
    )
    expect(rejected).toBe(0)
    expect(points.map(({ atMs, collection, told }) => [atMs, collection, told])).toEqual([
      [NOW, 'orders', { kind: 'gauge', gauge: 'queueDepth', value: 0 }],
      [
        NOW,
        null,
        expect.objectContaining({ counters: ['requests', 'failures'], value: 3, cumulative: true }),
      ],
      [NOW + 1, null, expect.objectContaining({ value: 4 })],
    ])
  })

  test('what can’t be read is rejected in words', () => {
    const reasonOf = (name: string, value: number) => {
      const { rejected, reason } = read(
        writeRequest([{ labels: { __name__: name }, samples: [[value, NOW]] }]),
      )
      return [rejected, reason]
    }
    expect(reasonOf('up', 1)).toEqual([1, 'up is no metric that is read here'])
    expect(reasonOf('sync_dlq_depth', -1)).toEqual([1, 'sync_dlq_depth: a value is no number of 0 or more'])
    expect(reasonOf('sync_lag_seconds_bucket', 1)[1]).toContain('where they come together')
  })

  test('any bytes are read or refused', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 150 }), (bytes) => {
        const message = readProtobuf(bytes, WRITE_REQUEST)
        if (message.ok) pointsOfSamples(samplesOfWrite(message.value), { place: 'p', whole: false })
      }),
      { numRuns: 500 },
    )
  })
})

/** As their documentation has these pages; figures are ours. */
const POWERSYNC = `# HELP powersync_replication_lag_seconds Replication lag between the source database and PowerSync
# TYPE powersync_replication_lag_seconds gauge
powersync_replication_lag_seconds{otel_scope_name="powersync"} 1.25 1795683600000
# TYPE powersync_concurrent_connections gauge
powersync_concurrent_connections 12
`
const SYNC_GATEWAY = `# HELP sgw_replication_push_doc_push_count sgw_replication_push_doc_push_count
# TYPE sgw_replication_push_doc_push_count counter
sgw_replication_push_doc_push_count{database="shop"} 400
sgw_replication_push_doc_push_error_count{database="shop"} 4
sgw_database_conflict_write_count{database="shop"} 9
sgw_replication_pull_rev_send_latency{database="shop"} 2.5e+09
sgw_replication_pull_rev_send_count{database="shop"} 50
sgw_cache_pending_seq_len{database="shop"} 0
sgw_resource_utilization_uptime 12
`

const pageOf = (text: string) => {
  const { samples, unread } = readExposition(text, NOW + 5)
  const { points, rejected } = pointsOfSamples(
    samples.filter(({ name }) => isRead(name)),
    { place: 'http://here', whole: true },
  )
  return { unread, rejected, told: points.map(({ atMs, told }) => ({ atMs, told })) }
}

describe('pages of other engines', () => {
  test('PowerSync: how far it is behind, and nothing of queues', () => {
    expect(pageOf(POWERSYNC)).toEqual({
      unread: 0,
      rejected: 0,
      told: [{ atMs: NOW, told: { kind: 'gauge', gauge: 'lagMs', value: 1_250 } }],
    })
  })

  test('Couchbase Sync Gateway: pushes, failures, conflicts, the mean of deliveries in ms, and a zero that is told', () => {
    const count = (counters: readonly string[], value: number) => ({
      atMs: NOW + 5,
      told: { kind: 'count', counters, code: null, cumulative: true, value },
    })
    expect(pageOf(SYNC_GATEWAY).told).toEqual([
      count(['pushed', 'requests'], 400),
      count(['requests', 'failures'], 4),
      count(['conflicts'], 9),
      count(['deliveryMs'], 2_500),
      count(['deliveries'], 50),
      { atMs: NOW + 5, told: { kind: 'gauge', gauge: 'queueDepth', value: 0 } },
    ])
  })

  test('CouchDB: what waits is unknown while it is null, and a replication that crashes is not well', () => {
    const docs = [
      {
        database: '_replicator',
        doc_id: 'a',
        state: 'running',
        error_count: 0,
        info: { changes_pending: 7 },
      },
      {
        database: '_replicator',
        doc_id: 'b',
        state: 'pending',
        error_count: 0,
        info: { changes_pending: null },
      },
      { database: '_replicator', doc_id: 'c', state: 'crashing', error_count: 10, info: 'unauthorized' },
      { database: '_replicator', doc_id: 'd', state: 'completed', error_count: 0, info: null },
    ]
    const { points } = pointsOfSchedulerDocs({ total_rows: 4, offset: 0, docs }, 'http://here', NOW)
    const values = (wanted: string) =>
      points.flatMap(({ told }) => (told.kind === 'gauge' && told.gauge === wanted ? [told.value] : []))
    expect([values('queueDepth'), values('jobs'), values('jobsFailing')]).toEqual([
      [7],
      [1, 1, 1, 1],
      [0, 0, 1, 0],
    ])
    expect(new Set(points.map(({ series }) => series)).size).toBe(points.length)
  })

  test('a histogram of a page is one spread of its buckets', () => {
    const page = (infinite: number) => `sync_lag_seconds_bucket{le="1",sync_stage="delivery"} 2
sync_lag_seconds_bucket{le="5",sync_stage="delivery"} 2
sync_lag_seconds_bucket{le="+Inf",sync_stage="delivery"} ${infinite}
sync_lag_seconds_sum{sync_stage="delivery"} 9
sync_lag_seconds_count{sync_stage="delivery"} 3
`
    expect(pageOf(page(3)).told).toEqual([
      {
        atMs: NOW + 5,
        told: {
          kind: 'spread',
          stage: 'delivery',
          cumulative: true,
          unitMs: 1_000,
          spread: { kind: 'explicit', bounds: [1, 5], counts: [2, 0, 1] },
        },
      },
    ])
    expect(pageOf(page(1)).told).toEqual([])
  })

  test('labels hold quotes and commas; what is no line is counted; times are in ms or seconds', () => {
    const { samples, unread } = readExposition(
      'a{x="1,\\"}\\n",y="\\\\"} 1e3 1795683600.5 # {trace="x"} 1\nb NaN\nc{x=1} 2\nd +Inf\n=\ne{x="1" 2\n# EOF',
      NOW,
    )
    expect(unread).toBe(3)
    expect(samples).toEqual([
      {
        name: 'a',
        labels: new Map([
          ['x', '1,"}\n'],
          ['y', '\\'],
        ]),
        value: 1_000,
        atMs: NOW + 500,
      },
      { name: 'b', labels: new Map(), value: Number.NaN, atMs: NOW },
      { name: 'd', labels: new Map(), value: Infinity, atMs: NOW },
    ])
  })

  test('any page is read in time that its length bounds', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 300, unit: 'binary' }), (text) => {
        pageOf(text)
      }),
    )
    const started = performance.now()
    for (const piece of ['a{', 'a{x="\\', ' ', 'a 1 ', 'a{x="",', '"'])
      readExposition(piece.repeat(150_000), NOW)
    expect(performance.now() - started).toBeLessThan(2_000)
  })

  test('any JSON is read', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        pointsOfSchedulerDocs(value, 'p', NOW)
        pointsOfSchedulerDocs({ docs: [value] }, 'p', NOW)
      }),
    )
  })
})
