import { describe, expect, test } from 'vitest'
import { labRows, type LabRow } from '#lib/application/lab/lab-board.ts'
import type { LabRunFound } from '#lib/application/lab/list-lab-runs.ts'
import { costOf, DEFAULT_WEIGHTS, type LabColumn, type LabCounts } from '#lib/engine/lab/lab-report.ts'
import { labRun } from '#tests/support/lab-run.ts'
import { shownOf, whatOf } from '../../../app/(console)/lab/lab-examples.tsx'
import {
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
        column('field-merge:manual', { manual: 2, conflicts: 5 }, 'manual'),
        column('ot', { conflicts: 0, changes: 0 }),
      ],
      DEFAULT_WEIGHTS,
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
  const rows = (...columns: LabColumn[]): readonly LabRow[] => labRows(columns, DEFAULT_WEIGHTS)
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

  test('says that nothing is known where it is not', () => {
    expect(labSentence('visits', null, [])).toContain('is not known: the lab has not run yet')
    const none = { ...found().report, replayed: 0 } as NonNullable<LabRunFound['report']>
    expect(labSentence('visits', found({ report: none }), rows(lossy))).toContain('no conflict was recorded')
    const timeless = rows(column('current', { conflicts: 0, timeUnknown: 10 }))
    expect(labSentence('visits', found(), timeless)).toContain('when the sides were written is kept no more')
    expect(labSentence('visits', found({ state: 'running', report: null }), [])).toContain('replays')
    expect(labSentence('visits', found({ state: 'cancelled', report: null }), [])).toContain('stopped')
    expect(labSentence('visits', found({ state: 'failed', report: null, problem: 'why' }), [])).toContain(
      'why',
    )
  })

  test('has its evidence: how many, which were left out, by which clocks', () => {
    expect(runEvidence(found())).toBe(
      '12 conflicts replayed; 2 left out, since their record was no more; by the clocks as they were',
    )
    const off = { ...found().report, clocksOffMs: 600_000, capped: true, left: [] } as NonNullable<
      LabRunFound['report']
    >
    expect(runEvidence(found({ report: off }))).toBe(
      'the newest 12 conflicts replayed; as if clocks were 10 min off',
    )
  })
})

test('a way is named by its strategy, its tie rule and its fields', () => {
  const own = {
    ...column('proposed', {}),
    settings: { strategy: 'field-merge', tieRule: 'fww', fieldStrategies: { '/a': 'crdt' } },
  } as const
  expect(wayWords(own)).toBe('field-merge, ties by fww, 1 field of its own, as proposed')
  const [row] = labRows(
    [{ ...column('ot', { timeUnknown: 3, notReplayed: 1 }), newestAlone: 5_000 }],
    DEFAULT_WEIGHTS,
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

test('what is looked at is named by the address, and what names nothing shows nothing', () => {
  const rows = labRows([column('current', {}), column('field-merge:lww', {})], DEFAULT_WEIGHTS)
  expect(shownOf('field-merge:lww.lost_update', rows)).toMatchObject({ finding: 'lost_update' })
  expect(shownOf('current.differs', rows)).toMatchObject({ finding: 'differs' })
  for (const strange of [null, '', 'lww', 'nobody.lost_update', 'current.constructor', 'current.'])
    expect(shownOf(strange, rows)).toBeNull()
})
