import { letterGroup } from '#tests/support/letter-group.ts'
import { describe, expect, test } from 'vitest'
import { shareOf } from '#lib/application/pillars/pillar.ts'
import {
  conflictLevel,
  DEFAULT_THRESHOLDS,
  lagLevel,
  SESSIONS_FOR_RATE_MIN,
} from '#lib/telemetry/thresholds.ts'
import type { BreakerNow, IncidentNow } from '#lib/telemetry/overview.ts'
import { verdictOf } from '#lib/telemetry/verdict.ts'
import {
  NOW_MS,
  conflictFigure,
  failureFigure,
  lagFigure,
  overviewOf,
  quantiles,
  queueFigure,
  versionRow,
  type OverviewParts,
} from '#tests/support/overview-fixture.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const cause = (count: number) => letterGroup({ id: 'g', count, devices: 3 })
/** Many: 2 % of the range's changes became dead letters. Few: half a percent. */
const letters = (open: number, shared: number, part = 20) => ({
  open,
  inRange: { part, whole: 1_000, rate: part / 1_000 },
  causes: [cause(shared)],
  causesLeftOut: 0,
})
const few = (open: number, shared: number) => letters(open, shared, 5)
const pending = (online: number) =>
  lagFigure({ pending: { atMs: NOW_MS, online: quantiles(online), offline: quantiles(null) } })
const silent = (offline: number): OverviewParts => ({
  lag: lagFigure({ pending: { atMs: NOW_MS, online: quantiles(null), offline: quantiles(offline) } }),
})
const BAD_RELEASE = [versionRow('2.4.1', { deadLetters: 9 }), versionRow('2.4.0')]
/** Of 1,000 requests 2 failed, or as given; sessions as the pillar gives them: without a rate under 20. */
const sessions = (part: number, whole: number, requests = failureFigure(2, 1_000)): OverviewParts => ({
  failures: { ...requests, sessions: shareOf(part, whole, SESSIONS_FOR_RATE_MIN) },
})
/** Judged by limits of its own: 1 min and 2 min of lag, 1 % of conflicts. */
const ownRow = (name: string, p95Ms: number, part = 0) => {
  const limits = { ...DEFAULT_THRESHOLDS, lagWarnMs: MINUTE, lagCriticalMs: 2 * MINUTE, conflictWarn: 0.01 }
  const lag = lagFigure({ upload: quantiles(p95Ms) })
  const conflicts = conflictFigure(part, 1_000)
  return {
    name,
    limits,
    uploadLag: lag.upload,
    lagLevel: lagLevel(lag, limits),
    conflicts: conflicts.mutations,
    conflictLevel: conflictLevel(conflicts, limits),
  }
}
const SLOW = { lag: lagFigure({ upload: quantiles(9 * MINUTE) }) }

const HELD = { by: 'night ops', reason: 'schema bug', endsAtMs: NOW_MS + 94 * MINUTE }
const shut = (...notClosed: readonly Partial<BreakerNow>[]): OverviewParts => ({
  breakers: {
    total: 9,
    processes: { live: 1, applied: 1 },
    shutOut: 0,
    notClosed: notClosed.map((one) => ({
      scope: 'app:f:2.4.1',
      name: 'app 2.4.1',
      appVersion: '2.4.1',
      isWide: false,
      state: 'forced_open',
      isShut: true,
      held: HELD,
      ...one,
    })),
  },
  devices: { byState: { idle: 30, shed: 10 } },
})
const OPEN = {
  scope: 'engine',
  name: 'engine',
  isWide: true,
  appVersion: null,
  state: 'open',
  held: null,
} as const

