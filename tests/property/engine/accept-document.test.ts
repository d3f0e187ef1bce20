import type { Schema } from '@cfworker/json-schema'
import { Validator } from '@cfworker/json-schema'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compileAccept } from '#lib/engine/accept-document.ts'
import { checkSchema } from '#lib/engine/check-schema.ts'
import type { Json, JsonObject } from '#lib/kernel/json.ts'
import { STRIKE_REPORT_SCHEMA } from '#lib/application/demo/collections.ts'

const KEYS = ['a', 'b', '__proto__', 'constructor', '']
const TYPES = ['null', 'boolean', 'object', 'array', 'number', 'integer', 'string']
const FORMATS = ['date', 'time', 'date-time', 'email', 'uuid', 'json-pointer', 'ipv4']
const small = fc.integer({ min: 0, max: 3 })
const number = fc.oneof(fc.integer({ min: -2, max: 3 }), fc.constantFrom(-0, 0.5, 1e300, 2 ** 53))
const text = fc.oneof(
  fc.constantFrom('', 'a', 'ab', '😀', '😀b', '2026-11-25', '2026-11-25T08:00:00Z', '25:00:00', '/a~1'),
  fc.string({ maxLength: 3, unit: 'binary' }),
)
const value = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.oneof(number, text, fc.boolean(), fc.constant(null)),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom(...KEYS), tie('value'), { maxKeys: 3 }) as fc.Arbitrary<JsonObject>,
  ),
})).value

/** Any schema of the keywords that have a quick answer, and now and then one that hasn't. */
const schema = fc.letrec<{ schema: JsonObject | boolean }>((tie) => {
  const schemas = fc.array(tie('schema'), { minLength: 1, maxLength: 3 })
  const keywords = {
    type: fc.oneof(fc.constantFrom(...TYPES), fc.subarray(TYPES, { minLength: 1 })),
    const: value,
    enum: fc.array(value, { maxLength: 3 }),
    minLength: small,
    maxLength: small,
    format: fc.constantFrom(...FORMATS),
    minimum: number,
    maximum: number,
    exclusiveMinimum: number,
    exclusiveMaximum: number,
    required: fc.subarray(KEYS),
    minProperties: small,
    maxProperties: small,
    properties: fc.dictionary(fc.constantFrom(...KEYS), tie('schema'), { maxKeys: 3 }),
    additionalProperties: tie('schema'),
    items: tie('schema'),
    minItems: small,
    maxItems: small,
    allOf: schemas,
    anyOf: schemas,
  }
  const one = fc.oneof(
    ...Object.entries(keywords).map(([key, arbitrary]) =>
      fc.record({ [key]: arbitrary as fc.Arbitrary<unknown> }),
    ),
    fc.record({ not: tie('schema') }),
    fc.record({ description: fc.string() }),
  )
  const several = fc.array(one, { maxLength: 4 }).map((parts) => Object.assign({}, ...parts) as JsonObject)
  return { schema: fc.oneof({ depthSize: 'small' }, fc.boolean(), several) }
}).schema

const validates = (use: JsonObject | boolean, data: Json): boolean =>
  new Validator(structuredClone(use) as Schema, '2020-12', true).validate(data).valid

describe('the quick answer', () => {
  it("[JS1] is the validator's, for any schema and document", () => {
    let quick = 0
    fc.assert(
      fc.property(schema, fc.array(value, { minLength: 1, maxLength: 8 }), (use, documents) => {
        fc.pre(use === false || checkSchema(use).ok)
        const accept = compileAccept(use)
        if (!accept) return
        quick += 1
        for (const data of documents) expect(accept(data)).toBe(validates(use, data))
      }),
      { numRuns: 3_000 },
    )
    expect(quick).toBeGreaterThan(1_000)
  })

  it('[JS1] is there for the schemas of the demo, and not for what only the validator knows', () => {
    expect(compileAccept(STRIKE_REPORT_SCHEMA)).not.toBeNull()
    for (const unknown of [
      { not: {} },
      { oneOf: [{}] },
      { properties: { a: { $ref: '#' } } },
      { uniqueItems: true },
    ])
      expect(compileAccept(unknown as JsonObject)).toBeNull()
  })
})
