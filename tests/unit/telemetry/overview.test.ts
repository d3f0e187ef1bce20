import { letterGroup } from '#tests/support/letter-group.ts'
import { describe, expect, test } from 'vitest'
import { overview } from '#lib/application/pillars/overview.ts'
import { contextOf, deviceOf } from '#tests/support/folded-telemetry.ts'
import {
  eventAt,
  gaugesEvent,
  pushEvent,
  pushedCollection,
  sessionEvent,
} from '#tests/support/telemetry-fixtures.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const NOW = 500_000 * HOUR + 30 * MINUTE
const RANGE = { fleetId: 'f', fromMs: NOW - HOUR, toMs: NOW }
describe('overview', () => {
  test('devices stand by their state now, paused ones in none, revoked ones left out', async () => {
    const devices = [
      deviceOf('a', NOW, {}, { state: 'pulling' }),
      deviceOf('b', NOW, {}, { state: 'backoff', depth: 2, oldestMadeAtMs: NOW - HOUR }),
      deviceOf('c', NOW, { lastContactMs: NOW - HOUR }, { depth: 1, oldestMadeAtMs: NOW - 2 * HOUR }),
      deviceOf('d', NOW, { lastContactMs: NOW - 9 * HOUR }),
      deviceOf('e', NOW, { lastContactMs: null, lastSessionOkMs: null, report: null }),
      deviceOf('p', NOW, { status: 'paused' }),
      deviceOf('x', NOW, { status: 'revoked' }),
    ]
    const { devices: now } = await overview(contextOf([], NOW, { devices }), RANGE)
    expect(now).toEqual({
      total: 6,
      heard: 5,
      neverHeard: 1,
      byState: { pulling: 1, backoff: 1, offline: 2 },
      waitingByState: { backoff: 1, offline: 1 },
      paused: 1,
      offline: 2,
      silent: 2,
      lastContactMs: NOW - 1_000,
      // Nothing was told to wait on it, but what it made in nine silent hours is not known.
      oldestPending: { deviceId: 'd', name: 'tablet d', ageMs: 9 * HOUR, lowerBound: true },
      oldestWaiting: { deviceId: 'c', name: 'tablet c', ageMs: 2 * HOUR, lowerBound: true },
    })
  })

  test('a row a version, with its own figures and hours without telemetry left open', async () => {
    const strikes = pushedCollection({
      results: { applied: 3, dead_lettered: 1 },
      conflicts: [{ strategy: 'lww', outcome: 'local', fields: [] }],
      uploadLagMs: [40],
      deadLetterCodes: { schema_mismatch: 1 },
    })
    const events = [
      eventAt('a', NOW - MINUTE, pushEvent({ appVersion: '2.4.1', collections: { strikes } })),
      eventAt('b', NOW - 3 * HOUR, pushEvent({ appVersion: '2.4.1', collections: { strikes } })),
      eventAt('g', NOW - MINUTE, gaugesEvent()),
    ]
    const devices = [
      deviceOf('a', NOW),
      deviceOf('b', NOW),
      deviceOf('c', NOW, { appVersion: '2.4.1' }, { depth: 1, oldestMadeAtMs: NOW - 100 }),
    ]
    const groups = [letterGroup({ appVersion: '2.4.1', count: 5 }), letterGroup({ appVersion: '1.0.0' })]
    const { versions, deadLetters } = await overview(contextOf(events, NOW, { devices, groups }), RANGE)
    expect(
      versions.map(({ appVersion, devices: count, deadLetters: open }) => [appVersion, count, open]),
    ).toEqual([
      ['2.4.0', 2, 0],
      ['2.4.1', 1, 5],
      ['1.0.0', 0, 1],
    ])
    expect(versions[1]).toMatchObject({
      uploadLagP95Ms: 40,
      conflicts: { part: 1, whole: 4, rate: 0.25 },
      failures: { part: 0, whole: 1, rate: null },
      pendingAgeOfflineP95Ms: null,
    })
    // The last contact was a second ago, and a change is at least as old as the report that told of it.
    expect(Math.abs((versions[1]?.pendingAgeP95Ms ?? 0) / 1_002 - 1)).toBeLessThan(0.01)
    expect(versions[0]?.uploadLagP95Ms).toBeNull()
    const hours = versions[1]?.deadLettersByHour ?? []
    expect([hours.length, hours.slice(-4)]).toEqual([24, [1, null, null, 1]])
    const inRange = { part: 1, whole: 4, rate: 0.25 }
    expect(deadLetters).toEqual({ open: 6, inRange, causes: groups, causesLeftOut: 0 })
  })

  test('transition rates come from sessions that ended in the last five minutes, however many', async () => {
    const walked = (transitions: Record<string, number>) => sessionEvent({ transitions })
    const many = Array.from({ length: 1_200 }, (_, n) =>
      eventAt(`s${n}`, NOW - (n % 5) * MINUTE, walked({ 'idle>scanning': 1, 'scanning>pushing': 2 })),
    )
    const before = eventAt('old', NOW - 5 * MINUTE, walked({ 'idle>scanning': 9_000, 'pushing>backoff': 1 }))
    // Half a minute of the running one is over: 4.5 minutes.
    const nowMs = NOW + MINUTE / 2
    const { transitionRates } = await overview(contextOf([...many, before], nowMs), RANGE)
    expect(transitionRates).toEqual({ 'idle>scanning': 1_200 / 4.5, 'scanning>pushing': 2_400 / 4.5 })
    expect((await overview(contextOf([], NOW), RANGE)).transitionRates).toEqual({})
    const ratesOf = async (events: typeof many, atMs: number) =>
      (await overview(contextOf(events, atMs), RANGE)).transitionRates['idle>scanning']
    // A fleet that is heard for a minute and a half, and one for half a minute.
    const young = many.filter((_, n) => n % 5 < 2)
    expect(await ratesOf(young, nowMs)).toBe(480 / 1.5)
    expect(await ratesOf(young.slice(0, 1), nowMs)).toBe(1)
  })

  test('an empty fleet waits for its first device, and a fleet that is gone has nothing', async () => {
    const { verdict } = await overview(contextOf([], NOW), RANGE)
    expect(verdict.sentence).toBe('No device has synced yet; waiting for the first')
    const gone = await overview(contextOf([], NOW, { devices: [deviceOf('a', NOW)] }), {
      ...RANGE,
      fleetId: 'gone',
    })
    expect(gone.devices.total).toBe(0)
  })

  const devices = [deviceOf('a', NOW), deviceOf('b', NOW)]
  const pushes = Array.from({ length: 30 }, (_, n) => eventAt(`p${n}`, NOW - MINUTE, pushEvent()))
  const events = [...pushes, eventAt('g', NOW - MINUTE, gaugesEvent({ devices: 2 }))]

  test('the fleet’s own limits judge its figures and its verdict', async () => {
    const thresholds = { lagWarnMs: 900 }
    const strict = await overview(contextOf(events, NOW, { devices, thresholds }), RANGE)
    expect([strict.limits.lagWarnMs, strict.lag.level, strict.verdict.level]).toEqual([900, 'warn', 'warn'])
    expect(strict.verdict.evidence).toContain('target under 900 ms')
  })

  test('a fleet that works reads as healthy', async () => {
    const { verdict } = await overview(contextOf(events, NOW, { devices }), RANGE)
    expect(verdict).toMatchObject({ level: 'ok', sentence: 'All 2 devices sync within target' })
    expect(verdict.evidence).toMatch(/^Upload lag p95 1 s; 0 of 30 requests failed; 0 changes waiting/)
  })
})
