import { randomUUID } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { Restoration } from '#lib/storage/ports.ts'
import {
  audit,
  BACKENDS,
  changeOf,
  commit,
  makeDevice,
  makeFleet,
  NOW_MS,
  opened,
  sessionOf,
} from './world.ts'

const DAY_MS = 86_400_000
const YEAR_MS = 365 * DAY_MS

describe.each(BACKENDS)('restores over $name', (backend) => {
  const current = opened(backend)

  it('[TK6] keeps what the data has of each device, who is back, and once what came back', async () => {
    const { storage } = current()
    const { id: fleetId } = await makeFleet(storage)
    expect(await storage.restores.latest(fleetId)).toBeNull()
    const [one, two, gone] = [
      await makeDevice(storage, fleetId, { name: 'One' }),
      await makeDevice(storage, fleetId, { name: 'Two' }),
      await makeDevice(storage, fleetId, { status: 'revoked' }),
    ]
    await commit(storage, fleetId, () => [changeOf({ deviceId: one.id, version: 1 })])
    await commit(storage, fleetId, () => [changeOf({ deviceId: one.id, version: 2 })])
    const restoredAtMs = NOW_MS + 1_000
    const restoration: Restoration = {
      fleetId,
      epoch: 900,
      epochBefore: 1,
      backupId: randomUUID(),
      backupAtMs: NOW_MS,
      proven: true,
      restoredAtMs,
    }
    await storage.restores.note(restoration, audit('fleet.restore', { fleetId }))
    // Run again, it changes nothing and is told once.
    await storage.restores.note(
      { ...restoration, restoredAtMs: NOW_MS + 9_000 },
      audit('fleet.restore', { fleetId }),
    )
    const log = await storage.audit.list({ fleetId, action: 'fleet.restore' }, { limit: 5, cursor: null })
    expect(log.items).toHaveLength(1)
    expect(await storage.restores.latest(fleetId)).toEqual(restoration)
    expect(await storage.restores.gap(fleetId, 900)).toEqual({
      devices: 2,
      back: 0,
      regained: 0,
      regainedDevices: 0,
    })

    const stranger = randomUUID()
    const ids = [0, 1, 2].map(() => randomUUID()).sort()
    const rowOf = (mutationId: string, deviceId: string, atMs: number, status = 'applied') => ({
      mutationId,
      deviceId,
      status,
      atMs,
    })
    const rows = [
      rowOf(ids[0] as string, one.id, restoredAtMs + 1),
      rowOf(ids[1] as string, one.id, restoredAtMs + 2),
      rowOf(ids[2] as string, stranger, restoredAtMs + 2, 'merged'),
    ]
    await storage.restores.regain(fleetId, 900, rows)
    await storage.restores.regain(fleetId, 900, [
      rowOf(ids[0] as string, one.id, restoredAtMs + 50, 'refused'),
    ])
    await storage.restores.regain(fleetId, 900, [])
    const session = sessionOf(fleetId, one.id, {
      endedAtMs: restoredAtMs + 5,
      receivedAtMs: restoredAtMs + 5,
    })
    await storage.sessions.store(fleetId, [session], [])
    expect(await storage.restores.gap(fleetId, 900)).toEqual({
      devices: 2,
      back: 1,
      regained: 3,
      regainedDevices: 2,
    })
    const devices = await storage.restores.devices(fleetId, 900, null, 10)
    expect(devices.map(({ deviceId }) => deviceId)).toEqual([one.id, two.id, stranger].sort())
    expect(devices.find(({ deviceId }) => deviceId === one.id)).toMatchObject({
      name: 'One',
      acknowledged: 2,
      lastAcknowledgedAtMs: expect.any(Number),
      backAtMs: restoredAtMs + 5,
      regained: 2,
    })
    expect(devices.find(({ deviceId }) => deviceId === two.id)).toMatchObject({
      acknowledged: 0,
      lastAcknowledgedAtMs: null,
      backAtMs: null,
      regained: 0,
    })
    expect(devices.find(({ deviceId }) => deviceId === stranger)).toMatchObject({ name: null, regained: 1 })
    expect(devices.some(({ deviceId }) => deviceId === gone.id)).toBe(false)
    expect(await storage.restores.devices(fleetId, 900, devices[0]?.deviceId ?? '', 1)).toEqual([devices[1]])

    const first = await storage.restores.regained(fleetId, 900, null, { limit: 2, cursor: null })
    expect(first.items).toEqual([rows[2], rows[1]])
    const next = await storage.restores.regained(fleetId, 900, null, { limit: 2, cursor: first.next })
    expect(next).toEqual({ items: [rows[0]], next: null })
    const own = await storage.restores.regained(fleetId, 900, one.id, { limit: 9, cursor: null })
    expect(own.items).toEqual([rows[1], rows[0]])
    const other = await makeFleet(storage)
    expect(await storage.restores.gap(other.id, 900)).toMatchObject({ devices: 0, regained: 0 })
    expect(await storage.restores.regained(fleetId, 1, null, { limit: 9, cursor: null })).toEqual({
      items: [],
      next: null,
    })
  })

  it('[TK6] keeps nothing that is said to be back where nothing was restored, and what is back for 90 days', async () => {
    const { storage } = current()
    const { id: fleetId } = await makeFleet(storage)
    const device = await makeDevice(storage, fleetId)
    const row = (atMs: number) => ({
      mutationId: randomUUID(),
      deviceId: device.id,
      status: 'applied',
      atMs,
    })
    const page = { limit: 9, cursor: null }
    await storage.restores.regain(fleetId, 900, [row(NOW_MS)])
    expect((await storage.restores.regained(fleetId, 900, null, page)).items).toEqual([])
    const restoration: Restoration = {
      fleetId,
      epoch: 900,
      epochBefore: 1,
      backupId: null,
      backupAtMs: null,
      proven: true,
      restoredAtMs: NOW_MS,
    }
    await storage.restores.note(restoration, audit('fleet.restore', { fleetId }))
    await storage.restores.regain(fleetId, 901, [row(NOW_MS)])
    expect((await storage.restores.regained(fleetId, 901, null, page)).items).toEqual([])
    const kept = [row(NOW_MS), row(NOW_MS + 1)]
    await storage.restores.regain(fleetId, 900, kept)
    const keep = { minutesMs: YEAR_MS, hoursMs: YEAR_MS, sessionsMs: YEAR_MS, eventsMs: YEAR_MS }
    const batches = { size: 10, rounds: 1 }
    await storage.maintenance.applyRetention(NOW_MS + 90 * DAY_MS, keep, batches)
    expect((await storage.restores.regained(fleetId, 900, null, page)).items).toHaveLength(2)
    await storage.maintenance.applyRetention(NOW_MS + 90 * DAY_MS + 1, keep, batches)
    expect((await storage.restores.regained(fleetId, 900, null, page)).items).toEqual([kept[1]])
  })

  it('[TK6] raises the epoch by one or to what is named, and knows the one before', async () => {
    const { storage } = current()
    const { id: fleetId } = await makeFleet(storage)
    expect((await storage.fleets.get(fleetId))?.epochBefore).toBeUndefined()
    expect(await storage.fleets.raiseEpoch(fleetId, audit())).toBe(2)
    expect(await storage.fleets.get(fleetId)).toMatchObject({ epoch: 2, epochBefore: 1 })
    expect(await storage.fleets.raiseEpoch(fleetId, audit(), 900)).toBe(900)
    expect(await storage.fleets.raiseEpoch(fleetId, audit(), 5)).toBe(901)
    expect((await storage.fleets.list()).find(({ id }) => id === fleetId)).toMatchObject({
      epoch: 901,
      epochBefore: 900,
    })
  })

  it('[TK6] raises the version of the config with it, which goes on from there', async () => {
    const { storage } = current()
    const fleet = await makeFleet(storage)
    const versionOf = async () => (await storage.fleets.get(fleet.id))?.configVersion
    const { configVersion } = fleet
    await storage.fleets.raiseEpoch(fleet.id, audit())
    expect(await versionOf()).toBe(configVersion + 1)
    await storage.fleets.raiseEpoch(fleet.id, audit(), 0, 9_000)
    expect(await versionOf()).toBe(9_000)
    const renamed = { ...fleet, name: `${fleet.name} again`, configVersion: 9_001 }
    expect(await storage.fleets.update(renamed, audit())).toBe('updated')
    expect(await versionOf()).toBe(9_001)
  })
})
