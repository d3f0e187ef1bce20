import { describe, expect, test } from 'vitest'
import {
  arrivalSentence,
  groupHours,
  listedWords,
  mergedLabel,
  versionShares,
} from '#app/(console)/dead-letters/group-words.ts'
import {
  askedOf,
  groupHref,
  letterHref,
  lettersHref,
  listedLetters,
  pickGroup,
  without,
  withStatus,
} from '#app/(console)/dead-letters/letter-links.ts'
import {
  boardEvidence,
  boardSentence,
  filteredSentence,
  letterSentence,
  passesNow,
  refusedFields,
  replayToast,
} from '#app/(console)/dead-letters/letter-words.ts'
import { formatFilter } from '#lib/query/format-filter.ts'
import { refusal } from '#app/(console)/send-json.ts'
import { versionsText } from '#lib/protocol/dead-letter-cause.ts'
import { LETTER_FIELDS } from '#lib/query/letter-fields.ts'
import { conditionsOf } from '#tests/support/conditions-of.ts'
import { letterGroup } from '#tests/support/letter-group.ts'
import type { DeadLetterDetail } from '#lib/application/dead-letters/get-dead-letter.ts'

const ID = '6f15c162-825c-8757-8e2b-285cbac13783'
const OTHER = '0192f0a1-b2c3-7def-8123-456789abcdef'
const cause = (code: string, place: string | null, detail: string, count: number) =>
  letterGroup({ id: code, code, place, detail, count, devices: 3, collection: 'strike-reports' })
const CAUSES = [
  cause('schema_mismatch', '/a', 'not a number', 40),
  cause('too_large', null, '300000 bytes, at most 262144', 14),
]

describe('groups', () => {
  test('the first line is the share of the largest', () => {
    const groups = CAUSES
    expect(boardSentence(groups, { groups: 2, letters: 54 })).toBe('40 of 54 dead letters share one cause')
    expect(boardSentence(groups, { groups: 2_000, letters: 9_000 })).toBe(
      '9,000 dead letters have 2,000 causes',
    )
    expect(boardEvidence(groups)).toBe(
      '2.4.1 on strike-reports: a: not a number. Nothing is lost: every payload is kept.',
    )
    expect(boardEvidence([cause('a', null, 'It is bad.', 1)])).toContain('It is bad. Nothing')
    expect(boardSentence([], { groups: 0, letters: 0 })).toBe('No dead letter is open')
  })
  test('an app version is named, and how many others there are', () => {
    const group = letterGroup({ versionsLeftOut: 2 })
    expect([versionsText(group), versionsText({ ...group, versionsLeftOut: 0 })]).toEqual([
      '2.4.1 and 2 other versions',
      '2.4.1',
    ])
  })
  test('an address opens its group, and a letter its own', () => {
    const pick = (q: string, letter: { groupId: string } | null = null) =>
      pickGroup(CAUSES, conditionsOf(q, LETTER_FIELDS), letter)
    expect([pick(''), pick(`group:${ID}`), pick(`group:${ID},${OTHER}`), pick('status:open')]).toEqual([
      'schema_mismatch',
      ID,
      null,
      null,
    ])
    expect(pick(`group:${ID}`, { groupId: OTHER })).toBe(OTHER)
    expect(askedOf(conditionsOf('-status:open', LETTER_FIELDS), 'status')).toBeNull()
  })
  test('links keep the fleet, and say group and status', () => {
    const query = 'fleet=f1&q=status%3Areplayed&cursor=x'
    const q = (href: string) => new URLSearchParams(href.split('?')[1]).get('q')
    const href = lettersHref(query, { groupId: ID, status: 'replayed' }, 'id1')
    expect(href.split('?')[0]).toBe('/dead-letters/id1')
    expect(q(href)).toBe(`group:${ID} status:replayed`)
    expect(lettersHref(query, { groupId: null })).toBe('/dead-letters?fleet=f1')
  })
})

