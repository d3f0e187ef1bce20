import { describe, expect, test } from 'vitest'
import { diagnosisHref } from '#app/(console)/devices/[id]/diagnosis-links.ts'
import { laneMarks, lanesSentence } from '#app/(console)/devices/[id]/lane-words.ts'
import { agePieces, ageSentence } from '#app/(console)/devices/[id]/pending-age.ts'
import { preparePending } from '#components/charts/prepare-pending.ts'
import { deviceViews, type DeviceView } from '#lib/application/devices/device-views.ts'

const NOW = Date.UTC(2026, 10, 24, 14, 32, 8)
const MINUTE = 60_000
const HOUR = 60 * MINUTE

function view(report: object | null, device: object = {}): DeviceView {
  const whole = {
    id: 'a',
    name: 'DFW-0417',
    status: 'active',
    lastContactMs: NOW - 1_000,
    report: report && { state: 'idle', depth: 0, oldestMadeAtMs: null, atMs: NOW - 1_000, ...report },
    ...device,
  } as unknown as DeviceView['device']
  return deviceViews([whole], NOW, MINUTE)[0] as DeviceView
}
/** A session of a second that ended so many minutes ago, by a device whose clock is 10 s behind. */
const session = (minutesAgo: number, before: number | null, after: number, more: object = {}) => ({
  endedAtMs: NOW - minutesAgo * MINUTE,
  startedAtMs: NOW - minutesAgo * MINUTE - 1_000,
  offsetMs: 10_000,
  queueDepthBefore: before === null ? 0 : 1,
  queueDepthAfter: after,
  oldestPendingAt: before === null ? undefined : new Date(NOW - before * MINUTE - 10_000).toISOString(),
  inferred: false,
  result: 'ok' as const,
  appVersion: '2.4.0',
  ...more,
})
const rounded = (pieces: ReturnType<typeof agePieces>) =>
  pieces
    .filter(({ fromMs, toMs }) => toMs - fromMs > 1_000)
    .map(({ fromMs, toMs, fromAgeMs, toAgeMs, lowerBound }) => [
      Math.round((NOW - fromMs) / MINUTE),
      Math.round((NOW - toMs) / MINUTE),
      Math.round(fromAgeMs / MINUTE),
      Math.round(toAgeMs / MINUTE),
      ...(lowerBound ? ['at least'] : []),
    ])

describe('the age of the oldest change on a device', () => {
  test('stands at 0 until a change is made, grows, and falls with the session that sent it', () => {
    const sessions = [session(10, 25, 0), session(40, null, 0)]
    expect(rounded(agePieces(sessions, view({}), NOW))).toEqual([
      [40, 25, 0, 0],
      [25, 10, 0, 15],
      [10, 0, 0, 0],
    ])
  })

  test('goes on over a session that could not send it, up to what the last report says', () => {
    const sessions = [session(20, 50, 1), session(40, 50, 1)]
    const waits = view({ depth: 1, oldestMadeAtMs: NOW - 50 * MINUTE })
    expect(rounded(agePieces(sessions, waits, NOW))).toEqual([
      [40, 20, 10, 30],
      [20, 0, 30, 50],
    ])
  })

  test('of a silent device it is a lower bound from its last contact on', () => {
    const silent = view({ atMs: NOW - 2 * HOUR }, { lastContactMs: NOW - 2 * HOUR })
    expect(rounded(agePieces([session(180, null, 0)], silent, NOW))).toEqual([
      [180, 120, 0, 0],
      [120, 0, 0, 120, 'at least'],
    ])
  })

  test('is not told over a session that the server inferred, nor where sessions do not fit together', () => {
    const inferred = [session(10, null, 0), session(20, null, 0, { inferred: true }), session(40, null, 0)]
    expect(rounded(agePieces(inferred, view({}), NOW))).toEqual([[10, 0, 0, 0]])
    const odd = [session(10, null, 0), session(40, 50, 1)]
    expect(rounded(agePieces(odd, view({}), NOW))).toEqual([[10, 0, 0, 0]])
  })

  test('is nothing where nothing was reported', () => {
    expect(agePieces([], view(null), NOW)).toEqual([])
    expect(ageSentence(view(null), HOUR)).toContain('has not told')
    expect(ageSentence(view({}), HOUR)).toBe('Nothing waits on it')
    const waits = view({ depth: 1, oldestMadeAtMs: NOW - 2 * HOUR })
    expect(ageSentence(waits, HOUR)).toBe('Its oldest change is 2 h 00 min old, over the limit of 1 h')
    expect(ageSentence(waits, 3 * HOUR)).toContain('within the limit')
  })
})

