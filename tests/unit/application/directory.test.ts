import { describe, expect, it } from 'vitest'
import type { DeviceDirectory } from '#lib/application/devices/directory.ts'
import { DIRECTORY_FRESH_MS } from '#lib/application/devices/directory.ts'
import { openMemoryStorage } from '#lib/storage/memory/open-memory-storage.ts'
import { TestDevice, testApp, testFleet } from '#tests/support/device-world.ts'

/** A directory over memory with one device, and how often its storage was asked who that is. */
async function world() {
  const clock = { nowMs: Date.UTC(2026, 10, 28), now: () => clock.nowMs }
  const storage = openMemoryStorage()
  const app = testApp(storage, undefined, clock)
  const { token, id } = await TestDevice.enroll(app, await testFleet(app))
  let asked = 0
  const find = storage.devices.findByToken.bind(storage.devices)
  storage.devices.findByToken = async (...given) => {
    asked += 1
    return find(...given)
  }
  const directory: DeviceDirectory = app.ctx.directory
  const authenticate = async () => (await directory.authenticate(token, DIRECTORY_FRESH_MS)).device.id
  return { clock, directory, id, authenticate, asked: () => asked }
}

describe('who a request comes from', () => {
  it('[check 32] is asked once, however many requests of a device come at the same moment', async () => {
    const { clock, id, authenticate, asked } = await world()
    for (let second = 1; second <= 3; second++) {
      clock.nowMs += DIRECTORY_FRESH_MS + 1
      const found = await Promise.all(Array.from({ length: 300 }, authenticate))
      expect(new Set(found)).toEqual(new Set([id]))
      expect(asked()).toBe(second)
    }
  })

  it('is asked anew by whoever comes after a change, also while the answer of before is under way', async () => {
    const { clock, directory, id, authenticate, asked } = await world()
    clock.nowMs += DIRECTORY_FRESH_MS + 1
    const before = authenticate()
    directory.forgetDevice(id)
    await Promise.all([before, authenticate()])
    expect(asked()).toBe(2)
  })
})
