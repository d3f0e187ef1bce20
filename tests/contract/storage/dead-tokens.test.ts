import { randomUUID } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { audit, BACKENDS, makeDevice, makeFleet, NOW_MS, opened } from './world.ts'

const MINUTE_MS = 60_000

describe.each(BACKENDS)('tokens that were shown after their end, on $name', (backend) => {
  const current = opened(backend)

  it('[check 23] are counted by the minute for their device, and none that lives or never was', async () => {
    const { storage } = current()
    const { id: fleetId } = await makeFleet(storage)
    const { id: deviceId } = await makeDevice(storage, fleetId)
    const [first, second] = [randomUUID(), randomUUID()]
    const endsMs = NOW_MS + MINUTE_MS
    await storage.devices.rotateToken(fleetId, deviceId, first, first, NOW_MS, NOW_MS, audit())
    await storage.devices.rotateToken(fleetId, deviceId, first, second, NOW_MS, endsMs, audit())
    const note = (hash: string, ms: number, fleet = fleetId) =>
      storage.deadTokens.note(fleet, hash, endsMs + ms)
    expect(await note(first, -1)).toBeNull()
    expect(await note(second, 0)).toBeNull()
    expect(await note(randomUUID(), 0)).toBeNull()
    expect(await storage.deadTokens.of(fleetId, deviceId)).toBeNull()
    const told = { deviceId, firstMs: endsMs, lastMs: endsMs, uses: 1 }
    expect(await note(first, 0)).toEqual(told)
    expect(await note(first, MINUTE_MS - 1)).toBeNull()
    const again = { ...told, lastMs: endsMs + MINUTE_MS, uses: 2 }
    expect(await note(first, MINUTE_MS)).toEqual(again)
    expect(await storage.deadTokens.of(fleetId, deviceId)).toEqual(again)
    expect(await storage.deadTokens.countSince(fleetId, again.lastMs)).toBe(1)
    expect(await storage.deadTokens.countSince(fleetId, again.lastMs + 1)).toBe(0)
    const { id: other } = await makeFleet(storage)
    expect(await note(first, 2 * MINUTE_MS, other)).toBeNull()
    expect(await storage.deadTokens.of(other, deviceId)).toBeNull()
  })
})
