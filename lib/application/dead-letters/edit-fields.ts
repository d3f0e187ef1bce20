import {
  copyObject,
  defineKey,
  isJsonObject,
  ownValue,
  type Json,
  type JsonObject,
} from '#lib/kernel/json.ts'
import { isMask } from '#lib/protocol/mask.ts'
import type { JsonSchema } from '#lib/protocol/device.ts'

/** How one field of a form is filled in: by its type where the schema names one that is plain, else as JSON. */
export type FieldKind =
  | { readonly kind: 'text' | 'number' | 'truth' | 'json' | 'mask' }
  | { readonly kind: 'choice'; readonly choices: readonly Json[] }
export type FormField = FieldKind & {
  readonly name: string
  /** Undefined: it isn't there. */
  readonly value: Json | undefined
  readonly required: boolean
  readonly nullable: boolean
}

export type FieldValue = Json

const CHOICES_MAX = 50

/** The part of an operation that a form shows; null for one that has none: a delete, CRDTs, texts under OT. Pure. */
export function bodyOf(op: unknown): { readonly key: 'data' | 'set'; readonly body: JsonObject } | null {
  if (!isJsonObject(op as Json)) return null
  const { type, data, set } = op as JsonObject
  if (type === 'put' && data !== undefined && isJsonObject(data)) return { key: 'data', body: data }
  if (type === 'patch' && set !== undefined && isJsonObject(set)) return { key: 'set', body: set }
  return null
}

/** The fields of an operation's document, those of the schema first; of a patch only those that it sets. Pure. */
export function formFields(op: unknown, schema: JsonSchema): readonly FormField[] {
  const found = bodyOf(op)
  if (!found) return []
  const { body, key } = found
  const properties = typeof schema === 'object' ? schema['properties'] : undefined
  const known = properties !== undefined && isJsonObject(properties) ? properties : {}
  const required = typeof schema === 'object' && Array.isArray(schema['required']) ? schema['required'] : []
  const own = new Set(Object.keys(body))
  const names = [...Object.keys(known).filter((name) => key === 'data' || own.has(name)), ...own]
  return [...new Set(names)].map((name) => {
    const value = ownValue(body, name)
    const types = typesOf(ownValue(known, name))
    return {
      ...(isMask(value) ? { kind: 'mask' as const } : kindOf(ownValue(known, name), types, value)),
      name,
      value,
      required: (required as readonly Json[]).includes(name),
      nullable: types.includes('null'),
    }
  })
}

const typesOf = (schema: Json | undefined): readonly Json[] => {
  if (schema === undefined || !isJsonObject(schema)) return []
  const { type } = schema
  return Array.isArray(type) ? (type as readonly Json[]) : type === undefined ? [] : [type]
}

function kindOf(schema: Json | undefined, types: readonly Json[], value: Json | undefined): FieldKind {
  if (typeof value === 'object' && value !== null) return { kind: 'json' }
  const listed = schema !== undefined && isJsonObject(schema) ? schema['enum'] : undefined
  const choices = Array.isArray(listed) ? (listed as readonly Json[]) : null
  if (choices !== null && choices.length <= CHOICES_MAX) return { kind: 'choice', choices }
  const [type, ...more] = types.filter((one) => one !== 'null')
  if (more.length > 0) return { kind: 'json' }
  if (type === 'string') return { kind: 'text' }
  if (type === 'integer' || type === 'number') return { kind: 'number' }
  return type === 'boolean' ? { kind: 'truth' } : { kind: 'json' }
}

/** An operation with another value for one field; undefined leaves the field out. Pure. */
export function withField(op: unknown, name: string, value: Json | undefined): unknown {
  const found = bodyOf(op)
  if (!found) return op
  const copy = copyObject(found.body)
  if (value === undefined) delete copy[name]
  else defineKey(copy, name, value)
  return { ...(op as JsonObject), [found.key]: copy }
}

/** What was typed, as the value that it means for a field of this kind: for the schema to refuse where it is none. Pure. */
export function typedValue({ kind, nullable }: Pick<FormField, 'kind' | 'nullable'>, text: string): Json {
  if (kind === 'number') {
    const trimmed = text.trim()
    if (trimmed === '') return nullable ? null : ''
    const number = Number(trimmed)
    return Number.isFinite(number) ? number : text
  }
  if (kind !== 'json') return text
  try {
    return JSON.parse(text) as Json
  } catch {
    // No JSON: kept as the text that was typed, which the schema refuses with its reason.
    return text
  }
}

/** A value as a field shows it. Pure. */
export function shownValue({ kind, value }: Pick<FormField, 'kind' | 'value'>): string {
  if (value === undefined) return ''
  if (kind === 'json') return JSON.stringify(value)
  if (value === null) return ''
  return typeof value === 'string' ? value : JSON.stringify(value)
}
