import { describe, expect, test } from 'vitest'
import { deadLetterHours, deadLettersSentence } from '#app/(console)/overview/dead-letter-words.ts'
import {
  agreeSentence,
  breakersTitle,
  devicesSentence,
  stateCounts,
} from '#app/(console)/overview/device-words.ts'
import { deadLettersHref, listHref, stepHref } from '#app/(console)/overview/overview-links.ts'
import { pillarSeries } from '#app/(console)/pillars/pillar-series.ts'
import { conflictRateWords, failureWords, lagWords, queueWords } from '#app/(console)/pillars/pillar-words.ts'
import { formatRound } from '#components/ui/format.ts'
import { versionPending, versionsSentence } from '#app/(console)/overview/version-words.ts'
import type { OverviewAnswer } from '#lib/application/pillars/overview.ts'
import type { OldestPending } from '#lib/telemetry/overview.ts'
import type { Share } from '#lib/telemetry/pillars.ts'
import { DEFAULT_THRESHOLDS } from '#lib/telemetry/thresholds.ts'

const NOW = Date.UTC(2026, 10, 24, 14, 32, 8)
const DAY = { label: 'Last 24 h', compare: 'vs yesterday' }
const quantiles = (p95: number | null, count = 100) => ({ count, p50: p95, p95, p99: p95, max: p95 })

/** Only what the words read. */
function answer(parts: {
  lag?: { level: string; p95: number | null; before?: number; online?: number | null }
  conflicts?: { part: number; whole: number; rate: number | null; level: string; manual?: number }
  failures?: {
    part: number
    whole: number
    rate: number | null
    level: string
    shed?: number
    sessions?: Share
  }
  queue?: { depth: number; level: string; max: number } | null
  openConflicts?: number
  oldestWaiting?: OldestPending
}): OverviewAnswer {
  const {
    lag,
    conflicts,
    failures,
    queue = { depth: 0, level: 'ok', max: 0 },
    openConflicts = 0,
    oldestWaiting = null,
  } = parts
  return {
    limits: DEFAULT_THRESHOLDS,
    asOf: { nowMs: NOW, foldLagMs: 0 },
    devices: { offline: 2, oldestWaiting },
    lag: {
      level: lag?.level ?? 'unk',
      figure: lag && {
        upload: quantiles(lag.p95),
        pending:
          lag.online === undefined
            ? null
            : {
                atMs: NOW - 14_000,
                online: quantiles(lag.online, lag.online === null ? 0 : 7),
                offline: quantiles(3_600_000, 2),
              },
      },
      previous: lag?.before === undefined ? null : { upload: quantiles(lag.before) },
    },
    conflicts: {
      level: conflicts?.level ?? 'unk',
      figure: conflicts && {
        mutations: conflicts,
        byOutcome: { manual: conflicts.manual ?? 0 },
        topFields: [{ key: 'species', count: 21 }],
      },
      previous: null,
    },
    failures: {
      level: failures?.level ?? 'unk',
      figure: failures && {
        requests: failures,
        shed: failures.shed ?? 0,
        byCode: [],
        sessions: failures.sessions ?? { part: 1, whole: 9, rate: null },
      },
      previous: null,
    },
    queue: {
      level: queue?.level ?? 'unk',
      figure:
        queue == null
          ? null
          : {
              atMs: NOW - 14_000,
              depth: queue.depth,
              server: { openDeadLetters: 0, openConflicts },
              devices: { total: 40, pending: 3, depth: quantiles(queue.max), reportAge: quantiles(48_000) },
            },
      previous: null,
    },
  } as unknown as OverviewAnswer
}

