import { randomUUID } from 'node:crypto'
import pg from 'pg'
import { describe, expect, it } from 'vitest'
import type { Bucket, BucketKey } from '#lib/rollups/bucket.ts'
import { bucketId, MERGED_TIERS } from '#lib/rollups/bucket.ts'
import { fold as rollupFold, keysOf as rollupKeys, mergedOf } from '#lib/rollups/fold.ts'
import type { TelemetryEvent } from '#lib/telemetry/events.ts'
import type { BucketPart, Storage } from '#lib/storage/ports.ts'
import { gaugesEvent, pushEvent } from '#tests/support/telemetry-fixtures.ts'
import { BACKENDS, changeOf, commit, makeDevice, makeFleet, NOW_MS, opened } from './world.ts'

const eventAt = (atMs: number, id: string = randomUUID()): TelemetryEvent => ({
  id,
  atMs,
  payload: {
    kind: 'fleet-gauges',
    openDeadLetters: 1,
    openDeadLettersByCode: {},
    openConflicts: 0,
    oldestUndeliveredAgeMs: null,
  },
})

/** Counts events a minute, and keeps their ids, so that a second fold of one shows. */
const keyOf = (event: TelemetryEvent, collection = '*'): BucketKey => ({
  tier: 'minute',
  startMs: Math.floor(event.atMs / 60_000) * 60_000,
  collection,
  platform: '*',
  appVersion: '*',
})
const keysOf = (events: readonly TelemetryEvent[]): BucketKey[] => [
  ...new Map(events.map((event) => [bucketId(keyOf(event)), keyOf(event)])).values(),
]
function fold(buckets: ReadonlyMap<string, Bucket>, events: readonly TelemetryEvent[]): Bucket[] {
  const next = new Map(buckets)
  for (const event of events) {
    const id = bucketId(keyOf(event))
    const kept = next.get(id) ?? { key: keyOf(event), counters: {}, sketches: {}, gauges: {}, gaugesAtMs: 0 }
    const counters = {
      ...kept.counters,
      total: (kept.counters['total'] ?? 0) + 1,
      [event.id]: (kept.counters[event.id] ?? 0) + 1,
    }
    next.set(id, { ...kept, counters, gaugesAtMs: Math.max(kept.gaugesAtMs, event.atMs) })
  }
  return [...next.values()]
}
const foldAll = async (storage: Storage, fleetId: string, limit = 3): Promise<number> => {
  let folded = 0
  for (let more = true; more;) {
    const step = await storage.telemetry.foldNext(fleetId, limit, keysOf, fold)
    folded += step.folded
    more = step.more
  }
  return folded
}
const totals = async (storage: Storage, fleetId: string): Promise<Record<string, number>> => {
  const buckets = await storage.telemetry.buckets(fleetId, 'minute', 0, NOW_MS * 2)
  const sum: Record<string, number> = {}
  for (const { counters } of buckets)
    for (const [name, count] of Object.entries(counters)) sum[name] = (sum[name] ?? 0) + count
  return sum
}

