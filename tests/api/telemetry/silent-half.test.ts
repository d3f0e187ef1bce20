import { expect, test } from 'vitest'
import { Leader } from '#lib/application/leader.ts'
import { lag } from '#lib/application/pillars/lag.ts'
import { overview } from '#lib/application/pillars/overview.ts'
import { seededRandom } from '#lib/kernel/random.ts'
import { openMemoryStorage } from '#lib/storage/memory/open-memory-storage.ts'
import { silenceLimitMs } from '#lib/telemetry/connectivity.ts'
import { DEFAULT_THRESHOLDS } from '#lib/telemetry/thresholds.ts'
import { setUpFleet } from '../../../bench/set-up-fleet.ts'
import { DrivenDevice, drivenWorld } from './driven-fleet.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
const START_MS = Date.UTC(2026, 2, 2, 9)
const DEVICES = 8
const HALF = DEVICES / 2
const INTERVAL_MS = MINUTE
/** Of a device in a minute: a level of lag wants twenty in an hour. */
const CHANGES = 6

test('half of a fleet goes silent for a day: pending age and the silent count say so within a minute, lag alone would not', async () => {
  const chance = seededRandom(7)
  // Nothing waits for hours on the devices that sync: the rarest waits of a driven device are left out.
  const world = drivenWorld(openMemoryStorage(), START_MS, () => 0.1 + 0.85 * chance())
  const { ctx } = world.app
  const { fleetId, enrollmentKey } = await setUpFleet(ctx, 'half', { intervalMs: INTERVAL_MS })
  const devices: DrivenDevice[] = []
  for (let i = 0; i < DEVICES; i++) devices.push(await DrivenDevice.enroll(world, enrollmentKey, i))
  const leader = new Leader(ctx)

  /** A minute of the fleet's life: these devices sync, then the leader does its turn. */
  const minute = async (syncing: readonly DrivenDevice[]): Promise<void> => {
    for (const device of syncing) {
      const op = {
        type: 'put',
        data: { airportName: 'DFW', flightDate: '2026-03-01', status: 'open' },
      } as const
      await device.push(
        Array.from({ length: CHANGES }, () => device.mutation('strike-reports', ctx.ids(), op)),
      )
      await device.heartbeat(0)
    }
    world.advance(MINUTE)
    await leader.turn()
    await leader.idle()
    world.advance(1_000)
    // Folds what the snapshot of this minute wrote.
    await leader.turn()
    await leader.idle()
  }
  const shown = async () => {
    const range = { fleetId, fromMs: world.now() - HOUR, toMs: world.now() }
    const [whole, { figure, level }] = [await overview(ctx, range), await lag(ctx, range)]
    return {
      pending: figure?.pending ?? null,
      upload: figure?.upload,
      level,
      devices: whole.devices,
      verdict: whole.verdict,
    }
  }

  for (let n = 0; n < 5; n++) await minute(devices)
  const [heard, lost] = [devices.slice(HALF), devices.slice(0, HALF)]
  // One of those that fall silent leaves something behind that the server knows of.
  await lost[0]?.heartbeat(5)
  const lostMs = world.now()
  const before = await shown()
  expect(before.devices.silent).toBe(0)
  expect(before.pending?.offline.count).toBe(0)

  const silentFromMs = lostMs + silenceLimitMs(INTERVAL_MS)
  while (world.now() <= silentFromMs) await minute(heard)
  const first = await shown()
  expect(world.now() - silentFromMs).toBeLessThanOrEqual(MINUTE + 1_000)
  expect(first.devices.silent).toBe(HALF)
  expect(first.pending?.offline.count).toBe(HALF)
  expect(first.pending?.offline.p50).toBeGreaterThanOrEqual(15 * MINUTE * 0.99)

  while (world.now() < lostMs + DAY) {
    await minute(heard)
    world.advance(29 * MINUTE)
  }
  // Until a minute's snapshot is in the figures: of an older one the verdict says nothing.
  for (let n = 0; n < 3; n++) await minute(heard)
  const last = await shown()
  // By what was synced, all is well: the naive measure.
  expect(last.upload?.count).toBeGreaterThan(0)
  expect(last.upload?.p95).toBeLessThan(DEFAULT_THRESHOLDS.lagWarnMs)
  expect(last.level).toBe('ok')
  // By what was not, half of the fleet has waited for a day.
  expect(last.devices.silent).toBe(HALF)
  expect(last.pending?.offline.count).toBe(HALF)
  expect(last.pending?.offline.p50).toBeGreaterThan(0.98 * DAY)
  expect(last.pending?.online.max ?? 0).toBeLessThan(HOUR)
  expect(last.verdict).toMatchObject({ level: 'warn', step: { label: 'Offline devices' } })
  expect(last.verdict.sentence).toMatch(/^4 of 8 devices are offline, half of them for (23 h|1 d)/)
})