describe('pillar cards', () => {
  test('lag says figure, target, denominator and comparison', () => {
    const words = lagWords(
      answer({ lag: { level: 'ok', p95: 252_000, before: 228_000, online: 300_000 } }),
      DAY,
    )
    expect(words.figure).toEqual({ value: '4 min 12 s' })
    expect(words.sentence).toBe('upload lag p95, target under 5 min')
    expect(words.evidence).toEqual([
      '100 changes committed on arrival, last 24 h · p50 4 min 12 s',
      '24 s slower than yesterday',
    ])
    expect(words.status).toEqual({ kind: 'ok', word: 'Within target' })
  })
  test('lag tells of what has not arrived, offline devices apart and as a lower bound', () => {
    const { note } = lagWords(answer({ lag: { level: 'ok', p95: 1_000, online: 7_200_000 } }), DAY)
    expect(note?.kind).toBe('warn')
    expect(note?.text).toBe(
      'Not yet arrived, counted 14 s ago: pending age p95 2 h 00 min on 7 devices; 2 offline, p95 at least 1 h 00 min',
    )
  })
  test('an unknown lag is never a zero', () => {
    const words = lagWords(answer({}), DAY)
    expect(words.figure).toEqual({ value: 'not known', unsure: true })
    expect(words.status.word).toBe('No sample')
    // Letters may have come in, and replays may have committed some: neither has a lag.
    expect(words.evidence[0]).toBe('no change committed on arrival, last 24 h')
    expect(words.evidence[1]).toBe('nothing to compare with yesterday')
  })
  test('a rate stands with its denominator, and a person is asked for', () => {
    const words = conflictRateWords(
      answer({ conflicts: { part: 262, whole: 31_240, rate: 0.0084, level: 'ok', manual: 32 } }),
      DAY,
    )
    expect(words.figure).toEqual({ value: '0.84', unit: '%' })
    expect(words.evidence[0]).toBe('262 of 31,240 pushed, last 24 h')
    expect(words.note).toEqual({ kind: 'unk', text: 'None waits for a person; by field: 21 on species' })
    const few = conflictRateWords(answer({ conflicts: { part: 2, whole: 5, rate: 0.4, level: 'unk' } }), DAY)
    expect([few.status.word, few.evidence[0]]).toEqual(['Too few changes', '2 of 5 pushed, last 24 h'])
    const older = conflictRateWords(
      answer({ conflicts: { part: 0, whole: 9, rate: 0, level: 'ok' }, openConflicts: 1 }),
      DAY,
    )
    expect(older.note).toEqual({ kind: 'warn', text: '1 waits for a person; by field: 21 on species' })
    const unknown = conflictRateWords(
      answer({ conflicts: { part: 262, whole: 31_240, rate: 0.0084, level: 'ok', manual: 32 }, queue: null }),
      DAY,
    )
    expect(unknown.note).toEqual({ kind: 'unk', text: '32 went to a person; by field: 21 on species' })
  })
  test('too few requests give no percentage and no verdict', () => {
    const words = failureWords(answer({ failures: { part: 2, whole: 9, rate: null, level: 'unk' } }), DAY)
    expect(words.figure).toEqual({ value: '2 of 9', unsure: true })
    expect(words.status.word).toBe('Not enough traffic')
  })
  test('shed requests are said apart', () => {
    const words = failureWords(
      answer({ failures: { part: 1, whole: 100, rate: 0.01, level: 'ok', shed: 27_420 } }),
      DAY,
    )
    expect(words.note).toEqual({
      kind: 'held',
      text: '27,420 more were told to wait; counted apart. 1 of 9 sessions failed',
    })
  })
  test('failed sessions stand with their share, and as a warning when they are many', () => {
    const note = (part: number, whole: number, rate: number | null) =>
      failureWords(
        answer({
          failures: { part: 2, whole: 5_000, rate: 0.0004, level: 'ok', sessions: { part, whole, rate } },
        }),
        DAY,
      ).note
    expect(note(81, 1_850, 81 / 1_850)).toEqual({
      kind: 'unk',
      text: '81 of 1,850 sessions failed, 4.38 %',
    })
    expect(note(111, 1_850, 0.06)).toEqual({ kind: 'warn', text: '111 of 1,850 sessions failed, 6.00 %' })
    expect(note(9, 19, null)).toEqual({ kind: 'unk', text: '9 of 19 sessions failed' })
  })
  test('queue depth carries the age of the reports', () => {
    const words = queueWords(answer({ queue: { depth: 19_874, level: 'warn', max: 61 } }), DAY)
    expect(words.status.word).toBe('Oldest over 1 h')
    expect(words.note?.text).toBe(
      'As last reported, median age 48 s; 2 offline reports are old. Counted 14 s ago',
    )
  })
  test('queue depth names the device whose change is the oldest', () => {
    const note = (lowerBound: boolean) =>
      queueWords(
        answer({
          queue: { depth: 3, level: 'ok', max: 3 },
          oldestWaiting: { deviceId: 'd', name: 'DFW-0417', ageMs: 7_200_000, lowerBound },
        }),
        DAY,
      ).note?.text
    expect(note(false)).toMatch(/Counted 14 s ago\. The oldest has now waited 2 h 00 min on DFW-0417$/)
    expect(note(true)).toMatch(/The oldest has now waited at least 2 h 00 min on DFW-0417$/)
  })
  test('round limits are said in one unit', () => {
    expect([300_000, 3_600_000, 90_000].map(formatRound)).toEqual(['5 min', '1 h', '1 min 30 s'])
  })
})