const TABLE: readonly (readonly [what: string, parts: OverviewParts, level: string, sentence: string])[] = [
  ['all is well', {}, 'ok', 'All 40 devices sync within target'],
  ['one device', { devices: { total: 1, heard: 1 } }, 'ok', 'The only device syncs within target'],
  ['some are offline', { devices: { offline: 3 } }, 'ok', '37 devices sync within target; 3 are offline'],
  [
    'some are paused',
    { devices: { paused: 2 } },
    'ok',
    '38 devices sync within target; 2 are paused by an operator',
  ],
  [
    'some are paused and all others offline',
    { devices: { paused: 2, offline: 38, lastContactMs: NOW_MS - 2 * HOUR } },
    'warn',
    'All 38 devices that no operator paused are offline; the last contact was 2 h 00 min ago',
  ],
  [
    'one is paused and the other offline',
    { devices: { total: 2, heard: 2, paused: 1, offline: 1, lastContactMs: NOW_MS - 2 * HOUR } },
    'warn',
    'The only device that no operator paused is offline; the last contact was 2 h 00 min ago',
  ],
  ['all are paused', { devices: { paused: 40 } }, 'unk', 'No device syncs now: 40 are paused by an operator'],
  [
    'no device at all',
    { devices: { total: 0, heard: 0 } },
    'unk',
    'No device has synced yet; waiting for the first',
  ],
  [
    'enrolled, never heard',
    { devices: { total: 2, heard: 0 } },
    'unk',
    'No device has synced yet; waiting for the first',
  ],
  ['the fold is behind', { foldLagMs: 12 * MINUTE }, 'unk', 'Not known: telemetry is 12 min 00 s behind'],
  ['no snapshot yet', { queue: null }, 'unk', 'Too early to tell: the devices have not been counted yet'],
  [
    'old snapshot',
    { queue: queueFigure(0, null, NOW_MS - 9 * MINUTE) },
    'unk',
    'Not known: the last snapshot of the devices is 9 min 00 s old',
  ],
  [
    'all are offline',
    { devices: { offline: 40, lastContactMs: NOW_MS - 2 * HOUR } },
    'warn',
    'All 40 devices are offline; the last contact was 2 h 00 min ago',
  ],
  [
    'half are offline, and half of those for long',
    { ...silent(26 * HOUR), devices: { offline: 20 } },
    'warn',
    '20 of 40 devices are offline, half of them for 1 d 02 h or longer',
  ],
  [
    'half are offline, not for long',
    { ...silent(HOUR), devices: { offline: 20 } },
    'ok',
    '20 devices sync within target; 20 are offline',
  ],
  [
    'fewer than half are offline for long',
    { ...silent(26 * HOUR), devices: { offline: 19 } },
    'ok',
    '21 devices sync within target; 19 are offline',
  ],
  [
    'half of those that no operator paused are offline',
    { ...silent(26 * HOUR), devices: { offline: 10, paused: 20 } },
    'warn',
    '10 of 20 devices are offline, half of them for 1 d 02 h or longer',
  ],
  [
    'requests fail',
    { failures: failureFigure(30, 1_000) },
    'warn',
    '3.00 % of requests fail, over the limit of 1.00 %',
  ],
  [
    'many requests fail',
    { failures: failureFigure(80, 1_000) },
    'crit',
    '8.00 % of requests fail, over the limit of 1.00 %',
  ],
  [
    'one version fails',
    {
      failures: failureFigure(30, 1_000),
      versions: [versionRow('2.4.1', { failures: { part: 30, whole: 300, rate: 0.1 } }), versionRow('2.4.0')],
    },
    'warn',
    '2.4.1 fails 10.0 % of its requests; every other version is within target',
  ],
  [
    'sessions fail and requests do not',
    sessions(60, 1_000),
    'warn',
    'Devices get no answer: 6.00 % of sessions fail, over the limit of 5.00 %',
  ],
  [
    'sessions fail and hardly a request arrives',
    sessions(20, 20, failureFigure(0, 3)),
    'warn',
    'Devices get no answer: 100 % of sessions fail, over the limit of 5.00 %',
  ],
  [
    'sessions fail because requests do',
    sessions(60, 1_000, failureFigure(30, 1_000)),
    'warn',
    '3.00 % of requests fail, over the limit of 1.00 %',
  ],
  ['as many sessions fail as the limit lets', sessions(50, 1_000), 'ok', 'All 40 devices sync within target'],
  ['all of few sessions fail', sessions(19, 19), 'ok', 'All 40 devices sync within target'],
  [
    'online and stuck',
    { lag: pending(2 * HOUR) },
    'warn',
    'Devices that are online cannot get rid of their changes',
  ],
  ['changes are slow', SLOW, 'warn', 'Changes take 9 min 00 s to arrive, over the target'],
  [
    'one version is slow',
    {
      ...SLOW,
      versions: [
        versionRow('2.4.1', { uploadLagP95Ms: 20 * MINUTE }),
        versionRow('2.4.0'),
        versionRow('2.3.9', { uploadLagP95Ms: null }),
      ],
    },
    'warn',
    'Changes from 2.4.1 take 20 min 00 s to arrive; every other version syncs within target',
  ],
  ['a deep queue', { queue: queueFigure(1_200) }, 'crit', 'Changes pile up: 1,200 wait on one device'],
  [
    'an old change',
    { queue: queueFigure(3, 2 * HOUR) },
    'warn',
    'The oldest waiting change is 2 h 00 min old',
  ],
  [
    'dead letters of one cause',
    { deadLetters: letters(1_412, 1_284) },
    'warn',
    '1,284 of 1,412 dead letters share one cause',
  ],
  ['all of one cause', { deadLetters: letters(9, 9) }, 'warn', '9 dead letters share one cause'],
  ['dead letters of many causes', { deadLetters: letters(10, 5) }, 'warn', '10 changes are dead letters'],
  [
    'few dead letters',
    { deadLetters: few(3, 3) },
    'ok',
    'All 40 devices sync within target; 3 dead letters wait for a person',
  ],
  [
    'a few, and devices offline',
    { deadLetters: few(1, 1), devices: { offline: 1 } },
    'ok',
    '39 devices sync within target; 1 is offline; 1 dead letter waits for a person',
  ],
  [
    'all dead letters are of one version',
    { deadLetters: letters(9, 9), versions: BAD_RELEASE },
    'warn',
    '2.4.1 sends what the schema refuses; no other version does',
  ],
  [
    'of one version, and of many causes',
    { deadLetters: letters(10, 5), versions: BAD_RELEASE },
    'warn',
    '2.4.1 sends what can never apply; no other version does',
  ],
  [
    'two versions have dead letters',
    {
      deadLetters: letters(9, 9),
      versions: [versionRow('2.4.1', { deadLetters: 8 }), versionRow('2.4.0', { deadLetters: 1 })],
    },
    'warn',
    '9 dead letters share one cause',
  ],
  [
    'nobody has another version',
    {
      deadLetters: letters(9, 9),
      versions: [versionRow('2.4.1', { deadLetters: 9 }), versionRow('2.4.0', { devices: 0 })],
    },
    'warn',
    '9 dead letters share one cause',
  ],
  [
    'few dead letters of one version',
    { deadLetters: few(3, 3), versions: BAD_RELEASE },
    'ok',
    'All 40 devices sync within target; 3 dead letters from 2.4.1 wait for a person',
  ],
  ['one dead letter', { deadLetters: letters(1, 1) }, 'warn', '1 change is a dead letter'],
  [
    'many conflicts',
    { conflicts: conflictFigure(120, 1_000) },
    'warn',
    '12.0 % of changes meet a conflict, over the limit of 2.00 %',
  ],
  [
    'a collection over its own lag, though the fleet is not',
    { collections: [ownRow('notes', 5_000), ownRow('orders', 90_000), ownRow('stock', 70_000)] },
    'warn',
    'Changes to orders take 1 min 30 s to arrive, over its own target',
  ],
  [
    'of two the graver one',
    { collections: [ownRow('orders', 90_000), ownRow('stock', 3 * MINUTE)] },
    'crit',
    'Changes to stock take 3 min 00 s to arrive, over its own target',
  ],
  [
    'a collection over its own conflict rate',
    { collections: [ownRow('orders', 5_000, 15)] },
    'warn',
    '1.50 % of changes to orders meet a conflict, over its own limit of 1.00 %',
  ],
  [
    'collections within their own limits',
    { collections: [ownRow('orders', 5_000)] },
    'ok',
    'All 40 devices sync within target',
  ],
  [
    'nothing pushed',
    { lag: lagFigure({ upload: quantiles(null) }), conflicts: conflictFigure(0, 0) },
    'unk',
    'Nothing is over its limit; sync lag and conflict rate are not known',
  ],
  [
    'little traffic',
    { failures: failureFigure(0, 7) },
    'unk',
    'Nothing is over its limit; failure rate is not known',
  ],
  [
    'few changes were pushed, and two of them met',
    { conflicts: conflictFigure(2, 5) },
    'unk',
    'Nothing is over its limit; conflict rate is not known',
  ],
  ['a version held back', shut({}), 'warn', '2.4.1 is held back; every other version syncs within target'],
  [
    'a version held back, and another is slow',
    { ...shut({}), versions: [versionRow('2.4.1'), versionRow('2.4.0', { uploadLagP95Ms: HOUR })] },
    'warn',
    '2.4.1 is held back: its breaker is forced open',
  ],
  ['the engine’s breaker open', shut(OPEN), 'crit', 'Devices are told to wait: the engine’s breaker is open'],
  [
    'a collection on trial',
    shut({ ...OPEN, name: 'notes', isWide: false, state: 'half_open' }),
    'crit',
    'Devices are told to wait: the breaker of notes is on trial',
  ],
  [
    'open in another process',
    shut({ ...OPEN, state: 'closed' }),
    'warn',
    'Devices are told to wait: the engine’s breaker is open in another process',
  ],
  ['two breakers', shut({}, OPEN), 'crit', '2 of 9 breakers keep devices out'],
  [
    'held by a person, and lets everybody in',
    { ...shut({ state: 'forced_closed', isShut: false }), devices: {} },
    'ok',
    'All 40 devices sync within target',
  ],
  [
    'failing, which is why one opened',
    { ...shut(OPEN), failures: failureFigure(90, 1_000) },
    'crit',
    '9.00 % of requests fail, over the limit of 1.00 %',
  ],
]

