import type { JsonObject } from '#lib/kernel/json.ts'

const integer = { type: 'integer' }
const fields = { title: { type: 'string' }, a: integer, b: integer, c: integer }
const texts: JsonObject = { type: 'object', properties: { body: { type: 'string' } } }
const schema: JsonObject = { type: 'object', required: ['title'], properties: fields }

/** The fleet that every run starts with: one collection a strategy, and the texts that several write in. */
export const COLLECTIONS = [
  { name: 'prices', strategy: 'lww', schema },
  { name: 'notes', strategy: 'field-merge', tieRule: 'lww', schema },
  { name: 'seats', strategy: 'fww', schema },
  { name: 'cases', strategy: 'manual', schema },
  {
    name: 'tallies',
    strategy: 'crdt',
    schema: {
      type: 'object',
      properties: { total: integer, tags: { type: 'array', items: { type: 'integer' } } },
    },
  },
  { name: 'pages', strategy: 'crdt', schema: texts },
  { name: 'sheets', strategy: 'ot', schema: texts },
] as const

/** What every run may write to; few write texts. */
export const DOCUMENTS = ['prices', 'notes', 'seats', 'cases', 'tallies'] as const
export const TEXTS = ['pages', 'sheets'] as const
export const isText = (name: string): boolean => (TEXTS as readonly string[]).includes(name)

export const strategyOf = (name: string): string =>
  COLLECTIONS.find((one) => one.name === name)?.strategy ?? ''

/** Schema version n + 1: a field more, which nobody must have. */
export const widened = (version: number, titles: 'string' | readonly string[] = 'string'): JsonObject => ({
  ...schema,
  properties: { ...fields, title: { type: titles }, [`extra${version}`]: { type: 'string' } },
})
