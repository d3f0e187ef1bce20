import { describe, expect, test } from 'vitest'
import { askedOf, lettersHref, pickGroup } from '#app/(console)/dead-letters/letter-links.ts'
import {
  boardEvidence,
  boardSentence,
  letterSentence,
  passesNow,
  refusedFields,
  replayToast,
} from '#app/(console)/dead-letters/letter-words.ts'
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