test('the time before is moved onto the axis point by point; gaps stay gaps', () => {
  const series = pillarSeries(
    {
      fromMs: 0,
      toMs: 120_000,
      stepMs: 60_000,
      points: [
        { atMs: 0, figure: { v: 1 } },
        { atMs: 60_000, figure: null },
      ],
      previousPoints: [{ figure: null }, { figure: { v: 4 } }],
    },
    ({ v }) => v,
  )
  expect(series.points).toEqual([
    { t: 0, value: 1 },
    { t: 60_000, value: null },
  ])
  expect(series.past).toEqual([
    { t: 0, value: null },
    { t: 60_000, value: 4 },
  ])
})

describe('devices by state', () => {
  test('every state has a count', () => {
    expect(stateCounts({ byState: { idle: 3 } })).toMatchObject({ idle: 3, halted: 0 })
  })
  test('the title names what is not well, silence apart', () => {
    expect(
      devicesSentence({
        byState: { idle: 30, pushing: 2, offline: 3, halted: 1 },
        waitingByState: { offline: 2, halted: 1 },
        silent: 2,
        paused: 1,
      }),
    ).toBe(
      '32 devices are in sync or syncing now; 1 is halted and needs a person; 3 are offline, 2 of them by silence; 1 is paused by an operator',
    )
  })
  // Behind a collection's breaker a device syncs what else it has, and its session ends well.
  test('a device that rests while its changes wait is not in sync; one in a session is syncing them', () => {
    const none = { silent: 0, paused: 0 }
    expect(
      devicesSentence({
        byState: { idle: 38, pulling: 2 },
        waitingByState: { idle: 32, pulling: 1 },
        ...none,
      }),
    ).toBe('8 devices are in sync or syncing now; 32 have changes waiting')
    expect(devicesSentence({ byState: { idle: 2 }, waitingByState: { idle: 1 }, ...none })).toBe(
      '1 device is in sync or syncing now; 1 has changes waiting',
    )
  })
})

