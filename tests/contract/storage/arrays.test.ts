import fc from 'fast-check'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  bigints,
  booleans,
  floats,
  ints,
  jsons,
  plainTexts,
  texts,
  uuids,
} from '#lib/storage/prisma/arrays.ts'
import { originalText } from '#lib/storage/prisma/storable-text.ts'
import { createTestDatabase } from '#tests/support/database.ts'

/** What PostgreSQL reads of a binary array, told as JSON. */
describe('array parameters', () => {
  let database: Awaited<ReturnType<typeof createTestDatabase>>
  let client: pg.Client
  beforeAll(async () => {
    database = await createTestDatabase()
    client = new pg.Client({ connectionString: database.url })
    await client.connect()
  })
  afterAll(async () => {
    await client.end()
    await database.drop()
  })

  const read = async (type: string, parameter: Buffer): Promise<unknown> => {
    const text = `SELECT array_to_json($1::${type}[]) AS read, cardinality($1::${type}[]) AS length`
    const { rows } = await client.query<{ read: unknown; length: number }>(text, [parameter])
    return rows[0]?.read
  }
  const orNull = <T>(arbitrary: fc.Arbitrary<T>) => fc.array(fc.option(arbitrary), { maxLength: 5 })
  const wellFormed = fc.string({ unit: 'grapheme' }).filter((text) => !text.includes('\0'))

  it.each([
    ['uuid', orNull(fc.uuid()), uuids],
    ['bigint', orNull(fc.maxSafeInteger()), bigints],
    ['int', orNull(fc.integer()), ints],
    ['float8', orNull(fc.double({ noNaN: true, noDefaultInfinity: true }).map((n) => n + 0)), floats],
    ['boolean', fc.array(fc.boolean(), { maxLength: 5 }), booleans],
    ['text', fc.array(wellFormed, { maxLength: 5 }), plainTexts],
    ['json', fc.array(fc.dictionary(fc.string(), fc.jsonValue()), { maxLength: 5 }), jsons],
  ] as const)('%s: what is written is read, none and nulls included', async (type, values, write) => {
    await fc.assert(
      fc.asyncProperty(values as fc.Arbitrary<unknown[]>, async (array) => {
        expect(await read(type, write(array as never))).toEqual(JSON.parse(JSON.stringify(array)))
      }),
      { numRuns: 60, examples: [[[]]] },
    )
  })

  it('text of any kind is made storable, and comes back', async () => {
    await fc.assert(
      fc.asyncProperty(orNull(fc.string({ unit: 'binary' })), async (array) => {
        const stored = (await read('text', texts(array))) as (string | null)[]
        expect(stored.map((text) => (text === null ? null : originalText(text)))).toEqual(array)
      }),
      { numRuns: 60, examples: [[['\0', '\ud800', '\\u0000', null]]] },
    )
  })
})
