import { describe, expect, test } from 'vitest'
import type { DeviceContact } from '#lib/telemetry/connectivity.ts'
import { deviceState, pendingAge, silenceLimitMs } from '#lib/telemetry/connectivity.ts'

const MINUTE = 60_000
const NOW = 1_000 * MINUTE

const device = (
  lastContact: number | null,
  report: Partial<NonNullable<DeviceContact['report']>> = {},
): DeviceContact => ({
  lastContactMs: lastContact === null ? null : NOW - lastContact,
  report:
    lastContact === null
      ? null
      : { state: 'idle', depth: 0, oldestMadeAtMs: null, atMs: NOW - lastContact, ...report },
})

describe('deviceState', () => {
  test('[SM7] silence is 15 minutes, or three intervals where that is longer', () => {
    expect(silenceLimitMs(MINUTE)).toBe(15 * MINUTE)
    expect(silenceLimitMs(10 * MINUTE)).toBe(30 * MINUTE)
  })

  test('[SM7] the state is the last report until the device is silent, then offline and marked so', () => {
    expect(deviceState(device(15 * MINUTE, { state: 'backoff' }), NOW, MINUTE)).toEqual({
      state: 'backoff',
      inferredOffline: false,
    })
    expect(deviceState(device(15 * MINUTE + 1, { state: 'backoff' }), NOW, MINUTE)).toEqual({
      state: 'offline',
      inferredOffline: true,
    })
    expect(deviceState(device(16 * MINUTE), NOW, 10 * MINUTE)).toEqual({
      state: 'idle',
      inferredOffline: false,
    })
  })

  test('[SM7] a device that said so itself is offline without being inferred', () => {
    expect(deviceState(device(MINUTE, { state: 'offline' }), NOW, MINUTE)).toEqual({
      state: 'offline',
      inferredOffline: false,
    })
    expect(deviceState(device(60 * MINUTE, { state: 'offline' }), NOW, MINUTE)).toEqual({
      state: 'offline',
      inferredOffline: false,
    })
  })

  test('[SM7] a device that was never heard has no state, not even offline', () => {
    expect(deviceState(device(null), NOW, MINUTE)).toEqual({ state: null, inferredOffline: false })
  })
})

describe('pendingAge', () => {
  test('grows from when the oldest change was made', () => {
    const waiting = device(MINUTE, { depth: 2, oldestMadeAtMs: NOW - 7 * MINUTE })
    expect(pendingAge(waiting, NOW, MINUTE)).toEqual({ ageMs: 7 * MINUTE, lowerBound: false })
    expect(pendingAge(waiting, NOW + MINUTE, MINUTE)).toEqual({ ageMs: 8 * MINUTE, lowerBound: false })
  })

  test('nothing waits on a device that is heard and has an empty outbox', () => {
    expect(pendingAge(device(MINUTE), NOW, MINUTE)).toBeNull()
    expect(pendingAge(device(null), NOW, MINUTE)).toBeNull()
  })

  test('a silent device with an empty outbox counts from its last contact, as a lower bound', () => {
    expect(pendingAge(device(3 * 1_440 * MINUTE), NOW, MINUTE)).toEqual({
      ageMs: 3 * 1_440 * MINUTE,
      lowerBound: true,
    })
  })

  test('a silent device with work keeps the age of that work, as a lower bound', () => {
    const silent = device(20 * MINUTE, { depth: 1, oldestMadeAtMs: NOW - 50 * MINUTE })
    expect(pendingAge(silent, NOW, MINUTE)).toEqual({ ageMs: 50 * MINUTE, lowerBound: true })
  })

  test('work without a time waits at least since its report', () => {
    expect(pendingAge(device(4 * MINUTE, { depth: 1 }), NOW, MINUTE)).toEqual({
      ageMs: 4 * MINUTE,
      lowerBound: true,
    })
  })

  test('a change made after its report, by a clock that is ahead, is as old as the report', () => {
    const ahead = device(4 * MINUTE, { depth: 1, oldestMadeAtMs: NOW + MINUTE })
    expect(pendingAge(ahead, NOW, MINUTE)).toEqual({ ageMs: 4 * MINUTE, lowerBound: false })
  })
})
