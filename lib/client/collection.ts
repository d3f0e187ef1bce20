import type { Json, JsonObject } from '#lib/kernel/json.ts'
import { isJsonObject } from '#lib/kernel/json.ts'
import type { Random } from '#lib/kernel/random.ts'
import { uuidv7 } from '#lib/kernel/uuid.ts'
import type { Mutation, Operation } from '#lib/protocol/mutation.ts'
import type { Clock } from './clock.ts'
import { ReplicaError } from './errors.ts'
import type {
  CounterHandle,
  CounterOptions,
  JsonHandle,
  RegisterHandle,
  SetHandle,
  TextHandle,
} from './field-handles.ts'
import type { CrdtExport } from './exchange.ts'
import { CORE, lazily } from './field-handles.ts'
import { fetched } from './on-demand.ts'
import type { StoreTx } from './store.ts'
import type { ReplicaRecord } from './tables.ts'
import { asRecord, configOf, eachRow, identityOf } from './tables.ts'
import type { TightStore } from './tight-store.ts'
import type { RecordView } from './view.ts'
import { align, readView, viewOf, writtenVersion } from './view.ts'
import type { AppSchema, WriteOptions, WriteReceipt } from './write.ts'
import { writeLocally } from './write.ts'

export type { CrdtExport } from './exchange.ts'
export type { RecordView } from './view.ts'
export type { AppSchema, WriteOptions, WriteReceipt } from './write.ts'

/** What a patch changes: names, or JSON Pointers when they start with `/` (PA1). */
export interface PatchChanges {
  readonly set?: JsonObject
  readonly unset?: readonly string[]
}

/** Reads see this device's own changes at once; writes fail with ReplicaError and are durable when they return. */
export interface Collection {
  get(id: string): Promise<RecordView | null>
  /** In order of record id; at most 10,000, which `limit` lowers. */
  query(filter?: (record: RecordView) => boolean, limit?: number): Promise<readonly RecordView[]>
  /** Writes the whole document; with null under a new id. */
  put(id: string | null, data: JsonObject, options?: WriteOptions): Promise<WriteReceipt>
  patch(id: string, changes: PatchChanges, options?: WriteOptions): Promise<WriteReceipt>
  remove(id: string, options?: WriteOptions): Promise<WriteReceipt>
  /** CRDTs of a record that is there, at a name or a JSON Pointer, in collections or fields of strategy `crdt`. */
  counter(id: string, path: string, options?: CounterOptions): CounterHandle
  set(id: string, path: string): SetHandle
  register(id: string, path: string): RegisterHandle
  /** A text, as a CRDT or in collections or fields of strategy `ot`. */
  text(id: string, path: string): TextHandle
  /** JSON in collections or fields of strategy `ot`. */
  json(id: string, path: string): JsonHandle
  /** A record's CRDTs as this device has them, to hand to another device without the server; null without the record. */
  exportCrdt(id: string): Promise<CrdtExport | null>
  /** Joins what another device exported, and gives the record's id. Who hands it over is the app's to check. */
  mergeCrdt(exported: unknown): Promise<string>
}

/** By collection. */
export type AppSchemas = Readonly<Record<string, AppSchema>>

export const QUERY_RESULTS_MAX = 10_000

export interface CollectionContext {
  readonly store: TightStore
  readonly clock: Clock
  readonly random: Random
  /** Fails when the replica was closed. */
  readonly checkOpen: () => void
  readonly onWrite: () => void
  /** Names this opening of the replica. */
  readonly opening: string
  readonly schemas: AppSchemas
}