describe('versions and dead letters', () => {
  const version = (appVersion: string, devices: number, deadLetters: number) => ({
    appVersion,
    devices,
    deadLetters,
  })
  test('a version is named only when it makes most of them', () => {
    expect(versionsSentence([version('2.4.1', 3, 4), version('2.4.0', 7, 0)])).toBe(
      '2.4.1 makes all open dead letters with 30 % of the devices',
    )
    expect(versionsSentence([version('2.4.0', 79, 7), version('2.4.1', 21, 93)])).toBe(
      '2.4.1 makes 93 % of open dead letters with 21 % of the devices',
    )
    expect(versionsSentence([version('1', 1, 5), version('2', 1, 5)])).toBe(
      'No app version stands out by its dead letters',
    )
    expect(versionsSentence([version('1', 1, 0), version('2', 1, 0)])).toBe(
      '2 app versions, none with open dead letters',
    )
  })
  test('one cause is claimed only for more than half', () => {
    expect(deadLettersSentence({ open: 10, causes: [{ count: 6 }] })).toBe(
      '6 of 10 dead letters share one cause',
    )
    expect(deadLettersSentence({ open: 10, causes: [{ count: 5 }] })).toBe(
      '10 dead letters are open, of several causes',
    )
    expect(deadLettersSentence({ open: 0, causes: [] })).toBe('No dead letter is open')
  })
  test('hours are summed over versions, and an hour that nobody knows stays null', () => {
    const hours = deadLetterHours([{ deadLettersByHour: [null, 2] }, { deadLettersByHour: [null, 3] }], NOW)
    expect(hours.points.map(({ value }) => value)).toEqual([null, 5])
    expect(hours.points[1]?.t).toBe(Date.UTC(2026, 10, 24, 14))
  })
})

describe('links', () => {
  const query = 'fleet=f1&range=1h&q=old&cursor=x'
  test('a filter keeps fleet and range and nothing else', () => {
    expect(listHref('/devices', query, { state: 'offline', version: null })).toBe(
      '/devices?fleet=f1&range=1h&q=state%3Aoffline',
    )
    expect(listHref('/devices', '', {})).toBe('/devices')
  })
  test('each step of a verdict has its address', () => {
    expect(stepHref({ page: 'sessions', result: 'failed', appVersion: '2.4.1' }, query)).toBe(
      '/sessions?fleet=f1&range=1h&q=result%3Afailed+version%3A2.4.1',
    )
    expect(stepHref({ page: 'devices', state: null, has: 'waiting', appVersion: '2.4.1' }, query)).toBe(
      '/devices?fleet=f1&range=1h&q=has%3Awaiting+version%3A2.4.1',
    )
    expect(stepHref({ page: 'dead-letters', group: 'g' }, query)).toBe(
      '/dead-letters?fleet=f1&range=1h&q=group%3Ag+status%3Aopen',
    )
    expect(deadLettersHref(query, null)).toBe('/dead-letters?fleet=f1&range=1h')
  })
})

test('[BR6] the breakers say how many of them are not closed, and whether all processes run what people said', () => {
  const breakers: OverviewAnswer['breakers'] = {
    total: 4,
    shutOut: 0,
    notClosed: [],
    processes: { live: 1, applied: 1 },
  }
  expect([breakersTitle(breakers), agreeSentence(breakers)]).toEqual([
    'All 4 breakers are closed',
    '1/1 process agrees',
  ])
  expect(agreeSentence({ ...breakers, processes: { live: 4, applied: 3 } })).toBe('3/4 processes agree')
})

test('of devices behind a breaker nothing is claimed that they could not tell', () => {
  expect(devicesSentence({ byState: { idle: 40 }, waitingByState: {}, silent: 0, paused: 0 }, 12)).toBe(
    '12 devices are shut out by a breaker, and stand here as last heard',
  )
})

test('of a version whose devices are not heard it is not said that nothing waits', () => {
  const of = (pendingAgeP95Ms: number | null, pendingAgeOfflineP95Ms: number | null) =>
    versionPending({ pendingAgeP95Ms, pendingAgeOfflineP95Ms })
  expect(of(null, 1_740_000)).toEqual({ ms: 1_740_000, atLeast: true })
  expect(of(4_000, 1_740_000)).toEqual({ ms: 4_000, atLeast: false })
  expect(of(null, null)).toEqual({ ms: null, atLeast: false })
})
