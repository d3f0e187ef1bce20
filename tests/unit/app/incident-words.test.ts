import { describe, expect, test } from 'vitest'
import type { AlertStatusView } from '#lib/application/alerts/alert-status.ts'
import { viewOf, type IncidentView } from '#lib/application/alerts/incidents.ts'
import { ENTRY_KINDS, type IncidentAlert } from '#lib/telemetry/alerts/incident.ts'
import { resolvedIncident } from '#tests/support/alert-world.ts'
import { alarmLine, alarmOf, type Alarm } from '../../../app/(console)/alerts/alarm-words.ts'
import { incidentHref, incidentUrl, runbookHref } from '../../../app/(console)/alerts/incident-links.ts'
import {
  alertStanding,
  alertsVerdict,
  entryWords,
  inOrder,
  standingOf,
  whoHas,
} from '../../../app/(console)/alerts/incident-words.ts'
import { matchersOf } from '../../../app/(console)/alerts/incidents/[id]/silence-matchers.ts'
import { hasIt, incidentsNote, incidentsTitle } from '../../../app/(console)/overview/incident-words.ts'

const NOW_MS = Date.UTC(2026, 5, 15, 12)
const FLEET = '01890000-0000-7000-8000-000000000001'
const ID = '01890000-0000-7000-8000-000000000207'
const alert = (over: Partial<IncidentAlert> = {}): IncidentAlert => ({
  rule: 'version-dead-letters',
  severity: 'critical',
  group: { appVersion: '2.4.1' },
  startedAtMs: NOW_MS - 60_000,
  endedAtMs: null,
  noData: false,
  summary: 'A version cannot sync: 31 % of changes became dead letters, over 20 %',
  suppressedBy: null,
  ...over,
})
const incident = (over: Parameters<typeof resolvedIncident>[2] = {}): IncidentView =>
  viewOf(
    resolvedIncident(FLEET, ID, {
      number: 207,
      state: 'open',
      resolvedAtMs: null,
      group: { appVersion: '2.4.1' },
      alerts: [alert()],
      ...over,
    }),
  )
const NIGHT = { by: { id: 'ada', name: 'night ops' }, atMs: NOW_MS }
const SILENCE = { kind: 'silence', silenceId: ID } as const
const RULE = { kind: 'rule', rule: 'breaker-open' } as const

describe('[alerts] how an incident stands', () => {
  test.each([
    [{}, 'warn', 'Nobody has it yet'],
    [{ owner: 'day ops' }, 'warn', 'Waits for day ops'],
    [{ ack: NIGHT, owner: 'day ops' }, 'held', 'Taken on by night ops'],
    [{ alerts: [alert({ suppressedBy: SILENCE })] }, 'held', 'Silenced'],
    [{ alerts: [alert({ suppressedBy: RULE })] }, 'held', 'Inhibited'],
    [
      { alerts: [alert({ suppressedBy: RULE }), alert({ suppressedBy: SILENCE })] },
      'held',
      'Silenced and inhibited',
    ],
    [{ alerts: [alert({ suppressedBy: RULE }), alert()] }, 'warn', 'Nobody has it yet'],
    [{ state: 'resolved', alerts: [] }, 'ok', 'Resolved'],
  ] as const)('%j is said as %s, %s', (over, kind, words) => {
    expect(standingOf(incident(over))).toEqual({ kind, words })
  })

  test('who has it, and which comes first', () => {
    expect([
      whoHas({ ack: null, owner: null }),
      whoHas({ ack: NIGHT, owner: null }),
      whoHas({ ack: null, owner: 'day ops' }),
      whoHas({ ack: NIGHT, owner: 'day ops' }),
    ]).toEqual(['nobody yet', 'night ops', 'day ops, not taken on', 'day ops'])
    const of = (severity: 'info' | 'warning' | 'critical', openedAtMs: number, suppressed = false) => ({
      severity,
      openedAtMs,
      suppressed,
    })
    const listed = [
      of('info', 9),
      of('critical', 7, true),
      of('critical', 1),
      of('warning', 5),
      of('critical', 3),
    ]
    expect(inOrder(listed).map(({ openedAtMs }) => openedAtMs)).toEqual([3, 1, 5, 9, 7])
  })

  test.each([
    [{}, 'crit', 'fires'],
    [{ noData: true }, 'unk', 'no data: not known to be over'],
    [{ suppressedBy: SILENCE }, 'held', 'fires, silenced'],
    [{ suppressedBy: RULE }, 'held', 'fires, inhibited by breaker-open'],
    [{ endedAtMs: NOW_MS }, 'ok', 'well again'],
  ] as const)('an alert that is %j is said as %s, %s', (over, kind, words) => {
    expect(alertStanding(alert(over))).toEqual({ kind, words })
  })
})

