import { randomUUID } from 'node:crypto'
import pg from 'pg'
import { describe, expect, it } from 'vitest'
import type { Json } from '#lib/kernel/json.ts'
import type { Bucket } from '#lib/rollups/bucket.ts'
import { TIER_MS } from '#lib/rollups/bucket.ts'
import type { Storage } from '#lib/storage/ports.ts'
import type { TelemetryEvent } from '#lib/telemetry/events.ts'
import {
  audit,
  BACKENDS,
  changeOf,
  commit,
  conflictEffect,
  DAY_MS,
  letterEffect,
  makeDevice,
  makeFleet,
  NOW_MS,
  opened,
  planOf,
  sessionOf,
} from './world.ts'

const eventAt = (atMs: number): TelemetryEvent => ({
  id: randomUUID(),
  atMs,
  payload: {
    kind: 'fleet-gauges',
    openDeadLetters: 0,
    openDeadLettersByCode: {},
    openConflicts: 0,
    oldestUndeliveredAgeMs: null,
  },
})
const ALL = { size: 100, rounds: 1 }
const KEEP = {
  eventsMs: 35 * DAY_MS,
  sessionsMs: 90 * DAY_MS,
  minutesMs: 35 * DAY_MS,
  hoursMs: 400 * DAY_MS,
}
/** A bucket of each tier for each event. */
const bucketsAt = (atMs: number): Bucket[] =>
  (['minute', 'hour'] as const).map((tier) => ({
    key: {
      tier,
      startMs: Math.floor(atMs / TIER_MS[tier]) * TIER_MS[tier],
      collection: '*',
      platform: '*',
      appVersion: '*',
    },
    counters: { seen: 1 },
    sketches: {},
    gauges: {},
    gaugesAtMs: 0,
  }))
async function foldAt(storage: Storage, fleetId: string, atMs: number): Promise<void> {
  await storage.telemetry.append(fleetId, [eventAt(atMs)])
  const buckets = bucketsAt(atMs)
  await storage.telemetry.foldNext(
    fleetId,
    9,
    () => buckets.map(({ key }) => key),
    () => buckets,
  )
}