describe('a filter', () => {
  const filter = (q: string) => conditionsOf(q, LETTER_FIELDS)
  const q = (href: string) => new URLSearchParams(href.split('?')[1]).get('q')
  test('without a status it has the letters that are open, unless there is no room to say so', () => {
    expect(formatFilter(withStatus(filter('code:too_large')))).toBe('code:too_large status:open')
    expect(formatFilter(withStatus(filter('-status:open')))).toBe('-status:open')
    const long = filter('x'.repeat(395))
    expect(withStatus(long)).toBe(long)
    expect(formatFilter(without(filter(`group:${ID} DFW -status:open`), 'group'))).toBe('DFW -status:open')
  })
  test('an address without one has the largest group, and a letter alone its own', () => {
    expect(formatFilter(listedLetters([], ID, 'discarded'))).toBe(`group:${ID} status:discarded`)
    expect(formatFilter(listedLetters(filter('DFW'), ID, 'discarded'))).toBe('DFW status:open')
  })
  test('a group is chosen among what is asked for; a letter stands beside the page of the list that had it', () => {
    const asked = filter(`group:${OTHER} version:2.4.1`)
    expect(q(groupHref('fleet=f&cursor=c', asked, ID))).toBe(`group:${ID} version:2.4.1 status:open`)
    const href = letterHref('fleet=f&cursor=c&q=old', asked, OTHER)
    expect(href.split('?')[0]).toBe(`/dead-letters/${OTHER}`)
    expect(Object.fromEntries(new URLSearchParams(href.split('?')[1]))).toEqual({
      fleet: 'f',
      cursor: 'c',
      q: `group:${OTHER} version:2.4.1`,
    })
  })
  test('the first line says what matches, and of how many causes', () => {
    const say = (parts: object, text = 'DFW') =>
      filteredSentence(
        { totals: { groups: 3, letters: 48_213 }, group: null, matching: 48_213, status: 'open', ...parts },
        text,
      )
    expect(say({})).toBe('48,213 dead letters match “DFW”, of 3 causes')
    expect(say({ matching: 1, totals: { groups: 1, letters: 1 } })).toBe('1 dead letter matches “DFW”')
    expect(say({ matching: 0 })).toBe('No open dead letter matches “DFW”')
    expect(say({ matching: 0, status: null })).toBe('No dead letter matches “DFW”')
    expect([say({ group: CAUSES[0], matching: 40 }), say({ group: CAUSES[0], matching: 0 })]).toEqual([
      '40 dead letters of this cause are open',
      'No dead letter of this cause is open',
    ])
    expect(listedWords(48_213, filter('status:open'), 3)).toBe('48,213 letters open, of 3 causes')
    expect(listedWords(2, filter('status:open,replayed'), null)).toBe('2 letters in all')
  })
})

describe('one group', () => {
  test('says whether it goes on, and who sent it', () => {
    expect(arrivalSentence({ byHour: [0, 3, 2], count: 9 })).toBe('It goes on: 2 this hour, 5 in 24 hours')
    expect(arrivalSentence({ byHour: [2, 3, 0], count: 9 })).toBe(
      'None yet this hour, 3 in the one before, 5 in 24 hours',
    )
    expect(arrivalSentence({ byHour: [5, 0, 0], count: 9 })).toBe('None this hour, 5 in 24 hours')
    expect(arrivalSentence({ byHour: [0, 0], count: 9 })).toBe(
      'None of it came in the last 24 hours; 9 from before',
    )
    const versions = [
      { appVersion: '2.4.1', count: 1_284 },
      { appVersion: '2.4.0', count: 12 },
    ]
    expect(versionShares({ versions, count: 1_300 })).toBe('2.4.1 1,284 · 2.4.0 12 · others 4')
    expect(versionShares({ versions, count: 1_296 })).toBe('2.4.1 1,284 · 2.4.0 12')
  })
  test('its hours end with the running one', () => {
    const hour = 3_600_000
    const chart = groupHours([1, 2], 10 * hour + 5)
    expect([chart.fromMs, chart.points]).toEqual([
      9 * hour,
      [
        { t: 9 * hour, value: 1 },
        { t: 10 * hour, value: 2 },
      ],
    ])
  })
})

