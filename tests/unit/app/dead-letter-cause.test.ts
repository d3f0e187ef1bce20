import { expect, test } from 'vitest'
import { causeText } from '#lib/protocol/dead-letter-cause.ts'

test('a cause names its field and nothing of a single letter', () => {
  const id = '0192f0a1-b2c3-7def-8123-456789abcdef'
  const say = (code: string, place: string | null, detail: string) => causeText({ code, place, detail })
  expect(say('schema_mismatch', '/speedIasKnots', 'must be integer')).toBe('speedIasKnots: must be integer')
  expect(say('schema_mismatch', '/costs/*/a~1b', 'must be integer')).toBe('costs[].a/b: must be integer')
  expect(say('parent_dead_lettered', null, `its parent ${id} is a dead letter`)).toBe(
    'its parent is a dead letter',
  )
  expect(say('rule_violation', 'calm', 'rule calm: no storm')).toBe('rule calm: no storm')
  expect(say('too_large', null, '300000 bytes, at most 262144')).toBe('larger than a change may be')
  const record = 'the record would have 4200000 bytes, at most 4194304'
  expect(say('too_large', null, record)).toBe('makes its record larger than one may be')
})