describe.each(BACKENDS)('housekeeping on $name', (backend) => {
  const current = opened(backend)

  it('holds a lease for one holder until it ends', async () => {
    const { maintenance } = current().storage
    const name = randomUUID()
    const tries = await Promise.all(
      ['a', 'b', 'c'].map((holder) => maintenance.holdLease(name, holder, NOW_MS, NOW_MS + 10)),
    )
    expect(tries.filter(Boolean)).toHaveLength(1)
    const holder = 'abc'[tries.indexOf(true)] as string
    expect(await maintenance.holdLease(name, holder, NOW_MS + 5, NOW_MS + 20)).toBe(true)
    expect(await maintenance.holdLease(name, 'd', NOW_MS + 19, NOW_MS + 30)).toBe(false)
    expect(await maintenance.holdLease(name, 'd', NOW_MS + 20, NOW_MS + 30)).toBe(true)
    expect(await maintenance.holdLease(name, holder, NOW_MS + 21, NOW_MS + 30)).toBe(false)
  })

  it('gives a lease away that ends later than one from now could, by a clock that was ahead', async () => {
    const { maintenance } = current().storage
    const name = randomUUID()
    const hold = (holder: string, atMs: number) => maintenance.holdLease(name, holder, atMs, atMs + 10)
    expect(await hold('ahead', NOW_MS + 10)).toBe(true)
    // Clocks that differ by one lease don't take it from each other.
    expect(await hold('b', NOW_MS)).toBe(false)
    expect(await hold('ahead', NOW_MS + 11)).toBe(true)
    expect(await hold('b', NOW_MS)).toBe(true)
    expect(await hold('ahead', NOW_MS + 9)).toBe(false)
  })

  it('keeps rows of days without a partition, counts them, and takes them in when the day gets one', async () => {
    const { storage } = current()
    const { id: fleetId } = await makeFleet(storage)
    const { id: deviceId } = await makeDevice(storage, fleetId)
    expect(await storage.maintenance.strayRows()).toBe(0)
    await storage.telemetry.append(fleetId, [
      eventAt(NOW_MS),
      eventAt(0),
      eventAt(NOW_MS + 3_650 * DAY_MS),
      eventAt(NOW_MS + 20 * DAY_MS),
    ])
    await storage.sessions.store(
      fleetId,
      [sessionOf(fleetId, deviceId, { receivedAtMs: NOW_MS + 20 * DAY_MS })],
      [],
    )
    expect(await storage.maintenance.strayRows()).toBe(4)
    await storage.maintenance.ensurePartitions(NOW_MS + 19 * DAY_MS, 7)
    await storage.maintenance.ensurePartitions(NOW_MS + 19 * DAY_MS, 7)
    expect(await storage.maintenance.strayRows()).toBe(2)
    const folded = await storage.telemetry.foldNext(
      fleetId,
      99,
      () => [],
      () => [],
    )
    expect(folded.folded).toBe(4)
  })

  it('drops days of events and sessions that are past, and expires the rest in batches', async () => {
    const { storage } = current()
    const { id: fleetId } = await makeFleet(storage)
    const { id: deviceId } = await makeDevice(storage, fleetId)
    const { record: old } =
      (await commit(storage, fleetId, (head) => [changeOf({ deviceId, version: head + 1 })]))[0] ?? {}
    const recordId = old?.recordId as string
    await commit(
      storage,
      fleetId,
      (head) => [changeOf({ deviceId, recordId, version: head + 1, replaced: old ?? null, data: null })],
      {
        responses: [{ deviceId, requestId: randomUUID(), requestHash: 'h', body: '{}', createdAtMs: NOW_MS }],
        events: [eventAt(NOW_MS)],
      },
    )
    const session = sessionOf(fleetId, deviceId)
    await storage.sessions.store(fleetId, [session], [])
    const { dropped: none } = await storage.maintenance.applyRetention(NOW_MS + 34 * DAY_MS, KEEP, ALL)
    expect(none).toEqual([])
    const later = NOW_MS + 46 * DAY_MS
    const { dropped } = await storage.maintenance.applyRetention(later, KEEP, ALL)
    expect(dropped).toContain('telemetry_event_20260615')
    expect(dropped.filter((name) => name.startsWith('sync_session'))).toEqual([])
    const snapshot = await storage.sync.transact(fleetId, (tx) =>
      tx.load({
        ...planOf(),
        records: [{ collection: 'reports', recordId }],
        bases: [{ collection: 'reports', recordId, version: 1 }],
      }),
    )
    expect([snapshot.records.size, snapshot.bases.size, snapshot.heads.get('reports')]).toEqual([0, 0, 2])
    expect((await storage.maintenance.applyRetention(later, KEEP, ALL)).deleted).toBe(0)
    expect(await storage.sessions.get(fleetId, session.sessionId)).toEqual(session)
    const { dropped: last } = await storage.maintenance.applyRetention(NOW_MS + 92 * DAY_MS, KEEP, ALL)
    expect(last).toContain('sync_session_20260615')
    expect(await storage.sessions.get(fleetId, session.sessionId)).toBeNull()
  })

  it('[DL22, ID1] a log keeps what a letter or a conflict that is open is about, and what waits for it, however old', async () => {
    const { storage } = current()
    const { id: fleetId } = await makeFleet(storage)
    const { id: deviceId } = await makeDevice(storage, fleetId)
    const [letter, closed] = [letterEffect(), letterEffect()]
    const conflict = conflictEffect({ outcome: 'manual', result: null, resolution: null })
    const open = [
      changeOf({ deviceId, version: null, deadLetter: letter }),
      changeOf({ deviceId, version: null, conflict }),
      changeOf({ deviceId, version: null, heldBy: conflict.id }),
    ]
    const over = changeOf({ deviceId, version: null, deadLetter: closed })
    await commit(storage, fleetId, () => [...open, over])
    await storage.deadLetters.discard(fleetId, closed.id, [], NOW_MS + 1, () => audit())
    await storage.maintenance.applyRetention(NOW_MS + 401 * DAY_MS, KEEP, ALL)
    const ids = [...open, over].map(({ incoming }) => incoming.mutation.id)
    const { mutations } = await storage.sync.transact(fleetId, (tx) =>
      tx.load({ ...planOf(), mutationIds: ids }),
    )
    expect([...mutations.keys()].toSorted()).toEqual(ids.slice(0, 3).toSorted())
  })

  it('deletes batch by batch up to the rounds allowed, and tells when more is left', async () => {
    const { storage } = current()
    const { id: fleetId } = await makeFleet(storage)
    const { id: deviceId } = await makeDevice(storage, fleetId)
    const responses = Array.from({ length: 5 }, () => ({
      deviceId,
      requestId: randomUUID(),
      requestHash: 'h',
      body: '{}',
      createdAtMs: NOW_MS,
    }))
    await commit(storage, fleetId, () => [], { responses })
    const requests = responses.map(({ requestId }) => ({ deviceId, requestId }))
    const left = async () =>
      (await storage.sync.transact(fleetId, (tx) => tx.load({ ...planOf(), requests }))).responses.size
    const sweep = (rounds: number) =>
      storage.maintenance.applyRetention(NOW_MS + 36 * DAY_MS, KEEP, { size: 2, rounds })
    expect(await sweep(1)).toMatchObject({ more: true })
    expect(await left()).toBe(3)
    expect(await sweep(9)).toMatchObject({ deleted: 3, more: false })
    expect(await left()).toBe(0)
  })

  it('[check 17] deletes links and sessions that have ended, in batches, and none that lives', async () => {
    const { storage } = current()
    const user = {
      id: randomUUID(),
      email: `${randomUUID()}@example.org`,
      name: 'Ada',
      passwordHash: null,
      disabled: false,
      removedAtMs: null,
      createdAtMs: NOW_MS,
      roles: {},
    }
    await storage.access.createUser(user, audit())
    const row = (expiresAtMs: number) => ({
      id: randomUUID(),
      userId: user.id,
      createdAtMs: NOW_MS,
      lastSeenMs: NOW_MS,
      expiresAtMs,
      provedAtMs: NOW_MS,
      how: 'link' as const,
      address: null,
      userAgent: null,
    })
    const hash = randomUUID()
    const live = NOW_MS + 90 * DAY_MS
    for (let n = 0; n < 5; n += 1) await storage.access.createSession(row(NOW_MS + DAY_MS), audit())
    const kept = row(live)
    await storage.access.createSession(kept, audit())
    await storage.access.createLink(
      {
        hash,
        kind: 'sign_in',
        userId: user.id,
        expiresAtMs: live,
        usedAtMs: null,
      },
      audit(),
    )
    const left = async () => (await storage.access.listSessions(user.id, NOW_MS, 100 * DAY_MS)).length
    const sweep = (rounds: number) =>
      storage.maintenance.applyRetention(NOW_MS + 2 * DAY_MS, KEEP, { size: 2, rounds })
    expect(await sweep(1)).toMatchObject({ more: true })
    expect(await left()).toBe(4)
    expect(await sweep(9)).toMatchObject({ more: false })
    expect(await storage.access.listSessions(user.id, NOW_MS, 100 * DAY_MS)).toEqual([kept])
    expect(await storage.access.isLinkLive(hash, 'sign_in', NOW_MS)).toBe(true)
  })

  it('drops minutes by their days and hours by their months, and none before all of it is past', async () => {
    const { storage } = current()
    const { id: fleetId } = await makeFleet(storage)
    await storage.maintenance.ensurePartitions(NOW_MS, 7)
    await foldAt(storage, fleetId, NOW_MS)
    const left = async () =>
      Promise.all(
        (['minute', 'hour'] as const).map(
          async (tier) => (await storage.telemetry.buckets(fleetId, tier, 0, NOW_MS * 2)).length,
        ),
      )
    const sweep = async (days: number) => {
      const { dropped } = await storage.maintenance.applyRetention(NOW_MS + days * DAY_MS, KEEP, ALL)
      return dropped.filter((name) => name.startsWith('rollup'))
    }
    expect(await left()).toEqual([1, 1])
    // Noon and 35 days on, a part of that day is to be kept still.
    expect(await sweep(35)).not.toContain('rollup_minute_20260615')
    expect(await left()).toEqual([1, 1])
    expect(await sweep(36)).toContain('rollup_minute_20260615')
    expect(await left()).toEqual([0, 1])
    expect(await sweep(410)).not.toContain('rollup_hour_202606')
    expect(await sweep(416)).toContain('rollup_hour_202606')
    expect(await left()).toEqual([0, 0])
  })

  it('gives rows that came late the partition of their day, unless they are too old to be kept', async () => {
    const { storage } = current()
    const { id: fleetId } = await makeFleet(storage)
    const later = NOW_MS + 500 * DAY_MS
    await storage.maintenance.applyRetention(later, KEEP, { size: 100, rounds: 9 })
    await storage.maintenance.ensurePartitions(later, 7)
    const before = await storage.maintenance.strayRows()
    await foldAt(storage, fleetId, later - 20 * DAY_MS)
    await foldAt(storage, fleetId, later - 50 * DAY_MS)
    // The hour of 20 days ago has its month, or not; what is 50 days old has no day, and its hour is to be kept.
    expect(await storage.maintenance.strayRows()).toBeGreaterThanOrEqual(before + 4)
    const { deleted } = await storage.maintenance.applyRetention(later, KEEP, ALL)
    expect(deleted).toBeGreaterThanOrEqual(2)
    expect(await storage.maintenance.strayRows()).toBe(before)
    const starts = async (tier: 'minute' | 'hour') =>
      (await storage.telemetry.buckets(fleetId, tier, 0, later)).map(
        ({ key }) => (key.startMs - later) / DAY_MS,
      )
    expect([await starts('minute'), await starts('hour')]).toEqual([[-20], [-50, -20]])
  })

  it('tells from when on events are whole, and folds nothing again behind that', async () => {
    const { storage } = current()
    const { id: fleetId } = await makeFleet(storage)
    const later = NOW_MS + 700 * DAY_MS
    const day = (days: number): number => Math.floor(later / DAY_MS + days) * DAY_MS
    await storage.maintenance.ensurePartitions(later - 36 * DAY_MS, 2)
    await storage.maintenance.ensurePartitions(later, 1)
    await foldAt(storage, fleetId, day(-34))
    const refold = (fromMs: number) =>
      storage.telemetry.refold(fleetId, fromMs, fromMs + 3_600_000, 9, () => bucketsAt(fromMs))
    await storage.maintenance.applyRetention(later, KEEP, ALL)
    expect(await storage.maintenance.eventsWholeFromMs()).toBe(day(-35))
    expect(await refold(day(-35) - 3_600_000)).toBeNull()
    expect(await refold(day(-34))).toBe(1)
    expect(await storage.telemetry.buckets(fleetId, 'minute', day(-34), later)).toHaveLength(1)
  })

  it('keeps a setting by its version, with who changed it', async () => {
    const { storage } = current()
    const name = randomUUID()
    expect(await storage.settings.get(name)).toBeNull()
    const save = (version: number, value: Json) =>
      storage.settings.save(name, { version, value }, audit(`setting.${name}`))
    expect([await save(2, 1), await save(1, { a: null }), await save(1, 3)]).toEqual([
      'stale',
      'saved',
      'stale',
    ])
    const both = await Promise.all([save(2, ['b']), save(2, ['c'])])
    expect(both.sort()).toEqual(['saved', 'stale'])
    expect((await storage.settings.get(name))?.version).toBe(2)
    const told = await storage.audit.list(
      { fleetId: null, action: `setting.${name}` },
      { limit: 9, cursor: null },
    )
    expect(told.items).toHaveLength(2)
  })
})

