import { randomUUID } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { SessionFilter, SessionRow, Storage } from '#lib/storage/ports.ts'
import type { TelemetryEvent } from '#lib/telemetry/events.ts'
import { sessionEvent } from '#lib/telemetry/session-event.ts'
import { SESSION_FIELDS } from '#lib/query/session-fields.ts'
import { conditionsOf } from '#tests/support/conditions-of.ts'
import {
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
  sessionOf,
} from './world.ts'

const ANY: SessionFilter = { fromMs: 0, toMs: NOW_MS * 2, conditions: [] }
const asked = (q: string): SessionFilter => ({ ...ANY, conditions: conditionsOf(q, SESSION_FIELDS) })
async function foldedEvents(storage: Storage, fleetId: string): Promise<readonly TelemetryEvent[]> {
  let seen: readonly TelemetryEvent[] = []
  await storage.telemetry.foldNext(
    fleetId,
    100,
    () => [],
    (_, events) => {
      seen = events
      return []
    },
  )
  return seen
}

describe.each(BACKENDS)('sessions on $name', (backend) => {
  const current = opened(backend)

  it('stores each session once, also within one report and over days, and its event with it', async () => {
    const { storage } = current()
    const { id: fleetId } = await makeFleet(storage)
    const { id: deviceId } = await makeDevice(storage, fleetId)
    const a = sessionOf(fleetId, deviceId, {
      fullReason: 'first',
      mode: 'full',
      stateHash: 'h\u0000',
      oldestPendingAt: '2026-06-15T11:00:00Z',
    })
    const b = sessionOf(fleetId, deviceId, { result: 'failed', endedAtMs: NOW_MS + 5, pulled: 5_000_000_000 })
    const store = (rows: readonly SessionRow[]) =>
      storage.sessions.store(fleetId, rows, rows.map(sessionEvent))
    expect(await store([a, b, a])).toEqual(['stored', 'stored', 'duplicate'])
    const c = sessionOf(fleetId, deviceId)
    expect(await store([{ ...a, receivedAtMs: NOW_MS + 2 * DAY_MS, pushed: 99 }, c])).toEqual([
      'duplicate',
      'stored',
    ])
    expect(await storage.sessions.get(fleetId, a.sessionId)).toEqual(a)
    expect(await storage.sessions.get(fleetId, b.sessionId)).toEqual(b)
    expect(await storage.sessions.get(fleetId, randomUUID())).toBeNull()
    expect((await storage.devices.get(fleetId, deviceId))?.lastSessionOkMs).toBe(a.endedAtMs)
    const ids = (await foldedEvents(storage, fleetId)).map((event) => event.id)
    expect(ids.sort()).toEqual([a, b, c].map((row) => `session/${row.sessionId}`).sort())
  })

  it('stores a session once out of 10 parallel reports of it', async () => {
    const { storage } = current()
    const { id: fleetId } = await makeFleet(storage)
    const { id: deviceId } = await makeDevice(storage, fleetId)
    const rows = [sessionOf(fleetId, deviceId), sessionOf(fleetId, deviceId)]
    const outcomes = await Promise.all(
      Array.from({ length: 10 }, (_, i) =>
        storage.sessions.store(fleetId, i % 2 ? rows : [...rows].reverse(), rows.map(sessionEvent)),
      ),
    )
    expect(outcomes.flat().filter((outcome) => outcome === 'stored')).toHaveLength(2)
    expect(await foldedEvents(storage, fleetId)).toHaveLength(2)
  })

  it('pages newest first without gap or repeat, and filters', async () => {
    const { storage } = current()
    const { id: fleetId } = await makeFleet(storage)
    const [one, two] = [await makeDevice(storage, fleetId), await makeDevice(storage, fleetId)]
    const rows = Array.from({ length: 13 }, (_, i) =>
      sessionOf(fleetId, (i % 2 ? one : two).id, {
        endedAtMs: NOW_MS - (i % 5) * 1_000,
        conflicts: i % 3,
        deadLettered: i % 4,
        appVersion: `${i % 2}`,
      }),
    )
    await storage.sessions.store(fleetId, rows, [])
    const seen: SessionRow[] = []
    let cursor = null
    do {
      const page = await storage.sessions.list(fleetId, ANY, { limit: 3, cursor })
      seen.push(...page.items)
      cursor = page.next
    } while (cursor)
    expect(new Set(seen.map((row) => row.sessionId)).size).toBe(13)
    expect(seen.map((row) => row.endedAtMs)).toEqual(rows.map((row) => row.endedAtMs).sort((a, b) => b - a))
    const count = async (filter: SessionFilter) =>
      (await storage.sessions.list(fleetId, filter, { limit: 99, cursor: null })).items.length
    expect(await count(asked(`device:${one.id}`))).toBe(6)
    expect(await count(asked('has:conflict'))).toBe(rows.filter((row) => (row.conflicts ?? 0) > 0).length)
    expect(await count(asked('has:dead version:1'))).toBe(6)
    expect(await count({ ...ANY, fromMs: NOW_MS - 1_000, toMs: NOW_MS })).toBe(3)
    expect([await count(asked('result:failed')), await count(asked('platform:ios'))]).toEqual([0, 0])
  })

  it('looks through so many at a time, and goes on behind the last of them', async () => {
    const { storage } = current()
    const { id: fleetId } = await makeFleet(storage)
    const [one, two] = [await makeDevice(storage, fleetId), await makeDevice(storage, fleetId)]
    const rows = Array.from({ length: 17 }, (_, i) =>
      sessionOf(fleetId, (i === 16 ? two : one).id, {
        endedAtMs: NOW_MS - i * 1_000,
        result: i === 2 || i === 9 || i === 16 ? 'failed' : 'ok',
      }),
    )
    await storage.sessions.store(fleetId, rows, [])
    const pages = async (q: string, limit: number) => {
      const all: number[][] = []
      let cursor = null
      do {
        const page = await storage.sessions.list(fleetId, { ...asked(q), lookMax: 4 }, { limit, cursor })
        all.push(page.items.map(({ endedAtMs }) => (NOW_MS - endedAtMs) / 1_000))
        cursor = page.next
      } while (cursor)
      return all
    }
    expect(await pages('result:failed', 9)).toEqual([[2], [], [9], [], [16]])
    expect(await pages('result:failed', 1)).toEqual([[2], [], [9], [], [16]])
    expect(await pages('version:none', 9)).toEqual([[], [], [], [], []])
    expect((await pages(`device:${one.id} -result:failed`, 3)).flat()).toHaveLength(14)
    expect(await pages(`device:${two.id}`, 9)).toEqual([[16]])
    expect((await pages('', 3)).flat()).toEqual(rows.map((_, i) => i))
    const { matching, capped } = await storage.sessions.facets(fleetId, { ...asked('Tablet'), lookMax: 4 })
    expect([matching, capped]).toEqual([4, true])
    const whole = await storage.sessions.facets(fleetId, asked('Tablet'))
    expect([whole.matching, whole.capped]).toEqual([17, false])
  })

  it('finds sessions by the whole name of a device and by a part of it, taken as it is', async () => {
    const { storage } = current()
    const { id: fleetId } = await makeFleet(storage)
    const { id } = await makeDevice(storage, fleetId)
    const names = ['DFW-0001', 'dfw-00012', 'ORD_1', 'ORDx1', 'a\\b', 'a%b', 'axb']
    const rows = names.map((deviceName) => sessionOf(fleetId, id, { deviceName }))
    await storage.sessions.store(fleetId, rows, [])
    const found = async (q: string) =>
      (await storage.sessions.list(fleetId, asked(q), { limit: 99, cursor: null })).items
        .map(({ deviceName }) => deviceName)
        .toSorted()
    expect(await found('device:dfw-0001')).toEqual(['DFW-0001'])
    expect(await found('FW-0001')).toEqual(['DFW-0001', 'dfw-00012'])
    expect(await found('device:ORD_1')).toEqual(['ORD_1'])
    expect(await found('D_')).toEqual(['ORD_1'])
    expect(await found('"\\\\"')).toEqual(['a\\b'])
    expect(await found('a%b device:A%B')).toEqual(['a%b'])
  })

  it('infers abandoned sessions from pushes without a report, once, with their counts', async () => {
    const { storage } = current()
    const { id: fleetId } = await makeFleet(storage)
    const { id: deviceId, name } = await makeDevice(storage, fleetId)
    const [silent, reported, late] = [randomUUID(), randomUUID(), randomUUID()]
    const push = (sessionId: string, committedAtMs: number) =>
      commit(
        storage,
        fleetId,
        (head) => [
          changeOf({ deviceId, sessionId, version: head + 1, conflict: conflictEffect() }),
          changeOf({ deviceId, sessionId, version: null, deadLetter: letterEffect() }),
        ],
        { committedAtMs, sessions: [{ sessionId, deviceId }] },
      )
    await push(silent, NOW_MS)
    await push(silent, NOW_MS + 500)
    await push(reported, NOW_MS)
    await push(late, NOW_MS + 1_000)
    await storage.sessions.store(fleetId, [sessionOf(fleetId, deviceId, { sessionId: reported })], [])
    await push(reported, NOW_MS + 2)
    const seen = (sessionId: string, firstPushMs: number, lastPushMs: number, pushed: number) => ({
      sessionId,
      firstPushMs,
      lastPushMs,
      pushed,
    })
    expect(await storage.sessions.unreported(fleetId, deviceId, NOW_MS, 9)).toEqual([
      seen(late, NOW_MS + 1_000, NOW_MS + 1_000, 2),
      seen(silent, NOW_MS, NOW_MS + 500, 4),
    ])
    expect(await storage.sessions.unreported(fleetId, deviceId, NOW_MS + 1, 9)).toHaveLength(1)
    expect(await storage.sessions.unreported(fleetId, deviceId, 0, 1)).toHaveLength(1)
    expect(await storage.sessions.unreported(fleetId, randomUUID(), 0, 9)).toEqual([])
    const inferredAtMs = NOW_MS + DAY_MS
    expect(await storage.sessions.inferAbandoned(fleetId, NOW_MS, inferredAtMs, 9)).toBe(0)
    expect(await storage.sessions.inferAbandoned(fleetId, NOW_MS + 1_000, inferredAtMs, 9)).toBe(1)
    expect(await storage.sessions.inferAbandoned(fleetId, NOW_MS + 1_000, inferredAtMs, 9)).toBe(0)
    expect(await storage.sessions.get(fleetId, silent)).toMatchObject({
      deviceName: name,
      result: 'abandoned',
      inferred: true,
      startedAtMs: NOW_MS,
      endedAtMs: NOW_MS + 500,
      receivedAtMs: inferredAtMs,
      pushed: 4,
      conflicts: 2,
      deadLettered: 2,
    })
    const events = await foldedEvents(storage, fleetId)
    expect(events).toMatchObject([
      {
        atMs: NOW_MS + 500,
        payload: { kind: 'session', sessionId: silent, result: 'abandoned', withConflict: true },
      },
    ])
    expect(
      await storage.sessions.store(fleetId, [sessionOf(fleetId, deviceId, { sessionId: silent })], []),
    ).toEqual(['duplicate'])
    expect(await storage.sessions.inferAbandoned(fleetId, NOW_MS + 9_000, inferredAtMs, 9)).toBe(1)
  })

  it("[PU6] a session is the device's that named it first: in a report, in a push, and where both come at once", async () => {
    const { storage } = current()
    const { id: fleetId } = await makeFleet(storage)
    const [mine, other] = [await makeDevice(storage, fleetId), await makeDevice(storage, fleetId)]
    const [told, pushed, raced] = [randomUUID(), randomUUID(), randomUUID()]
    const store = (rows: readonly SessionRow[]) =>
      storage.sessions.store(fleetId, rows, rows.map(sessionEvent))
    const by = ({ id }: { readonly id: string }, sessionId: string, changes: Partial<SessionRow> = {}) =>
      sessionOf(fleetId, id, { sessionId, ...changes })
    const push = ({ id: deviceId }: { readonly id: string }, sessionId: string) =>
      commit(
        storage,
        fleetId,
        (head) => [changeOf({ deviceId, sessionId, version: head + 1, conflict: conflictEffect() })],
        { committedAtMs: NOW_MS, sessions: [{ sessionId, deviceId }] },
      )

    expect(await store([by(mine, told)])).toEqual(['stored'])
    expect(await store([by(other, told, { pushed: 99 }), by(mine, told)])).toEqual([
      'other_device',
      'duplicate',
    ])
    expect(await storage.sessions.get(fleetId, told)).toMatchObject({ deviceId: mine.id })

    await push(mine, pushed)
    await push(other, pushed)
    expect(await store([by(other, pushed, { result: 'failed' })])).toEqual(['other_device'])
    expect(await storage.sessions.get(fleetId, pushed)).toBeNull()
    expect(await storage.sessions.unreported(fleetId, other.id, 0, 9)).toEqual([])
    expect(await storage.sessions.unreported(fleetId, mine.id, 0, 9)).toMatchObject([
      { sessionId: pushed, pushed: 1 },
    ])
    expect(await store([by(mine, pushed)])).toEqual(['stored'])
    expect(await storage.sessions.get(fleetId, pushed)).toMatchObject({ deviceId: mine.id })
    const page = await storage.sessions.list(fleetId, ANY, { limit: 9, cursor: null })
    expect(page.items.find(({ sessionId }) => sessionId === pushed)).toMatchObject({
      collections: ['reports'],
    })

    const outcomes = await Promise.all([mine, other, mine, other].map((device) => store([by(device, raced)])))
    expect(outcomes.flat().toSorted()).toEqual(['duplicate', 'other_device', 'other_device', 'stored'])
    const events = (await foldedEvents(storage, fleetId)).filter(({ payload }) => payload.kind === 'session')
    expect(events).toHaveLength(3)
    expect(events).toEqual(
      expect.arrayContaining(
        [told, pushed].map((sessionId) =>
          expect.objectContaining({ payload: expect.objectContaining({ sessionId, deviceId: mine.id }) }),
        ),
      ),
    )
  })

  it('[PU6] what only another device pushed in a session is not counted for it, nor inferred', async () => {
    const { storage } = current()
    const { id: fleetId } = await makeFleet(storage)
    const [mine, other] = [await makeDevice(storage, fleetId), await makeDevice(storage, fleetId)]
    const sessionId = randomUUID()
    for (const { id: deviceId } of [mine, other, other])
      await commit(
        storage,
        fleetId,
        (head) => [changeOf({ deviceId, sessionId, version: head + 1, conflict: conflictEffect() })],
        { committedAtMs: NOW_MS, sessions: [{ sessionId, deviceId }] },
      )
    expect(await storage.sessions.inferAbandoned(fleetId, NOW_MS + 1, NOW_MS + DAY_MS, 9)).toBe(1)
    expect(await storage.sessions.get(fleetId, sessionId)).toMatchObject({
      deviceId: mine.id,
      pushed: 1,
      conflicts: 1,
    })
  })

  it('[PU6] a device tells of the sessions that it had under a linked id', async () => {
    const { storage } = current()
    const { id: fleetId } = await makeFleet(storage)
    const former = await makeDevice(storage, fleetId)
    const fork = await makeDevice(storage, fleetId, {}, former.id)
    const sessionId = randomUUID()
    await commit(
      storage,
      fleetId,
      (head) => [changeOf({ deviceId: former.id, sessionId, version: head + 1 })],
      { committedAtMs: NOW_MS, sessions: [{ sessionId, deviceId: former.id }] },
    )
    const report = sessionOf(fleetId, fork.id, { sessionId })
    expect(await storage.sessions.store(fleetId, [report], [])).toEqual(['stored'])
    expect(await storage.sessions.unreported(fleetId, former.id, 0, 9)).toEqual([])
    const page = await storage.sessions.list(fleetId, ANY, { limit: 9, cursor: null })
    expect(page.items).toMatchObject([{ deviceId: fork.id, collections: ['reports'] }])
  })
})
