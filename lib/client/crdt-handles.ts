import { parseKey, toPointer } from '#lib/engine/patch.ts'
import type { Json } from '#lib/kernel/json.ts'
import { canonicalJson, isJsonObject } from '#lib/kernel/json.ts'
import { uuidv7 } from '#lib/kernel/uuid.ts'
import type { CrdtChange } from '#lib/protocol/crdt.ts'
import type { Operation } from '#lib/protocol/mutation.ts'
import type { CollectionContext } from './collection.ts'
import { crdtParts } from './crdt-loader.ts'
import type { CrdtGround } from './crdt-parts.ts'
import { noteDot, spoiltDots } from './device-dots.ts'
import { ReplicaError } from './errors.ts'
import type { StoreTx } from './store.ts'
import type { Counted } from './tables.ts'
import { identityOf } from './tables.ts'
import { groundOf, readGround, readView } from './view.ts'
import type { WriteReceipt } from './write.ts'
import { writeLocally } from './write.ts'

/** A number that devices count up and down together: all their steps are in it, whoever was offline. */
export interface CounterHandle {
  /** 0 when nothing was counted yet. */
  value(): Promise<number>
  /** Whole numbers only. */
  increment(by?: number): Promise<WriteReceipt>
  decrement(by?: number): Promise<WriteReceipt>
}

/** A set of values; an addition wins over a removal that didn't see it. */
export interface SetHandle {
  values(): Promise<readonly Json[]>
  add(value: Json): Promise<WriteReceipt>
  /** Null when the value isn't in the set: there is nothing to send. */
  remove(value: Json): Promise<WriteReceipt | null>
}

/** A text that several may write in at once. Positions count UTF-16 units, as JavaScript does. */
export interface TextHandle {
  value(): Promise<string>
  insert(index: number, text: string): Promise<WriteReceipt>
  delete(index: number, length: number): Promise<WriteReceipt>
}

export interface CounterOptions {
  /** A counter that was never counted in becomes one that only grows. */
  readonly growOnly?: boolean
}

/** One CRDT of one record, and how to change it. */
interface Place {
  readonly context: CollectionContext
  readonly collection: string
  readonly recordId: string
  /** JSON Pointer. */
  readonly path: string
}

interface Standing {
  readonly tx: StoreTx
  readonly ground: CrdtGround
  readonly deviceId: string
  readonly value: Json | undefined
}

/** The change, and the value that it makes, which is written where the state isn't known; null: nothing to do. */
type Edit = (
  standing: Standing,
) => Promise<{ change: () => CrdtChange; next: Json; counted?: Counted } | null>

export function placeOf(
  context: CollectionContext,
  collection: string,
  recordId: string,
  path: string,
): Place {
  const parts = parseKey(path)
  if (!parts) throw new ReplicaError('invalid_patch', `bad_pointer at ${path}`)
  return { context, collection, recordId, path: toPointer(parts) }
}

async function write(place: Place, edit: Edit): Promise<WriteReceipt | null> {
  const { context, collection, recordId, path } = place
  const { store, clock, random, checkOpen, onWrite, opening } = context
  checkOpen()
  const receipt = await store.transactDurably(async (tx) => {
    const { record, own } = await readGround(tx, collection, recordId)
    const ground = crdtParts().rebase(await groundOf(tx, collection, record), own)
    if (ground.data === null) throw new ReplicaError('not_found', `${collection}/${recordId}`)
    const { deviceId } = await identityOf(tx)
    const made = await edit({ tx, ground, deviceId, value: valueAt(ground.data, path) })
    if (!made) return null
    const op: Operation = ground.written.has(path)
      ? { type: 'patch', set: { [path]: made.next } }
      : { type: 'crdt', changes: [made.change()] }
    const counted = op.type === 'crdt' ? (made.counted ?? {}) : undefined
    const app = context.schemas[collection]
    return writeLocally(tx, clock, random, { collection, recordId, op, options: {}, opening, counted, app })
  })
  if (receipt) onWrite()
  return receipt
}

