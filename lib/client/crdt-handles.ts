import { edited } from '#lib/engine/replaced-range.ts'
import { followed } from '#lib/engine/text-difference.ts'
import { usesOt } from '#lib/engine/ot/paths.ts'
import { parseKey } from '#lib/engine/patch.ts'
import type { Json } from '#lib/kernel/json.ts'
import { canonicalJson } from '#lib/kernel/json.ts'
import { toPointer, valueAt } from '#lib/kernel/json-pointer.ts'
import { uuidv7 } from '#lib/kernel/uuid.ts'
import type { CrdtChange } from '#lib/protocol/crdt.ts'
import { CRDT_PATH_CHARS_MAX } from '#lib/protocol/limits.ts'
import type { Operation } from '#lib/protocol/mutation.ts'
import { assignment } from './assignment.ts'
import type { CollectionContext } from './collection.ts'
import type { CrdtGround } from './crdt-parts.ts'
import { ReplicaError } from './errors.ts'
import type {
  CounterHandle,
  CounterOptions,
  HandleCore,
  JsonHandle,
  RegisterHandle,
  SetHandle,
  TextHandle,
} from './field-handles.ts'
import type { OtEdit } from './ot-parts.ts'
import type { StoreTx } from './store.ts'
import type { Counted } from './tables.ts'
import type { TextEdit } from './text-edits.ts'
import { checkedEdits } from './text-edits.ts'
import type { RecordGround } from './view.ts'
import type { WriteReceipt } from './write.ts'

/** One CRDT of one record, and how to change it. */
interface Place {
  readonly core: HandleCore
  readonly context: CollectionContext
  readonly collection: string
  readonly recordId: string
  /** JSON Pointer. */
  readonly path: string
}

interface Standing {
  readonly tx: StoreTx
  readonly ground: CrdtGround
  /** JSON Pointer under the ground's schema version. */
  readonly at: string
  readonly deviceId: string
  readonly value: Json | undefined
}

interface Made {
  /** Null: no one change can say it. */
  readonly change: () => CrdtChange | null
  /** The value that it makes, which is written where the state isn't known, or the change can't be said. */
  readonly next: () => Json | undefined
  readonly counted?: Counted
  /** Nothing says yet what the path is: the server makes the difference what it has to be. */
  readonly asDocument?: boolean
  /** It takes something away. */
  readonly removes?: boolean
}

/** Null: nothing to do. */
type Edit = (standing: Standing) => Promise<Made | null>

function placeOf(
  core: HandleCore,
  context: CollectionContext,
  collection: string,
  recordId: string,
  path: string,
): Place {
  const parts = parseKey(path)
  const pointer = parts && toPointer(parts)
  if (pointer === null || pointer.length > CRDT_PATH_CHARS_MAX)
    throw new ReplicaError('invalid_patch', `bad_pointer at ${path}`)
  return { core, context, collection, recordId, path: pointer }
}

async function write(place: Place, edit: Edit): Promise<WriteReceipt | null> {
  const { core, context, collection, recordId, path } = place
  const { store, checkOpen, onWrite } = context
  checkOpen()
  const receipt = await store.transactDurably(async (tx) => {
    const standing = await groundAt(place, tx)
    const { record, own, at } = standing
    const ground = core.crdtParts().rebase(await core.groundOf(tx, collection, record), own)
    if (ground.data === null) throw new ReplicaError('not_found', `${collection}/${recordId}`)
    if (usesOt(ground.rules)) throw new ReplicaError('invalid_patch', `not_crdt at ${path}`)
    const { deviceId } = await core.identityOf(tx)
    const made = await edit({ tx, ground, at, deviceId, value: valueAt(ground.data, at) })
    if (!made) return null
    const change = isForServer(ground, at, made) ? null : made.change()
    const op: Operation = change
      ? { type: 'crdt', changes: [{ ...change, path }] }
      : assignment(path, made.next())
    const misfit =
      op.type === 'crdt'
        ? core.crdtParts().misfit(
            ground,
            op.changes.map((change) => ({ ...change, path: at })),
          )
        : null
    if (misfit !== null) throw new ReplicaError('invalid_patch', misfit)
    const counted = op.type === 'crdt' ? (made.counted ?? {}) : undefined
    return writeOn(tx, place, standing, op, counted)
  })
  if (receipt) onWrite()
  return receipt
}

