import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { deltaShare, recommend } from '#lib/telemetry/review/recommend.ts'
import { differencesOf, reviewVerdict } from '#lib/telemetry/review/review-verdict.ts'
import type { Measured } from '#lib/telemetry/review/review.ts'
import { versionChanges } from '#lib/telemetry/review/version-changes.ts'
import { CHOICES, FIELD_KINDS, NO_ANSWERS } from '#lib/telemetry/review/review.ts'
import { answering, LWW, MEASURED, NOTHING_MEASURED, reviewOf } from '../../../support/review-fixture.ts'

describe('a recommendation', () => {
  it('[DR1] is not known of anything while nothing was answered or measured, and says what is missing', () => {
    const { doubts, fields, ...advice } = recommend(NO_ANSWERS, NOTHING_MEASURED, LWW)
    expect([doubts, fields]).toEqual([[], []])
    for (const { value, reasons } of Object.values(advice)) {
      expect(value).toBeNull()
      expect(reasons.length).toBeGreaterThan(0)
    }
  })

  it.each([
    ['fields', 'harmless', NOTHING_MEASURED, 'field-merge', 'fields of a record change apart'],
    ['fields', null, MEASURED, 'field-merge', '41 of 50 conflicts touch different fields'],
    ['whole', 'harmless', MEASURED, 'lww', 'a lost update is harmless'],
    ['whole', 'annoying', MEASURED, 'fww', 'a lost update is annoying'],
    ['whole', 'costly', MEASURED, 'fww', 'what comes second goes to a person'],
    ['whole', 'never', MEASURED, 'manual', 'no update may be lost'],
    ['whole', null, MEASURED, null, 'nobody said what a lost update costs'],
    ['binary', 'harmless', MEASURED, 'lww', 'binary data cannot be merged'],
    ['binary', 'costly', MEASURED, 'fww', 'binary data cannot be merged'],
    ['text', 'costly', NOTHING_MEASURED, null, 'nobody said which fields those are'],
    ['counts', 'costly', NOTHING_MEASURED, null, 'nobody said which fields those are'],
    [null, 'costly', MEASURED, 'field-merge', '41 of 50 conflicts'],
    [null, 'costly', NOTHING_MEASURED, null, 'nobody said what shape'],
  ] as const)(
    '[DR2] for %s data where an update lost is %s',
    (shape, semantics, measured, strategy, says) => {
      const advice = recommend(answering({ shape, semantics }), measured, LWW).strategy
      expect(advice.value).toBe(strategy)
      expect(advice.reasons.map((reason) => reason.says).join('; ')).toContain(says)
      expect(new Set(advice.reasons.map(({ rule }) => rule))).toEqual(new Set(['DR2']))
    },
  )

  it('[DR2] makes nothing of few conflicts where nobody named the shape', () => {
    const few = { ...MEASURED, conflicts: { ...MEASURED.conflicts, knownBase: 9, disjoint: 9 } } as Measured
    expect(recommend(NO_ANSWERS, few, LWW).strategy.value).toBeNull()
  })

  it.each([
    [null, null],
    ['harmless', 'lww'],
    ['annoying', 'lww'],
    ['costly', 'manual'],
    ['never', 'manual'],
  ] as const)(
    '[DR3] settles one field that both changed by what a lost update costs: %s',
    (semantics, tieRule) => {
      expect(recommend(answering({ semantics }), MEASURED, LWW).tieRule.value).toBe(tieRule)
    },
  )

  const apart = (disjoint: number, knownBase = 500): Measured => ({
    ...MEASURED,
    conflicts: { ...(MEASURED.conflicts as NonNullable<Measured['conflicts']>), knownBase, disjoint },
  })
  it('[DR2] never gives for a merge by field that conflicts are over the same field, and doubts that fields change apart', () => {
    const of = (shape: 'fields' | 'text' | 'counts', measured: Measured) =>
      recommend(answering({ shape }), measured, LWW)
    const same = of('fields', apart(3))
    expect(same.strategy).toEqual({
      value: 'field-merge',
      reasons: [{ rule: 'DR2', says: 'fields of a record change apart from each other' }],
    })
    expect(same.doubts.map(({ says }) => says)).toEqual([
      'said to have fields that change apart, and only 3 of 500 conflicts touch different fields',
    ])
    expect([of('fields', apart(250)).doubts, of('fields', apart(0, 9)).doubts]).toEqual([[], []])
    expect(of('text', apart(3)).strategy.value).toBeNull()
    expect(of('counts', apart(250)).strategy.value).toBe('field-merge')
  })

  it('[DR4] names no field of a whole, and doubts what is set or said otherwise', () => {
    const set = { strategy: 'field-merge', tieRule: 'lww', fieldStrategies: { '/tags': 'crdt' } } as const
    const whole = recommend(
      answering({ shape: 'whole', semantics: 'costly' }, { '/n': 'counter' }),
      apart(3),
      set,
    )
    expect([whole.strategy.value, whole.fields]).toEqual(['fww', []])
    expect(whole.doubts.map(({ says }) => says)).toEqual([
      'said to be one whole, and fields are set to a strategy of their own, 1 of them: such a record is settled field by field',
      'said to be one whole, and fields are named as more than a plain value, 1 of them: such a record is settled field by field',
    ])
    const plain = recommend(
      answering({ shape: 'fields' }, { '/tags': 'plain', '/a': 'plain' }),
      apart(400),
      set,
    )
    expect(plain.doubts.map(({ says }) => says)).toEqual([
      '/tags is said to be a plain value, and is set to crdt',
    ])
  })

  it('[DR8] sees that a field inside another goes by the strategy of that', () => {
    const advised = recommend(answering({ shape: 'fields' }, { '/o/n': 'counter' }), NOTHING_MEASURED, LWW)
    const by = (fieldStrategies: Record<string, 'crdt' | 'lww'>) =>
      differencesOf(advised, { strategy: 'field-merge', tieRule: 'lww', fieldStrategies }).map(
        ({ what }) => what,
      )
    expect([by({ '/o': 'crdt' }), by({ '/o': 'lww', '/o/n': 'crdt' })]).toEqual([[], []])
    expect([by({ '/o': 'crdt', '/o/n': 'lww' }), by({ '/oo': 'crdt' })]).toEqual([['/o/n'], ['/o/n']])
  })

  it('[DR3] says how many decisions that makes a day, or that it is not known', () => {
    const says = (measured: Measured) =>
      recommend(answering({ semantics: 'never' }), measured, LWW).tieRule.reasons.at(-1)?.says
    expect(says(MEASURED)).toBe('at most 2 decisions a day, as conflicts are now')
    expect(says(NOTHING_MEASURED)).toBe('how many decisions that makes is not known')
  })

  it('[DR4] gives fields what they are: texts, counters and sets join, money is never joined by chance', () => {
    const fields = { '/t': 'text', '/n': 'counter', '/s': 'set', '/m': 'money', '/p': 'plain' } as const
    const advised = (semantics: 'harmless' | 'costly', settings = LWW) =>
      Object.fromEntries(
        recommend(answering({ shape: 'fields', semantics }, fields), MEASURED, settings).fields.map(
          ({ place, strategy }) => [place, strategy],
        ),
      )
    expect(advised('harmless')).toEqual({ '/t': 'crdt', '/n': 'crdt', '/s': 'crdt', '/m': 'fww' })
    expect(advised('costly')).toMatchObject({ '/m': 'manual' })
    const underOt = { ...LWW, fieldStrategies: { '/t': 'ot' } } as const
    expect(advised('harmless', underOt)).toEqual({ '/t': 'ot', '/n': 'manual', '/s': 'manual', '/m': 'fww' })
    const [first] = recommend(answering({}, { '/status': 'text' }), MEASURED, LWW).fields
    expect(first?.reasons.map(({ says }) => says)).toContain('9 of 50 conflicts are over it')
  })

  it('[DR5] sends deltas where they are smaller than their documents', () => {
    const modeOf = (changeBytes: number, changes = 300) =>
      recommend(NO_ANSWERS, { ...MEASURED, delta: { changes, changeBytes, documentBytes: 1_000 } }, LWW).mode
    expect(modeOf(50)).toEqual({
      value: 'delta',
      reasons: [{ rule: 'DR5', says: 'a change is 5.00 % of its document, in 300 changes' }],
    })
    expect([modeOf(800).value, modeOf(801).value, modeOf(50, 9).value]).toEqual(['delta', 'full', null])
    expect(recommend(answering({ volume: 'full' }), NOTHING_MEASURED, LWW).mode.value).toBe('full')
    expect(deltaShare({ changes: 10, changeBytes: 0, documentBytes: 0 })).toBeNull()
  })

  it('[DR6] keeps the order of causes as soon as one change names another', () => {
    const after = (withAfter: number) =>
      ({ ...MEASURED, changes: { ...MEASURED.changes, withAfter } }) as Measured
    const said = answering({ ordering: 'none' })
    expect(recommend(said, after(3), LWW)).toMatchObject({
      ordering: {
        value: 'causal',
        reasons: [{ says: '3 of the last 1,000 changes name one that has to come before' }],
      },
      doubts: [{ rule: 'DR6' }],
    })
    expect(recommend(said, after(0), LWW)).toMatchObject({ ordering: { value: 'none' }, doubts: [] })
    expect(recommend(NO_ANSWERS, after(0), LWW).ordering.value).toBeNull()
  })

  it('[DR7] takes measured waits before what was said, and doubts what was said', () => {
    const waits = (p95Ms: number, count = 100) => ({
      ...MEASURED,
      waits: { count, p50Ms: 1, p95Ms, maxMs: p95Ms },
    })
    const of = (measured: Measured) => recommend(answering({ connectivity: 'online' }), measured, LWW)
    expect([
      of(waits(300_000)).connectivity.value,
      of(waits(300_001)).connectivity.value,
      of(waits(8 * 3_600_000 + 1)).connectivity.value,
      of(waits(8 * 3_600_000 + 1, 9)).connectivity.value,
    ]).toEqual(['online', 'occasionally', 'mostly', 'online'])
    expect(of(waits(300_001)).doubts.map(({ says }) => says)).toEqual([
      'said to be online, measured as occasionally offline',
    ])
    expect(of(waits(1)).doubts).toEqual([])
  })

  it('is one the settings can have, for any answers and measurements', () => {
    const nullable = <T>(values: readonly T[]) => fc.option(fc.constantFrom(...values), { nil: null })
    const answers = fc
      .record({
        choices: fc.record({
          shape: nullable(CHOICES.shape),
          semantics: nullable(CHOICES.semantics),
          connectivity: nullable(CHOICES.connectivity),
          volume: nullable(CHOICES.volume),
          ordering: nullable(CHOICES.ordering),
        }),
        fields: fc.dictionary(fc.constantFrom('/a', '/b', '/c'), fc.constantFrom(...FIELD_KINDS)),
      })
      .map(({ choices, fields }) => answering(choices, fields))
    const settings = fc.constantFrom(
      LWW,
      { ...LWW, strategy: 'ot' as const },
      { ...LWW, strategy: 'crdt' as const },
    )
    fc.assert(
      fc.property(answers, fc.constantFrom(MEASURED, NOTHING_MEASURED), settings, (given, measured, set) => {
        const advised = recommend(given, measured, set)
        const names = [advised.strategy.value, ...advised.fields.map(({ strategy }) => strategy)]
        expect(names.includes('crdt') && names.includes('ot')).toBe(false)
        expect(recommend(given, measured, set)).toEqual(advised)
        const after = {
          strategy: advised.strategy.value ?? set.strategy,
          tieRule: advised.tieRule.value ?? set.tieRule,
          fieldStrategies: Object.fromEntries(advised.fields.map(({ place, strategy }) => [place, strategy])),
        }
        // [DR8] What is done as it was advised leaves nothing to say.
        expect(differencesOf(advised, after)).toEqual([])
      }),
    )
  })
})

