import { describe, expect, test } from 'vitest'
import { actsFor, commandState } from '#app/(console)/devices/[id]/command-words.ts'
import { deviceVerdict } from '#app/(console)/devices/[id]/device-verdict.ts'
import { deviceViews, type DeviceView } from '#lib/application/devices/device-views.ts'

const NOW = Date.UTC(2026, 10, 24, 14, 32, 8)
const HOUR = 3_600_000

function verdictOf(parts: object, report: object = {}, limitMs = HOUR) {
  const device = {
    id: 'a',
    name: 'DFW-0417',
    status: 'active',
    lastContactMs: NOW - 1_000,
    report: { state: 'idle', depth: 0, oldestMadeAtMs: null, atMs: NOW - 1_000, ...report },
    ...parts,
  } as unknown as DeviceView['device']
  return deviceVerdict(deviceViews([device], NOW, 60_000)[0] as DeviceView, NOW, limitMs)
}

describe('the verdict on one device', () => {
  test.each([
    ['in sync', {}, {}, 'ok', 'DFW-0417 is in sync'],
    ['work to send', {}, { depth: 2, oldestMadeAtMs: NOW - 5_000 }, 'ok', 'DFW-0417 has 2 changes to send'],
    [
      'heard, and stuck',
      {},
      { depth: 1, oldestMadeAtMs: NOW - 2 * HOUR },
      'warn',
      'DFW-0417 is heard, yet a change has waited for 2 h 00 min',
    ],
    ['silent', { lastContactMs: NOW - 3 * HOUR }, {}, 'unk', 'DFW-0417 has been silent for 3 h 00 min'],
    ['offline', {}, { state: 'offline' }, 'unk', 'DFW-0417 says that it is offline'],
    ['backoff', {}, { state: 'backoff' }, 'warn', 'DFW-0417 could not sync at its last try'],
    ['shed', {}, { state: 'shed' }, 'held', 'DFW-0417 was told by the server to wait'],
    ['halted', {}, { state: 'halted' }, 'crit', 'DFW-0417 has halted and needs a person'],
    ['paused', { status: 'paused' }, {}, 'held', 'DFW-0417 is paused by an operator'],
    ['revoked', { status: 'revoked' }, {}, 'unk', 'DFW-0417 is revoked'],
    [
      'never heard',
      { lastContactMs: null, report: null },
      {},
      'unk',
      'DFW-0417 is enrolled and was never heard',
    ],
    ['no report', { report: null }, {}, 'unk', 'DFW-0417 is connected and has not told how it is'],
  ])('%s', (_case, parts, report, kind, sentence) => {
    expect(verdictOf(parts, report)).toMatchObject({ kind, sentence })
  })
  test('how long a change may wait is the fleet’s affair', () => {
    const waits = { depth: 1, oldestMadeAtMs: NOW - 2 * HOUR }
    expect(verdictOf({}, waits, 2 * HOUR - 1).kind).toBe('warn')
    expect(verdictOf({}, waits, 2 * HOUR).kind).toBe('ok')
  })
  test('what waits is told as reported, and not known without a report', () => {
    expect(verdictOf({ status: 'paused' }, { depth: 1 }).evidence).toContain('1 change waited on it')
    expect(verdictOf({ report: null }).evidence).toContain('not known')
  })
})

test('acts fit the status', () => {
  expect(actsFor('active')).toContain('pause')
  expect(actsFor('paused')).toContain('resume')
  expect(actsFor('paused')).not.toContain('pause')
  expect(actsFor('revoked')).toEqual([])
})

test('a command waits until it is acknowledged or has expired', () => {
  const at = (acknowledgedAtMs: number | null, expiresAtMs: number) =>
    commandState({ acknowledgedAtMs, expiresAtMs }, NOW).word
  expect(at(null, NOW + 1)).toBe('waits')
  expect(at(null, NOW)).toBe('expired unheard')
  expect(at(NOW - 1, NOW - 1)).toBe('acknowledged')
})
