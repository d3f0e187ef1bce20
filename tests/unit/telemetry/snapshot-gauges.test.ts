import { describe, expect, test } from 'vitest'
import { eventId } from '#lib/application/telemetry/event-id.ts'
import { snapshotGauges } from '#lib/application/telemetry/snapshot-gauges.ts'
import { isUuid } from '#lib/kernel/uuid.ts'
import { decodeSketches, quantile } from '#lib/rollups/sketch.ts'
import type { GaugesEvent, TelemetryEvent } from '#lib/telemetry/events.ts'
import { contextOf, deviceOf } from '#tests/support/folded-telemetry.ts'
import { textOf } from '#tests/support/telemetry-fixtures.ts'

const MINUTE = 60_000
const NOW = 1_000 * MINUTE + 12_345
const collections = [{ name: 'strikes' }, { name: 'airports' }]
const gauges = (events: readonly TelemetryEvent[]): readonly GaugesEvent[] =>
  events.flatMap(({ payload }) => (payload.kind === 'gauges' ? [payload] : []))

describe('snapshotGauges', () => {
  test('one event per platform and app version, and one for the fleet', async () => {
    const devices = [
      deviceOf(
        'a',
        NOW,
        {},
        {
          state: 'pushing',
          depth: 3,
          oldestMadeAtMs: NOW - 9_000,
          byCollection: { strikes: 2, airports: 1, nonsense: 7 },
          offsetMs: -80,
        },
      ),
      deviceOf('b', NOW, {}, { offsetMs: 20 }),
      deviceOf('c', NOW, { appVersion: '2.4.1' }),
      deviceOf('d', NOW, { status: 'revoked', appVersion: '1.0.0' }),
    ]
    const ctx = contextOf([], NOW, {
      devices,
      collections,
      openByCode: { schema_mismatch: 4 },
    })
    const events = await snapshotGauges(ctx, 'f')
    expect(ctx.appended).toEqual(events)
    expect(events.map(({ atMs }) => atMs)).toEqual([1_000 * MINUTE, 1_000 * MINUTE, 1_000 * MINUTE])
    expect(events[0]?.payload).toEqual({
      kind: 'fleet-gauges',
      openDeadLetters: 4,
      openDeadLettersByCode: { schema_mismatch: 4 },
      openConflicts: 2,
      oldestUndeliveredAgeMs: 4_000,
    })
    const [first, second] = gauges(events)
    expect(first).toMatchObject({
      appVersion: '2.4.0',
      devices: 2,
      devicesByState: { pushing: 1, idle: 1 },
      queueDepth: 3,
      queueDepthMax: 3,
      devicesPending: 1,
      queueByCollection: { strikes: 2, airports: 1 },
      oldestPendingAgeMs: 9_000,
      pendingAgeOnline: textOf(9_000),
      pendingAgeOffline: null,
      clockSkewMaxMs: 80,
    })
    expect(second).toMatchObject({
      appVersion: '2.4.1',
      devices: 1,
      queueByCollection: { strikes: 0, airports: 0 },
      oldestPendingAgeMs: null,
    })
  })

  test('a silent device stands under offline, and its age with the offline ones as a lower bound', async () => {
    const silentSince = NOW - 72 * 60 * MINUTE
    const ctx = contextOf([], NOW, {
      devices: [deviceOf('a', NOW, { lastContactMs: silentSince }), deviceOf('b', NOW)],
      collections,
    })
    const [group] = gauges(await snapshotGauges(ctx, 'f'))
    expect(group).toMatchObject({
      devicesByState: { offline: 1, idle: 1 },
      silent: 1,
      pendingAgeOnline: null,
    })
    const age = quantile(decodeSketches([group?.pendingAgeOffline ?? '']), 1) ?? 0
    expect(Math.abs(age / (NOW - silentSince) - 1)).toBeLessThan(0.01)
  })

  test('devices that were never heard are unknown, and know nothing of queues', async () => {
    const never = deviceOf('a', NOW, { lastContactMs: null, lastSessionOkMs: null, report: null })
    const [group] = gauges(await snapshotGauges(contextOf([], NOW, { devices: [never], collections }), 'f'))
    expect(group).toMatchObject({
      devices: 1,
      devicesByState: { unknown: 1 },
      queueByCollection: {},
      queueDepths: null,
      reportAge: null,
      clockSkewMaxMs: null,
    })
  })

  test('devices of another engine stand apart and tell no queue; what their engine tells has an event of its own', async () => {
    const foreign = { source: 'powersync', report: null }
    const devices = [
      deviceOf('a', NOW, {}, { depth: 3 }),
      deviceOf('b', NOW, foreign),
      deviceOf('c', NOW, foreign),
    ]
    const told = { startMs: null, atMs: NOW, heardMs: NOW, gauge: 'queueDepth', value: 9 } as const
    const series = [{ ...told, id: 's', source: 'powersync' }]
    const events = await snapshotGauges(contextOf([], NOW, { devices, series }), 'f')
    const groups = gauges(events).map(({ source, devices: count, queueDepth, devicesPending }) => [
      source,
      count,
      queueDepth,
      devicesPending,
    ])
    expect(groups).toEqual([
      [undefined, 1, 3, 1],
      ['powersync', 2, null, null],
    ])
    expect(events.at(-1)?.payload).toMatchObject({
      kind: 'source-gauges',
      source: 'powersync',
      queueDepth: 9,
      deadLetters: null,
    })
    expect(new Set(events.map(({ id }) => id)).size).toBe(4)
  })

  test('a second run in the same minute makes the same ids, the next minute others', async () => {
    const idsAt = async (nowMs: number): Promise<string[]> => {
      const events = await snapshotGauges(contextOf([], nowMs, { devices: [deviceOf('a', nowMs)] }), 'f')
      return events.map(({ id }) => id)
    }
    const first = await idsAt(NOW)
    expect(await idsAt(NOW + 20_000)).toEqual(first)
    expect((await idsAt(NOW + MINUTE)).some((id) => first.includes(id))).toBe(false)
    expect(new Set(first).size).toBe(2)
  })

  test('a fleet that is gone has no snapshot', async () => {
    expect(await snapshotGauges(contextOf([], NOW), 'gone')).toEqual([])
  })
})

test('event ids are UUIDs, equal for equal names and for no others', () => {
  expect(isUuid(eventId('a', 'b'))).toBe(true)
  expect(eventId('a', 'b')).toMatch(/^.{14}8.{4}[89ab]/)
  expect(eventId('a', 'b')).toBe(eventId('a', 'b'))
  expect(new Set([eventId('a', 'b'), eventId('ab'), eventId('a', 'b', ''), eventId('b', 'a')]).size).toBe(4)
})
