import { beforeEach, describe, expect, test } from 'vitest'
import type { Context } from '#lib/application/context.ts'
import { foldEvents } from '#lib/application/telemetry/fold-events.ts'
import { refoldRange } from '#lib/application/telemetry/refold-range.ts'
import { openMemoryStorage } from '#lib/storage/memory/open-memory-storage.ts'
import type { Storage } from '#lib/storage/ports.ts'
import { eventAt, pushEvent } from '#tests/support/telemetry-fixtures.ts'
import { audit, makeFleet } from '../../contract/storage/world.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR
const NOW = 20_000 * DAY

describe('folding a range again', () => {
  let storage: Storage
  let ctx: Pick<Context, 'storage' | 'ids' | 'clock' | 'log'>
  let fleets: readonly string[]

  beforeEach(async () => {
    storage = openMemoryStorage({ nowMs: () => NOW })
    const log = { info: () => undefined, warn: () => undefined, error: () => undefined }
    ctx = { storage, ids: () => crypto.randomUUID(), clock: { now: () => NOW }, log }
    fleets = [(await makeFleet(storage)).id, (await makeFleet(storage)).id]
    const events = Array.from({ length: 600 }, (_, n) =>
      eventAt(`push-${n}`, NOW - 1 - n * 60_000, pushEvent()),
    )
    for (const fleetId of fleets) await storage.telemetry.append(fleetId, events)
    await foldEvents(ctx)
  })
  const stored = async () =>
    JSON.stringify(
      await Promise.all(
        fleets.flatMap((id) =>
          (['minute', 'hour'] as const).map((tier) => storage.telemetry.buckets(id, tier, 0, NOW)),
        ),
      ),
    )

  test('gives equal bytes, hour by hour, of every fleet or of one', async () => {
    const before = await stored()
    const told: number[] = []
    const range = { fromMs: NOW - 3.5 * HOUR, toMs: NOW - 0.5 * HOUR }
    const whole = { fromMs: NOW - 4 * HOUR, toMs: NOW }
    expect(await refoldRange(ctx, range, ({ events }) => told.push(events))).toEqual({
      ...whole,
      fleets: 2,
      slices: 8,
      events: 480,
    })
    expect(told).toEqual([60, 60, 60, 60, 60, 60, 60, 60])
    const [fleetId] = fleets
    expect(await refoldRange(ctx, { ...range, fleetId })).toEqual({
      ...whole,
      fleets: 1,
      slices: 4,
      events: 240,
    })
    expect(await stored()).toBe(before)
    const { items } = await storage.audit.list(
      { fleetId: null, action: 'rollups.refold' },
      { limit: 9, cursor: null },
    )
    expect(items).toHaveLength(2)
  })

  test('brings back what a bucket lost', async () => {
    const before = await stored()
    const [fleetId = ''] = fleets
    await storage.telemetry.refold(fleetId, NOW - HOUR, NOW, 99, () => [])
    expect(await stored()).not.toBe(before)
    await refoldRange(ctx, { fleetId, fromMs: NOW - HOUR, toMs: NOW })
    expect(await stored()).toBe(before)
  })

  test('refuses no range, an unknown fleet, and a range whose events are gone: nothing is emptied', async () => {
    const before = await stored()
    const codeOf = (query: Parameters<typeof refoldRange>[1]) =>
      refoldRange(ctx, query).then(
        () => 'done',
        (error: { tidemarkCode: string }) => error.tidemarkCode,
      )
    expect(await codeOf({ fromMs: NOW, toMs: NOW })).toBe('bad_request')
    expect(await codeOf({ fromMs: NOW - HOUR, toMs: NOW, fleetId: audit().id })).toBe('not_found')
    await storage.maintenance.ensurePartitions(NOW - 40 * DAY, 0)
    const keep = { eventsMs: 35 * DAY, sessionsMs: 90 * DAY, minutesMs: 35 * DAY, hoursMs: 400 * DAY }
    await storage.maintenance.applyRetention(NOW, keep, { size: 9, rounds: 9 })
    expect(await storage.maintenance.eventsWholeFromMs()).toBe(NOW - 39 * DAY)
    expect(await codeOf({ fromMs: NOW - 39 * DAY - 1, toMs: NOW })).toBe('bad_request')
    expect(await codeOf({ fromMs: NOW - HOUR, toMs: NOW })).toBe('done')
    expect(await stored()).toBe(before)
  })
})
