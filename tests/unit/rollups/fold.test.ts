import { describe, expect, test } from 'vitest'
import type { Bucket } from '#lib/rollups/bucket.ts'
import { bucketId, TIERS } from '#lib/rollups/bucket.ts'
import { fold, keysOf } from '#lib/rollups/fold.ts'
import { decodeSketches, quantile } from '#lib/rollups/sketch.ts'
import type { TelemetryEvent } from '#lib/telemetry/events.ts'
import {
  eventAt,
  fleetGaugesEvent,
  gaugesEvent,
  pushEvent,
  pushedCollection,
  sessionEvent,
  textOf,
} from '#tests/support/telemetry-fixtures.ts'

const MINUTE = 60_000
const HOUR = 3_600_000
const NONE: ReadonlyMap<string, Bucket> = new Map()

const bucketOf = (
  buckets: readonly Bucket[],
  tier: string,
  collection: string,
  startMs = 0,
  appVersion = '2.4.0',
): Bucket => {
  const found = buckets.find(
    ({ key }) =>
      key.tier === tier &&
      key.collection === collection &&
      key.startMs === startMs &&
      key.appVersion === appVersion,
  )
  if (found === undefined) throw new Error(`no ${tier} bucket of ${collection} at ${startMs}`)
  return found
}

const foldOnto = (before: readonly Bucket[], events: readonly TelemetryEvent[]): readonly Bucket[] => {
  const all = new Map(before.map((bucket) => [bucketId(bucket.key), bucket]))
  for (const bucket of fold(all, events)) all.set(bucketId(bucket.key), bucket)
  return [...all.values()]
}

