import { randomUUID } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { keepOf } from '#lib/application/retention/retention.ts'
import { COMMANDS_PENDING_MAX } from '#lib/protocol/command.ts'
import type { DeviceCommand, StoredReport } from '#lib/storage/ports.ts'
import {
  audit,
  BACKENDS,
  changeOf,
  commit,
  DAY_MS,
  deviceOf,
  makeDevice,
  makeFleet,
  NOW_MS,
  opened,
} from './world.ts'

const commandOf = (changes: Partial<DeviceCommand> = {}): DeviceCommand => ({
  id: randomUUID(),
  type: 'resync',
  reason: null,
  issuedAtMs: NOW_MS,
  expiresAtMs: NOW_MS + DAY_MS,
  acknowledgedAtMs: null,
  ...changes,
})

describe.each(BACKENDS)('the life of a device on $name', (backend) => {
  const current = opened(backend)
  const world = async () => {
    const { storage } = current()
    const { id: fleetId } = await makeFleet(storage)
    const { id } = await makeDevice(storage, fleetId)
    return { storage, fleetId, id }
  }

  it('tells how devices stand, of those that there are', async () => {
    const { storage, fleetId, id } = await world()
    const other = await makeDevice(storage, fleetId)
    await storage.devices.command(fleetId, id, { command: null, status: 'revoked', nowMs: NOW_MS }, null)
    const { access } = other
    const standings = await storage.devices.standings(fleetId, [id, other.id, randomUUID()])
    expect(new Map(standings)).toEqual(
      new Map([
        [id, { status: 'revoked', access }],
        [other.id, { status: 'active', access }],
      ]),
    )
    const { id: elsewhere } = await makeFleet(storage)
    expect(await storage.devices.standings(elsewhere, [id])).toEqual(new Map())
    expect(await storage.devices.standings(fleetId, [])).toEqual(new Map())
  })

  it('keeps commands until they are acknowledged, once each, and finds whom they wait for', async () => {
    const { storage, fleetId, id } = await world()
    const { devices } = storage
    const [first, second] = [commandOf(), commandOf({ type: 'pause', reason: 'x', expiresAtMs: NOW_MS + 10 })]
    const give = (command: DeviceCommand, status: 'paused' | null = null) =>
      devices.command(fleetId, id, { command, status, nowMs: NOW_MS }, audit('device.told', { fleetId }))
    await give(first)
    await give(second, 'paused')
    expect(await give({ ...first, type: 'rotate' })).toMatchObject({
      commands: [first, second],
      status: 'paused',
    })
    expect((await devices.get(fleetId, id))?.commands).toEqual([first, second])
    expect(await devices.commanded(fleetId, NOW_MS, 9)).toEqual([{ id, commands: [first, second] }])
    await devices.acknowledgeCommands(fleetId, id, [first.id, randomUUID()], NOW_MS + 5)
    await devices.acknowledgeCommands(fleetId, id, [first.id], NOW_MS + 7)
    const left = [{ ...first, acknowledgedAtMs: NOW_MS + 5 }, second]
    expect((await devices.get(fleetId, id))?.commands).toEqual(left)
    expect(await devices.commanded(fleetId, NOW_MS + 9, 9)).toEqual([{ id, commands: left }])
    expect(await devices.commanded(fleetId, NOW_MS + 10, 9)).toEqual([])
    await devices.acknowledgeCommands(fleetId, randomUUID(), [first.id], NOW_MS)
    const told = await storage.audit.list({ fleetId, action: 'device.told' }, { limit: 9, cursor: null })
    expect(told.items).toHaveLength(2)
  })

  it('refuses more commands than may wait, also when they come together', async () => {
    const { storage, fleetId, id } = await world()
    const outcomes = await Promise.all(
      Array.from({ length: COMMANDS_PENDING_MAX + 3 }, () =>
        storage.devices.command(fleetId, id, { command: commandOf(), status: null, nowMs: NOW_MS }, audit()),
      ),
    )
    expect(outcomes.filter((outcome) => outcome === 'full')).toHaveLength(3)
    expect((await storage.devices.get(fleetId, id))?.commands).toHaveLength(COMMANDS_PENDING_MAX)
  })

  it('links ids both ways, whole families', async () => {
    const { storage, fleetId, id } = await world()
    const enroll = async (formerId: string | null) => {
      const device = deviceOf(fleetId)
      const credentials = {
        tokenHash: randomUUID(),
        requestId: randomUUID(),
        keyId: randomUUID(),
        nowMs: NOW_MS,
      }
      await storage.devices.enroll({ device, ...credentials, formerId }, audit())
      return device.id
    }
    const fork = await enroll(id)
    const forkOfFork = await enroll(fork)
    const twin = await enroll(id)
    const stranger = await enroll(randomUUID())
    const linked = async (of: string) =>
      [...((await storage.devices.get(fleetId, of))?.linkedIds ?? [])].sort()
    expect(await linked(id)).toEqual([fork, forkOfFork, twin].sort())
    expect(await linked(fork)).toEqual([id, forkOfFork, twin].sort())
    expect(await linked(forkOfFork)).toEqual([id, fork, twin].sort())
    expect(await linked(twin)).toEqual([id, fork, forkOfFork].sort())
    expect(await linked(stranger)).toEqual([])
  })

  it('[CL2] registers the steps of a clock, by a contact and by a push, and nothing else', async () => {
    const { storage, fleetId, id } = await world()
    const reportOf = (seq: number, offsetMs: number | null, rttMs = 100): StoredReport => ({
      state: 'idle',
      seq,
      nonce: `n${seq}\u0000`,
      depth: 0,
      oldestMadeAtMs: null,
      byCollection: {},
      offsetMs,
      rttMs,
      atMs: NOW_MS + seq,
    })
    const touch = (report: StoredReport | null) =>
      storage.devices.touch(fleetId, id, { atMs: NOW_MS, appVersion: '1', platform: 'ios', report })
    const push = (report: StoredReport) =>
      commit(storage, fleetId, () => [], {
        reports: [{ deviceId: id, appVersion: '1', platform: 'ios', report }],
      })
    const jumps = async () => (await storage.devices.get(fleetId, id))?.clockJumps
    await touch(reportOf(1, null))
    await touch(reportOf(2, 1_000))
    await touch(reportOf(3, 2_100))
    await push(reportOf(4, 1_000))
    await touch(null)
    expect(await jumps()).toBeNull()
    await touch(reportOf(5, 5_000))
    await touch(reportOf(5, 5_000))
    const first = { atMs: NOW_MS + 5, fromOffsetMs: 1_000, toOffsetMs: 5_000 }
    expect(await jumps()).toEqual({ count: 1, last: first })
    await push(reportOf(6, -5_000))
    const second = { atMs: NOW_MS + 6, fromOffsetMs: 5_000, toOffsetMs: -5_000 }
    expect(await jumps()).toEqual({ count: 2, last: second })
    await push(reportOf(7, null))
    await touch(reportOf(8, 9_000))
    expect(await jumps()).toEqual({ count: 2, last: second })
  })

  it('keeps the newest diagnostics of a device, byte for byte', async () => {
    const { storage, fleetId, id } = await world()
    const { devices } = storage
    const rows = [1, 2, 3].map((n) => ({
      id: randomUUID(),
      deviceId: id,
      commandId: n === 1 ? null : randomUUID(),
      appVersion: '1.0.0',
      bytes: n,
      receivedAtMs: NOW_MS + n,
    }))
    const bodyOf = (n: number): string => JSON.stringify({ n, text: 'a\u0000\\u0000\ud800' })
    for (const row of rows) await devices.addDiagnostics(fleetId, row, bodyOf(row.bytes), 2)
    expect(await devices.listDiagnostics(fleetId, id)).toEqual([rows[2], rows[1]])
    expect(await devices.getDiagnostics(fleetId, id, rows[2]?.id ?? '')).toEqual({
      row: rows[2],
      body: bodyOf(3),
    })
    expect(await devices.getDiagnostics(fleetId, id, rows[0]?.id ?? '')).toBeNull()
    expect(await devices.getDiagnostics(fleetId, randomUUID(), rows[2]?.id ?? '')).toBeNull()
  })

  it('[TK7] gives turns for full syncs at a pace, each device its own, whoever asks at once', async () => {
    const { storage, fleetId } = await world()
    const pace = { nowMs: NOW_MS, intervalMs: 1_000, burst: 3, graceMs: 60_000 }
    const ids = Array.from({ length: 8 }, () => randomUUID())
    const turns = await Promise.all(ids.map((id) => storage.sync.admitFullSync(fleetId, id, pace)))
    const sorted = turns.map(({ admitAtMs }) => admitAtMs - NOW_MS).sort((a, b) => a - b)
    expect(sorted).toEqual([-2_000, -1_000, 0, 1_000, 2_000, 3_000, 4_000, 5_000])
    for (const { admitAtMs, place } of turns)
      expect(place).toBe(Math.max(0, (admitAtMs - NOW_MS) / 1_000 - 1))
    for (const [i, id] of ids.entries()) {
      const again = await storage.sync.admitFullSync(fleetId, id, pace)
      expect(again.admitAtMs).toBe(turns[i]?.admitAtMs)
      expect(await storage.sync.fullSyncTurn(fleetId, id, NOW_MS)).toEqual(turns[i])
    }
    expect(await storage.sync.fullSyncTurn(fleetId, randomUUID(), NOW_MS)).toBeNull()
    const early = ids[turns.findIndex(({ admitAtMs }) => admitAtMs === NOW_MS)] as string
    const later = { ...pace, nowMs: NOW_MS + 60_000 }
    expect((await storage.sync.admitFullSync(fleetId, early, later)).admitAtMs).toBeGreaterThan(NOW_MS)
    const { id: other } = await makeFleet(storage)
    expect((await storage.sync.admitFullSync(other, ids[0] as string, pace)).admitAtMs).toBe(NOW_MS - 2_000)
  })

  it('[SH1] shows live records as they were at a version', async () => {
    const { storage, fleetId, id: deviceId } = await world()
    const [a, b, c] = [randomUUID(), randomUUID(), randomUUID()]
    const write = async (recordId: string, data: { n: number } | null) => {
      const before = await storage.sync.getRecord(fleetId, 'reports', recordId)
      await commit(storage, fleetId, (head) => [
        changeOf({ deviceId, recordId, version: head + 1, replaced: before, data }),
      ])
    }
    await write(a, { n: 1 })
    await write(b, { n: 2 })
    await write(a, { n: 3 })
    await write(b, null)
    await write(c, { n: 5 })
    await write(b, { n: 6 })
    const at = async (version: number, records = 9, bytes = 1_000) =>
      (await storage.sync.stateAt(fleetId, 'reports', version, { records, bytes }))
        ?.map((row) => [
          row.recordId === a ? 'a' : row.recordId === b ? 'b' : 'c',
          row.version,
          row.data['n'],
        ])
        .sort()
    expect(await at(0)).toEqual([])
    expect(await at(1)).toEqual([['a', 1, 1]])
    expect(await at(2)).toEqual([
      ['a', 1, 1],
      ['b', 2, 2],
    ])
    expect(await at(4)).toEqual([['a', 3, 3]])
    expect(await at(5)).toEqual([
      ['a', 3, 3],
      ['c', 5, 5],
    ])
    expect(await at(6)).toEqual([
      ['a', 3, 3],
      ['b', 6, 6],
      ['c', 5, 5],
    ])
    expect(await at(6, 2)).toBeUndefined()
    // Three documents of seven bytes.
    expect([(await at(6, 3, 21))?.length, await at(6, 3, 20)]).toEqual([3, undefined])
  })

  it('[TK5] notes how far tombstones are gone', async () => {
    const { storage, fleetId, id: deviceId } = await world()
    const recordId = randomUUID()
    const [made] = await commit(storage, fleetId, (head) => [
      changeOf({ deviceId, recordId, version: head + 1 }),
    ])
    await commit(storage, fleetId, (head) => [
      changeOf({ deviceId, recordId, version: head + 1, replaced: made?.record ?? null, data: null }),
      changeOf({ deviceId, version: head + 2 }),
    ])
    const purged = async () =>
      (
        await storage.sync.pull(fleetId, [{ collection: 'reports', afterVersion: 0 }], {
          limit: 9,
          maxBytes: 9_999,
        })
      ).purged
    const keep = keepOf({ eventsDays: 400, sessionsDays: 400 })
    await storage.maintenance.applyRetention(NOW_MS + 44 * DAY_MS, keep, { size: 9, rounds: 1 })
    expect((await purged()).get('reports')).toBe(0)
    await storage.maintenance.applyRetention(NOW_MS + 46 * DAY_MS, keep, { size: 9, rounds: 1 })
    expect((await purged()).get('reports')).toBe(2)
  })
})