/**
 * True where only the server can say what the change is. What is added to a plain value of one's own is so much more, whatever
 * that became meanwhile; what is taken away is named by what it is part of.
 */
const isForServer = ({ written, leftPlain }: CrdtGround, at: string, made: Made): boolean =>
  Boolean(made.asDocument || written.has(at) || (made.removes && leftPlain?.has(at)))

/** Under OT the operation is made on what the device shows, its own operations included. */
async function writeOt(place: Place, edit: OtEdit): Promise<WriteReceipt> {
  const { core, context, collection, recordId, path } = place
  const { store, checkOpen, onWrite } = context
  checkOpen()
  const receipt = await store.transactDurably(async (tx) => {
    const ground = await groundAt(place, tx)
    if (ground.data === null) throw new ReplicaError('not_found', `${collection}/${recordId}`)
    const op = core.otParts().edit(await core.rulesOf(tx, collection), ground, { at: ground.at, path }, edit)
    return writeOn(tx, place, ground, op)
  })
  onWrite()
  return receipt
}

/** Puts the change into the outbox, on the ground that it was made on. */
function writeOn(
  tx: StoreTx,
  { core, context, collection, recordId }: Place,
  ground: RecordGround,
  op: Operation,
  counted?: Counted,
): Promise<WriteReceipt> {
  const { clock, random, opening, schemas } = context
  const input = { collection, recordId, op, options: {}, opening, counted, app: schemas[collection], ground }
  return core.writeLocally(tx, clock, random, input)
}

async function written(place: Place, edit: Edit): Promise<WriteReceipt> {
  const receipt = await write(place, edit)
  if (!receipt) throw new ReplicaError('invalid_patch', `nothing to change at ${place.path}`)
  return receipt
}

/** What the change stands on, and where its field is there: the server may have brought the record up further than the app. */
async function groundAt(
  { core, context, collection, recordId, path }: Place,
  tx: StoreTx,
): Promise<RecordGround & { readonly at: string }> {
  const ground = await core.readGround(tx, collection, recordId, context.schemas[collection])
  const { config, version, writes } = ground
  if (!config?.upMigrations?.length || writes >= version) return { ...ground, at: path }
  const at = core.evolutionParts().pointer({ ...config, schemaVersion: version }, path, writes)
  if (at === null) throw new ReplicaError('invalid_patch', `removed at ${path}`)
  return { ...ground, at }
}

async function read(place: Place): Promise<Json | undefined> {
  place.context.checkOpen()
  const { data, at } = await place.context.store.transact((tx) => groundAt(place, tx))
  return valueAt(data, at)
}

const asNumber = (value: Json | undefined): number => (typeof value === 'number' ? value : 0)
const asList = (value: Json | undefined): readonly Json[] => (Array.isArray(value) ? value : [])
const asText = (value: Json | undefined): string => (typeof value === 'string' ? value : '')

function openCounter(place: Place, { growOnly = false }: CounterOptions): CounterHandle {
  const count = (by: number): Promise<WriteReceipt> =>
    written(place, async ({ ground, at, deviceId, value }) => ({
      change: () => place.core.crdtParts().count(ground, at, deviceId, by, growOnly),
      next: () => asNumber(value) + by,
      counted: { [place.path]: [Math.max(by, 0), Math.max(-by, 0)] },
    }))
  return {
    value: async () => asNumber(await read(place)),
    increment: (by = 1) => count(by),
    decrement: (by = 1) => count(-by),
  }
}