describe('verdict', () => {
  test.each(TABLE)('%s', (_what, parts, level, sentence) => {
    const verdict = verdictOf(overviewOf(parts))
    expect([verdict.level, verdict.sentence]).toEqual([level, sentence])
    expect(verdict.evidence).not.toBe('')
  })

  test('a collection’s breaker keeps changes on devices that rest in idle', () => {
    const shutFor = (waitingByState: Record<string, number>) =>
      verdictOf(
        overviewOf({ ...shut({ ...OPEN, name: 'notes', isWide: false }), devices: { waitingByState } }),
      ).evidence
    expect(shutFor({ idle: 30, pulling: 3 })).toBe(
      '33 devices have changes waiting, as last reported; notes is open',
    )
    expect(shutFor({})).toBe('No device waits yet; notes is open')
  })

  test('the gravest trouble is named, the others stand in the evidence', () => {
    const verdict = verdictOf(
      overviewOf({
        failures: failureFigure(30, 1_000),
        queue: queueFigure(1_200),
        deadLetters: letters(9, 9),
      }),
    )
    expect(verdict.sentence).toBe('Changes pile up: 1,200 wait on one device')
    expect(verdict.evidence).toBe(
      '1,200 changes on 1 of 40 devices, as last reported. Also: 3.00 % of requests fail; 9 open dead letters',
    )
  })

  test('a version that alone makes the dead letters is named also behind a graver trouble', () => {
    const { evidence } = verdictOf(
      overviewOf({
        queue: queueFigure(1_200),
        deadLetters: letters(9, 9),
        versions: BAD_RELEASE,
      }),
    )
    expect(evidence).toContain('Also: 9 open dead letters from 2.4.1, from no other version')
  })

  test('the next step leads to the cause', () => {
    expect(verdictOf(overviewOf({ deadLetters: letters(9, 9) })).step?.target).toEqual({
      page: 'dead-letters',
      group: 'g',
    })
    expect(verdictOf(overviewOf({ deadLetters: letters(10, 5) })).step?.target).toEqual({
      page: 'dead-letters',
      group: null,
    })
    expect(verdictOf(overviewOf({ deadLetters: few(9, 9) })).step?.target).toMatchObject({
      page: 'dead-letters',
      group: 'g',
    })
    const failures = failureFigure(80, 1_000)
    expect(verdictOf(overviewOf(sessions(3, 90, failures))).step).toEqual({
      label: 'Failed sessions',
      target: { page: 'sessions', result: 'failed', appVersion: null },
    })
    expect(verdictOf(overviewOf(sessions(60, 1_000)))).toMatchObject({
      evidence:
        '60 of 1,000 sessions failed, and of 1,000 requests that arrived 2; look at what lies before the server',
      step: { label: 'Failed sessions', target: { page: 'sessions', result: 'failed', appVersion: null } },
    })
    const shed = sessions(60, 1_000)
    const told = verdictOf(
      overviewOf({ ...shed, failures: { ...failureFigure(2, 1_000), ...shed.failures, shed: 45 } as never }),
    )
    expect(told.sentence).toBe('Devices are told to wait: 6.00 % of sessions fail, over the limit of 5.00 %')
    expect(told.evidence).toContain('45 requests met an open breaker, too much load or a pause')
    // Requests failed and each session came through all the same: a list of failed ones would be empty.
    const devicesOf = (appVersion: string | null) => ({ page: 'devices', state: null, has: null, appVersion })
    expect(verdictOf(overviewOf({ failures })).step).toEqual({ label: 'Devices', target: devicesOf(null) })
    const versions = [versionRow('2.4.0'), { ...versionRow('2.4.1'), failures: shareOf(30, 1_000, 1) }]
    expect(verdictOf(overviewOf({ failures, versions })).step).toEqual({
      label: 'Devices on 2.4.1',
      target: devicesOf('2.4.1'),
    })
  })

  test('who is away for long is found by the next step, whatever lag says', () => {
    const { evidence, step } = verdictOf(overviewOf({ ...silent(26 * HOUR), devices: { offline: 20 } }))
    expect(evidence).toBe(
      'What they changed since is not known: pending age p95 is at least 1 d 02 h. Upload lag tells of what arrived alone',
    )
    expect(step?.target).toEqual({ page: 'devices', state: 'offline', has: null, appVersion: null })
  })

  test('a version that sends dead letters is named with their cause', () => {
    expect(
      verdictOf(overviewOf({ deadLetters: letters(1_412, 1_284), versions: BAD_RELEASE })).evidence,
    ).toBe(
      '1,284 of 1,412 dead letters share one cause: 2.4.1 on strikes: speed must be number (schema_mismatch, 3 devices)',
    )
  })

  test('who has changes waiting is found by the next step, and the oldest is named', () => {
    const oldestWaiting = { deviceId: 'd', name: 'DFW-0417', ageMs: 2 * HOUR, lowerBound: false }
    const old = verdictOf(overviewOf({ queue: queueFigure(3, 2 * HOUR), devices: { oldestWaiting } }))
    expect(old.evidence).toBe('3 changes on 1 of 40 devices, as last reported; the oldest on DFW-0417')
    const step = {
      label: 'Devices with changes waiting',
      target: { page: 'devices', state: null, has: 'waiting', appVersion: null },
    }
    expect(old.step).toEqual(step)
    // Seven of ten are on no device that is named.
    const queue = { ...queueFigure(10, 2 * HOUR), depthOfEngines: 7 }
    expect(verdictOf(overviewOf({ queue })).evidence).toMatch(
      /^3 changes on 1 of 40 devices, and 7 that other engines tell as a sum, as last reported/,
    )
    expect(verdictOf(overviewOf({ lag: pending(2 * HOUR) })).step).toEqual(step)
  })

  test('a past range is judged by its own figures, not by the age of its snapshot', () => {
    const past = overviewOf({
      toMs: NOW_MS - 2 * HOUR,
      queue: queueFigure(0, null, NOW_MS - 2 * HOUR - MINUTE),
    })
    expect(verdictOf(past).level).toBe('ok')
  })

  test('a time that lies ahead is told as that, and not as devices that are to be counted yet', () => {
    const ahead = overviewOf({ fromMs: NOW_MS + HOUR, toMs: NOW_MS + 2 * HOUR, queue: null })
    expect(verdictOf(ahead)).toMatchObject({
      level: 'unk',
      sentence: 'This time lies ahead: nothing is known of it',
    })
  })

  test('health is never claimed while any pillar is missing', () => {
    const missing: OverviewParts[] = [
      { lag: null },
      { conflicts: null },
      { failures: null },
      { queue: null },
      { lag: lagFigure({ pending: null }) },
    ]
    for (const parts of missing) expect(verdictOf(overviewOf(parts)).level).toBe('unk')
    const past = { toMs: NOW_MS - 2 * HOUR }
    for (const parts of missing) expect(verdictOf(overviewOf({ ...parts, ...past })).level).toBe('unk')
  })

  test('trouble is told even when another pillar is missing', () => {
    expect(verdictOf(overviewOf({ lag: null, conflicts: null, deadLetters: letters(9, 9) })).level).toBe(
      'warn',
    )
  })
})