describe.each(BACKENDS)('telemetry on $name', (backend) => {
  const current = opened(backend)

  it('folds every event once, in bounded steps, and says when more waits', async () => {
    const { storage } = current()
    const { id: fleetId } = await makeFleet(storage)
    const events = Array.from({ length: 10 }, (_, i) => eventAt(NOW_MS + i * 20_000))
    await storage.telemetry.append(fleetId, events)
    expect(await storage.telemetry.oldestUnfoldedMs(fleetId)).toBeGreaterThan(0)
    expect(await storage.telemetry.foldNext(fleetId, 4, keysOf, fold)).toEqual({ folded: 4, more: true })
    expect(await foldAll(storage, fleetId)).toBe(6)
    expect(await storage.telemetry.foldNext(fleetId, 4, keysOf, fold)).toEqual({ folded: 0, more: false })
    expect(await storage.telemetry.oldestUnfoldedMs(fleetId)).toBeNull()
    expect(await totals(storage, fleetId)).toEqual({
      total: 10,
      ...Object.fromEntries(events.map((event) => [event.id, 1])),
    })
  })

  it('passes over an id that was appended before, whatever its time', async () => {
    const { storage } = current()
    const { id: fleetId } = await makeFleet(storage)
    await storage.telemetry.append(fleetId, [eventAt(NOW_MS, 'process/1'), eventAt(NOW_MS, 'process/2')])
    await storage.telemetry.append(fleetId, [
      eventAt(NOW_MS, 'process/2'),
      eventAt(NOW_MS + 5e7, 'process/1'),
      eventAt(NOW_MS, 'process/3'),
      eventAt(NOW_MS, 'process/3'),
    ])
    expect(await foldAll(storage, fleetId)).toBe(3)
    const other = await makeFleet(storage)
    await storage.telemetry.append(other.id, [eventAt(NOW_MS, 'process/1')])
    expect(await foldAll(storage, other.id)).toBe(1)
  })

  it('folds again what a crash between fold and commit undid, and only that', async () => {
    const { storage } = current()
    const { id: fleetId } = await makeFleet(storage)
    await storage.telemetry.append(
      fleetId,
      Array.from({ length: 5 }, () => eventAt(NOW_MS)),
    )
    await storage.telemetry.foldNext(fleetId, 2, keysOf, fold)
    const crash = storage.telemetry.foldNext(fleetId, 2, keysOf, () => {
      throw new Error('crash')
    })
    await expect(crash).rejects.toThrow('crash')
    expect(await foldAll(storage, fleetId)).toBe(3)
    expect(await totals(storage, fleetId)).toMatchObject({ total: 5 })
  })

  it('takes many events as one, also where the storage takes them apart piece by piece', async () => {
    const { storage } = current()
    const { id: fleetId } = await makeFleet(storage)
    const events = Array.from({ length: 9_000 }, (_, i) => eventAt(NOW_MS + (i % 7) * 60_000))
    for (let n = 0; n < events.length; n += 1_000)
      await storage.telemetry.append(fleetId, events.slice(n, n + 1_000))
    const seen: string[] = []
    const count: typeof rollupFold = (buckets, page) => {
      seen.push(...page.map(({ id }) => id))
      return rollupFold(buckets, page)
    }
    const next = (limit: number, by = count) => storage.telemetry.foldNext(fleetId, limit, rollupKeys, by)
    const crash = next(20_000, (buckets, page) => {
      const folded = count(buckets, page)
      if (seen.length === events.length) throw new Error('crash')
      return folded
    })
    await expect(crash).rejects.toThrow('crash')
    expect(await storage.telemetry.buckets(fleetId, 'minute', 0, NOW_MS * 2)).toEqual([])
    seen.length = 0
    expect(await next(8_999)).toEqual({ folded: 8_999, more: true })
    expect(await next(20_000)).toEqual({ folded: 1, more: false })
    expect(new Set(seen)).toEqual(new Set(events.map(({ id }) => id)))
    expect(seen).toHaveLength(events.length)
    const other = await makeFleet(storage)
    await storage.telemetry.append(other.id, events)
    while ((await storage.telemetry.foldNext(other.id, 100, rollupKeys, rollupFold)).more);
    const kept = (of: string) => storage.telemetry.buckets(of, 'minute', 0, NOW_MS * 2)
    expect(await kept(fleetId)).toEqual(await kept(other.id))
  })

  it('folds once when many fold and append at the same time', async () => {
    const { storage } = current()
    const { id: fleetId } = await makeFleet(storage)
    const append = async (): Promise<void> => {
      for (let i = 0; i < 10; i++)
        await storage.telemetry.append(fleetId, [eventAt(NOW_MS + i), eventAt(NOW_MS - i)])
    }
    await Promise.all([
      append(),
      append(),
      foldAll(storage, fleetId, 2),
      append(),
      foldAll(storage, fleetId, 5),
      append(),
    ])
    await foldAll(storage, fleetId)
    const counts = await totals(storage, fleetId)
    expect(counts['total']).toBe(80)
    expect(Object.entries(counts).filter(([name, count]) => name !== 'total' && count !== 1)).toEqual([])
  })

  it('refolds a range to equal bytes, without what is not folded yet', async () => {
    const { storage } = current()
    const { id: fleetId } = await makeFleet(storage)
    await storage.telemetry.append(
      fleetId,
      Array.from({ length: 9 }, (_, i) => eventAt(NOW_MS + i * 30_000)),
    )
    await foldAll(storage, fleetId)
    await storage.telemetry.append(fleetId, [eventAt(NOW_MS)])
    const before = await storage.telemetry.buckets(fleetId, 'minute', 0, NOW_MS * 2)
    const normal = (buckets: readonly Bucket[]) =>
      JSON.stringify(buckets.map((b) => ({ ...b, counters: Object.entries(b.counters).sort() })))
    for (const page of [1, 3, 4, 99]) {
      expect(await storage.telemetry.refold(fleetId, NOW_MS, NOW_MS + 120_000, page, fold)).toBe(4)
      expect(normal(await storage.telemetry.buckets(fleetId, 'minute', 0, NOW_MS * 2))).toBe(normal(before))
    }
    expect(await foldAll(storage, fleetId)).toBe(1)
  })

  it('refolds a range while events come in and are folded: each counts once', async () => {
    const { storage } = current()
    const { id: fleetId } = await makeFleet(storage)
    const append = async (): Promise<void> => {
      for (let i = 0; i < 20; i++) {
        await storage.telemetry.append(fleetId, [eventAt(NOW_MS + i * 1_000), eventAt(NOW_MS + i * 61_000)])
        await storage.telemetry.foldNext(fleetId, 3, keysOf, fold)
      }
    }
    const refold = async (): Promise<void> => {
      for (let i = 0; i < 10; i++)
        await storage.telemetry.refold(fleetId, NOW_MS, NOW_MS + 3_600_000, 4, fold)
    }
    await Promise.all([append(), refold(), append(), refold()])
    await foldAll(storage, fleetId)
    const counts = await totals(storage, fleetId)
    expect(counts['total']).toBe(80)
    expect(Object.entries(counts).filter(([name, count]) => name !== 'total' && count !== 1)).toEqual([])
  })

  it('hands a bucket back under the key it was asked by, odd texts included', async () => {
    const { storage } = current()
    const { id: fleetId } = await makeFleet(storage)
    for (const collection of ['a\u0000b', 'a\\u0000b', '\ud800', 'plain']) {
      const count = (buckets: ReadonlyMap<string, Bucket>, events: readonly TelemetryEvent[]): Bucket[] =>
        events.map((event) => {
          const key = keyOf(event, collection)
          const total = (buckets.get(bucketId(key))?.counters['total'] ?? 0) + 1
          return {
            key,
            counters: { total },
            sketches: { lag: 'AAA=' },
            gauges: { depth: null },
            gaugesAtMs: 0,
          }
        })
      for (let i = 0; i < 2; i++) {
        await storage.telemetry.append(fleetId, [eventAt(NOW_MS)])
        await storage.telemetry.foldNext(
          fleetId,
          9,
          (events) => events.map((event) => keyOf(event, collection)),
          count,
        )
      }
      const buckets = await storage.telemetry.buckets(fleetId, 'minute', NOW_MS, NOW_MS + 1)
      expect(buckets.find((bucket) => bucket.key.collection === collection)).toMatchObject({
        counters: { total: 2 },
        gauges: { depth: null },
      })
    }
  })

  it('gives the buckets that overlap a range, by start', async () => {
    const { storage } = current()
    const { id: fleetId } = await makeFleet(storage)
    await storage.telemetry.append(
      fleetId,
      [3, 1, 2, 0].map((minute) => eventAt(NOW_MS + minute * 60_000)),
    )
    await foldAll(storage, fleetId)
    const starts = async (from: number, to: number) =>
      (await storage.telemetry.buckets(fleetId, 'minute', from, to)).map(
        (bucket) => (bucket.key.startMs - NOW_MS) / 60_000,
      )
    expect(await starts(NOW_MS + 60_000, NOW_MS + 180_000)).toEqual([1, 2])
    expect(await starts(NOW_MS + 90_000, NOW_MS + 180_001)).toEqual([1, 2, 3])
    expect(await storage.telemetry.buckets(fleetId, 'hour', 0, NOW_MS * 2)).toEqual([])
  })

  it('gives of buckets the parts that are asked for, of merged ones with the time that they are whole from', async () => {
    const { storage } = current()
    const { id: fleetId } = await makeFleet(storage)
    await storage.telemetry.append(fleetId, [eventAt(NOW_MS, 'a'), eventAt(NOW_MS + 120_000, 'b')])
    await storage.telemetry.foldNext(fleetId, 9, rollupKeys, rollupFold)
    const read = (parts?: readonly BucketPart[]) =>
      storage.telemetry.mergedBuckets(fleetId, 'total_five', NOW_MS, NOW_MS + 300_000, parts)
    const { buckets, wholeFromMs } = await read()
    expect([buckets.length, wholeFromMs, buckets[0]?.gaugesAtMs]).toEqual([1, 0, NOW_MS + 120_000])
    expect(buckets[0]?.gauges).toMatchObject({ openDeadLetters: 1 })
    expect((await read(['counters'])).buckets).toEqual([{ ...buckets[0], gauges: {} }])
    expect((await read([])).buckets).toEqual([{ ...buckets[0], gauges: {}, counters: {}, sketches: {} }])
    expect(await storage.telemetry.fillMerged(fleetId, mergedOf)).toBe(false)
  })
})

