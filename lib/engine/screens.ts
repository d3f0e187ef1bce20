import type { Json } from '#lib/kernel/json.ts'
import { isJsonObject, ownValue } from '#lib/kernel/json.ts'
import { fromPointer, toPointer } from '#lib/kernel/json-pointer.ts'
import type { JsonSchema } from '#lib/protocol/device.ts'
import { KEYWORDS, SCHEMA_DEPTH_MAX } from './check-schema.ts'
import type { SchemaIssue } from './types.ts'

/** Names the screen of the app on which a field, or all that lies under it, is edited (docs/conflicts.md). It says nothing of what fits. */
export const SCREEN_KEYWORD = 'x-tidemark-screen'
export const SCREEN_LENGTH_MAX = 80

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

/** What of a sound schema's screens can't be published, by JSON Pointers into it (JS4). Pure. */
export const screenIssues = (schema: JsonSchema): readonly SchemaIssue[] =>
  namesScreens(schema) ? issuesUnder(schema, []) : []

function issuesUnder(schema: Json, path: readonly string[]): readonly SchemaIssue[] {
  if (!isJsonObject(schema)) return []
  const screen = ownValue(schema, SCREEN_KEYWORD)
  const isNamed = typeof screen !== 'string' || (screen.trim() !== '' && screen.length <= SCREEN_LENGTH_MAX)
  const message = `must be a text of 1 to ${SCREEN_LENGTH_MAX} characters`
  return [
    ...(isNamed ? [] : [{ path: toPointer([...path, SCREEN_KEYWORD]), message }]),
    ...Object.entries(schema).flatMap(([keyword, value]) =>
      subschemas(keyword, value).flatMap(([part, sub]) => issuesUnder(sub, [...path, keyword, ...part])),
    ),
  ]
}

const namesScreens = (schema: JsonSchema): boolean => JSON.stringify(schema).includes(`"${SCREEN_KEYWORD}"`)

/** The subschemas under a keyword, with the rest of their path. */
function subschemas(keyword: string, value: Json): readonly (readonly [readonly string[], Json])[] {
  const shape = KEYWORDS.get(keyword)
  if (shape === 'schema') return [[[], value]]
  if (shape === 'schemas' && Array.isArray(value))
    return (value as readonly Json[]).map((one, at) => [[String(at)], one] as const)
  if (shape === 'schemaMap' && isJsonObject(value))
    return Object.entries(value).map(([name, one]) => [[name], one] as const)
  return []
}

/** A schema as a device is given it: the same without what only the console reads. Pure. */
export const withoutScreens = (schema: JsonSchema): JsonSchema =>
  namesScreens(schema) ? (stripped(schema) as JsonSchema) : schema

function stripped(schema: Json): Json {
  if (!isJsonObject(schema)) return schema
  const entries = Object.entries(schema).filter(([keyword]) => keyword !== SCREEN_KEYWORD)
  return Object.fromEntries(entries.map(([keyword, value]) => [keyword, strippedUnder(keyword, value)]))
}

function strippedUnder(keyword: string, value: Json): Json {
  const parts = subschemas(keyword, value).map(([[name], one]) => [name, stripped(one)] as const)
  if (parts.length === 0) return value
  if (Array.isArray(value)) return parts.map(([, one]) => one)
  const [[name, only] = []] = parts
  return name === undefined ? (only ?? value) : Object.fromEntries(parts)
}
