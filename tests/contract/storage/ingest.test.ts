import { randomUUID } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { SESSION_FIELDS } from '#lib/query/session-fields.ts'
import { fold, keysOf } from '#lib/rollups/fold.ts'
import type { IngestKey, ScrapeTarget, SeenDevice, ToldLog, ToldSeries } from '#lib/storage/ports.ts'
import { conditionsOf } from '#tests/support/conditions-of.ts'
import { eventAt, fleetGaugesEvent, sessionEvent } from '#tests/support/telemetry-fixtures.ts'
import { BACKENDS, audit, DAY_MS, makeDevice, makeFleet, NOW_MS, opened, sessionOf } from './world.ts'

const seenDevice = (changes: Partial<SeenDevice> = {}): SeenDevice => ({
  id: randomUUID(),
  name: 'till 7',
  platform: 'android',
  appVersion: '3.1',
  source: 'powersync',
  lastContactMs: NOW_MS - 1_000,
  ...changes,
})

describe.each(BACKENDS)('telemetry in over $name', (backend) => {
  const current = opened(backend)

  it('keeps ingest keys and finds them by hash', async () => {
    const { storage } = current()
    const { id: fleetId } = await makeFleet(storage)
    const key: IngestKey = {
      id: randomUUID(),
      fleetId,
      name: 'collector',
      source: 'powersync',
      hash: randomUUID(),
      createdAtMs: NOW_MS,
      expiresAtMs: null,
      revokedAtMs: null,
      lastUsedMs: null,
    }
    await storage.ingest.createKey(key, audit())
    expect(await storage.ingest.findKey(fleetId, key.hash)).toEqual(key)
    expect(await storage.ingest.listKeys(fleetId)).toEqual([key])
    const change = (next: Partial<IngestKey>) =>
      storage.ingest.updateKey(fleetId, key.id, (row) => ({ next: { ...row, ...next }, audit: audit() }))
    await Promise.all([change({ name: 'other', expiresAtMs: NOW_MS + 1 }), change({ revokedAtMs: NOW_MS })])
    const changed = { ...key, name: 'other', expiresAtMs: NOW_MS + 1, revokedAtMs: NOW_MS }
    expect(await storage.ingest.findKey(fleetId, key.hash)).toEqual(changed)
    for (const atMs of [NOW_MS + 5, NOW_MS]) await storage.ingest.noteUse(fleetId, key.id, atMs)
    const used = { ...changed, lastUsedMs: NOW_MS + 5 }
    expect(await storage.ingest.listKeys(fleetId)).toEqual([used])
    const other = await makeFleet(storage)
    expect(await storage.ingest.findKey(other.id, key.hash)).toBeNull()
    expect(
      await storage.ingest.updateKey(fleetId, randomUUID(), (row) => ({ next: row, audit: audit() })),
    ).toBeNull()
  })

  it('enrolls by first sight, and moves on what it knows but for a revoked device', async () => {
    const { storage } = current()
    const { id: fleetId } = await makeFleet(storage)
    const [one, two] = [seenDevice(), seenDevice({ model: 'T3', os: 'Android 16' })]
    const first = await storage.ingest.seen(fleetId, [one, two], NOW_MS, 10)
    expect(first).toEqual(
      new Map([
        [one.id, 'active'],
        [two.id, 'active'],
      ]),
    )
    expect(await storage.devices.get(fleetId, two.id)).toEqual({
      ...two,
      fleetId,
      status: 'active',
      access: {},
      enrolledAtMs: NOW_MS,
      lastSessionOkMs: null,
      report: null,
      clockJumps: null,
      linkedIds: [],
      commands: [],
    })
    const order = { command: null, status: 'revoked', nowMs: NOW_MS } as const
    await storage.devices.command(fleetId, two.id, order, audit())
    const later = NOW_MS + 5_000
    const again = await storage.ingest.seen(
      fleetId,
      [
        { ...one, appVersion: '3.2', lastContactMs: later },
        { ...two, appVersion: '3.2', lastContactMs: later },
      ],
      later,
      10,
    )
    expect([again.get(one.id), again.get(two.id)]).toEqual(['active', 'revoked'])
    expect(await storage.devices.get(fleetId, one.id)).toMatchObject({
      appVersion: '3.2',
      lastContactMs: later,
      enrolledAtMs: NOW_MS,
    })
    expect(await storage.devices.get(fleetId, two.id)).toMatchObject({ appVersion: '3.1' })
    // An export that comes late takes nothing back.
    const late = { ...one, name: 'till 6', appVersion: '3.0', lastContactMs: later - 1 }
    expect((await storage.ingest.seen(fleetId, [late], later, 10)).get(one.id)).toBe('active')
    const { name, appVersion } = { ...one, appVersion: '3.2' }
    const known = { name, appVersion, lastContactMs: later }
    expect(await storage.devices.get(fleetId, one.id)).toMatchObject(known)
    await storage.ingest.seen(fleetId, [{ ...late, lastContactMs: later }], later, 10)
    expect(await storage.devices.get(fleetId, one.id)).toMatchObject({ name: 'till 6', appVersion: '3.0' })
  })

  it('a device that no contact is told of is made once, and its first session moves it on', async () => {
    const { storage } = current()
    const { id: fleetId } = await makeFleet(storage)
    const device = seenDevice()
    const silent = { ...device, name: 'somebody', lastContactMs: null }
    expect((await storage.ingest.seen(fleetId, [silent], NOW_MS, 10)).get(device.id)).toBe('active')
    const made = { name: 'somebody', lastContactMs: null }
    expect(await storage.devices.get(fleetId, device.id)).toMatchObject(made)
    await storage.ingest.seen(fleetId, [device], NOW_MS, 10)
    await storage.ingest.seen(fleetId, [silent], NOW_MS, 10)
    const { name, lastContactMs } = device
    expect(await storage.devices.get(fleetId, device.id)).toMatchObject({ name, lastContactMs })
  })

  it('moves series on one export after the other, and has room for so many', async () => {
    const { storage } = current()
    const { id: fleetId } = await makeFleet(storage)
    const series = (over: Partial<ToldSeries> = {}): ToldSeries => ({
      id: randomUUID(),
      source: 'powersync',
      gauge: null,
      startMs: NOW_MS - 5,
      atMs: NOW_MS,
      heardMs: NOW_MS,
      value: 0,
      ...over,
    })
    const counted = series()
    const raise = () =>
      storage.ingest.moveSeries(fleetId, [counted.id], 2, (known) => {
        const before = known.get(counted.id) ?? counted
        return { series: [{ ...before, value: Number(before.value) + 1 }], events: [] }
      })
    await Promise.all([raise(), raise(), raise()])
    const gauge = series({ gauge: 'queueDepth', startMs: null, value: 7, heardMs: NOW_MS - 1_000 })
    const event = eventAt('told', NOW_MS, fleetGaugesEvent())
    await storage.ingest.moveSeries(fleetId, [counted.id, gauge.id], 2, (known, room) => {
      expect([known.get(counted.id)?.value, known.size, room]).toEqual([3, 1, 1])
      const spread = { kind: 'explicit', bounds: [1], counts: [2, 3] } as const
      return { series: [{ ...counted, value: spread }, gauge], events: [event] }
    })
    await storage.ingest.moveSeries(fleetId, [counted.id, gauge.id], 2, (known, room) => {
      expect([known.get(counted.id)?.value, known.get(gauge.id), room]).toEqual([
        { kind: 'explicit', bounds: [1], counts: [2, 3] },
        gauge,
        0,
      ])
      return { series: [{ ...counted, value: null }], events: [] }
    })
    expect(await storage.ingest.gauges(fleetId, NOW_MS - 1_000)).toEqual([gauge])
    expect(await storage.ingest.gauges(fleetId, NOW_MS)).toEqual([])
    expect(await storage.telemetry.oldestUnfoldedMs(fleetId)).not.toBeNull()
    const failing = storage.ingest.moveSeries(fleetId, [gauge.id], 2, () => {
      throw new Error('no')
    })
    await expect(failing).rejects.toThrow('no')
    const gone = storage.ingest.moveSeries(randomUUID(), [], 2, () => ({ series: [], events: [] }))
    await expect(gone).rejects.toMatchObject({ code: 'fleet_gone' })
  })

  it('keeps the newest logs of a device, each once, and finds them by session', async () => {
    const { storage } = current()
    const { id: fleetId } = await makeFleet(storage)
    const [deviceId, sessionId] = [randomUUID(), randomUUID()]
    const log = (atMs: number, over: Partial<ToldLog> = {}): ToldLog => ({
      id: randomUUID(),
      deviceId,
      sessionId: null,
      atMs,
      level: 'info',
      text: `at ${atMs} \u0000`,
      code: null,
      ...over,
    })
    const all = [1, 2, 3, 4].map((at) =>
      log(NOW_MS + at, at === 3 ? { sessionId, level: 'error', code: 'x' } : {}),
    )
    const other = log(NOW_MS, { deviceId: randomUUID() })
    expect(await storage.ingest.storeLogs(fleetId, [...all.slice(0, 2), other], 3)).toBe(3)
    expect(await storage.ingest.storeLogs(fleetId, all, 3)).toBe(2)
    expect(await storage.ingest.logs(fleetId, { deviceId }, 10)).toEqual(all.slice(1).toReversed())
    expect(await storage.ingest.logs(fleetId, { deviceId }, 1)).toEqual(all.slice(3))
    expect(await storage.ingest.logs(fleetId, { sessionId }, 10)).toEqual([all[2]])
    expect(await storage.ingest.logs(fleetId, { deviceId: other.deviceId }, 10)).toEqual([other])
    expect(await storage.ingest.logs((await makeFleet(storage)).id, { deviceId }, 10)).toEqual([])
  })

  it('keeps the pages that are asked, so many of a fleet, with what came of the last time', async () => {
    const { storage } = current()
    const { id: fleetId } = await makeFleet(storage)
    const page = (createdAtMs: number): ScrapeTarget => ({
      id: randomUUID(),
      fleetId,
      source: 'couchdb',
      url: 'https://example.org/_scheduler/docs',
      everyMs: 60_000,
      createdAtMs,
      last: null,
    })
    const [one, two, three] = [page(NOW_MS), page(NOW_MS + 1), page(NOW_MS + 2)] as const
    for (const each of [two, one]) expect(await storage.ingest.addTarget(each, 2, audit())).toBe('created')
    expect(await storage.ingest.addTarget(three, 2, audit())).toBe('too_many')
    const last = { atMs: NOW_MS, points: null, problem: 'it answered 500' }
    await storage.ingest.noteScrape(fleetId, one.id, last)
    await storage.ingest.noteScrape(fleetId, three.id, last)
    expect(await storage.ingest.targets(fleetId)).toEqual([{ ...one, last }, two])
    const entry = audit()
    expect(await storage.ingest.removeTarget(fleetId, one.id, () => entry)).toEqual({ ...one, last })
    expect(await storage.ingest.removeTarget(fleetId, one.id, () => audit())).toBeNull()
    expect(await storage.ingest.targets(fleetId)).toEqual([two])
    const gone = { ...three, fleetId: randomUUID() }
    await expect(storage.ingest.addTarget(gone, 2, audit())).rejects.toMatchObject({ code: 'fleet_gone' })
  })

  it('forgets a series that is told no more, and logs as old as sessions may be', async () => {
    const { storage } = current()
    const { id: fleetId } = await makeFleet(storage)
    const [deviceId, id] = [randomUUID(), randomUUID()]
    const series = {
      id,
      source: 's',
      gauge: 'lagMs',
      startMs: null,
      atMs: 1,
      heardMs: NOW_MS,
      value: 3,
    } as const
    await storage.ingest.moveSeries(fleetId, [id], 1, () => ({ series: [series], events: [] }))
    const log = { sessionId: null, level: 'warn', text: 'x', code: null, deviceId, atMs: NOW_MS } as const
    await storage.ingest.storeLogs(fleetId, [{ ...log, id }], 1)
    const keep = {
      eventsMs: 35 * DAY_MS,
      sessionsMs: 90 * DAY_MS,
      minutesMs: 35 * DAY_MS,
      hoursMs: 400 * DAY_MS,
    }
    const left = async (days: number) => {
      await storage.maintenance.applyRetention(NOW_MS + days * DAY_MS, keep, { size: 100, rounds: 9 })
      const logs = await storage.ingest.logs(fleetId, { deviceId }, 9)
      return [(await storage.ingest.gauges(fleetId, 0)).length, logs.length]
    }
    expect(await left(1)).toEqual([1, 1])
    expect(await left(3)).toEqual([0, 1])
    expect(await left(91)).toEqual([0, 0])
  })

  it('buckets of a source stand beside those of our own', async () => {
    const { storage } = current()
    const { id: fleetId } = await makeFleet(storage)
    const own = sessionEvent({ sessionId: 'a' })
    const told = sessionEvent({ sessionId: 'b', source: 'powersync', result: 'failed' })
    await storage.telemetry.append(fleetId, [eventAt('a', NOW_MS, own), eventAt('b', NOW_MS, told)])
    await storage.telemetry.foldNext(fleetId, 10, keysOf, fold)
    const again = sessionEvent({ sessionId: 'c', source: 'powersync' })
    await storage.telemetry.append(fleetId, [eventAt('c', NOW_MS, again)])
    await storage.telemetry.foldNext(fleetId, 10, keysOf, fold)
    const buckets = await storage.telemetry.buckets(fleetId, 'hour', NOW_MS - 3_600_000, NOW_MS + 1)
    expect(buckets.map(({ key, counters }) => [key.source, counters['sessions']])).toEqual([
      [undefined, 1],
      ['powersync', 2],
    ])
  })

  it('makes no more devices of other engines than it may; its own don’t count', async () => {
    const { storage } = current()
    const { id: fleetId } = await makeFleet(storage)
    await makeDevice(storage, fleetId)
    const three = [seenDevice(), seenDevice(), seenDevice()]
    const statuses = await storage.ingest.seen(fleetId, three, NOW_MS, 2)
    expect([...statuses.keys()].sort()).toEqual(
      three
        .slice(0, 2)
        .map(({ id }) => id)
        .sort(),
    )
    const known = await storage.ingest.seen(fleetId, three.slice(0, 1), NOW_MS, 2)
    expect([...known.values()]).toEqual(['active'])
    const [x, y] = await Promise.all([
      storage.ingest.seen(fleetId, [seenDevice()], NOW_MS, 3),
      storage.ingest.seen(fleetId, [seenDevice()], NOW_MS, 3),
    ])
    expect(x.size + y.size).toBe(1)
  })

  it('sees nothing of a fleet that is no more', async () => {
    const { storage } = current()
    await expect(storage.ingest.seen(randomUUID(), [seenDevice()], NOW_MS, 9)).rejects.toMatchObject({
      code: 'fleet_gone',
    })
  })

  it('a figure that is not reported stays null, and is no match for a filter', async () => {
    const { storage } = current()
    const { id: fleetId } = await makeFleet(storage)
    const device = seenDevice()
    await storage.ingest.seen(fleetId, [device], NOW_MS, 9)
    const row = sessionOf(fleetId, device.id, {
      mode: null,
      pushed: null,
      pulled: 4,
      conflicts: null,
      deadLettered: null,
      queueDepthBefore: null,
      queueDepthAfter: 0,
      source: 'powersync',
    })
    expect(await storage.sessions.store(fleetId, [row], [])).toEqual(['stored'])
    expect(await storage.sessions.get(fleetId, row.sessionId)).toEqual(row)
    const asked = (q: string) => ({
      fromMs: 0,
      toMs: NOW_MS * 2,
      conditions: conditionsOf(q, SESSION_FIELDS),
    })
    const found = async (q: string) =>
      (await storage.sessions.list(fleetId, asked(q), { limit: 9, cursor: null })).items.map(
        ({ sessionId }) => sessionId,
      )
    for (const q of ['', '-has:conflict', '-mode:delta', 'pulled:>3', 'queue:<1'])
      expect(await found(q), q).toEqual([row.sessionId])
    for (const q of ['has:conflict', 'mode:delta', 'pushed:<9', 'pushed:>0'])
      expect(await found(q), q).toEqual([])
  })
})