describe('the first line of a review', () => {
  const says = (...[answers, measured, settings]: Parameters<typeof reviewOf>) =>
    reviewVerdict('orders', reviewOf(answers, measured, settings), settings ?? LWW, '3 Nov')

  it('[DR8] names the change and the fact behind it', () => {
    expect(says(answering({ shape: 'fields', semantics: 'harmless' }))).toBe(
      'orders should change from lww to field-merge: 41 of 50 conflicts touch different fields',
    )
    const merging = { ...LWW, strategy: 'field-merge' } as const
    expect(says(answering({ shape: 'fields', semantics: 'never' }), MEASURED, merging)).toBe(
      'orders should settle ties by manual, not lww: no update may be lost: a person decides',
    )
    expect(
      says(answering({ shape: 'fields', semantics: 'harmless' }, { '/t': 'text' }), MEASURED, merging),
    ).toBe(
      'orders should settle /t by crdt, not as the collection: a text that several type in: what each typed stays',
    )
    expect(says(answering({ shape: 'fields', semantics: 'costly' }, { '/t': 'text' }))).toContain(
      '; 2 more settings differ',
    )
  })

  it('[DR8] counts what is as advised by another name, and no tie rule where there are no ties', () => {
    const differing = (answers: Parameters<typeof recommend>[0], settings: typeof LWW) =>
      differencesOf(recommend(answers, MEASURED, settings), settings).map(({ what }) => what)
    const money = answering({ shape: 'fields', semantics: 'costly' }, { '/stock': 'money' })
    expect(differing(money, { ...LWW, strategy: 'field-merge' })).toEqual(['tie rule', '/stock'])
    expect(differing(money, { ...LWW, strategy: 'field-merge', tieRule: 'manual' })).toEqual([])
    const counted = answering({ shape: 'counts', semantics: 'harmless' }, { '/n': 'counter' })
    expect(differing(counted, { ...LWW, strategy: 'crdt' })).toEqual(['strategy'])
    const whole = answering({ shape: 'whole', semantics: 'never' })
    expect(differing(whole, LWW)).toEqual(['strategy'])
    expect(differing(whole, { ...LWW, strategy: 'manual' })).toEqual([])
  })

  it('[DR8] agrees, or does not know, or has no review', () => {
    const merging = { ...LWW, strategy: 'field-merge' } as const
    expect(says(answering({ shape: 'fields', semantics: 'harmless' }), MEASURED, merging)).toBe(
      'The settings of orders agree with the review of 3 Nov',
    )
    expect(says(NO_ANSWERS, NOTHING_MEASURED)).toBe(
      'What orders should be set to is not known: nobody said what shape the data has',
    )
    expect(reviewVerdict('orders', null, LWW, '')).toBe(
      'orders has no design review yet: five questions wait for an answer',
    )
  })
})

describe('what a version changed', () => {
  const [first, second] = [
    reviewOf(answering({ shape: 'fields' }, { '/t': 'text' }), NOTHING_MEASURED),
    reviewOf(answering({ shape: 'whole', semantics: 'never' }), MEASURED, { ...LWW, strategy: 'manual' }, 2),
  ]

  it('[DR9] is told as each says it: answers, settings, advice and measurements', () => {
    const changes = new Map(versionChanges(first, second).map(({ what, ...both }) => [what, both]))
    expect(changes.get('What is a record made of?')).toEqual({
      before: 'fields that change apart from each other',
      after: 'a document that makes sense as a whole',
    })
    expect(changes.get('Field /t')).toEqual({ before: 'a text that several type in', after: 'none' })
    expect(changes.get('Strategy')).toEqual({ before: 'lww', after: 'manual' })
    expect(changes.get('Advised strategy')).toEqual({ before: 'field-merge', after: 'manual' })
    expect(changes.get('Records')).toEqual({ before: 'not known', after: '1,200' })
  })

  it('[DR9] is nothing between a version and itself', () => {
    expect(versionChanges(second, { ...second, version: 3 })).toEqual([])
  })
})
