import { format, ucs2length } from '@cfworker/json-schema'
import type { Json, JsonObject } from '#lib/kernel/json.ts'
import { isJsonObject, jsonEqual } from '#lib/kernel/json.ts'
import type { JsonSchema } from '#lib/protocol/device.ts'
import { SCREEN_KEYWORD } from './screens.ts'

/** Whether a document fits a schema; says nothing of why not. */
export type Accept = (value: Json) => boolean

const ALWAYS: Accept = () => true
const NEVER: Accept = () => false

/** Keywords that say nothing about what fits. */
const ANNOTATIONS: ReadonlySet<string> = new Set([
  '$schema',
  '$comment',
  '$defs',
  'title',
  'description',
  'default',
  'examples',
  'deprecated',
  'readOnly',
  'writeOnly',
  SCREEN_KEYWORD,
])

/**
 * A schema's plain keywords as one quick yes or no: the validator, which also says why not, takes some twenty times as
 * long, and nearly every document fits. Null for a schema with a keyword that only the validator knows.
 * The schema has passed `checkSchema`; a property test holds the two to the same answer (JS1).
 */
export function compileAccept(schema: JsonSchema): Accept | null {
  if (typeof schema === 'boolean') return schema ? ALWAYS : NEVER
  const checks: Accept[] = []
  for (const [keyword, value] of Object.entries(schema)) {
    if (ANNOTATIONS.has(keyword)) continue
    const check = Object.hasOwn(KEYWORDS, keyword) ? KEYWORDS[keyword]?.(value as never, schema) : null
    if (!check) return null
    checks.push(check)
  }
  return all(checks)
}

function all(checks: readonly Accept[]): Accept {
  const [first, second] = checks
  if (first === undefined) return ALWAYS
  if (second === undefined) return first
  if (checks.length === 2) return (value) => first(value) && second(value)
  return (value) => {
    for (const check of checks) if (!check(value)) return false
    return true
  }
}

type Compile = (value: never, schema: JsonObject) => Accept | null

const KEYWORDS: Readonly<Record<string, Compile>> = {
  type: (types: string | readonly string[]) => acceptTypes(typeof types === 'string' ? [types] : types),
  const: (only: Json) => acceptValues([only]),
  enum: (values: readonly Json[]) => acceptValues(values),
  minLength: (min: number) => onText((text) => text.length >= min && ucs2length(text) >= min),
  // A text has at most as many characters as code units.
  maxLength: (max: number) => onText((text) => text.length <= max || ucs2length(text) <= max),
  format: (name: string) => {
    const test = Object.hasOwn(format, name) ? format[name] : undefined
    return test ? onText((text) => test(text)) : null
  },
  minimum: (min: number) => onNumber((number) => number >= min),
  maximum: (max: number) => onNumber((number) => number <= max),
  exclusiveMinimum: (min: number) => onNumber((number) => number > min),
  exclusiveMaximum: (max: number) => onNumber((number) => number < max),
  required: (keys: readonly string[]) =>
    onObject((object) => keys.every((key) => Object.hasOwn(object, key))),
  minProperties: (min: number) => onObject((object) => Object.keys(object).length >= min),
  maxProperties: (max: number) => onObject((object) => Object.keys(object).length <= max),
  properties: (properties: JsonObject, { additionalProperties = true }) =>
    acceptProperties(properties, additionalProperties as JsonSchema),
  additionalProperties: (others: JsonSchema, { properties }) =>
    properties === undefined ? acceptProperties({}, others) : ALWAYS,
  items: (items: JsonSchema, schema) => {
    const accept = Object.hasOwn(schema, 'prefixItems') ? null : compileAccept(items)
    return accept && ((value) => !Array.isArray(value) || value.every(accept))
  },
  minItems: (min: number) => (value) => !Array.isArray(value) || value.length >= min,
  maxItems: (max: number) => (value) => !Array.isArray(value) || value.length <= max,
  allOf: (schemas: readonly JsonSchema[]) => {
    const accepts = compileEach(schemas)
    return accepts && all(accepts)
  },
  anyOf: (schemas: readonly JsonSchema[]) => {
    const accepts = compileEach(schemas)
    return accepts && ((value) => accepts.some((accept) => accept(value)))
  },
}

function compileEach(schemas: readonly JsonSchema[]): readonly Accept[] | null {
  const accepts = schemas.map(compileAccept)
  return accepts.every((accept) => accept !== null) ? accepts : null
}

const onText =
  (test: (text: string) => boolean): Accept =>
  (value) =>
    typeof value !== 'string' || test(value)
const onNumber =
  (test: (number: number) => boolean): Accept =>
  (value) =>
    typeof value !== 'number' || test(value)
const onObject =
  (test: (object: JsonObject) => boolean): Accept =>
  (value) =>
    !isJsonObject(value) || test(value)

function acceptTypes(types: readonly string[]): Accept {
  const allowed = new Set(types)
  const [object, array, number] = ['object', 'array', 'number'].map((type) => allowed.has(type))
  const integer = allowed.has('integer')
  const nothing = allowed.has('null')
  return (value) => {
    if (value === null) return nothing
    if (typeof value === 'number') return number || (integer && Number.isInteger(value))
    if (typeof value === 'object') return (Array.isArray(value) ? array : object) === true
    return allowed.has(typeof value)
  }
}

function acceptValues(values: readonly Json[]): Accept {
  const scalars = new Set(values.filter((value) => typeof value !== 'object' || value === null))
  const containers = values.filter((value) => typeof value === 'object' && value !== null)
  return (value) =>
    typeof value === 'object' && value !== null
      ? containers.some((allowed) => jsonEqual(allowed, value))
      : scalars.has(value)
}

/** `properties` and `additionalProperties` in one walk over the document's keys. */
function acceptProperties(properties: JsonObject, additional: JsonSchema): Accept | null {
  const others = compileAccept(additional)
  if (!others) return null
  const known = new Map<string, Accept>()
  for (const [key, property] of Object.entries(properties)) {
    const accept = compileAccept(property as JsonSchema)
    if (!accept) return null
    known.set(key, accept)
  }
  return onObject((object) => {
    for (const key of Object.keys(object)) {
      if (!(known.get(key) ?? others)(object[key] as Json)) return false
    }
    return true
  })
}