async function written(place: Place, edit: Edit): Promise<WriteReceipt> {
  const receipt = await write(place, edit)
  if (!receipt) throw new ReplicaError('invalid_patch', `nothing to change at ${place.path}`)
  return receipt
}

async function read({ context, collection, recordId, path }: Place): Promise<Json | undefined> {
  context.checkOpen()
  const view = await context.store.transact((tx) => readView(tx, collection, recordId))
  return view ? valueAt(view.data, path) : undefined
}

function valueAt(data: Json, path: string): Json | undefined {
  return (parseKey(path) ?? []).reduce<Json | undefined>(
    (node, key) =>
      node !== undefined && isJsonObject(node) && Object.hasOwn(node, key) ? node[key] : undefined,
    data,
  )
}

const asNumber = (value: Json | undefined): number => (typeof value === 'number' ? value : 0)
const asList = (value: Json | undefined): readonly Json[] => (Array.isArray(value) ? value : [])
const asText = (value: Json | undefined): string => (typeof value === 'string' ? value : '')

export function openCounter(place: Place, { growOnly = false }: CounterOptions): CounterHandle {
  const count = (by: number): Promise<WriteReceipt> =>
    written(place, async ({ ground, deviceId, value }) => ({
      change: () => crdtParts().count(ground, place.path, deviceId, by, growOnly),
      next: asNumber(value) + by,
      counted: { [place.path]: [Math.max(by, 0), Math.max(-by, 0)] },
    }))
  return {
    value: async () => asNumber(await read(place)),
    increment: (by = 1) => count(by),
    decrement: (by = 1) => count(-by),
  }
}

export function openSet(place: Place): SetHandle {
  const { path } = place
  const parts = crdtParts
  return {
    values: async () => asList(await read(place)),
    add: (input) =>
      written(place, async ({ tx, ground, deviceId, value: before }) => {
        const value = asJson(input)
        const isWritten = ground.written.has(path)
        const n = isWritten ? 0 : parts().nextDot(ground, path, deviceId, (await spoiltDots(tx)) + 1)
        if (n > 0) await noteDot(tx, n)
        return {
          change: () => ({
            path,
            kind: 'or-set',
            add: [{ value, dot: `${deviceId}:${n}` }],
            remove: parts().dots(ground, path, value),
          }),
          next: [...without(asList(before), value), value],
        }
      }),
    remove: (input) =>
      write(place, async ({ ground, value: before }) => {
        const value = asJson(input)
        const rest = without(asList(before), value)
        if (rest.length === asList(before).length) return null
        const change = (): CrdtChange => ({
          path,
          kind: 'or-set',
          add: [],
          remove: parts().dots(ground, path, value),
        })
        return { change, next: rest }
      }),
  }
}

function asJson(value: Json): Json {
  const text = JSON.stringify(value) as string | undefined
  if (text === undefined) throw new ReplicaError('not_json', 'An element is JSON.')
  return JSON.parse(text) as Json
}

function without(values: readonly Json[], value: Json): readonly Json[] {
  const text = canonicalJson(value)
  return values.filter((item) => canonicalJson(item) !== text)
}

export function openText(place: Place): TextHandle {
  const splice = (index: number, removed: number, inserted: string): Promise<WriteReceipt> =>
    written(place, async ({ ground, value }) => {
      const before = asText(value)
      const fits = Number.isInteger(index) && Number.isInteger(removed) && index >= 0 && removed >= 0
      if (!fits || index + removed > before.length)
        throw new ReplicaError('invalid_patch', `index_out_of_range at ${place.path}`)
      const next = before.slice(0, index) + inserted + before.slice(index + removed)
      const { context, collection, recordId, path } = place
      const { clock, random, opening } = context
      const seed = uuidv7(Math.max(0, clock.now()), random)
      const writer = `${opening}/${collection}/${recordId}${path}`
      return { change: () => crdtParts().edit(ground, path, next, seed, writer), next }
    })
  return {
    value: async () => asText(await read(place)),
    insert: (index, text) => splice(index, 0, text),
    delete: (index, length) => splice(index, length, ''),
  }
}
