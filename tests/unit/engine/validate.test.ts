import { describe, expect, it } from 'vitest'
import { SCHEMA_DEPTH_MAX, checkSchema } from '#lib/engine/check-schema.ts'
import { COMPARED_ITEMS_MAX, COMPILED_SCHEMAS_MAX, validateDocument } from '#lib/engine/validate.ts'
import type { Json, JsonObject } from '#lib/kernel/json.ts'

const schema: JsonObject = {
  type: 'object',
  required: ['status'],
  additionalProperties: false,
  properties: {
    status: { enum: ['open', 'done'] },
    note: { type: 'string', maxLength: 3 },
    'é/ ~%': { type: 'number' },
    parts: { type: 'array', items: { $ref: '#/$defs/part' } },
    size: { anyOf: [{ type: 'number' }, { type: 'null' }] },
    at: { type: 'string', format: 'date-time' },
    tags: { type: 'array', uniqueItems: true, contains: { type: 'string' } },
  },
  $defs: { part: { type: 'object', properties: { count: { type: 'integer', minimum: 0 } } } },
}
const first = (data: Json, use: JsonObject = schema) => {
  const check = validateDocument({ schema: use }, data)
  return check.ok ? null : check.issues[0]
}
const issueAt = (bad: Json): string => {
  const check = checkSchema(bad)
  return check.ok ? 'ok' : `${check.issues[0]?.path} ${check.issues[0]?.message}`
}

