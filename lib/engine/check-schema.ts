import type { Json, JsonObject } from '#lib/kernel/json.ts'
import { isJsonObject, ownValue } from '#lib/kernel/json.ts'
import { toPointer } from '#lib/kernel/json-pointer.ts'
import type { SchemaCheck, SchemaIssue } from './types.ts'
import { parseKey } from './patch.ts'

export const SCHEMA_DEPTH_MAX = 32
export const SCHEMA_NODES_MAX = 2_000
/** Subschemas after every `$ref` is written out; bounds the time that one document can take. */
export const SCHEMA_EXPANDED_MAX = 10_000
const ISSUES_MAX = 50

/** Every keyword that is understood, by the shape of its value (`x-tidemark-screen`: screens.ts). Others are refused, since a misspelt rule that is ignored protects nothing. */
const SHAPES = {
  schema:
    'not if then else additionalProperties unevaluatedProperties propertyNames items unevaluatedItems contains',
  schemas: 'anyOf allOf oneOf prefixItems',
  schemaMap: '$defs properties dependentSchemas',
  reference: '$ref',
  types: 'type',
  format: 'format',
  number: 'minimum maximum exclusiveMinimum exclusiveMaximum',
  positive: 'multipleOf',
  count: 'minProperties maxProperties minContains maxContains minItems maxItems minLength maxLength',
  boolean: 'deprecated readOnly writeOnly uniqueItems',
  text: '$schema $comment title description x-tidemark-screen',
  texts: 'required',
  textsMap: 'dependentRequired',
  values: 'examples enum',
  any: 'default const',
} as const
type Shape = keyof typeof SHAPES

export const KEYWORDS: ReadonlyMap<string, Shape> = new Map(
  (Object.keys(SHAPES) as Shape[]).flatMap((shape) =>
    SHAPES[shape].split(' ').map((keyword): [string, Shape] => [keyword, shape]),
  ),
)

const REFUSED: Readonly<Record<string, string>> = {
  pattern:
    'regular expressions are not accepted: one text can take them for ever; use enum, format or length',
  patternProperties: 'regular expressions are not accepted: one text can take them for ever; use properties',
}

const TYPES: ReadonlySet<Json> = new Set([
  'null',
  'boolean',
  'object',
  'array',
  'number',
  'integer',
  'string',
])
/** Those whose check takes time in proportion to the text. */
export const FORMATS: ReadonlySet<Json> = new Set([
  'date',
  'time',
  'date-time',
  'duration',
  'email',
  'hostname',
  'ipv4',
  'ipv6',
  'uri',
  'uuid',
  'json-pointer',
])

const isCount = (value: Json): boolean =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
const isTexts = (value: Json): boolean =>
  Array.isArray(value) && value.every((item) => typeof item === 'string')
const isType = (value: Json): boolean => TYPES.has(value)

/** What each plain shape must be, and how to say so; shapes that hold subschemas are walked instead. */
const PLAIN: Readonly<
  Record<Exclude<Shape, 'schema' | 'schemas' | 'schemaMap'>, readonly [(value: Json) => boolean, string]>
> = {
  reference: [
    (value) => typeof value === 'string' && /^#(\/|$)/.test(value),
    'must point into this schema, like #/$defs/name',
  ],
  types: [
    (value) => isType(value) || (Array.isArray(value) && value.length > 0 && value.every(isType)),
    'must be a JSON type or a list of them',
  ],
  format: [(value) => FORMATS.has(value), `must be one of ${[...FORMATS].join(', ')}`],
  number: [(value) => typeof value === 'number', 'must be a number'],
  positive: [(value) => typeof value === 'number' && value > 0, 'must be a number above 0'],
  count: [isCount, 'must be a whole number, 0 or more'],
  boolean: [(value) => typeof value === 'boolean', 'must be true or false'],
  text: [(value) => typeof value === 'string', 'must be a text'],
  texts: [isTexts, 'must be a list of texts'],
  textsMap: [
    (value) => isJsonObject(value) && Object.values(value).every(isTexts),
    'must hold lists of texts',
  ],
  values: [(value) => Array.isArray(value), 'must be a list'],
  any: [() => true, ''],
}

/**
 * Whether a schema can be published: JSON Schema draft 2020-12 without what could take a document unbounded time
 * or reach outside (DL1). Issues carry JSON Pointers into the schema. Never throws on JSON.
 */
