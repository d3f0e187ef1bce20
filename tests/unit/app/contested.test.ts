import { describe, expect, test } from 'vitest'
import {
  contestedNote,
  contestedRows,
  contestedSentence,
  type Heat,
} from '#app/(console)/pillars/contested-words.ts'
import { frictionVerdict } from '#app/(console)/pillars/friction-verdict.tsx'
import {
  calmWords,
  causeEvidence,
  causeWords,
  dailyWords,
  frictionLine,
  frictionSentence,
  othersWords,
  worstFriction,
  writersWords,
  type Friction,
} from '#app/(console)/pillars/friction-words.ts'
import { noRateWords } from '#app/(console)/pillars/pair-rates.ts'
import { conflictRateWords } from '#app/(console)/pillars/pillar-words.ts'
import { pillarOfHref } from '#app/(console)/conflicts/conflict-links.ts'
import { CONFLICT_FIELDS } from '#lib/query/conflict-fields.ts'
import { parseFilter } from '#lib/query/parse-filter.ts'
import { overviewOf } from '#tests/support/overview-fixture.ts'

type Collection = Friction['collections'][number]
type Cause = NonNullable<Collection['cause']>

const share = (part: number, whole: number) => ({ part, whole, rate: whole === 0 ? null : part / whole })
const cause = (over: Partial<Cause> = {}): Cause => ({
  place: '/status',
  count: 62,
  share: 0.62,
  screen: 'Report form',
  title: null,
  pair: { appVersion: '2.4.1', remoteAppVersion: '2.4.0', count: 40, of: 62 },
  writers: { devices: 48, sameDevice: 0, desk: 1, unknown: 1 },
  time: null,
  ...over,
})
const of = (
  collection: string,
  verdict: Collection['verdict'],
  over: Partial<Collection> = {},
): Collection => ({
  collection,
  verdict,
  changes: share(100, 700),
  limit: 0.1,
  cause: null,
  ...over,
})
const friction = (...collections: Collection[]): Friction => ({ collections, left: 0, changesMin: 20 })

describe('friction in words', () => {
  test('[FR2] [FR3] names the collection, its rate against its limit, the field and the screen', () => {
    expect(frictionSentence(of('reports', 'friction', { cause: cause() }))).toBe(
      'Friction in reports: 14.3 % of its changes needed resolution, over its 10 %, most over status on the screen “Report form”',
    )
    // One of many fields, each with a few, is the cause of few of them.
    for (const few of [0.163, 0.5, null])
      expect(frictionSentence(of('reports', 'friction', { cause: cause({ share: few }) }))).toContain(
        ', most often over status on the screen',
      )
    expect(frictionSentence(of('reports', 'friction'))).toMatch(
      /over its 10 %; over which field is not told$/,
    )
  })

  test('[FR3] a field is named by its title where the schema has one, and by its name where that is another', () => {
    expect(causeWords(cause({ title: 'State', screen: null }))).toBe('State (status)')
    expect(causeWords(cause({ title: 'Status', screen: null }))).toBe('Status')
    expect(causeWords(cause({ place: '/damage/costs/*', screen: null }))).toBe('damage.costs[]')
    expect(causeWords(cause({ place: 'record', screen: null }))).toBe('the whole record')
  })

  test('[FR3] the evidence is who met whom; what is not told is said', () => {
    expect(causeEvidence(cause())).toEqual([
      '62.0 % of its conflicts are over this field',
      '2.4.1 against 2.4.0 in 40 of 62',
      'in 48 of the newest 50 two devices had edited it',
    ])
    expect(causeEvidence(cause({ share: null, pair: null, writers: null }))).toEqual([
      '62 conflicts over this field',
      'between which app versions is not told for this part of the fleet',
    ])
    const writers = { devices: 1, sameDevice: 2, desk: 7, unknown: 0 }
    expect(writersWords(writers)).toBe('in 7 of the newest 10 the desk or a program had decided it meanwhile')
    expect(writersWords({ ...writers, desk: 0 })).toMatch(/^in 2 of the newest 3 a device met its own/)
    expect(writersWords({ ...writers, unknown: 9 })).toMatch(/no longer known$/)
    expect(dailyWords({ fromMinute: 22 * 60, toMinute: 90 })).toBe('22:00 to 01:30 UTC')
  })

  test('[FR2] without friction it is said whether that is known', () => {
    expect(calmWords(friction(of('reports', 'calm')))).toBe('no friction: reports is within its 10 %')
    expect(calmWords(friction(of('a', 'calm'), of('b', 'calm'), of('c', 'few')))).toBe(
      'no friction: 2 collections are within their limits; 1 collection with too few changes to say',
    )
    expect(calmWords(friction(of('a', 'few', { changes: share(1, 12) })))).toBe(
      'not enough traffic to say whether there is friction: 12 changes of at least 20',
    )
    expect(calmWords(friction(of('a', 'few'), of('b', 'few')))).toMatch(
      /under 20 changes in each collection$/,
    )
    expect(calmWords(friction(of('a', 'unknown')))).toBe('whether there is friction is not known')
  })

  test('[FR2] the page’s verdict is friction where there is some, and the figures else', () => {
    const view = { sentence: '2 % of pushed changes', evidence: '2 of 100', level: 'ok' as const }
    const told = (one: Friction, isPart = false) => frictionVerdict(view, one, { isPart, nowMs: 0 })
    expect(told(friction())).toEqual(view)
    expect(told(friction(of('a', 'calm')))).toEqual({
      ...view,
      evidence: '2 of 100; no friction: a is within its 10 %',
    })
    const both = friction(of('a', 'friction', { cause: cause() }), of('b', 'friction'), of('c', 'calm'))
    expect(worstFriction(both)?.collection).toBe('a')
    expect(othersWords(both)).toEqual(['friction in b too'])
    expect(othersWords(friction(...'abcdefg'.split('').map((name) => of(name, 'friction'))))).toEqual([
      'friction in b, c, d and 3 more too',
    ])
    expect(told(both)).toMatchObject({
      level: 'crit',
      sentence: frictionSentence(both.collections[0] as Collection),
    })
  })
})

