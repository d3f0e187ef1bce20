import fc from 'fast-check'
import { expect, it } from 'vitest'
import { pullQuery } from '#lib/http/pull-query.ts'
import { PULL_CHANGES_MAX, TOKEN_TEXT_MAX } from '#lib/protocol/limits.ts'
import { cases } from '#tests/support/cases.ts'

const BASE = 'http://tidemark.test/api/v1/pull'

/** The same question, spelled so that it is not the usual one. */
const told = (query: string): unknown => {
  try {
    return pullQuery(`${BASE}?${query}`)
  } catch (error) {
    return (error as { tidemarkCode: string }).tidemarkCode
  }
}

it('the short way of reading the usual query gives what the long way gives', () => {
  const token = fc.stringMatching(/^[\w-]{0,40}$/)
  const limit = fc.constantFrom('1', '0', '9', '500', '501', '999', '1000', '05', '', '-1', 'x')
  const texts = fc.constantFrom('since', 'whole', '', 'none', 'since,whole')
  const names = fc.constantFrom('notes', 'a-1', 'A', '1a', '', 'a,b', 'a%2Cb', 'a'.repeat(63), 'a'.repeat(64))
  fc.assert(
    fc.property(token, fc.option(limit), fc.option(names), fc.option(texts), (text, max, name, how) => {
      const one = name === null ? '' : `collections=${name}&`
      const first = `${one}${max === null ? '' : `limit=${max}&`}${how === null ? '' : `texts=${how}&`}`
      expect(told(`${first}token=${text}`)).toEqual(told(`${first}token=${text}&x=1`))
    }),
    { numRuns: cases(600) },
  )
  for (const length of [TOKEN_TEXT_MAX, TOKEN_TEXT_MAX + 1])
    expect(told(`token=${'a'.repeat(length)}`)).toEqual(told(`token=${'a'.repeat(length)}&x=1`))
  expect(pullQuery(`${BASE}?token=a%2Db`)).toEqual({
    token: 'a-b',
    collections: null,
    limit: PULL_CHANGES_MAX,
    texts: 'whole',
  })
  expect(pullQuery(`${BASE}?texts=since`)).toEqual({
    token: null,
    collections: null,
    limit: PULL_CHANGES_MAX,
    texts: 'since',
  })
  expect(told('token=a&texts=none')).toBe('bad_request')
})
