import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { BREAKER_SETTINGS } from '#lib/engine/breaker/breaker.ts'
import { dayText, figuresOf, NOT_KNOWN, timeText } from '#lib/telemetry/review/figure-words.ts'
import { recoveriesOf } from '#lib/telemetry/review/recoveries.ts'
import { NO_ANSWERS } from '#lib/telemetry/review/review.ts'
import { escapeMarkdown, scarMarkdown } from '#lib/telemetry/review/scar-markdown.ts'
import type { ScarInput } from '#lib/telemetry/review/scar.ts'
import { scarReport } from '#lib/telemetry/review/scar.ts'
import { DEFAULT_THRESHOLDS } from '#lib/telemetry/thresholds.ts'
import { answering, LWW, MEASURED, NOTHING_MEASURED, reviewOf } from '../../../support/review-fixture.ts'

const LIMITS: ScarInput['limits'] = {
  ...BREAKER_SETTINGS,
  intervalMs: 60_000,
  backoffBaseMs: 1_000,
  backoffCapMs: 300_000,
  windowSeconds: 60,
  mutationsPerPushMax: 500,
  bodyBytesMax: 1_048_576,
  answersKeptMs: 35 * 86_400_000,
  mutationIdsKeptMs: 400 * 86_400_000,
  tokensGoodMs: 30 * 86_400_000,
  lettersPerDeviceDayMax: 1_000,
  lettersKeptMs: 30 * 86_400_000,
  thresholds: DEFAULT_THRESHOLDS,
}
const NOTHING_HAPPENED: ScarInput['evidence'] = {
  pushed: null,
  duplicates: null,
  letters: { open: 0, replayed: 0, discarded: 0, more: false },
  deadLettersBy: [],
  trips: { count: 0, more: false, recovered: 0, p50Ms: null, maxMs: null },
  incidents: { resolved: 0, more: false, p50Ms: null, maxMs: null },
  settled: { count: 0, p50Ms: null, p95Ms: null },
}
const inputOf = (changes: Partial<ScarInput> = {}): ScarInput => {
  const answers = answering({ shape: 'fields', semantics: 'costly' }, { '/remarks': 'text' })
  const review = reviewOf(answers)
  return {
    collection: {
      name: 'orders',
      schemaVersion: 3,
      rules: 2,
      upMigrations: 1,
      masked: 0,
      hasAuthority: false,
    },
    fleet: 'Harbour',
    atMs: review.atMs,
    settings: LWW,
    review,
    recommendation: review.recommendation,
    measured: MEASURED,
    verdict: 'orders should change',
    lab: null,
    evidence: NOTHING_HAPPENED,
    limits: LIMITS,
    ...changes,
  }
}
const valuesOf = (input: ScarInput) =>
  new Map(
    scarReport(input).sections.flatMap(({ letter, parts }) =>
      parts.flatMap(({ title, rows }) =>
        rows.map(({ name, value, basis }): [string, [string, string]] => [
          `${letter} ${title}: ${name}`,
          [value, basis],
        ]),
      ),
    ),
  )

describe('the SCAR report', () => {
  it('[DR10] has four sections, and each figure says what it is out of', () => {
    const report = scarReport(inputOf())
    expect(report.sections.map(({ letter }) => letter).join('')).toBe('SCAR')
    const rows = report.sections.flatMap(({ parts }) => parts.flatMap((part) => part.rows))
    expect(rows.length).toBeGreaterThan(40)
    expect(rows.filter(({ name, value, basis }) => name === '' || value === '' || basis === '')).toEqual([])
  })

  it('[DR10] says not known where nothing was measured, and never 0', () => {
    const review = reviewOf(NO_ANSWERS, NOTHING_MEASURED)
    const values = valuesOf(
      inputOf({ review: null, recommendation: review.recommendation, measured: NOTHING_MEASURED }),
    )
    for (const row of [
      'S Volume: Records',
      'S Volume: Changes a day',
      'S Volume: A change against its document',
      'S Connectivity: Wait of a change on its device',
      'S Ordering: Changes that name one before them',
      'C Sync: Sync mode',
      'A As advised: Strategy',
      'A Conflicts as measured: Conflict rate',
      'A The recorded conflicts under each strategy: Strategy lab',
      'R As measured: Repeated changes',
      'R As measured: Recovery of a breaker',
      'R As measured: Time to resolve an incident',
    ])
      expect([row, values.get(row)?.[0]]).toEqual([row, NOT_KNOWN])
  })

  it('[DR10] gives the lab’s figures by strategy with how many conflicts were replayed', () => {
    const counts = {
      conflicts: 48,
      changes: 96,
      lostUpdates: 41,
      silentOverwrites: 41,
      manual: 0,
      wrongWinners: 3,
      brokenRules: 1,
    }
    const CRDT = { ...LWW, strategy: 'crdt' } as const
    const lab = {
      endedAtMs: MEASURED.atMs,
      fromMs: MEASURED.fromMs,
      toMs: MEASURED.toMs,
      recorded: 50,
      columns: [
        { id: 'current', settings: LWW, counts, newestAlone: null },
        { id: 'crdt', settings: CRDT, counts: { ...counts, conflicts: 10, changes: 20 }, newestAlone: 10 },
      ],
    }
    const values = valuesOf(inputOf({ lab }))
    expect(values.get('A The recorded conflicts under each strategy: lww, as it is set')).toEqual([
      '41 lost updates, 41 silent overwrites, 0 manual decisions, 3 wrong winners, 1 broken rule',
      '48 of 50 conflicts replayed, with 96 changes, 4 Oct 2026 to 3 Nov 2026, run 3 Nov 2026',
    ])
    expect(values.get('A The recorded conflicts under each strategy: crdt')?.[1]).toBe(
      '10 of 50 conflicts replayed, the newest 10 alone, with 20 changes, 4 Oct 2026 to 3 Nov 2026, run 3 Nov 2026',
    )
    const since = valuesOf(inputOf({ lab, settings: { ...LWW, fieldStrategies: { '/tags': 'crdt' } } }))
    expect(since.has('A The recorded conflicts under each strategy: lww, as it was set')).toBe(true)
  })

  it('[DR10] justifies what is set by what was measured', () => {
    const values = valuesOf(inputOf())
    expect(values.get('A As advised: Strategy')).toEqual([
      'field-merge',
      '41 of 50 conflicts touch different fields (DR2); 1 field with a strategy of its own (DR2)',
    ])
    expect(values.get('S Volume: Size of a record')).toEqual([
      'half up to 900 B, 95 % up to 2.3 KiB, at most 7.8 KiB',
      'newest 500 records, as JSON, 3 Nov 2026 12:00 UTC',
    ])
    expect(values.get('R Circuit breaker: Trips at')?.[0]).toBe('5.00 % failures or 50.0 % slow calls')
  })
})

