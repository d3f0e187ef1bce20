import { expect, test } from 'vitest'
import { FleetFigures } from '#lib/application/alerts/fleet-figures.ts'
import { foldEvents } from '#lib/application/telemetry/fold-events.ts'
import type { TelemetryPort } from '#lib/storage/ports.ts'
import { addFleet } from '#tests/support/access-world.ts'
import { alertWorld, pushOf } from '#tests/support/alert-world.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS
const EVERY_MS = 5 * MINUTE_MS
const FLEET = { by: 'fleet', key: '' } as const
const VERSION = { by: 'version', key: '2.4.0' } as const

test('[alerts] sums over windows of ten minutes to three days are those of the events, while only the newest minutes are read', async () => {
  const world = alertWorld(Date.UTC(2026, 5, 15, 9, 7))
  const { storage, clock, ctx } = world
  const fleetId = await addFleet(ctx, 'Airfield US')
  const startMs = clock.now()
  const events = Array.from({ length: (4 * DAY_MS) / EVERY_MS }, (_, n) => ({
    id: `old ${n}`,
    atMs: startMs - n * EVERY_MS - 1,
    payload: pushOf(3),
  }))
  await storage.telemetry.append(fleetId, events)
  while ((await foldEvents(ctx)).more);
  const tiers: string[] = []
  const { telemetry } = storage
  const port: TelemetryPort = {
    ...telemetry,
    mergedBuckets: (fleet, tier, ...rest) => {
      tiers.push(tier)
      return telemetry.mergedBuckets(fleet, tier, ...rest)
    },
  }
  const figures = new FleetFigures(port, fleetId, 0)
  expect(figures.sum('pushed', FLEET, HOUR_MS)).toBeNull()
  const windows = [10 * MINUTE_MS, 30 * MINUTE_MS, 2 * HOUR_MS, 6 * HOUR_MS, DAY_MS, 3 * DAY_MS]
  const check = (): void => {
    for (const windowMs of windows) {
      // Each five minutes bring one push of three; of the oldest bucket, part of an hour at most, only a part counts.
      const expected = (3 * windowMs) / EVERY_MS
      for (const part of [FLEET, VERSION]) {
        const sum = figures.sum('pushed', part, windowMs) ?? Number.NaN
        expect(
          Math.abs(sum - expected),
          `${windowMs / MINUTE_MS} min: ${sum} of ${expected}`,
        ).toBeLessThanOrEqual(3)
      }
      expect(figures.sum('requests', FLEET, windowMs)).toBeCloseTo(
        (figures.sum('pushed', FLEET, windowMs) ?? 0) / 3,
        6,
      )
      expect(figures.sum('deadLettered', FLEET, windowMs)).toBe(0)
    }
  }
  await figures.refresh(clock.now(), [])
  check()
  expect(new Set(tiers)).toContain('total_hour')
  for (let n = 0; n < 60; n++) {
    tiers.length = 0
    if (n > 0 && n % 20 === 0) await world.tell(fleetId, pushOf(3))
    clock.advance(15_000)
    while ((await foldEvents(ctx)).more);
    await figures.refresh(clock.now(), [])
    check()
    // All is read anew every ten minutes, and not between.
    if (n !== 39)
      expect(
        tiers.every((tier) => tier.endsWith('_minute')),
        `round ${n}: ${tiers.join(' ')}`,
      ).toBe(true)
  }
  expect(figures.keysOf('version')).toEqual(['2.4.0'])
  expect(figures.gauge('devices', FLEET)).toBeNull()
})
