import { expect, test } from 'vitest'
import { validateDocument } from '#lib/engine/validate.ts'
import type { Json, JsonObject } from '#lib/kernel/json.ts'
import { causeText } from '#lib/protocol/dead-letter-cause.ts'
import { issueWords } from '#lib/protocol/issue-words.ts'

const said = (schema: JsonObject, data: Json): string => {
  const check = validateDocument({ schema }, data)
  if (check.ok) throw new Error('the schema accepts it')
  return issueWords(check.issues[0]?.message ?? '')
}

test.each<[JsonObject, Json, string]>([
  [{ type: 'integer' }, '', 'is text, not a whole number'],
  [{ type: ['integer', 'null'] }, '', 'is text, not a whole number or null'],
  [{ type: 'integer' }, 1.5, 'is a number, not a whole number'],
  [{ type: 'array' }, {}, 'is an object, not a list'],
  [{ type: 'string' }, null, 'is null, not text'],
  [{ required: ['speedKnots'] }, {}, '“speedKnots” is missing'],
  [{ enum: ['open', 'done'] }, 'lost', 'is none of "open", "done"'],
  [{ const: 'open' }, 'lost', 'is not "open"'],
  [{ anyOf: [{ type: 'null' }, { type: 'number' }] }, 'x', 'fits none of the forms that are allowed'],
  [{ oneOf: [{ minimum: 0 }, { minimum: 1 }] }, 2, 'fits 2 of the forms, where it has to fit exactly one'],
  [{ not: { type: 'string' } }, 'x', 'has a form that is not allowed'],
  [{ dependentRequired: { a: ['b'] } }, { a: 1 }, 'has “a”, which needs “b”'],
  [{ minProperties: 1 }, {}, 'has another number of fields than allowed (1)'],
  [{ maxLength: 3 }, 'four', 'is too long: 4 characters, 3 at most'],
  [{ minLength: 3 }, 'ab', 'is too short: 2 characters, 3 at least'],
  [{ format: 'date-time' }, 'yesterday', 'is no valid date-time'],
  [{ maxItems: 1 }, [1, 2], 'has too many items: 2, 1 at most'],
  [{ minItems: 1 }, [], 'has too few items: 0, 1 at least'],
  [{ uniqueItems: true }, [1, 1], 'has the same item twice, at 0 and 1'],
  [{ contains: { type: 'string' } }, [1], 'has too few items of the kind that is asked for'],
  [{ minimum: 0 }, -1, 'is -1, less than 0'],
  [{ exclusiveMaximum: 5 }, 5, 'is 5, greater than or equal to 5'],
  [{ multipleOf: 2 }, 3, 'is 3, not a multiple of 2'],
  [{ properties: { a: false } }, { a: 1 }, 'is not allowed here'],
])('%j refuses %j in plain words: %s', (schema, data, words) => {
  expect(said(schema, data)).toBe(words)
})

test('what a rule or an authority says stays as it was written', () => {
  expect(issueWords('a sample needs a species.')).toBe('a sample needs a species.')
})

test('a cause names its field before what is wrong with it', () => {
  const cause = (place: string | null, detail: string): string =>
    causeText({ code: 'schema_mismatch', place, detail })
  expect(cause('/speedKnots', 'Instance type "string" is invalid. Expected "integer".')).toBe(
    'speedKnots is text, not a whole number',
  )
  expect(cause(null, 'Instance does not have required property "speedKnots".')).toBe(
    '“speedKnots” is missing',
  )
  expect(cause('/speed', 'unknown to the backend')).toBe('speed: unknown to the backend')
})