test('a breaker that is shut says by whom and until when, who waits, and leads there', () => {
  const { evidence, step } = verdictOf(overviewOf(shut({})))
  expect(evidence).toBe(
    '10 devices wait in shed and keep their changes; app 2.4.1 is forced open by night ops, ends in 1 h 34 min',
  )
  expect(step?.target).toEqual({ page: 'breaker', scope: 'app:f:2.4.1' })
  const refused = overviewOf(shut({}))
  const told = { ...shut({}), breakers: { ...refused.breakers, shutOut: 12 } }
  expect(verdictOf(overviewOf(told)).evidence).toMatch(
    /^12 devices are told to wait and keep their changes; app/,
  )
  const all = { ...told.breakers, shutOut: 40 }
  const silent = { byState: { offline: 40 }, offline: 40, silent: 40, lastContactMs: NOW_MS - HOUR }
  expect(verdictOf(overviewOf({ breakers: all, devices: silent })).sentence).toContain('is held back')
  expect(verdictOf(overviewOf({ devices: silent })).sentence).toContain('All 40 devices are offline')
  const { evidence: also } = verdictOf(overviewOf({ ...shut({}), failures: failureFigure(90, 1_000) }))
  expect(also).toContain('Also: the breaker of app 2.4.1 is forced open')
})

