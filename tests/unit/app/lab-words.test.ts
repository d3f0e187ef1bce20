import { describe, expect, test } from 'vitest'
import { labRows, type LabRow } from '#lib/application/lab/lab-board.ts'
import type { LabRunFound } from '#lib/application/lab/list-lab-runs.ts'
import { costOf, DEFAULT_WEIGHTS, type LabColumn, type LabCounts } from '#lib/engine/lab/lab-report.ts'
import { labRun } from '#tests/support/lab-run.ts'
import { fateWords } from '../../../app/(console)/lab/lab-fields.tsx'
import { shownOf, whatOf } from '../../../app/(console)/lab/lab-examples.tsx'
import { differsLine, fieldsLine } from '../../../app/(console)/lab/apply-form.tsx'
import {
  changedSince,
  costWords,
  labSentence,
  runEvidence,
  uncountedWords,
  wayWords,
} from '../../../app/(console)/lab/lab-words.ts'

const counts = (changes: Partial<LabCounts> = {}): LabCounts => ({
  conflicts: 10,
  changes: 20,
  lostUpdates: 0,
  silentOverwrites: 0,
  manual: 0,
  wrongWinners: 0,
  brokenRules: 0,
  timeUnknown: 0,
  notReplayed: 0,
  ...changes,
})
const column = (id: string, changes: Partial<LabCounts>, tieRule: 'lww' | 'manual' = 'lww'): LabColumn => ({
  id,
  settings: {
    strategy: id.startsWith('field') ? 'field-merge' : id === 'manual' ? 'manual' : 'lww',
    tieRule,
    fieldStrategies: {},
  },
  counts: counts(changes),
  newestAlone: null,
  examples: { lost_update: [], wrong_winner: [], broken_rule: [], manual: [] },
  differs: { conflicts: 0, examples: [] },
})
const NOW = { strategy: 'lww', tieRule: 'lww', fieldStrategies: {} } as const
const found = (changes: Partial<LabRunFound> = {}): LabRunFound => ({
  ...labRun('f', 'c', 1_000),
  state: 'done',
  report: {
    collectionId: 'c',
    collection: 'visits',
    fromMs: 0,
    toMs: 1,
    clocksOffMs: 0,
    recorded: 12,
    replayed: 10,
    left: [{ why: 'no_record', count: 2 }],
    capped: false,
    columns: [],
    fields: [],
    fieldsTotal: 0,
  },
  ...changes,
})

describe('costs', () => {
  test('[LB6] are the counts by the weights, and the cheapest of a conflict is marked', () => {
    const all = counts({ lostUpdates: 1, silentOverwrites: 2, manual: 3, wrongWinners: 4, brokenRules: 5 })
    const weights = {
      lostUpdate: 1,
      silentOverwrite: 10,
      manualMinutes: 5,
      minute: 20,
      wrongWinner: 1_000,
      brokenRule: 10_000,
    }
    expect(costOf(all, weights)).toBe(1 + 20 + 300 + 4_000 + 50_000)
    const rows = labRows(
      [
        column('current', { lostUpdates: 4 }),
        column('field-merge:manual', { manual: 4 }, 'manual'),
        column('ot', { conflicts: 0, changes: 0 }),
      ],
      DEFAULT_WEIGHTS,
      NOW,
    )
    expect(rows.map(({ costEach, isCheapest }) => [costEach, isCheapest])).toEqual([
      [4, false],
      [2, true],
      [null, false],
    ])
    expect([null, 0.5, 250.4].map(costWords)).toEqual(['not known', '0.50', '250'])
  })
})