function openSet(place: Place): SetHandle {
  const { core, path } = place
  const parts = core.crdtParts
  return {
    values: async () => asList(await read(place)),
    add: (input) =>
      written(place, async ({ tx, ground, at, deviceId, value: before }) => {
        const value = asJson(input)
        const isWritten = ground.written.has(at)
        const n = isWritten ? 0 : parts().nextDot(ground, at, deviceId, (await core.spoiltDots(tx)) + 1)
        if (n > 0) await core.noteDot(tx, n)
        return {
          change: () => ({
            path,
            kind: 'or-set',
            add: [{ value, dot: `${deviceId}:${n}` }],
            remove: parts().dots(ground, at, value),
          }),
          next: () => [...without(asList(before), value), value],
        }
      }),
    remove: (input) =>
      write(place, async ({ ground, at, value: before }) => {
        const value = asJson(input)
        const rest = without(asList(before), value)
        if (rest.length === asList(before).length) return null
        const change = (): CrdtChange => ({
          path,
          kind: 'or-set',
          add: [],
          remove: parts().dots(ground, at, value),
        })
        return { change, next: () => rest, removes: true }
      }),
  }
}

function asJson(value: Json): Json {
  try {
    // Undefined has no text, which is no JSON either.
    return JSON.parse(JSON.stringify(value)) as Json
  } catch (error) {
    throw new ReplicaError('not_json', String(error), [], error)
  }
}

function without(values: readonly Json[], value: Json): readonly Json[] {
  const text = canonicalJson(value)
  return values.filter((item) => canonicalJson(item) !== text)
}

function openRegister(place: Place): RegisterHandle {
  const { core, context } = place
  const write = (input: Json | undefined): Promise<WriteReceipt> =>
    written(place, async ({ tx, ground, at, deviceId }) => {
      const value = input === undefined ? undefined : asJson(input)
      const hlc = await core.tickClock(tx, deviceId, context.clock.now())
      return { change: () => core.crdtParts().assign(ground, at, value, hlc), next: () => value }
    })
  return { value: () => read(place), set: (value) => write(value), clear: () => write(undefined) }
}

function openJson(place: Place): JsonHandle {
  const apply = (ops: Json): Promise<WriteReceipt> => writeOt(place, { kind: 'json', ops: asJson(ops) })
  return {
    value: () => read(place),
    insert: (at, value) => apply([...at, { i: value }]),
    replace: (at, value) => apply([...at, { r: true, i: value }]),
    remove: (at) => apply([...at, { r: true }]),
    move: (from, to) => writeOt(place, { kind: 'json', from, to }),
    apply,
  }
}

function openText(place: Place): TextHandle {
  const edit = async (edits: readonly TextEdit[]): Promise<WriteReceipt> => {
    place.context.checkOpen()
    const rules = await place.context.store.transact((tx) => place.core.rulesOf(tx, place.collection))
    return usesOt(rules) ? writeOt(place, { kind: 'text', edits }) : editCrdt(edits)
  }
  const editCrdt = (edits: readonly TextEdit[]): Promise<WriteReceipt> =>
    written(place, async ({ ground, at, value }) => {
      const { context, collection, recordId, path } = place
      const { clock, random, opening } = context
      const before = asText(value)
      const made = { before, ranges: checkedEdits(before, edits, path) }
      const seed = uuidv7(clock.now(), random)
      const writer = `${opening}/${collection}/${recordId}${path}`
      return {
        change: () => place.core.crdtParts().edit(ground, at, made, seed, writer),
        next: () => edited(made),
        asDocument: ground.rules === place.core.UNKNOWN_RULES,
        removes: edits.some(({ removed = 0 }) => removed > 0),
      }
    })
  return {
    value: async () => asText(await read(place)),
    edit,
    insert: (index, inserted) => edit([{ index, inserted }]),
    delete: (index, removed) => edit([{ index, removed }]),
    async follow(seen, positions) {
      const value = asText(await read(place))
      return { value, positions: followed(seen, value, positions) }
    },
  }
}

type Of = Parameters<typeof placeOf>

export const handles = {
  openCounter: (options: CounterOptions, ...of: Of) => openCounter(placeOf(...of), options),
  openSet: (...of: Of) => openSet(placeOf(...of)),
  openRegister: (...of: Of) => openRegister(placeOf(...of)),
  openText: (...of: Of) => openText(placeOf(...of)),
  openJson: (...of: Of) => openJson(placeOf(...of)),
}