describe('folding follows transactions on PostgreSQL', () => {
  const current = opened(BACKENDS[1] as (typeof BACKENDS)[number])

  it('misses no event of a transaction that began first and commits last', async () => {
    const { storage, url } = current()
    const { id: fleetId } = await makeFleet(storage)
    const { id: deviceId } = await makeDevice(storage, fleetId)
    const early = new pg.Client({ connectionString: url ?? '' })
    await early.connect()
    await early.query('BEGIN')
    await early.query(`SET LOCAL app.fleet = '${fleetId}'`)
    const insert = `INSERT INTO telemetry_event VALUES ($1, $2, 'early', pg_current_xact_id()::text::bigint, now(), $3)`
    await early.query(insert, [fleetId, new Date(NOW_MS), JSON.stringify(eventAt(NOW_MS).payload)])
    await storage.telemetry.append(fleetId, [eventAt(NOW_MS, 'late-1')])
    await commit(storage, fleetId, (head) => [changeOf({ deviceId, version: head + 1 })], {
      events: [eventAt(NOW_MS, 'late-2')],
    })
    expect(await foldAll(storage, fleetId)).toBe(0)
    expect(await storage.telemetry.oldestUnfoldedMs(fleetId)).not.toBeNull()
    await early.query('COMMIT')
    await early.end()
    expect(await foldAll(storage, fleetId)).toBe(3)
    expect(await totals(storage, fleetId)).toEqual({ total: 3, early: 1, 'late-1': 1, 'late-2': 1 })
  })

  it('folds on past a transaction that rolled back', async () => {
    const { storage } = current()
    const { id: fleetId } = await makeFleet(storage)
    const { id: deviceId } = await makeDevice(storage, fleetId)
    const refused = commit(
      storage,
      fleetId,
      (head) => [
        changeOf({ deviceId, version: head + 1 }),
        changeOf({ deviceId, version: head + 2, replayOf: randomUUID() }),
      ],
      {
        events: [eventAt(NOW_MS, 'undone')],
      },
    )
    await expect(refused).rejects.toThrow('is open')
    await storage.telemetry.append(fleetId, [eventAt(NOW_MS, 'done')])
    expect(await foldAll(storage, fleetId)).toBe(1)
    expect(await totals(storage, fleetId)).toEqual({ total: 1, done: 1 })
  })
})

