import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { sha256 } from '#lib/kernel/sha256.ts'
import { cases } from '#tests/support/cases.ts'

const theirs = (text: string): string => createHash('sha256').update(text).digest('hex')

test('is what Node makes, at every length around a block', () => {
  for (let length = 0; length < 200; length++)
    expect(sha256('ä'.repeat(length))).toBe(theirs('ä'.repeat(length)))
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => {
      expect(sha256(text)).toBe(theirs(text))
    }),
    { numRuns: cases(200) },
  )
  expect(sha256('\ud800')).toBe(theirs('\ud800'))
})