describe('one letter', () => {
  const detail = (parts: object): DeadLetterDetail =>
    ({
      letter: {
        status: 'open',
        code: 'schema_mismatch',
        mutation: { collection: 'strike-reports', schemaVersion: 1 },
        lastReplay: null,
      },
      issues: [],
      op: { type: 'put' },
      device: {},
      collection: { schemaVersion: 7 },
      held: [],
      ...parts,
    }) as unknown as DeadLetterDetail
  test('says what stands in its way today', () => {
    expect(
      letterSentence(
        detail({ issues: [{ path: '/speedIasKnots', message: 'is not a number' }], held: [{}] }),
      ),
    ).toBe('1 place is refused by schema v7; 1 change waits behind it')
    expect(letterSentence(detail({}))).toBe('Schema v7 accepts it now: a replay can apply')
    const refused = 'The collection’s schema refuses the record that this change would make'
    expect(letterSentence(detail({ op: { type: 'ot' }, device: null }))).toBe(refused)
    expect(letterSentence(detail({ collection: { schemaVersion: 0 } }))).toBe(refused)
    expect(letterSentence(detail({ op: { type: 'delete' }, device: null }))).toMatch(
      /^Schema v7 accepts it now/,
    )
    expect([detail({}), detail({ collection: null })].map(passesNow)).toEqual([true, false])
    expect(letterSentence(detail({ collection: null }))).toBe('No collection is called “strike-reports”')
  })
  test('a closed one says how it ended', () => {
    const letter = { status: 'replayed', lastReplay: { status: 'merged' }, mutation: { collection: 'c' } }
    expect(letterSentence(detail({ letter }))).toBe('Replayed: it was merged with newer changes')
  })
  test('refused places are shown at their top-level field', () => {
    expect(
      refusedFields([
        { path: '/a~1b/0', message: 'no' },
        { path: '', message: 'whole' },
      ]),
    ).toEqual({ 'a/b': 'no' })
  })
  test('a replay that dies again says why; an answer of another shape does not break', () => {
    expect(replayToast({ result: { status: 'applied' }, held: [{}] })).toEqual({
      kind: 'ok',
      text: 'Replayed: it was applied, with 1 change held behind it',
    })
    expect(replayToast({ result: { status: 'applied' }, held: [{}], moreHeld: true }).text).toBe(
      'Replayed: it was applied, with 1 change held behind it; more of them are open still',
    )
    expect(replayToast({ result: { status: 'dead_lettered', detail: '/a: no' }, held: [] })).toEqual({
      kind: 'crit',
      text: 'Replayed: it was refused again: /a: no',
    })
    expect(replayToast(null)).toMatchObject({ kind: 'unk' })
  })
})

test('a problem document becomes a sentence with its places', () => {
  expect(
    refusal(422, {
      title: 'The schema cannot be published',
      code: 'schema_refused',
      errors: [{ path: '/type', message: 'is unknown' }],
    }),
  ).toEqual({
    ok: false,
    message: 'The schema cannot be published',
    code: 'schema_refused',
    issues: [{ path: '/type', message: 'is unknown' }],
  })
  expect(refusal(502, null)).toMatchObject({ message: 'The server answered 502', code: '502', issues: [] })
})

test('[DL9] a cause that was merged is named by its title or its own words, and by a short id once no letter of it is left', () => {
  const id = '01939f6e-2b1c-7abc-8def-0123456789ab'
  const face = {
    code: 'schema_mismatch',
    collection: 'gusts',
    place: '/speedKnots',
    detail: 'Instance type "string" is invalid. Expected "integer".',
  }
  expect(mergedLabel({ id, title: null, face })).toBe(
    'speedKnots is text, not a whole number (schema_mismatch, gusts)',
  )
  expect(mergedLabel({ id, title: 'empty speed', face })).toBe('empty speed (schema_mismatch, gusts)')
  expect(mergedLabel({ id, title: null, face: null })).toBe('0193…6789ab, without a letter by now')
})
