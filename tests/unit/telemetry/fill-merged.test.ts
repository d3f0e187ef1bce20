import { expect, test } from 'vitest'
import type { TelemetryContext } from '#lib/application/telemetry/context.ts'
import { FILL_HOURS_MAX, fillMerged } from '#lib/application/telemetry/fill-merged.ts'
import { openMemoryStorage } from '#lib/storage/memory/open-memory-storage.ts'
import { makeFleet } from '../../contract/storage/world.ts'

test('merged buckets are filled a few hours of each fleet at a time, until none is left', async () => {
  const storage = openMemoryStorage({ nowMs: () => 0 })
  const [long, short] = [(await makeFleet(storage)).id, (await makeFleet(storage)).id]
  const left = new Map([
    [long, FILL_HOURS_MAX + 1],
    [short, 1],
  ])
  const filling = (fleetId: string) => {
    const hours = left.get(fleetId) ?? 0
    left.set(fleetId, Math.max(0, hours - 1))
    return Promise.resolve(hours > 0)
  }
  const telemetry = { ...storage.telemetry, fillMerged: filling }
  const ctx: TelemetryContext = { storage: { ...storage, telemetry }, clock: { now: () => 0 } }
  expect(await fillMerged(ctx)).toBe(true)
  expect([left.get(long), left.get(short)]).toEqual([1, 0])
  expect(await fillMerged(ctx)).toBe(false)
  expect(left.get(long)).toBe(0)
})