export function checkSchema(schema: Json): SchemaCheck {
  const nodes = new Map<string, JsonObject | boolean>()
  const issues: SchemaIssue[] = []
  walk(schema, [], nodes, issues)
  if (schema === false) issues.push({ path: '', message: 'no document could be valid' })
  if (issues.length === 0) checkReferences(nodes, issues)
  return issues.length === 0 ? { ok: true } : { ok: false, issues: issues.slice(0, ISSUES_MAX) }
}

function walk(
  schema: Json,
  path: readonly string[],
  nodes: Map<string, JsonObject | boolean>,
  issues: SchemaIssue[],
): void {
  const report = (at: readonly string[], message: string): void =>
    void issues.push({ path: toPointer(at), message })
  if (nodes.size >= SCHEMA_NODES_MAX || issues.length >= ISSUES_MAX) {
    if (issues.length === 0) report([], `has more than ${SCHEMA_NODES_MAX} subschemas`)
    return
  }
  if (path.length > SCHEMA_DEPTH_MAX) return report(path, `is nested deeper than ${SCHEMA_DEPTH_MAX}`)
  if (typeof schema !== 'boolean' && !isJsonObject(schema))
    return report(path, 'must be an object, true or false')
  nodes.set(toPointer(path), schema)
  if (typeof schema === 'boolean') return
  for (const [keyword, value] of Object.entries(schema)) {
    const shape = KEYWORDS.get(keyword)
    const at = [...path, keyword]
    if (!shape)
      report(
        at,
        (Object.hasOwn(REFUSED, keyword) && REFUSED[keyword]) || 'is not a keyword that is understood here',
      )
    else
      for (const [part, sub] of subschemas(shape, value, (message) => report(at, message)))
        walk(sub, [...at, ...part], nodes, issues)
  }
}

/** The subschemas under a keyword with the rest of their path; a wrong value is told to `report`. */
function subschemas(
  shape: Shape,
  value: Json,
  report: (message: string) => void,
): (readonly [readonly string[], Json])[] {
  if (shape === 'schema') return [[[], value]]
  if (shape === 'schemas') {
    if (Array.isArray(value) && value.length > 0) return value.map((item: Json, i) => [[String(i)], item])
    report('must be a list of schemas')
    return []
  }
  if (shape === 'schemaMap') {
    if (isJsonObject(value)) return Object.entries(value).map(([key, item]) => [[key], item])
    report('must be an object of schemas')
    return []
  }
  const [holds, message] = PLAIN[shape]
  if (!holds(value)) report(message)
  return []
}

/** Each `$ref` must name a subschema, none may lead back to itself, and written out it must stay small. */
function checkReferences(nodes: ReadonlyMap<string, JsonObject | boolean>, issues: SchemaIssue[]): void {
  const sizes = new Map<string, number | 'open'>()
  const sizeOf = (pointer: string): number => {
    const known = sizes.get(pointer)
    if (known === 'open') {
      issues.push({ path: pointer, message: 'refers back to itself' })
      return 0
    }
    if (known !== undefined) return known
    sizes.set(pointer, 'open')
    const schema = nodes.get(pointer) as JsonObject | boolean
    let size = 1
    if (isJsonObject(schema))
      for (const child of childPointers(schema, pointer, nodes, issues)) size += sizeOf(child)
    sizes.set(pointer, Math.min(size, SCHEMA_EXPANDED_MAX + 1))
    return size
  }
  if (sizeOf('') > SCHEMA_EXPANDED_MAX)
    issues.push({ path: '', message: `written out it has more than ${SCHEMA_EXPANDED_MAX} subschemas` })
}

function childPointers(
  schema: JsonObject,
  pointer: string,
  nodes: ReadonlyMap<string, unknown>,
  issues: SchemaIssue[],
): string[] {
  const children: string[] = []
  for (const [keyword, value] of Object.entries(schema)) {
    const shape = KEYWORDS.get(keyword)
    // Definitions cost nothing until something refers to them, but each must be sound by itself.
    if (shape)
      for (const [part] of subschemas(shape, value, () => {}))
        children.push(pointer + toPointer([keyword, ...part]))
  }
  const ref = ownValue(schema, '$ref')
  if (typeof ref !== 'string') return children
  const target = referencePointer(ref)
  if (target !== null && nodes.has(target)) children.push(target)
  else issues.push({ path: `${pointer}/$ref`, message: `nothing stands at ${ref}` })
  return children
}

/** Percent-escapes are refused rather than decoded twice over by two readers. */
function referencePointer(ref: string): string | null {
  const pointer = ref.slice(1)
  if (/[%"<>\\^`{|}\s]/.test(pointer) || !/^[\x21-\x7e]*$/.test(pointer)) return null
  if (pointer === '') return ''
  const path = parseKey(pointer)
  return path ? toPointer(path) : null
}
