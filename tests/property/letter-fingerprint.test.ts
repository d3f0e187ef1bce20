import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { DEAD_LETTER_CODES } from '#lib/protocol/error-codes.ts'
import { fingerprintText, letterCause, type LetterReason } from '#lib/protocol/letter-fingerprint.ts'
import { keptCause } from '#lib/storage/letter-group.ts'
import { cases } from '#tests/support/cases.ts'

/** What differs between the letters of one cause. */
const single = fc.oneof(
  fc.uuid(),
  fc.integer().map(String),
  fc.float({ noNaN: true, noDefaultInfinity: true }).map((value) => value.toFixed(3)),
  fc
    .date({ min: new Date(0), max: new Date('2100-01-01'), noInvalidDate: true })
    .map((at) => at.toISOString()),
)
const index = fc.oneof(fc.nat(1_000).map(String), fc.uuid())
const word = fc.stringMatching(/^[g-z]{1,8}$/)
const code = fc.constantFrom(...DEAD_LETTER_CODES)

const reason: fc.Arbitrary<LetterReason> = fc.record({
  code,
  detail: word,
  path: fc.option(fc.array(word, { minLength: 1, maxLength: 3 }).map((names) => `/${names.join('/')}`)),
  collection: word,
  schemaVersion: fc.integer({ min: 1, max: 9 }),
})
const idOf = (one: LetterReason): string => keptCause(one).fingerprint

describe('[DL8] fingerprints of dead letters', () => {
  it('are the same where messages differ in ids, numbers and times alone', () => {
    const two = fc.record({
      reason: reason.map((one) => ({ ...one, path: null })),
      words: fc.array(word, { minLength: 1, maxLength: 5 }),
      // Two values for each gap between the words.
      values: fc.array(fc.tuple(single, single), { minLength: 5, maxLength: 5 }),
    })
    fc.assert(
      fc.property(two, ({ reason: one, words, values }) => {
        const say = (which: 0 | 1) => words.map((text, i) => `${text} ${values[i]?.[which]}`).join(' ')
        expect(keptCause({ ...one, detail: say(0) })).toEqual(keptCause({ ...one, detail: say(1) }))
      }),
      { numRuns: cases(500) },
    )
  })

  it('are the same where paths differ in indices and ids alone', () => {
    const at = fc.record({
      reason,
      names: fc.array(word, { minLength: 1, maxLength: 3 }),
      a: index,
      b: index,
    })
    fc.assert(
      fc.property(at, ({ reason: one, names, a, b }) => {
        if (one.code === 'rule_violation') return
        const place = (value: string) => ({ ...one, path: names.map((name) => `/${name}/${value}`).join('') })
        expect(idOf(place(a))).toBe(idOf(place(b)))
      }),
      { numRuns: cases(500) },
    )
  })

  it('differ where code, collection, schema version, path or rule does', () => {
    fc.assert(
      fc.property(reason, reason, (a, b) => {
        const differs = (['code', 'collection', 'schemaVersion', 'path'] as const).some(
          (key) => a[key] !== b[key],
        )
        if (differs) expect(idOf(a)).not.toBe(idOf({ ...b, detail: a.detail }))
      }),
      { numRuns: cases(500) },
    )
  })

  it('keep numbers in the names of rules and fields', () => {
    const rule = { code: 'rule_violation', detail: 'no', collection: 'a', schemaVersion: 1 } as const
    expect(idOf({ ...rule, path: 'rule-1' })).not.toBe(idOf({ ...rule, path: 'rule-2' }))
    const field = { ...rule, code: 'schema_mismatch' } as const
    expect(idOf({ ...field, path: '/line1' })).not.toBe(idOf({ ...field, path: '/line2' }))
    expect(letterCause({ ...field, path: '/lines/12/name' }).place).toBe('/lines/*/name')
  })

  it('take the top frame of an authority’s refusal, whatever it said before', () => {
    const refused = { code: 'authority_refused', path: null, collection: 'a', schemaVersion: 1 } as const
    const stack = (said: string, line: number) =>
      `${said}\n    at post (stock.js:${line}:7)\n    at run (main.js:9:1)`
    const [one, other] = ['Ada is out', 'Bob is out'].map((said, i) =>
      letterCause({ ...refused, detail: stack(said, i) }),
    )
    expect(one).toEqual(other)
    expect(one?.said).toBe('at post (stock.js:#:#)')
    const elsewhere = letterCause({ ...refused, detail: stack('Ada is out', 1).replace('post', 'get') })
    expect(fingerprintText(elsewhere)).not.toBe(fingerprintText(one as typeof elsewhere))
  })

  it('hold what is longer than they look at, and half a character', () => {
    const long = { code: 'exhausted', detail: '', path: null, collection: 'a', schemaVersion: 1 } as const
    const said = letterCause({ ...long, detail: '😀'.repeat(5_000) }).said
    expect(Array.from(said)).toHaveLength(200)
    expect(idOf({ ...long, detail: '\ud800' })).toMatch(/^[0-9a-f-]{36}$/)
  })

  it('stay as they were made: another value here regroups every letter to come', () => {
    const one = {
      code: 'schema_mismatch',
      detail: 'x',
      path: '/a/1',
      collection: 'c',
      schemaVersion: 3,
    } as const
    expect(keptCause(one)).toEqual({
      fingerprint: '6f15c162-825c-8757-8e2b-285cbac13783',
      fingerprintVersion: 1,
      place: '/a/*',
      said: 'x',
    })
  })
})