describe('merged buckets of a database from before there were any', () => {
  const current = opened(BACKENDS[1] as (typeof BACKENDS)[number])
  const HOUR_MS = 3_600_000
  const asOwner = async (url: string | null, text: string, values: readonly unknown[]) => {
    const owner = new pg.Client({ connectionString: url ?? '' })
    await owner.connect()
    try {
      return await owner.query(text, [...values])
    } finally {
      await owner.end()
    }
  }
  const foldOn = async (storage: Storage, fleetId: string) => {
    while ((await storage.telemetry.foldNext(fleetId, 7, rollupKeys, rollupFold)).more);
  }
  const merged = async (storage: Storage, fleetId: string) => {
    const all = await Promise.all(
      MERGED_TIERS.map((tier) => storage.telemetry.mergedBuckets(fleetId, tier, 0, NOW_MS * 2)),
    )
    return JSON.stringify(all.map(({ buckets }) => buckets))
  }
  /** Pushes and snapshots over five hours, two of which have none. */
  const events = (name: string) =>
    [0, 1, 2, 50, 200, 201, 290].flatMap((minute) => [
      {
        id: `${name}-push-${minute}`,
        atMs: NOW_MS + minute * 60_000 + 7,
        payload: pushEvent({ appVersion: name }),
      },
      {
        id: `${name}-gauges-${minute}`,
        atMs: NOW_MS + minute * 60_000,
        payload: gaugesEvent({ appVersion: name, devices: 2 }),
      },
    ])

  it('wait for nobody who folds where none are missing', async () => {
    const { storage, url } = current()
    const { id: fleetId } = await makeFleet(storage)
    await storage.telemetry.append(fleetId, events('1.0.0'))
    await foldOn(storage, fleetId)
    const folding = new pg.Client(url ?? undefined)
    await folding.connect()
    try {
      await folding.query('BEGIN')
      await folding.query('SELECT 1 FROM fold_position WHERE fleet_id = $1 FOR UPDATE', [fleetId])
      expect(await storage.telemetry.fillMerged(fleetId, mergedOf)).toBe(false)
    } finally {
      await folding.end()
    }
  })

  it('are filled hour by hour, newest first, while late events are folded: the same bytes as if always there', async () => {
    const { storage, url } = current()
    const [{ id: fleetId }, { id: other }] = [await makeFleet(storage), await makeFleet(storage)]
    for (const id of [fleetId, other]) {
      await storage.telemetry.append(id, events('1.0.0'))
      await foldOn(storage, id)
    }
    await asOwner(url, 'DELETE FROM rollup WHERE fleet_id = $1 AND tier = ANY ($2)', [fleetId, MERGED_TIERS])
    await asOwner(url, 'UPDATE fold_position SET merged_from = $2 WHERE fleet_id = $1', [
      fleetId,
      new Date(NOW_MS + 5 * HOUR_MS),
    ])
    const wholeFrom = async () =>
      ((await storage.telemetry.mergedBuckets(fleetId, 'total_hour', 0, 1)).wholeFromMs - NOW_MS) / HOUR_MS
    const late = events('2.0.0')
    await storage.telemetry.append(fleetId, late.slice(0, 6))
    await foldOn(storage, fleetId)
    expect(await wholeFrom()).toBe(5)
    expect([await storage.telemetry.fillMerged(fleetId, mergedOf), await wholeFrom()]).toEqual([true, 4])
    await storage.telemetry.append(fleetId, late.slice(6))
    await foldOn(storage, fleetId)
    expect([await storage.telemetry.fillMerged(fleetId, mergedOf), await wholeFrom()]).toEqual([true, 3])
    expect([await storage.telemetry.fillMerged(fleetId, mergedOf), await wholeFrom()]).toEqual([true, 0])
    expect(await storage.telemetry.fillMerged(fleetId, mergedOf)).toBe(false)
    expect(await wholeFrom()).toBe(-NOW_MS / HOUR_MS)
    await storage.telemetry.append(other, late)
    await foldOn(storage, other)
    expect(await merged(storage, fleetId)).toBe(await merged(storage, other))
  })

  it('folding by a process that knows none of them is refused, and its events wait', async () => {
    const { storage, url } = current()
    const { id: fleetId } = await makeFleet(storage)
    await storage.telemetry.append(fleetId, [eventAt(NOW_MS)])
    await foldAll(storage, fleetId)
    const move = 'UPDATE fold_position SET xid = xid + 1, event_id = $2 WHERE fleet_id = $1'
    await expect(asOwner(url, move, [fleetId, 'x'])).rejects.toThrow('fold_position_merged')
  })

  it('as many events are taken apart at once as have no more bytes than they may, and at least one', async () => {
    const { storage } = current()
    const { id: fleetId } = await makeFleet(storage)
    const large = { ...eventAt(NOW_MS).payload, padding: 'x'.repeat(1_500_000) }
    const huge = { ...large, padding: 'x'.repeat(5_000_000) }
    const all = [large, large, large, huge, large].map((payload) => ({ ...eventAt(NOW_MS), payload }))
    for (const event of all) await storage.telemetry.append(fleetId, [event])
    const took: number[] = []
    const taking = (buckets: ReadonlyMap<string, Bucket>, events: readonly TelemetryEvent[]): Bucket[] => {
      took.push(events.length)
      return fold(buckets, events)
    }
    expect(await storage.telemetry.foldNext(fleetId, 99, keysOf, taking)).toEqual({ folded: 5, more: false })
    expect(took).toEqual([2, 1, 1, 1])
  })
})