describe('contested fields in words', () => {
  const heat = (over: Partial<Heat> = {}): Heat => ({
    fromMs: 0,
    toMs: 1,
    stepMs: 1,
    rows: [
      { collection: 'reports', place: '/status', count: 3, share: 0.6 },
      { collection: 'walks', place: 'record', count: 1, share: null },
    ],
    fields: 2,
    columns: [],
    collections: [],
    ...over,
  })

  test('[FR1] the title names the worst, or says that none is and that it isn’t told', () => {
    expect(contestedSentence(heat())).toBe('status of reports is contested most, in 60.0 % of its conflicts')
    expect(contestedSentence(heat({ rows: [] }))).toBe('No field is contested in this time')
    const collections = [{ name: 'a', conflicts: 3, pushed: 9, fields: [] }]
    expect(contestedSentence(heat({ rows: [], collections }))).toBe('Which fields are contested is not told')
  })

  test('[FR1] a cut is told', () => {
    expect(contestedNote(heat({ fields: 34 }))).toMatch(/^the 2 most contested of 34 fields; /)
    expect(contestedNote(heat())).toMatch(/^the stronger/)
  })

  test('[FR1] a row’s search is understood and asks for settled conflicts too; one too long is none', () => {
    const [status, record] = contestedRows(heat(), '2.4.1')
    expect(status).toMatchObject({ label: 'status', of: 'reports' })
    expect(record).toMatchObject({ label: 'the whole record', of: 'walks' })
    const q = status?.q ?? ''
    expect(q).toBe('collection:reports field:/status version:2.4.1 status:open,resolved')
    const parsed = parseFilter(
      `${q} arose:2026-11-24T09:00:00.000Z..2026-11-24T12:00:00.000Z`,
      CONFLICT_FIELDS,
    )
    expect(parsed.ok).toBe(true)
    const [one] = contestedRows(heat({ rows: heat().rows.slice(0, 1) }), null)
    expect(one).not.toHaveProperty('of')
    const long = { collection: 'reports', place: `/${'x'.repeat(400)}`, count: 1, share: 1 }
    expect(contestedRows(heat({ rows: [long] }), null)[0]?.q).toBeNull()
  })

  test('[FR1] a pair of versions without a rate says why', () => {
    expect(noRateWords({ appVersion: '1', pushed: 5 }, true)).toBe('not all were counted')
    expect(noRateWords({ appVersion: '', pushed: null }, false)).toBe('version not kept')
    expect(noRateWords({ appVersion: '1', pushed: null }, false)).toBe('what it pushed is not told')
    expect(noRateWords({ appVersion: '1', pushed: 5 }, false)).toBe('too few: 5 changes')
  })
})

test('[FR2] the Overview’s card and the desk name the worst in a line', () => {
  const line = frictionLine(of('reports', 'friction', { cause: cause() }))
  expect(line).toBe('Friction in reports, most over status on the screen “Report form”')
  expect(frictionLine(of('reports', 'friction'))).toBe('Friction in reports')
  const range = { label: 'Last 24 h', compare: 'vs yesterday' }
  expect(conflictRateWords(overviewOf(), range, line).note).toMatchObject({
    kind: 'warn',
    text: expect.stringContaining(line) as string,
  })
  expect(pillarOfHref('?fleet=f&range=1h&q=status:open', 'reports')).toBe(
    '/pillars/conflicts?fleet=f&range=1h&collection=reports',
  )
})