export function openCollection(context: CollectionContext, name: string): Collection {
  const { store, clock, random, checkOpen, onWrite, opening, schemas } = context
  const write = async (
    recordId: string,
    op: Operation,
    options: WriteOptions = {},
  ): Promise<WriteReceipt> => {
    checkOpen()
    const input = { collection: name, recordId, op: asJson(op), options, opening, app: schemas[name] }
    const receipt = await store.transactDurably((tx) => writeLocally(tx, clock, random, input))
    onWrite()
    return receipt
  }
  const read = async <T>(work: (tx: StoreTx) => Promise<T>): Promise<T> => {
    checkOpen()
    return store.transact(async (tx) => {
      // A store that was emptied while it was open reads as one without records: it is damaged, which shows here (SDK4).
      await identityOf(tx)
      return work(tx)
    })
  }
  return {
    get: (id) => read((tx) => readView(tx, name, id, schemas[name])),
    query: (filter = () => true, limit = QUERY_RESULTS_MAX) =>
      read((tx) => queryViews(tx, name, schemas[name], filter, Math.min(limit, QUERY_RESULTS_MAX))),
    put: (id, data, options) => write(id ?? uuidv7(clock.now(), random), { type: 'put', data }, options),
    patch: (id, changes, options) => write(id, { type: 'patch', ...changes }, options),
    remove: (id, options) => write(id, { type: 'delete' }, options),
    counter: (id, path, options = {}) =>
      lazily(['value', 'increment', 'decrement'], (parts, core) =>
        parts.openCounter(options, core, context, name, id, path),
      ),
    set: (id, path) =>
      lazily(['values', 'add', 'remove'], (parts, core) => parts.openSet(core, context, name, id, path)),
    register: (id, path) =>
      lazily(['value', 'set', 'clear'], (parts, core) => parts.openRegister(core, context, name, id, path)),
    text: (id, path) =>
      lazily(['value', 'insert', 'delete', 'edit', 'follow'], (parts, core) =>
        parts.openText(core, context, name, id, path),
      ),
    json: (id, path) =>
      lazily(['value', 'insert', 'replace', 'remove', 'move', 'apply'], (parts, core) =>
        parts.openJson(core, context, name, id, path),
      ),
    exportCrdt: async (id) =>
      (await fetched(import('./exchange.ts'))).exchange.exportCrdt(CORE, context, name, id),
    mergeCrdt: async (exported) =>
      (await fetched(import('./exchange.ts'))).exchange.mergeCrdt(CORE, context, name, exported),
  }
}

/** The pages of records and the ids of what this device changed run side by side, so that `limit` bounds what is held. */
async function queryViews(
  tx: StoreTx,
  name: string,
  app: AppSchema | undefined,
  filter: (record: RecordView) => boolean,
  limit: number,
): Promise<readonly RecordView[]> {
  const prefix = `${name}/`
  const config = await configOf(tx, name)
  const changedHere = new Set<string>()
  const note = (id: string | undefined): boolean => changedHere.add(id as string).size > 0
  await eachRow(tx, 'outbox_by_record', prefix, (_, key) => note(key.split('/')[1]))
  await eachRow(tx, 'notices', `conflict/${prefix}`, (_, key) => note(key.split('/')[2]))
  const changed = [...changedHere].sort().reverse()
  const views: RecordView[] = []
  const show = (view: RecordView | null): void => {
    if (view && views.length < limit && filter(view)) views.push(view)
  }
  /** Those that sort before `id`: the server has shown none of them. */
  const showChanged = async (id?: string): Promise<void> => {
    while (views.length < limit) {
      const next = changed.at(-1)
      if (next === undefined || (id !== undefined && next >= id)) return
      show(await readView(tx, name, next, app))
      changed.pop()
    }
  }
  const settled = (record: ReplicaRecord): RecordView | null => {
    const aligned = align(config, record, NO_MUTATIONS, writtenVersion(app, config, record))
    const data = aligned.record?.data ?? null
    return viewOf(record.recordId, { ...aligned, data, inConflict: false }, 0)
  }
  await eachRow<Json>(tx, 'records', prefix, async (value, key) => {
    const record = asRecord(key, value)
    const { recordId: id, heard } = record
    await showChanged(id)
    if (changed.at(-1) === id) changed.pop()
    show(heard || changedHere.has(id) ? await readView(tx, name, id, app) : settled(record))
    return views.length < limit
  })
  await showChanged()
  return views
}

const NO_MUTATIONS: readonly Mutation[] = []

/** What goes over the wire is what was meant: no dates, no undefined, no cycles, nothing shared with the caller. */
function asJson(op: Operation): Operation {
  if (op.type === 'put' && !isJsonObject(op.data))
    throw new ReplicaError('not_json', 'A document is an object.')
  try {
    op = JSON.parse(JSON.stringify(op)) as Operation
  } catch (error) {
    throw new ReplicaError('not_json', String(error), [], error)
  }
  if (op.type === 'patch' && !isPatch(op))
    throw new ReplicaError('invalid_patch', 'set: an object, unset: names')
  return op
}

const isPatch = ({
  type: _,
  set = {},
  unset = [],
  ...rest
}: Extract<Operation, { type: 'patch' }>): boolean =>
  isJsonObject(set) &&
  Array.isArray(unset) &&
  unset.every((key) => typeof key === 'string') &&
  Object.keys(rest).length === 0
