import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Bucket } from '#lib/rollups/bucket.ts'
import { bucketId, fullTierOf, MERGED_TIERS } from '#lib/rollups/bucket.ts'
import { fold, keysOf, mergedOf } from '#lib/rollups/fold.ts'
import type { TelemetryEvent } from '#lib/telemetry/events.ts'
import {
  eventAt,
  gaugesEvent,
  pushEvent,
  pushedCollection,
  sessionEvent,
  textOf,
} from '#tests/support/telemetry-fixtures.ts'

const platform = fc.constantFrom('ios' as const, 'android' as const)
const appVersion = fc.constantFrom('2.3.9', '2.4.0')
const collection = fc.constantFrom('strikes', 'airports')
const source = fc.record({ deviceId: fc.constant('d'), platform, appVersion })
const lags = fc.array(fc.nat(10_000_000), { maxLength: 8 })

const push = fc
  .tuple(
    source,
    collection,
    lags,
    fc.nat(3),
    fc.constantFrom('local', 'merge') as fc.Arbitrary<'local' | 'merge'>,
  )
  .map(([from, name, uploadLagMs, duplicate, outcome]) => {
    const conflicts = [{ strategy: 'lww', outcome, fields: ['b', 'a'] }]
    return pushEvent({
      ...from,
      collections: {
        [name]: pushedCollection({
          results: { applied: uploadLagMs.length, duplicate },
          conflicts,
          uploadLagMs,
        }),
      },
    })
  })
const delivery = fc.tuple(source, collection, lags).map(([from, name, values]) => ({
  kind: 'delivery' as const,
  ...from,
  collections: {
    [name]: { count: values.length, deliveryLag: textOf(...values), visibilityLag: textOf(...values) },
  },
}))
const edges = fc.dictionary(
  fc.constantFrom('idle>scanning', 'scanning>pushing', 'pushing>backoff'),
  fc.nat(9),
)
const session = fc
  .tuple(source, edges)
  .map(([from, transitions]) => sessionEvent({ ...from, withConflict: true, transitions }))

/** Times over three hours: events of one bucket come scattered over the sequence, many of them late. */
const plain = fc
  .tuple(fc.nat(3 * 3_600_000), fc.oneof(push, delivery, session))
  .map(([atMs, payload]) => ({ atMs, payload }))
/** A snapshot's id is made of its minute and group, as `snapshotGauges` does. */
const snapshot = fc
  .tuple(fc.integer({ min: 1, max: 90 }), source, fc.nat(50))
  .map(([minute, from, queueDepth]) =>
    eventAt(
      `gauges-${minute}-${from.platform}-${from.appVersion}`,
      minute * 60_000,
      gaugesEvent({ ...from, queueDepth, queueDepths: textOf(queueDepth) }),
    ),
  )
const events = fc
  .tuple(
    fc.array(plain, { maxLength: 25 }),
    fc.uniqueArray(snapshot, { maxLength: 8, selector: ({ id }) => id }),
  )
  .map(([some, snapshots]): TelemetryEvent[] => [
    ...some.map(({ atMs, payload }, at) => eventAt(`event-${at}`, atMs, payload)),
    ...snapshots,
  ])

/** By other engines too, and with changes that wait. */
const mixed = fc.tuple(events, fc.nat(4), fc.nat(4)).map(([all, told, waits]): TelemetryEvent[] =>
  all.map((event, at) => {
    const { payload } = event
    if (payload.kind === 'session' && at % 5 < told)
      return { ...event, payload: { ...payload, source: 'couch' } }
    if (payload.kind !== 'gauges') return event
    return { ...event, payload: { ...payload, queueByCollection: at % 5 < waits ? { strikes: at } : {} } }
  }),
)

/** A storage in little: appends ignore known ids, a fold takes the next batch with the buckets it names. */
function foldInBatches(sequence: readonly TelemetryEvent[], sizes: readonly number[]): string {
  const appended = [...new Map(sequence.map((event) => [event.id, event])).values()]
  const stored = new Map<string, Bucket>()
  for (let at = 0, turn = 0; at < appended.length; turn++) {
    const batch = appended.slice(at, at + (sizes[turn % sizes.length] ?? 1))
    at += batch.length
    const named = keysOf(batch).map(bucketId)
    const loaded = new Map(
      named.flatMap((id) => (stored.has(id) ? [[id, stored.get(id) as Bucket] as const] : [])),
    )
    for (const bucket of fold(loaded, batch))
      stored.set(bucketId(bucket.key), JSON.parse(JSON.stringify(bucket)) as Bucket)
  }
  return JSON.stringify([...stored].sort(([a], [b]) => (a < b ? -1 : 1)))
}

describe('fold properties', () => {
  test('any order, any batches and repeated events give the same bytes as one fold of all', () => {
    const shuffled = events.chain((all) =>
      fc.tuple(
        fc.constant(all),
        fc.shuffledSubarray([...all, ...all], { minLength: all.length * 2 }),
        fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 4 }),
      ),
    )
    fc.assert(
      fc.property(shuffled, ([all, sequence, sizes]) => {
        expect(foldInBatches(sequence, sizes)).toBe(foldInBatches(all, [Math.max(1, all.length)]))
      }),
    )
  })

  test('a repeated event within one batch counts once', () => {
    fc.assert(
      fc.property(events, (all) => {
        expect(JSON.stringify(fold(new Map(), [...all, ...all]))).toBe(JSON.stringify(fold(new Map(), all)))
      }),
    )
  })

  test('merged tiers are, to the byte, what the full ones merge to, however the events were batched', () => {
    const batches = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 4 })
    fc.assert(
      fc.property(mixed, batches, (all, sizes) => {
        const stored = (JSON.parse(foldInBatches(all, sizes)) as [string, Bucket][]).map(
          ([, bucket]) => bucket,
        )
        const text = (buckets: readonly Bucket[]): string =>
          JSON.stringify(buckets.map((bucket) => [bucketId(bucket.key), bucket]).sort())
        for (const tier of MERGED_TIERS) {
          const full = stored.filter(({ key }) => key.tier === fullTierOf(tier))
          expect(text(mergedOf(full, tier))).toBe(text(stored.filter(({ key }) => key.tier === tier)))
        }
      }),
    )
  })

  test('the hour tier holds what its minutes hold together', () => {
    fc.assert(
      fc.property(events, (all) => {
        const buckets = fold(new Map(), all)
        const sum = (tier: string, name: string): number =>
          buckets.reduce(
            (total, { key, counters }) => total + (key.tier === tier ? (counters[name] ?? 0) : 0),
            0,
          )
        for (const name of ['requests', 'pushed', 'conflicts', 'delivered', 'sessions'])
          expect(sum('hour', name)).toBe(sum('minute', name))
      }),
    )
  })
})
