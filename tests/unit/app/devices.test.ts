import { describe, expect, test } from 'vitest'
import { deviceViews, type DeviceView } from '#lib/application/devices/device-views.ts'
import { devicesListSentence, offsetText, pendingText } from '#app/(console)/devices/device-words.ts'

const NOW = Date.UTC(2026, 10, 24, 14, 32, 8)
const HOUR = 3_600_000

const device = (parts: object): DeviceView['device'] =>
  ({
    id: 'a',
    status: 'active',
    lastContactMs: NOW - 1_000,
    report: { state: 'idle', depth: 2, oldestMadeAtMs: NOW - HOUR, atMs: NOW - 1_000 },
    ...parts,
  }) as unknown as DeviceView['device']

describe('views', () => {
  test('silence makes a device offline and its pending age a lower bound', () => {
    const [heard, silent] = deviceViews([device({}), device({ lastContactMs: NOW - HOUR })], NOW, 60_000)
    expect(heard?.state).toEqual({ state: 'idle', inferredOffline: false })
    expect(pendingText(heard?.pending ?? null)).toBe('1 h 00 min')
    expect(silent?.state).toEqual({ state: 'offline', inferredOffline: true })
    expect(pendingText(silent?.pending ?? null)).toBe('≥ 1 h 00 min')
  })
  test('a revoked device keeps its row and waits for nothing', () => {
    expect(deviceViews([device({ status: 'revoked' })], NOW, 60_000)).toMatchObject([
      { state: { state: null }, pending: null },
    ])
  })
})

const ALL = { q: '', more: false, later: false }

test('the list says who is offline and who has work waiting', () => {
  const rows = deviceViews([device({}), device({ lastContactMs: NOW - HOUR })], NOW, 60_000)
  expect(devicesListSentence(rows, ALL)).toBe('Of 2 devices, 1 is offline and 2 have changes waiting')
  expect(devicesListSentence(rows, { ...ALL, more: true })).toContain('on this page')
  const revoked = deviceViews([device({}), device({ status: 'revoked' })], NOW, 60_000)
  expect(devicesListSentence(revoked, ALL)).toBe(
    'Of 2 devices, 0 are offline and 1 has changes waiting; 1 is revoked',
  )
  expect(devicesListSentence([], ALL)).toBe('No device to show')
  const found = { ...ALL, q: 'DFW' }
  expect(devicesListSentence(rows, found)).toBe(
    '2 devices match “DFW”; of those shown, 1 is offline and 2 have changes waiting',
  )
  expect(devicesListSentence(rows, { ...found, later: true })).toMatch(/^At least 2 devices match “DFW”/)
  expect(devicesListSentence(rows, { ...found, more: true, matching: 1_204 })).toMatch(
    /^1,204 devices match “DFW”; of those shown, 1 is/,
  )
  expect(devicesListSentence([], found)).toBe('No device matches “DFW”')
})

test('a clock behind the server has a positive offset (server − device)', () => {
  expect([null, 40, 3_000_000, -1_800].map(offsetText)).toEqual([
    'not known',
    '40 ms behind',
    '50 min 00 s behind',
    '1.8 s ahead',
  ])
})