describe('partitions on PostgreSQL', () => {
  const current = opened(BACKENDS[1] as (typeof BACKENDS)[number])
  /** What a statement may wait behind a partition that is made or dropped, and what that takes. */
  const WAITED_MAX_MS = 1_500

  it('nobody waits long behind one that somebody reads: it is dropped, or made, at another time', async () => {
    const { storage, url } = current()
    const { id: fleetId } = await makeFleet(storage)
    await foldAt(storage, fleetId, NOW_MS)
    const later = NOW_MS + 60 * DAY_MS
    const reader = new pg.Client({ connectionString: url ?? '' })
    await reader.connect()
    await reader.query('BEGIN')
    await reader.query('SELECT count(*) FROM telemetry_event')
    let longestMs = 0
    let sweeping = true
    const write = async (): Promise<void> => {
      while (sweeping) {
        const startMs = performance.now()
        await storage.telemetry.append(fleetId, [eventAt(NOW_MS)])
        longestMs = Math.max(longestMs, performance.now() - startMs)
      }
    }
    const sweep = async () => {
      const made = await storage.maintenance.ensurePartitions(later, 0)
      return { made, ...(await storage.maintenance.applyRetention(later, KEEP, { size: 5_000, rounds: 9 })) }
    }
    const writing = write()
    const held = await sweep()
    sweeping = false
    await writing
    expect(held).toMatchObject({ made: false, more: true })
    expect(held.dropped.filter((name) => name.startsWith('telemetry_event'))).toEqual([])
    expect(held.dropped).toContain('rollup_minute_20260615')
    expect(longestMs).toBeLessThan(WAITED_MAX_MS)
    await reader.query('COMMIT')
    await reader.end()
    const free = await sweep()
    expect(free).toMatchObject({ made: true, more: false })
    expect(free.dropped).toContain('telemetry_event_20260615')
  })

  it('a row that waited while its day got a partition is told as contention, and the next try stores it', async () => {
    const { storage, url } = current()
    const { id: fleetId } = await makeFleet(storage)
    const dayMs = NOW_MS + 90 * DAY_MS
    const before = await storage.maintenance.strayRows()
    const maker = new pg.Client({ connectionString: url ?? '' })
    await maker.connect()
    await maker.query('BEGIN')
    await maker.query(`SELECT tidemark_make_partition('telemetry_event', $1)`, [new Date(dayMs)])
    const late = storage.telemetry.append(fleetId, [eventAt(dayMs)])
    const told = expect(late).rejects.toMatchObject({ code: 'contention' })
    await expect
      .poll(async () => {
        const { rows } = await maker.query(
          `SELECT 1 FROM pg_locks WHERE NOT granted AND relation = 'telemetry_event_default'::regclass`,
        )
        return rows.length
      })
      .toBe(1)
    await maker.query('COMMIT')
    await maker.end()
    await told
    await storage.telemetry.append(fleetId, [eventAt(dayMs)])
    expect(await storage.maintenance.strayRows(), 'in the partition of its day').toBe(before)
  })
})
