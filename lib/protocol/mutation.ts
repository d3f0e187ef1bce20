import { z } from 'zod'
import type { Json, JsonObject } from '#lib/kernel/json.ts'
import { isJsonObject } from '#lib/kernel/json.ts'
import { isUuid } from '#lib/kernel/uuid.ts'
import type { CrdtChange } from './crdt.ts'
import { crdtChange, unknownChangeField } from './crdt.ts'
import { CRDT_CHANGES_MAX, CRDT_PATH_CHARS_MAX, SCHEMA_VERSION_MAX, UNSET_KEYS_MAX } from './limits.ts'

/** A canonical UUID; other spellings of the same id would break equality of texts. */
export const uuid = z.string().refine(isUuid, 'must be a lower-case UUID')
export const isoTime = z.iso.datetime({ offset: true })
export const jsonObject = z.custom<JsonObject>(isJsonObject, 'must be an object')
const json = z.custom<Json>((value) => value !== undefined, 'must be JSON')
/** A measured time or difference in ms: other people's clocks have fractions. */
export const measuredMs = z.number().min(-Number.MAX_SAFE_INTEGER).max(Number.MAX_SAFE_INTEGER)
/** An optional field that a serializer wrote as null is one that isn't there. */
export const orNull = <T extends z.ZodType>(schema: T) =>
  schema
    .nullable()
    .transform((value) => value ?? undefined)
    .optional()

export const COLLECTION_NAME = /^[a-z][a-z0-9-]{0,62}$/
export const collectionName = z
  .string()
  .regex(COLLECTION_NAME, 'must be lower-case letters, digits and dashes, at most 63')

/** What a device asks for; loose, since an unknown field refuses one mutation and not the push. */
export const operation = z.discriminatedUnion('type', [
  z.looseObject({ type: z.literal('put'), data: jsonObject }),
  z.looseObject({
    type: z.literal('patch'),
    set: orNull(z.record(z.string(), json)),
    unset: orNull(z.array(z.string()).max(UNSET_KEYS_MAX)),
  }),
  z.looseObject({ type: z.literal('delete') }),
  z.looseObject({ type: z.literal('crdt'), changes: z.array(crdtChange).min(1).max(CRDT_CHANGES_MAX) }),
  z.looseObject({
    type: z.literal('ot'),
    path: z.string().min(1).max(CRDT_PATH_CHARS_MAX),
    kind: z.enum(['text', 'json']),
    baseRevision: z.int().min(0),
    ops: json,
  }),
])

/** A write of a document or of parts of it. */
export type DocumentOperation =
  | { readonly type: 'put'; readonly data: JsonObject }
  | {
      readonly type: 'patch'
      readonly set?: JsonObject | undefined
      readonly unset?: readonly string[] | undefined
    }
  | { readonly type: 'delete' }

export interface CrdtOperation {
  readonly type: 'crdt'
  readonly changes: readonly CrdtChange[]
}

/** `ops` in the form of ot-text-unicode or ot-json1. */
export interface OtOperation {
  readonly type: 'ot'
  readonly path: string
  readonly kind: 'text' | 'json'
  readonly baseRevision: number
  readonly ops: Json
}

export type Operation = DocumentOperation | CrdtOperation | OtOperation

/** Fields by operation type, for `unknown_field`. */
const OPERATION_FIELDS: Record<Operation['type'], readonly string[]> = {
  put: ['type', 'data'],
  patch: ['type', 'set', 'unset'],
  delete: ['type'],
  crdt: ['type', 'changes'],
  ot: ['type', 'path', 'kind', 'baseRevision', 'ops'],
}

/** First field of a mutation that the contract doesn't name, as a path; null when there is none. */
export function unknownField(mutation: Mutation): string | null {
  for (const key of Object.keys(mutation)) if (!MUTATION_FIELDS.has(key)) return key
  const { op } = mutation
  const known = OPERATION_FIELDS[op.type]
  for (const key of Object.keys(op)) if (!known.includes(key)) return `op.${key}`
  const inChanges = op.type === 'crdt' ? unknownChangeField(op.changes) : null
  return inChanges === null ? null : `op.${inChanges}`
}

export const mutation = z.looseObject({
  id: uuid,
  collection: z.string().min(1).max(64),
  recordId: uuid,
  baseVersion: z.int().min(0),
  baseEpoch: orNull(z.int().min(0)),
  after: orNull(uuid),
  schemaVersion: z.int().min(1).max(SCHEMA_VERSION_MAX),
  hlc: z.string().max(60),
  madeAt: isoTime,
  madeOffsetMs: orNull(measuredMs),
  resolves: orNull(uuid),
  op: operation,
})

const MUTATION_FIELDS: ReadonlySet<string> = new Set(Object.keys(mutation.shape))
const OPTIONAL_FIELDS: ReadonlySet<string> = new Set(['baseEpoch', 'after', 'madeOffsetMs', 'resolves'])

/** A checked mutation without the optional fields that a serializer wrote as null: itself where there are none. */
export function withoutNulls(mutation: Mutation): Mutation {
  const isLeftOut = (name: string, value: unknown): boolean => value === null && OPTIONAL_FIELDS.has(name)
  const { set, unset } = mutation.op as { set?: Json; unset?: Json }
  const hasNullPart = mutation.op.type === 'patch' && (set === null || unset === null)
  if (!hasNullPart && !Object.entries(mutation).some(([name, value]) => isLeftOut(name, value)))
    return mutation
  const kept = Object.entries(mutation).filter(([name, value]) => !isLeftOut(name, value))
  const op = Object.fromEntries(
    Object.entries(mutation.op).filter(([, value]) => !hasNullPart || value !== null),
  )
  return { ...Object.fromEntries(kept), op } as unknown as Mutation
}

/** One local change as it travels. Times are the raw device clock. */
export interface Mutation {
  readonly id: string
  readonly collection: string
  readonly recordId: string
  readonly baseVersion: number
  readonly baseEpoch?: number | undefined
  readonly after?: string | undefined
  readonly schemaVersion: number
  readonly hlc: string
  readonly madeAt: string
  readonly madeOffsetMs?: number | undefined
  readonly resolves?: string | undefined
  readonly op: Operation
}