describe('[alerts] the verdict of the list', () => {
  const status = (over: Partial<AlertStatusView> = {}): AlertStatusView => ({
    open: 0,
    unread: 0,
    critical: 0,
    evaluation: { atMs: NOW_MS - 4_000, ageMs: 4_000, tookMs: 12, fleetsFailed: 0 },
    stopped: false,
    ...over,
  })
  const last = { name: 'INC-206', resolvedAtMs: NOW_MS - 2 * 3_600_000 }

  test('nothing open is well only while somebody looks, and says since when it is quiet', () => {
    expect(alertsVerdict(status(), 0, last, NOW_MS)).toEqual({
      kind: 'ok',
      sentence: 'All is well: no incident is open',
      evidence:
        'All rules are looked at every 15 s; the last look was 4 s ago. INC-206 was the last one, and ended 2 h 00 min ago.',
    })
    expect(alertsVerdict(status(), 0, null, NOW_MS).evidence).toMatch(/No incident is kept of this fleet\.$/)
    const failed = { atMs: NOW_MS, ageMs: 0, tookMs: 1, fleetsFailed: 1 }
    expect(alertsVerdict(status({ evaluation: failed }), 0, null, NOW_MS)).toMatchObject({
      kind: 'warn',
      sentence: 'No incident is open',
    })
  })

  test('when nobody looks, that comes before all else', () => {
    const stopped = { atMs: NOW_MS - 600_000, ageMs: 600_000, tookMs: 12, fleetsFailed: 0 }
    expect(alertsVerdict(status({ stopped: true, evaluation: stopped }), 0, last, NOW_MS)).toEqual({
      kind: 'crit',
      sentence: 'Nobody looks: no incident is no news',
      evidence:
        'Alerts were evaluated last 10 min ago, and should be every 15 s. No incident is open, as of then.',
    })
    const never = alertsVerdict(status({ stopped: true, evaluation: null }), 0, null, NOW_MS)
    expect([never.kind, never.evidence]).toEqual(['crit', expect.stringContaining('not been evaluated yet')])
  })

  test.each([
    [{ open: 1, critical: 1, unread: 1 }, 'crit', '1 incident is open, critical', '1 waits for somebody'],
    [{ open: 2, critical: 2, unread: 2 }, 'crit', '2 incidents are open, all critical', '2 wait for'],
    [{ open: 3, critical: 1 }, 'crit', '3 incidents are open, 1 critical', 'None waits for somebody'],
    [{ open: 1 }, 'warn', '1 incident is open', 'None waits'],
  ] as const)('%j is told as %s, %s', (over, kind, sentence, evidence) => {
    const verdict = alertsVerdict(status(over), 0, last, NOW_MS)
    expect([verdict.kind, verdict.sentence]).toEqual([kind, sentence])
    expect(verdict.evidence).toContain(evidence)
  })
})

test.each([
  [{ open: 3, critical: 1 }, 2, '3 incidents are open, 1 critical; 2 kept silent'],
  [{ open: 2 }, 2, '2 incidents are open; kept silent'],
] as const)('[alerts] of %j, %i kept silent, the verdict is %s', (over, silent, sentence) => {
  const evaluation = { atMs: NOW_MS, ageMs: 0, tookMs: 1, fleetsFailed: 0 }
  const status = { unread: 0, critical: 0, evaluation, stopped: false, ...over }
  expect(alertsVerdict(status, silent, null, NOW_MS).sentence).toBe(sentence)
})

test('[alerts] each kind of entry has a line of its own, with who did it', () => {
  const entry = { rule: 'queue-deep', severity: 'critical', text: 'strikes', by: { name: 'Ada' } } as const
  const lines = ENTRY_KINDS.map((kind) => entryWords({ ...entry, kind }).words)
  expect(new Set(lines).size).toBe(ENTRY_KINDS.length)
  expect(lines.filter((line) => line.startsWith('Ada'))).toEqual([
    'Ada took it on',
    'Ada gave it back',
    'Ada gave it to strikes',
    'Ada noted: “strikes”',
  ])
  const of = (kind: string, text: string) => entryWords({ ...entry, kind, text }).words
  expect([
    of('suppressed', ID),
    of('suppressed', 'breaker-open'),
    of('told', 'resolved'),
    of('told', 'firing'),
    of('assigned', ''),
    of('a later kind', 'x'),
  ]).toEqual([
    'queue-deep is silenced',
    'queue-deep is inhibited by breaker-open',
    'Its end goes out to the channels',
    'It goes out to the channels',
    'Ada took its owner away',
    'A later kind x',
  ])
})

