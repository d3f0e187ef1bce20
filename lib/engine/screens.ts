import type { Json, JsonObject } from '#lib/kernel/json.ts'
import { isJsonObject, ownValue } from '#lib/kernel/json.ts'
import { fromPointer } from '#lib/kernel/json-pointer.ts'
import type { JsonSchema } from '#lib/protocol/device.ts'
import { KEYWORDS, SCHEMA_DEPTH_MAX, SCREEN_KEYWORD } from './check-schema.ts'

/** What a schema says of a field to people; null for what it doesn't say. */
export interface FieldWords {
  /** The screen of the app on which it is edited: the field's own, or of the nearest one around it. */
  readonly screen: string | null
  readonly title: string | null
}

/**
 * Where a field is edited, as its collection's schema says (JS4).
 * @param pointer JSON Pointer into a document; '' is the whole
 */
export function fieldWords(schema: JsonSchema, pointer: string): FieldWords {
  let here: Json | undefined = resolved(schema, schema)
  let screen = textOf(here, SCREEN_KEYWORD)
  for (const name of fromPointer(pointer) ?? []) {
    here = resolved(schema, childOf(here, name))
    screen = textOf(here, SCREEN_KEYWORD) ?? screen
  }
  return { screen, title: pointer === '' ? null : textOf(here, 'title') }
}

const textOf = (schema: Json | undefined, keyword: string): string | null => {
  const value = isJsonObject(schema) ? ownValue(schema, keyword) : undefined
  return typeof value === 'string' ? value : null
}

/** The subschema of one name or index. What only stands in branches (`anyOf`, `if`) is not looked for. */
function childOf(schema: Json | undefined, name: string): Json | undefined {
  if (!isJsonObject(schema)) return undefined
  const properties = ownValue(schema, 'properties')
  const own = isJsonObject(properties) ? ownValue(properties, name) : undefined
  return own ?? ownValue(schema, 'items') ?? ownValue(schema, 'additionalProperties')
}

/** What a `$ref` names, with the words that stand beside it; bounded, though a published schema has no circle. */
function resolved(root: JsonSchema, schema: Json | undefined): Json | undefined {
  let here = schema
  for (let depth = 0; depth < SCHEMA_DEPTH_MAX; depth += 1) {
    const ref = isJsonObject(here) ? ownValue(here, '$ref') : undefined
    if (!isJsonObject(here) || typeof ref !== 'string') return here
    const target = (fromPointer(ref.slice(1)) ?? []).reduce<Json | undefined>(
      (at, part) => (isJsonObject(at) ? ownValue(at, part) : undefined),
      root,
    )
    if (!isJsonObject(target)) return here
    const { $ref: _followed, ...beside } = here
    here = { ...target, ...beside }
  }
  return here
}

/** A schema as a device is given it: the same without what only the console reads. Pure. */
export const withoutScreens = (schema: JsonSchema): JsonSchema =>
  JSON.stringify(schema).includes(`"${SCREEN_KEYWORD}"`) ? (stripped(schema) as JsonSchema) : schema

function stripped(schema: Json): Json {
  if (!isJsonObject(schema)) return schema
  const entries = Object.entries(schema).filter(([keyword]) => keyword !== SCREEN_KEYWORD)
  return Object.fromEntries(entries.map(([keyword, value]) => [keyword, strippedUnder(keyword, value)]))
}

function strippedUnder(keyword: string, value: Json): Json {
  const shape = KEYWORDS.get(keyword)
  if (shape === 'schema') return stripped(value)
  if (shape === 'schemas') return Array.isArray(value) ? value.map(stripped) : value
  if (shape !== 'schemaMap' || !isJsonObject(value)) return value
  const entries = Object.entries(value as JsonObject).map(([name, one]) => [name, stripped(one)] as const)
  return Object.fromEntries(entries)
}
