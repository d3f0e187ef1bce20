import type { JsonObject } from '#lib/kernel/json.ts'

const integer = { type: 'integer' }
const fields = { title: { type: 'string' }, a: integer, b: integer, c: integer }
const schema: JsonObject = { type: 'object', required: ['title'], properties: fields }

/** The fleet that every run starts with: one collection a strategy. */
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
] as const

export const strategyOf = (name: string): string =>
  COLLECTIONS.find((one) => one.name === name)?.strategy ?? ''

/** Schema version n + 1: a field more, which nobody must have. */
export const widened = (version: number, titles: 'string' | readonly string[] = 'string'): JsonObject => ({
  ...schema,
  properties: { ...fields, title: { type: titles }, [`extra${version}`]: { type: 'string' } },
})