describe('its chart', () => {
  const input = {
    fromMs: NOW - HOUR,
    toMs: NOW,
    warnMs: HOUR,
    warnWord: 'warn 1 h',
    height: 100,
    zone: 'UTC',
  }
  const stretch = (from: number, to: number, fromAge: number, toAge: number, lowerBound = false) => ({
    fromMs: NOW - from * MINUTE,
    toMs: NOW - to * MINUTE,
    fromAgeMs: fromAge * MINUTE,
    toAgeMs: toAge * MINUTE,
    lowerBound,
  })

  test('joins what follows on each other, dots the lower bound, and hatches what was not told', () => {
    const pieces = [stretch(60, 45, 0, 0), stretch(30, 15, 0, 15), stretch(15, 0, 15, 30, true)]
    const chart = preparePending({ ...input, pieces })
    expect(chart.known.match(/M/g)).toHaveLength(2)
    expect(chart.dotted.match(/M/g)).toHaveLength(1)
    expect(chart.gaps).toEqual([{ leftPct: 25, widthPct: 25, word: 'not told' }])
    expect(chart.end?.leftPct).toBe(100)
    expect(chart.thresholds[0]).toMatchObject({ word: 'warn 1 h', onScale: true })
  })

  test('cuts what begins before it, and is one gap without any', () => {
    const cut = preparePending({ ...input, pieces: [stretch(120, 0, 0, 120)] })
    expect(cut.known).toMatch(/^M0\.0 /)
    const marks = [{ t: NOW - MINUTE, letter: 'O', word: 'override engine forced open' }]
    expect(preparePending({ ...input, pieces: [], marks }).marks).toMatchObject([{ letter: 'O' }])
    const empty = preparePending({ ...input, pieces: [] })
    expect([empty.known, empty.gaps, empty.end]).toEqual([
      '',
      [{ leftPct: 0, widthPct: 100, word: 'not told' }],
      null,
    ])
  })
})

describe('what it was doing, in a sentence', () => {
  test('how often it syncs, and whether it still does', () => {
    const every = (from: number) => [0, 5, 10, 15].map((m) => session(from + m, null, 0))
    expect(lanesSentence(every(1), NOW)).toBe('It syncs every 5 min 00 s; the last ended 1 min 00 s ago')
    expect(lanesSentence(every(90), NOW)).toBe('It synced every 5 min 00 s, and has not for 1 h 30 min')
    expect(lanesSentence([session(3, null, 0)], NOW)).toBe('Its last good session ended 3 min 00 s ago')
    expect(lanesSentence([session(3, null, 0, { result: 'failed' })], NOW)).toBe(
      'None of 1 session ended well',
    )
  })

  test('marks another app version and what operators told it', () => {
    const sessions = [session(1, null, 0, { appVersion: '2.4.1' }), session(9, null, 0)]
    const commands = [
      { type: 'resync', issuedAtMs: NOW - 5 * MINUTE },
    ] as unknown as DeviceView['device']['commands']
    const words = laneMarks(sessions, commands, NOW - HOUR).map(({ word }) => word)
    expect(words).toEqual(['resync', 'updated to 2.4.1'])
    expect(laneMarks(sessions, commands, NOW)).toEqual([])
  })
})

test('every target of a diagnosis has an address in the same fleet', () => {
  const href = (target: Parameters<typeof diagnosisHref>[0]) => diagnosisHref(target, 'fleet=f&range=1h&q=x')
  expect(href({ page: 'overview' })).toBe('/overview?fleet=f&range=1h')
  expect(href({ page: 'session', id: 's' })).toContain('/sessions/s?fleet=f')
  expect(href({ page: 'dead-letter', id: 'd' })).toContain('/dead-letters/d?fleet=f')
  expect(href({ page: 'collection', id: 'c' })).toContain('/collections/c?fleet=f')
  expect(href({ page: 'devices', appVersion: '2.4.1' })).toContain('q=version%3A2.4.1')
  const failed = href({ page: 'sessions', deviceId: 'd', result: 'failed' })
  expect(decodeURIComponent(failed).replaceAll('+', ' ')).toContain('device:d result:failed')
})
