import type { Schema, OutputUnit } from '@cfworker/json-schema'
import { Validator } from '@cfworker/json-schema'
import type { Json, JsonObject } from '#lib/kernel/json.ts'
import { canonicalJson } from '#lib/kernel/json.ts'
import { toPointer } from '#lib/kernel/json-pointer.ts'
import type { JsonSchema } from '#lib/protocol/device.ts'
import { checkSchema } from './check-schema.ts'
import type { CollectionRules, SchemaCheck, SchemaIssue } from './types.ts'

export const COMPILED_SCHEMAS_MAX = 256
const ISSUES_MAX = 20
/** `uniqueItems` compares each with each, and `contains` keeps an error for each: both need short arrays. */
export const COMPARED_ITEMS_MAX = 1_000
const COMPARING = /"(?:uniqueItems|contains|unevaluatedItems)":/

const NONE: readonly SchemaIssue[] = []

type Check = (data: Json, accepts: CollectionRules['accepts']) => readonly SchemaIssue[]

const byIdentity = new WeakMap<object, Check>()
const byText = new Map<string, Check>()

/**
 * Checks a document against its collection's schema, on both sides of the wire (DL1). Issues carry JSON Pointers
 * into the document, the first one is the one to show. Never throws: a schema that can't be used is itself the issue.
 */
export function validateDocument(
  rules: Pick<CollectionRules, 'schema' | 'accepts'>,
  data: Json,
): SchemaCheck {
  const issues = compiled(rules.schema)(data, rules.accepts)
  return issues.length === 0 ? { ok: true } : { ok: false, issues }
}

function compiled(schema: JsonSchema): Check {
  if (typeof schema === 'boolean') return compile(schema, String(schema))
  const same = byIdentity.get(schema)
  if (same) return same
  const text = canonicalJson(schema)
  const check = byText.get(text) ?? compile(schema, text)
  // The oldest entry gives way; those in use are found by identity before they get here.
  byText.delete(text)
  byText.set(text, check)
  if (byText.size > COMPILED_SCHEMAS_MAX) byText.delete(byText.keys().next().value as string)
  byIdentity.set(schema, check)
  return check
}

function compile(schema: JsonSchema, text: string): Check {
  const sound = checkSchema(schema)
  if (!sound.ok) {
    const [first] = sound.issues
    return () => [
      { path: '', message: `the collection's schema can't be used: ${first?.path} ${first?.message}` },
    ]
  }
  // A copy, because the library writes its bookkeeping into the schema.
  const validator = new Validator(JSON.parse(text) as Schema, '2020-12', true)
  const itemsMax = COMPARING.test(text) ? COMPARED_ITEMS_MAX : Infinity
  return (data, accepts) => {
    const unfit = findUnfit(data, itemsMax)
    if (unfit) return [{ path: toPointer(unfit.path.toReversed()), message: unfit.message }]
    if (accepts?.(data)) return NONE
    const output = validator.validate(data)
    return output.valid ? [] : toIssues(output.errors)
  }
}

/** `path` from the inside out, so that it costs nothing where all is well. */
interface Unfit {
  readonly path: string[]
  readonly message: string
}

/** Text that PostgreSQL can't store, and arrays too long to compare: told before the validator sees them. */
function findUnfit(value: Json, itemsMax: number): Unfit | null {
  if (typeof value === 'string')
    return isStorable(value) ? null : { path: [], message: 'has a NUL or half a surrogate pair' }
  if (typeof value !== 'object' || value === null) return null
  if (Array.isArray(value) && value.length > itemsMax)
    return { path: [], message: `has more than ${itemsMax} items` }
  for (const key of Object.keys(value)) {
    if (!isStorable(key)) return { path: [], message: 'has a key with a NUL or half a surrogate pair' }
    const unfit = findUnfit((value as JsonObject)[key] as Json, itemsMax)
    if (unfit) return { ...unfit, path: [...unfit.path, key] }
  }
  return null
}

/** NUL, or a surrogate without its other half. */
const UNSTORABLE = /[\0\p{Cs}]/u
const isStorable = (text: string): boolean => !UNSTORABLE.test(text)

/** Keywords that only say that something below them is wrong. */
const WRAPPERS: ReadonlySet<string> = new Set([
  '$ref',
  'allOf',
  'if',
  'properties',
  'additionalProperties',
  'unevaluatedProperties',
  'dependentSchemas',
  'prefixItems',
  'items',
  'unevaluatedItems',
  'propertyNames',
])
/** Keywords whose branches each fail for their own reason; the choice itself is the issue. */
const CHOICES: ReadonlySet<string> = new Set(['anyOf', 'oneOf', 'contains'])

function toIssues(errors: readonly OutputUnit[]): SchemaIssue[] {
  const choices = errors
    .filter((error) => CHOICES.has(error.keyword))
    .map((error) => `${error.keywordLocation}/`)
  const inBranch = (error: OutputUnit): boolean =>
    choices.some((place) => error.keywordLocation.startsWith(place))
  return errors
    .filter((error) => !WRAPPERS.has(error.keyword) && !inBranch(error))
    .slice(0, ISSUES_MAX)
    .map((error) => ({
      path: decodeURIComponent(error.instanceLocation.slice(1)),
      message: error.keyword === 'false' ? 'is not allowed here' : error.error,
    }))
}