describe('[alerts] what stands above every page', () => {
  const listed = (over: Partial<Alarm['critical'][number]> & { suppressed?: boolean } = {}) => ({
    id: ID,
    name: 'INC-207',
    title: 'Dead letters grow',
    severity: 'critical' as const,
    openedAtMs: NOW_MS,
    takenBy: null,
    owner: null,
    suppressed: false,
    ...over,
  })
  const now = (...incidents: readonly ReturnType<typeof listed>[]) => ({
    open: incidents.length,
    unread: incidents.length,
    stopped: false,
    gravest: null,
    listed: incidents,
  })

  test('one critical incident is named and led to; several are counted, one that nobody has first', () => {
    expect(alarmLine(alarmOf(now(), 1e6))).toBe(null)
    expect(alarmLine(alarmOf(now(listed({ suppressed: true })), 1e6))).toBe(null)
    expect(alarmLine(alarmOf(now(listed()), 1e6))).toEqual({
      word: '1 critical incident',
      text: 'Dead letters grow, as it began; nobody took it on',
      id: ID,
      link: 'Open INC-207',
    })
    const two = alarmOf(now(listed({ name: 'INC-208', takenBy: 'Ada' }), listed()), 1e6)
    expect(alarmLine(two)).toEqual({
      word: '2 critical incidents',
      text: 'INC-207: Dead letters grow, as it began; 1 of them nobody took on',
      id: null,
      link: 'Open Alerts',
    })
  })

  test('that nobody looks is said before what was seen last, but not of a fleet of this minute', () => {
    const stopped = { ...now(listed()), stopped: true }
    expect(alarmLine(alarmOf(stopped, 1e6))).toMatchObject({ word: 'Alerts are not evaluated', id: null })
    expect(alarmLine(alarmOf({ ...now(), stopped: true }, 30_000))).toBe(null)
  })

  test('the block of the overview counts who took what on, and says what it does not know', () => {
    const [one, taken] = [listed(), listed({ takenBy: 'Ada' })]
    const silent = listed({ suppressed: true })
    const titled = [now(one), now(one, taken), now(one, silent), now(silent)]
    expect([now(), { ...now(), stopped: true }, ...titled].map(incidentsTitle)).toEqual([
      'No incident is open',
      'Incidents are not known',
      '1 incident needs a person',
      '2 incidents need a person',
      '1 incident needs a person; 1 kept silent',
      '1 incident is open and kept silent',
    ])
    expect([now(), now(one), now(taken), now(one, one), now(one, taken)].map(incidentsNote)).toEqual([
      undefined,
      'not taken on',
      'taken on',
      'none taken on',
      '1 taken on, 1 not',
    ])
    expect([hasIt(one), hasIt(taken), hasIt({ ...one, owner: 'day ops', suppressed: true })]).toEqual([
      'nobody yet',
      'Ada',
      'day ops, kept silent',
    ])
  })
})

test('[alerts] a silence from an incident begins with the rules that fire and their part, and never with nothing', () => {
  const is = (label: string, ...values: string[]) => ({ label, comparison: 'is', values })
  const over = alert({ rule: 'over', endedAtMs: NOW_MS })
  expect(matchersOf([alert(), alert(), over], { appVersion: '2.4.1' })).toEqual([
    is('rule', 'version-dead-letters'),
    is('appVersion', '2.4.1'),
  ])
  const whole = [alert({ group: {} }), alert({ rule: 'queue-deep', group: {} })]
  expect(matchersOf(whole, {})).toEqual([is('rule', 'version-dead-letters', 'queue-deep')])
  expect(matchersOf([alert({ rule: 'breaker-open', group: { scope: 'engine' } })], {})).toEqual([
    is('rule', 'breaker-open'),
    is('scope', 'engine'),
  ])
  expect(matchersOf([alert()], { collection: 'strikes' }).at(-1)).toEqual(is('collection', 'strikes'))
})

test('[alerts] the addresses of an incident, its acts and its runbook keep the fleet and the range', () => {
  const query = 'fleet=f&range=1h&q=x&cursor=y'
  expect(incidentHref(query, ID)).toBe(`/alerts/incidents/${ID}?fleet=f&range=1h`)
  expect(runbookHref(query, 'docs/runbooks/queue-deep.md')).toBe(
    '/alerts/runbooks/queue-deep?fleet=f&range=1h',
  )
  expect(incidentUrl({ fleetId: 'f', id: ID }, 'ack')).toBe(
    `/api/admin/v1/alerts/incidents/${ID}/ack?fleet=f`,
  )
})