describe('fold', () => {
  test('a push counts its request under * and its mutations under their collection, in every tier', () => {
    const strikes = pushedCollection({
      results: { applied: 2, merged: 1, duplicate: 3, retry: 1, dead_lettered: 1 },
      conflicts: [{ strategy: 'field-merge', outcome: 'merge', fields: ['species', 'species', 'damage'] }],
      uploadLagMs: [100, 200, 0],
      clamped: 1,
      deadLetterCodes: { schema_mismatch: 1 },
    })
    const buckets = fold(NONE, [eventAt('a', 61_000, pushEvent({ collections: { strikes } }))])
    expect(bucketOf(buckets, 'minute', '*', MINUTE).counters).toEqual({
      requests: 1,
      'requestsBy:push:2xx': 1,
    })
    expect(bucketOf(buckets, 'minute', 'strikes', MINUTE).counters).toEqual({
      clampedLags: 1,
      'conflictField:damage': 1,
      'conflictField:species': 1,
      conflicts: 1,
      'conflictsBy:field-merge:merge': 1,
      'deadLettersBy:schema_mismatch': 1,
      'mutations:applied': 2,
      'mutations:dead_lettered': 1,
      'mutations:duplicate': 3,
      'mutations:merged': 1,
      'mutations:retry': 1,
      pushed: 4,
    })
    expect(bucketOf(buckets, 'hour', 'strikes').sketches).toEqual({ uploadLag: textOf(0, 100, 200) })
    expect(bucketOf(buckets, 'total_five', 'strikes', 0, '*')).toMatchObject({
      key: { platform: '*' },
      counters: { pushed: 4, clampedLags: 1 },
      sketches: { uploadLag: textOf(0, 100, 200) },
    })
    expect(bucketOf(buckets, 'version_minute', '+', MINUTE).counters).toMatchObject({ pushed: 4 })
    expect(bucketOf(buckets, 'version_hour', '*').counters).toMatchObject({ requests: 1 })
    // Two a tier: what is of no collection, and what is of one.
    expect(buckets).toHaveLength(2 * TIERS.length)
  })

  test('shed requests are neither requests nor failures', () => {
    const count = (statusClass: '2xx' | '4xx' | '5xx' | 'shed', code: string | null, n: number) => ({
      route: 'pull' as const,
      statusClass,
      code,
      platform: 'ios' as const,
      appVersion: '2.4.0',
      count: n,
    })
    const counts = [
      count('2xx', null, 10),
      count('4xx', 'rate_limited', 2),
      count('5xx', null, 1),
      count('shed', 'breaker_open', 90),
    ]
    const buckets = fold(NONE, [eventAt('a', 5, { kind: 'requests', process: 'p', sequence: 1, counts })])
    expect(bucketOf(buckets, 'minute', '*').counters).toMatchObject({
      requests: 13,
      failures: 3,
      'failuresBy:rate_limited': 2,
      'failuresBy:5xx': 1,
      shed: 90,
    })
  })

  test('sessions and deliveries land where they belong', () => {
    const source = { deviceId: 'd', platform: 'ios' as const, appVersion: '2.4.0' }
    const buckets = fold(NONE, [
      eventAt(
        'a',
        1,
        sessionEvent({
          result: 'failed',
          mode: 'full',
          fullReason: 'first',
          withConflict: true,
          illegalTransitions: 2,
          transitions: { 'idle>scanning': 1, 'scanning>resyncing': 3 },
        }),
      ),
      eventAt('b', 2, {
        kind: 'delivery',
        ...source,
        collections: { strikes: { count: 2, deliveryLag: textOf(5, 6), visibilityLag: textOf(7, 8) } },
      }),
    ])
    expect(bucketOf(buckets, 'minute', '*').counters).toEqual({
      'fullSyncsBy:first': 1,
      illegalTransitions: 2,
      sessions: 1,
      'sessionsBy:failed': 1,
      sessionsWithConflict: 1,
      'transitions:idle>scanning': 1,
      'transitions:scanning>resyncing': 3,
    })
    const delivered = bucketOf(buckets, 'hour', 'strikes')
    expect(delivered.counters).toEqual({ delivered: 2 })
    expect(quantile(decodeSketches([delivered.sketches.visibilityLag ?? '']), 1)).toBe(8)
  })

  test('the newest snapshot replaces an older one as a whole, and an older one that comes late does not', () => {
    const older = eventAt(
      'a',
      0 + 1,
      gaugesEvent({
        queueDepth: 9,
        oldestPendingAgeMs: 5,
        pendingAgeOnline: textOf(5),
        queueByCollection: { strikes: 9 },
      }),
    )
    const newer = eventAt('b', MINUTE, gaugesEvent({ queueDepth: 0, devicesByState: { pushing: 1 } }))
    const expected = { queueDepth: 0, 'devicesBy:pushing': 1, oldestPendingAgeMs: null }
    for (const order of [
      [older, newer],
      [newer, older],
    ]) {
      let buckets: readonly Bucket[] = []
      for (const event of order) buckets = foldOnto(buckets, [event])
      const hour = bucketOf(buckets, 'hour', '*')
      expect(hour.gauges).toMatchObject(expected)
      expect(hour.gauges).not.toHaveProperty('devicesBy:idle')
      expect(hour.sketches).not.toHaveProperty('pendingAgeOnline')
      expect(hour.gaugesAtMs).toBe(MINUTE)
      expect(bucketOf(buckets, 'minute', '*').sketches.pendingAgeOnline).toBe(textOf(5))
    }
  })

  test('the groups of one snapshot are one in a total, and one that the newest does not name is left out', () => {
    const group = (appVersion: string, over: Parameters<typeof gaugesEvent>[0]) =>
      gaugesEvent({ appVersion, queueByCollection: { strikes: 3 }, ...over })
    const gone = eventAt('a', MINUTE, group('1.0.0', { devices: 50, queueDepth: 50 }))
    const newest = [
      eventAt('b', 2 * MINUTE, group('2.4.0', { devices: 2, queueDepth: null, queueDepths: textOf(1) })),
      eventAt(
        'c',
        2 * MINUTE,
        group('2.4.1', { devices: 3, queueDepth: 4, queueDepthMax: 4, queueDepths: textOf(4) }),
      ),
      eventAt(
        'd',
        2 * MINUTE,
        group('2.5.0', { devices: 1, queueDepth: 1, queueDepthMax: 1, oldestPendingAgeMs: 9 }),
      ),
    ]
    for (const order of [
      [gone, ...newest],
      [...newest.toReversed(), gone],
    ]) {
      let buckets: readonly Bucket[] = []
      for (const event of order) buckets = foldOnto(buckets, [event])
      const total = bucketOf(buckets, 'total_hour', '*', 0, '*')
      expect(total.gaugesAtMs).toBe(2 * MINUTE)
      expect(total.gauges).toMatchObject({
        devices: 6,
        queueDepth: 5,
        queueDepthMax: 4,
        oldestPendingAgeMs: 9,
        clockSkewMaxMs: null,
      })
      expect(total.sketches.queueDepths).toBe(textOf(0, 1, 4))
      expect(bucketOf(buckets, 'total_five', 'strikes', 0, '*').gauges).toEqual({ queueDepth: 9 })
      expect(bucketOf(buckets, 'version_five', '*', 0, '1.0.0').gauges).toMatchObject({ devices: 50 })
    }
  })

  test('what the server has waiting stands under no platform and no version', () => {
    const buckets = fold(NONE, [
      eventAt('a', HOUR, fleetGaugesEvent({ openDeadLetters: 3, openDeadLettersByCode: { exhausted: 3 } })),
    ])
    expect(bucketOf(buckets, 'minute', '*', HOUR, '*').gauges).toEqual({
      openConflicts: 0,
      openDeadLetters: 3,
      oldestUndeliveredAgeMs: null,
    })
  })

  test('a late event lands in the bucket of its own time', () => {
    const now = fold(NONE, [eventAt('a', 5 * HOUR, pushEvent())])
    const late = foldOnto(now, [eventAt('b', 10, pushEvent())])
    expect(bucketOf(late, 'minute', '*').counters.requests).toBe(1)
    expect(bucketOf(late, 'minute', '*', 5 * HOUR).counters.requests).toBe(1)
  })

  test('a field called like a part of an object is a field', () => {
    const strikes = pushedCollection({
      conflicts: [{ strategy: 'lww', outcome: 'local', fields: ['__proto__', 'constructor'] }],
    })
    const buckets = fold(NONE, [eventAt('a', 1, pushEvent({ collections: { strikes } }))])
    expect(bucketOf(buckets, 'minute', 'strikes').counters).toMatchObject({
      'conflictField:__proto__': 1,
      'conflictField:constructor': 1,
    })
  })

  test('keysOf names each touched bucket once, and fold touches no other', () => {
    const events = [
      eventAt('a', 1, pushEvent()),
      eventAt('b', 2, pushEvent()),
      eventAt('c', HOUR, gaugesEvent({ queueByCollection: { strikes: 0 } })),
    ]
    const named = keysOf(events).map(bucketId)
    expect(new Set(named).size).toBe(named.length)
    expect(
      fold(NONE, events)
        .map(({ key }) => bucketId(key))
        .sort(),
    ).toEqual([...named].sort())
  })
})