describe('the first line', () => {
  const rows = (...columns: LabColumn[]): readonly LabRow[] => labRows(columns, DEFAULT_WEIGHTS, NOW)
  const lossy = column('current', { lostUpdates: 8, silentOverwrites: 8 })

  test('says what is lost as it is set, and what would cost least', () => {
    expect(labSentence('visits', found(), rows(lossy, column('field-merge:lww', { lostUpdates: 1 })))).toBe(
      'lww, as it is set, lost 8 of 20 changes; field-merge, ties by lww would have lost 5.00 % of them',
    )
    expect(
      labSentence('visits', found(), rows(lossy, column('field-merge:manual', { manual: 2 }, 'manual'))),
    ).toBe(
      'lww, as it is set, lost 8 of 20 changes; field-merge, ties by manual would have lost none and asked in 20.0 % of the conflicts',
    )
    expect(
      labSentence('visits', found(), rows(column('current', { manual: 1 }), column('manual', { manual: 9 }))),
    ).toBe('lww, as it is set, lost 0 of 20 changes and asked 1 time; nothing else costs less')
  })

  test('names of ways that cost the same the one that asks least', () => {
    const free = { ...DEFAULT_WEIGHTS, minute: 0 }
    const tied = labRows(
      [lossy, column('fww', { manual: 10 }), column('field-merge:manual', { manual: 4 }, 'manual')],
      free,
      NOW,
    )
    expect(tied.map(({ isCheapest }) => isCheapest)).toEqual([false, true, true])
    expect(labSentence('visits', found(), tied)).toContain(
      '; field-merge, ties by manual would have lost none',
    )
  })

  test('[LB6] holds nothing that could replay few of the conflicts against the others', () => {
    const few = column('crdt', { conflicts: 1, changes: 2, notReplayed: 9 })
    expect(rows(lossy, few).map(({ isCheapest }) => isCheapest)).toEqual([true, false])
    const newest = { ...column('crdt', { conflicts: 8 }), newestAlone: 8 }
    expect(rows(lossy, newest)[1]).toMatchObject({ costEach: 0, isCheapest: false })
    const unsure = column('current', { conflicts: 5, changes: 9, lostUpdates: 4, timeUnknown: 5 })
    expect(labSentence('visits', found(), rows(unsure, few))).toBe(
      'lww, as it is set, lost 4 of 9 changes; what would cost less is not known, for too few could be replayed',
    )
  })

  test('says of clocks that were put off what would have been', () => {
    const report = { ...found().report, clocksOffMs: 60_000 } as NonNullable<LabRunFound['report']>
    expect(labSentence('visits', found({ report }), rows(lossy))).toContain(
      'as it is set, would have lost 8 of',
    )
  })

  test('tells the settings of then from those of now, once somebody applied others', () => {
    const merge = column('field-merge:manual', {}, 'manual')
    const since = labRows([lossy, merge], DEFAULT_WEIGHTS, merge.settings)
    expect(labSentence('visits', found(), since)).toBe(
      'lww, as it was set, lost 8 of 20 changes; field-merge, ties by manual, as it is set would have lost none',
    )
    expect(since.map(wayWords)).toEqual(['lww, as it was set', 'field-merge, ties by manual, as it is set'])
    expect([changedSince(rows(lossy)), changedSince(since)]).toEqual([null, expect.stringContaining('again')])
  })

  test('says that nothing is known where it is not', () => {
    expect(labSentence('visits', null, [])).toContain('is not known: the lab has not run yet')
    const none = { ...found().report, replayed: 0 } as NonNullable<LabRunFound['report']>
    expect(labSentence('visits', found({ report: none }), rows(lossy))).toContain('no conflict was recorded')
    const timeless = rows(column('current', { conflicts: 0, timeUnknown: 10 }))
    expect(labSentence('visits', found(), timeless)).toContain('when the sides were written is kept no more')
    const baseless = rows(column('current', { conflicts: 0, notReplayed: 10 }))
    expect(labSentence('visits', found(), baseless)).toContain('what both sides started from is not known')
    expect(labSentence('visits', found({ state: 'running', report: null }), [])).toContain('replays')
    expect(labSentence('visits', found({ state: 'cancelled', report: null }), [])).toContain('stopped')
    expect(labSentence('visits', found({ state: 'failed', report: null, problem: 'why' }), [])).toContain(
      'why',
    )
  })

  test('has its evidence: how many, which were left out, by which clocks', () => {
    expect(runEvidence(found())).toBe(
      '10 conflicts replayed; 2 left out, since their record was no more; by the clocks as they were',
    )
    const off = { ...found().report, clocksOffMs: 600_000, capped: true, left: [] } as NonNullable<
      LabRunFound['report']
    >
    expect(runEvidence(found({ report: off }))).toBe(
      'the newest 10 conflicts replayed; as if clocks were 10 min off',
    )
  })
})

test('a way is named by its strategy, its tie rule and its fields', () => {
  const own = {
    ...column('proposed', {}),
    isNow: false,
    settings: { strategy: 'field-merge', tieRule: 'fww', fieldStrategies: { '/a': 'crdt' } },
  } as const
  expect(wayWords(own)).toBe('field-merge, ties by fww, 1 field of its own, as proposed')
  const [row] = labRows(
    [{ ...column('ot', { timeUnknown: 3, notReplayed: 1 }), newestAlone: 5_000 }],
    DEFAULT_WEIGHTS,
    NOW,
  )
  expect(row && uncountedWords(row)).toBe(
    'of the newest 5,000 alone, 3 without known times, 1 without a known base',
  )
})

test('an example says what it comes to: a loss is told where something is lost alone', () => {
  const example = { conflictId: 'c', recordId: 'r', places: ['/a', ''], side: null } as const
  expect(whatOf({ ...example, comesTo: 'settled' }, 'differs')).toBe('both sides lose a, the whole record')
  expect(whatOf({ ...example, comesTo: 'person' }, 'differs')).toBe(
    'a person decides over a, the whole record',
  )
  expect(whatOf({ ...example, places: [], comesTo: 'unfit' }, 'broken_rule')).toBe(
    'what comes of it is refused',
  )
  expect(whatOf({ ...example, side: 'local' }, 'lost_update')).toBe('the device loses a, the whole record')
})

test('a field of which the times are not known is not told as kept', () => {
  expect(fateWords({ timeUnknown: 3 })).toBe('3 not known')
  expect(fateWords({ lostUpdates: 2, manual: 1, timeUnknown: 0 })).toBe('loses 2, asks 1')
  expect(fateWords({})).toBe('keeps all')
})

test('what is applied says which fields it takes their own strategy from', () => {
  const now = { '/tags': 'crdt', '/count': 'crdt' }
  expect(fieldsLine(now, now)).toBe('')
  expect(fieldsLine(now, {})).toContain(
    '2 fields would lose the strategy of their own: tags (crdt), count (crdt).',
  )
  expect(fieldsLine(now, { '/tags': 'lww' })).toContain(
    '1 field would lose the strategy of its own: count (crdt).',
  )
  expect(differsLine(column('lww', { lostUpdates: 1 }))).toBe(
    'Of 10 conflicts that were replayed none would have come out otherwise: 1 lost update, 0 questions to a person.',
  )
})

test('what is looked at is named by the address, and what names nothing shows nothing', () => {
  const rows = labRows([column('current', {}), column('field-merge:lww', {})], DEFAULT_WEIGHTS, NOW)
  expect(shownOf('field-merge:lww.lost_update', rows)).toMatchObject({ finding: 'lost_update' })
  expect(shownOf('current.differs', rows)).toMatchObject({ finding: 'differs' })
  for (const strange of [null, '', 'lww', 'nobody.lost_update', 'current.constructor', 'current.'])
    expect(shownOf(strange, rows)).toBeNull()
})