describe('[alerts] a critical incident that is open', () => {
  const incident = (over: Partial<IncidentNow> = {}): IncidentNow => ({
    id: 'i',
    name: 'INC-207',
    title: 'Dead letters grow: 31 dead letters new in 10 min, over 5',
    severity: 'critical',
    openedAtMs: NOW_MS - HOUR,
    takenBy: null,
    owner: null,
    suppressed: false,
    ...over,
  })

  test('speaks where the figures show nothing, and leads to its page', () => {
    expect(verdictOf(overviewOf({ incidents: [incident()] }))).toEqual({
      level: 'crit',
      sentence: 'Dead letters grow: 31 dead letters new in 10 min, over 5',
      evidence: 'INC-207 is open for 1 h 00 min, and nobody took it on',
      step: { label: 'Open INC-207', target: { page: 'incident', id: 'i' } },
    })
    expect(verdictOf(overviewOf({ incidents: [incident({ takenBy: 'Ada' })] })).evidence).toMatch(
      /taken on by Ada$/,
    )
  })

  test('is told of beside what the figures show, whose sentence and step stay', () => {
    const plain = verdictOf(overviewOf(SLOW))
    const told = verdictOf(overviewOf({ ...SLOW, incidents: [incident()] }))
    expect([told.sentence, told.step, told.level]).toEqual([plain.sentence, plain.step, 'crit'])
    expect(told.evidence).toBe(`${plain.evidence}. Also: INC-207 is open, and nobody took it on`)
  })

  test('makes nothing of what is not known, nor of a warning', () => {
    const unknown = { foldLagMs: HOUR }
    expect(verdictOf(overviewOf({ ...unknown, incidents: [incident()] }))).toEqual(
      verdictOf(overviewOf(unknown)),
    )
    const warning = { incidents: [incident({ severity: 'warning' })] }
    expect(verdictOf(overviewOf(warning))).toEqual(verdictOf(overviewOf({})))
  })
})