describe('as Markdown', () => {
  it('[DR10] keeps rows whole: no name breaks a table or makes a link, HTML or a heading', () => {
    const evil =
      '| x |\n\n# h\n<b>&amp;</b> [a](https://evil.example) ![i](//x) `c` *e* www.evil.example a@evil.example'
    const answers = {
      ...answering({ shape: 'fields' }, { [`/${evil}`]: 'text' }),
      volume: { choice: null, note: evil },
    }
    const review = reviewOf(answers)
    const text = scarMarkdown(
      scarReport(inputOf({ review, recommendation: review.recommendation, fleet: evil })),
    )
    const tables = text.split('\n').filter((line) => line.startsWith('|'))
    expect(tables.length).toBeGreaterThan(40)
    for (const line of tables) expect(line.match(/(?<!\\)\|/g)).toHaveLength(4)
    expect(text.match(/^#/gm)).toHaveLength(text.match(/^(# SCAR|## [SCAR]: |### )/gm)?.length ?? 0)
    expect(text).not.toMatch(/(?<!\\)[<`[~]|:\/\/|www\.|@evil|^\s*[-+>] /m)
  })

  it('[DR10] leaves no mark of Markdown without its escape, in any text, and makes it one line', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom(...Array.from('\\`*_{}[]#!|<>~&@:/.wW\n\r\u2028a ')) }),
        (text) => {
          const escaped = escapeMarkdown(text)
          // What stood on both sides of an escape is not one word with it gone.
          const bare = escaped.replaceAll(/\\[\\`*_{}[\]#!|<>~&]|&#\d+;/g, ' ')
          expect(bare).not.toMatch(/[\\`*_{}[\]#!|<>~&\n\r\u2028]|:\/\/|www\./i)
          expect(escaped).not.toMatch(/@(?!&#8288;)/)
        },
      ),
    )
  })
})

describe('words and figures of it', () => {
  it('tell days and times in UTC as a calendar does', () => {
    fc.assert(
      fc.property(fc.integer({ min: Date.UTC(1970, 0, 1), max: Date.UTC(2399, 11, 31) }), (ms) => {
        const iso = new Date(ms).toISOString()
        const month = new Date(ms).toLocaleString('en-US', { month: 'short', timeZone: 'UTC' })
        expect(dayText(ms)).toBe(`${Number(iso.slice(8, 10))} ${month} ${iso.slice(0, 4)}`)
        expect(timeText(ms)).toBe(`${dayText(ms)} ${iso.slice(11, 16)} UTC`)
      }),
    )
  })

  it('[DR1] name the count and the time beside each', () => {
    const { semantics, connectivity } = figuresOf(MEASURED)
    expect(semantics[1]).toEqual({
      name: 'Conflicts over different fields',
      value: '41 of 50',
      basis: '50 conflicts, 50 with a known base, 14 Oct 2026 to 3 Nov 2026',
    })
    expect(connectivity[0]?.basis).toBe('4,000 changes, 4 Oct 2026 to 3 Nov 2026')
    const late = figuresOf({ ...MEASURED, toMs: MEASURED.atMs - 120_000 })
    expect(late.semantics[0]?.basis).toBe('4 Oct 2026 to 3 Nov 2026, counted until 3 Nov 2026 11:58 UTC')
  })

  it('take the time of a trip to the end of the last trial, each process by itself', () => {
    const change = (processId: string, atMs: number, before: string, after: string) => ({
      scope: 'engine',
      processId,
      atMs,
      before,
      after,
    })
    const changes = [
      change('a', 10, 'closed', 'open'),
      change('b', 15, 'closed', 'open'),
      change('a', 40, 'open', 'half_open'),
      change('a', 41, 'half_open', 'open'),
      change('a', 100, 'open', 'half_open'),
      change('a', 110, 'half_open', 'closed'),
      change('b', 20, 'open', 'forced_closed'),
      change('b', 30, 'forced_closed', 'closed'),
      change('b', 50, 'closed', 'open'),
    ]
    expect(recoveriesOf(changes.toReversed())).toEqual({ trips: 3, tookMs: [100] })
  })
})
