import fc from 'fast-check'
import { expect, it } from 'vitest'
import { containsText } from '#lib/engine/cel/contains-text.ts'
import { cases } from '#tests/support/cases.ts'

it('[BL2] a part is found in a text wherever the platform finds it', () => {
  const text = fc
    .array(fc.constantFrom('aab', 'aab', 'aaab', 'a', '😀'), { minLength: 40, maxLength: 80 })
    .map((parts) => parts.join(''))
  fc.assert(
    fc.property(text, text, fc.nat(200), fc.nat(120), (whole, other, from, length) => {
      const there = whole.slice(from, from + length)
      for (const part of [other, there, `${there}b`, `${there}${there}`])
        expect(containsText(whole, part)).toBe(whole.includes(part))
    }),
    { numRuns: cases(2_000) },
  )
})
