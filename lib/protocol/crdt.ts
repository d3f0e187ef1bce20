import { z } from 'zod'
import type { Json } from '#lib/kernel/json.ts'
import { CRDT_DOTS_MAX, CRDT_PATH_CHARS_MAX } from './limits.ts'

export const CRDT_KINDS = ['g-counter', 'pn-counter', 'or-set', 'lww-register', 'text'] as const
export type CrdtKind = (typeof CRDT_KINDS)[number]

/** What each device has counted in all, by device id: positive safe integers. */
export type Totals = Readonly<Record<string, number>>

/** One element of a set, under the dot `deviceId:n` of the write that added it. */
export interface DottedValue {
  readonly value: Json
  readonly dot: string
}

/** A delta-state at a JSON Pointer, as a device sends it. */
export type CrdtChange =
  | { readonly path: string; readonly kind: 'g-counter'; readonly state: Totals }
  | {
      readonly path: string
      readonly kind: 'pn-counter'
      readonly state: { readonly p?: Totals | undefined; readonly n?: Totals | undefined }
    }
  | {
      readonly path: string
      readonly kind: 'or-set'
      readonly add?: readonly DottedValue[] | undefined
      readonly remove?: readonly string[] | undefined
    }
  /** Without `value` the register holds nothing, and its field is not in the document. */
  | {
      readonly path: string
      readonly kind: 'lww-register'
      readonly value?: Json | undefined
      readonly hlc: string
    }
  | { readonly path: string; readonly kind: 'text'; readonly update: string }

export interface GCounterState {
  readonly kind: 'g-counter'
  readonly state: Totals
}
export interface PnCounterState {
  readonly kind: 'pn-counter'
  readonly state: { readonly p: Totals; readonly n: Totals }
}
/** First and last dot number of a run, both of them in it. */
export type DotRange = readonly [number, number]
/** `add` holds what is in the set, in dot order; `seen` every dot ever heard of, so that one seen and not in `add` is removed. */
export interface OrSetState {
  readonly kind: 'or-set'
  readonly add: readonly DottedValue[]
  readonly seen: Readonly<Record<string, readonly DotRange[]>>
}
export interface LwwRegisterState {
  readonly kind: 'lww-register'
  readonly value?: Json | undefined
  readonly hlc: string
}
/** One Yjs update, in base64, that holds everything so far. */
export interface TextState {
  readonly kind: 'text'
  readonly update: string
}
export type CrdtState = GCounterState | PnCounterState | OrSetState | LwwRegisterState | TextState

/** A record's CRDTs by JSON Pointer, as pulls and results carry them. */
export type CrdtStates = Readonly<Record<string, CrdtState>>

const totals = z.record(z.string(), z.number())
const place = { path: z.string().min(1).max(CRDT_PATH_CHARS_MAX) }
const json = z.custom<Json>((value) => value !== undefined, 'must be JSON')

/** Loose, since an unknown field refuses one mutation and not the push; what values mean is the engine's to say. */
export const crdtChange = z.discriminatedUnion('kind', [
  z.looseObject({ ...place, kind: z.literal('g-counter'), state: totals }),
  z.looseObject({
    ...place,
    kind: z.literal('pn-counter'),
    state: z.looseObject({ p: totals.optional(), n: totals.optional() }),
  }),
  z.looseObject({
    ...place,
    kind: z.literal('or-set'),
    add: z
      .array(z.looseObject({ value: json, dot: z.string().max(60) }))
      .max(CRDT_DOTS_MAX)
      .optional(),
    remove: z.array(z.string().max(60)).max(CRDT_DOTS_MAX).optional(),
  }),
  z.looseObject({
    ...place,
    kind: z.literal('lww-register'),
    value: json.optional(),
    hlc: z.string().max(60),
  }),
  z.looseObject({ ...place, kind: z.literal('text'), update: z.string() }),
])

const dotted = z.object({ value: json, dot: z.string() })
export const crdtStates: z.ZodType<CrdtStates> = z.record(
  z.string(),
  z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('g-counter'), state: totals }),
    z.object({ kind: z.literal('pn-counter'), state: z.object({ p: totals, n: totals }) }),
    z.object({
      kind: z.literal('or-set'),
      add: z.array(dotted),
      seen: z.record(z.string(), z.array(z.tuple([z.number(), z.number()]))),
    }),
    z.object({ kind: z.literal('lww-register'), value: json.optional(), hlc: z.string() }),
    z.object({ kind: z.literal('text'), update: z.string() }),
  ]),
)

const CHANGE_FIELDS: Record<CrdtKind, readonly string[]> = {
  'g-counter': ['path', 'kind', 'state'],
  'pn-counter': ['path', 'kind', 'state'],
  'or-set': ['path', 'kind', 'add', 'remove'],
  'lww-register': ['path', 'kind', 'value', 'hlc'],
  text: ['path', 'kind', 'update'],
}

/** First field of these changes that the contract doesn't name, as a path into the operation. */
export function unknownChangeField(changes: readonly CrdtChange[]): string | null {
  for (const [i, change] of changes.entries()) {
    const found =
      strangeKey(change, CHANGE_FIELDS[change.kind]) ??
      (change.kind === 'pn-counter' ? inside('state', strangeKey(change.state, ['p', 'n'])) : null) ??
      (change.kind === 'or-set' ? strangeElement(change.add ?? []) : null)
    if (found !== null) return `changes.${i}.${found}`
  }
  return null
}

function strangeElement(elements: readonly DottedValue[]): string | null {
  for (const [i, element] of elements.entries()) {
    const found = strangeKey(element, ['value', 'dot'])
    if (found !== null) return `add.${i}.${found}`
  }
  return null
}

const strangeKey = (value: object, known: readonly string[]): string | null =>
  Object.keys(value).find((key) => !known.includes(key)) ?? null
const inside = (name: string, key: string | null): string | null => (key === null ? null : `${name}.${key}`)