describe('document validation', () => {
  it('[JS1] accepts what fits and points at what does not', () => {
    expect(
      first({ status: 'open', note: 'abc', parts: [{ count: 1 }], size: null, at: '2023-01-01T00:00:00Z' }),
    ).toBeNull()
    expect(first({ status: 'open', note: 'abcd' })?.path).toBe('/note')
    expect(first({ status: 'open', parts: [{ count: 1 }, { count: 1.5 }] })?.path).toBe('/parts/1/count')
    expect(first({ status: 'open', 'é/ ~%': 'x' })?.path).toBe('/é~1 ~0%')
    expect(first({ status: 'open', size: 'big' })).toEqual({
      path: '/size',
      message: 'Instance does not match any subschemas.',
    })
    expect(first({ status: 'open', extra: 1 })).toEqual({ path: '/extra', message: 'is not allowed here' })
    expect(first({})).toEqual({ path: '', message: 'Instance does not have required property "status".' })
    expect(first({ status: 'open', at: 'yesterday' })?.path).toBe('/at')
    expect(first(3)?.path).toBe('')
  })

  it('[JS1] text that a database cannot store is an issue', () => {
    expect(first({ status: 'open', note: '\0' })?.path).toBe('/note')
    expect(first({ status: 'open', note: '\ud800' })?.path).toBe('/note')
    expect(first({ status: 'open', '\ud800': 1 })?.path).toBe('')
    expect(first({ '😀': '😀' }, {})).toBeNull()
  })

  it('[JS2] arrays that are compared item by item are bounded', () => {
    const tags = Array.from({ length: COMPARED_ITEMS_MAX + 1 }, (_, i) => `t${i}`)
    expect(first({ status: 'open', tags })).toEqual({ path: '/tags', message: 'has more than 1000 items' })
    expect(first({ status: 'open', tags: tags.slice(1) })).toBeNull()
    expect(first({ list: tags }, { type: 'object' })).toBeNull()
  })

  it('[check 29] [JS1] __proto__ is a property like any other', () => {
    expect(first(JSON.parse('{"status":"open","__proto__":1}') as Json)?.path).toBe('/__proto__')
    const strict = JSON.parse('{"properties":{"__proto__":{"type":"string"}}}') as JsonObject
    expect(first(JSON.parse('{"__proto__":1}') as Json, strict)?.path).toBe('/__proto__')
    expect(first({}, strict)).toBeNull()
  })

  it('[JS3] a schema that cannot be used is the issue, never a throw', () => {
    expect(first({}, { $ref: '#/nowhere' })?.message).toMatch(/schema can't be used/)
    expect(first({}, { required: 'x' })?.message).toMatch(/schema can't be used/)
  })

  it('[JS3] compiled schemas are kept within a bound, and the schema itself is left as it was', () => {
    const frozen = Object.freeze({ type: 'object' })
    expect(first({}, frozen)).toBeNull()
    for (let i = 0; i < COMPILED_SCHEMAS_MAX + 10; i++)
      expect(first({ a: i }, { properties: { a: { const: i } } })).toBeNull()
    expect(first(3, { type: 'object' })?.path).toBe('')
  })
})

describe('schemas for publication', () => {
  it('[JS2] a sound schema passes', () => {
    expect(checkSchema(schema)).toEqual({ ok: true })
    expect(checkSchema(true)).toEqual({ ok: true })
    expect(
      checkSchema({
        $schema: 'https://json-schema.org/draft/2020-12/schema',
        title: 'x',
        type: ['object', 'null'],
      }),
    ).toEqual({ ok: true })
  })

  it('[check 31] [JS2] regular expressions are refused with a reason', () => {
    expect(issueAt({ properties: { a: { pattern: '(a+)+$' } } })).toMatch(
      /^\/properties\/a\/pattern regular expressions/,
    )
    expect(issueAt({ patternProperties: { '^a': true } })).toMatch(/^\/patternProperties regular/)
    expect(issueAt({ format: 'regex' })).toMatch(/^\/format must be one of/)
  })

  it('[JS2] references stay inside, lead somewhere and never back', () => {
    expect(issueAt({ $ref: 'https://example.com/s' })).toMatch(/^\/\$ref must point into this schema/)
    expect(issueAt({ $ref: '#/$defs/a' })).toMatch(/^\/\$ref nothing stands at/)
    expect(issueAt({ const: { type: 'object' }, $ref: '#/const' })).toMatch(/nothing stands at/)
    expect(issueAt({ $ref: '#' })).toMatch(/refers back to itself/)
    expect(issueAt({ properties: { child: { $ref: '#' } } })).toMatch(/refers back to itself/)
    expect(issueAt({ $defs: { a: { $ref: '#/$defs/b' }, b: { $ref: '#/$defs/a' } } })).toMatch(
      /refers back to itself/,
    )
    expect(issueAt({ $id: 'x' })).toMatch(/^\/\$id is not a keyword/)
    expect(checkSchema({ $defs: { 'a/b': true }, $ref: '#/$defs/a~1b' })).toEqual({ ok: true })
  })

  it('[JS2] what grows past its bound when it is written out is refused', () => {
    const doubling = Object.fromEntries(
      Array.from({ length: 20 }, (_, i) => {
        const next = { $ref: `#/$defs/d${i + 1}` }
        return [`d${i}`, i === 19 ? true : { allOf: [next, next] }]
      }),
    )
    expect(issueAt({ $defs: doubling })).toMatch(/written out it has more than/)
    const deep = Array.from({ length: SCHEMA_DEPTH_MAX + 2 }).reduce<JsonObject>(
      (inner) => ({ not: inner }),
      {},
    )
    expect(issueAt(deep)).toMatch(/nested deeper/)
    const wide = { properties: Object.fromEntries(Array.from({ length: 3_000 }, (_, i) => [`p${i}`, true])) }
    expect(issueAt(wide)).toMatch(/more than 2000 subschemas/)
  })

  it('[JS2] misspelt keywords and wrong values are refused at their place', () => {
    expect(issueAt({ requierd: [] })).toMatch(/^\/requierd is not a keyword/)
    expect(issueAt({ properties: { a: { required: 'x' } } })).toBe(
      '/properties/a/required must be a list of texts',
    )
    expect(issueAt({ type: 'text' })).toBe('/type must be a JSON type or a list of them')
    expect(issueAt({ multipleOf: 0 })).toBe('/multipleOf must be a number above 0')
    expect(issueAt({ allOf: [] })).toBe('/allOf must be a list of schemas')
    expect(issueAt({ properties: [] })).toBe('/properties must be an object of schemas')
    expect(issueAt({ items: [] })).toMatch(/^\/items must be an object, true or false/)
    for (const bad of [null, 1, 'x', [], false]) expect(checkSchema(bad).ok).toBe(false)
    expect(issueAt(JSON.parse('{"__proto__":{},"x":1}') as Json)).toMatch(/is not a keyword/)
  })
})
