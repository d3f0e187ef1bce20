import { randomUUID } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { TelemetryEvent } from '#lib/telemetry/events.ts'
import {
  BACKENDS,
  changeOf,
  commit,
  DAY_MS,
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
const KEEP = { eventsMs: 35 * DAY_MS, sessionsMs: 90 * DAY_MS }

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
})
