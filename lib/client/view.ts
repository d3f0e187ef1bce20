import type { CollectionRules } from '#lib/engine/types.ts'
import { applyOperation } from '#lib/engine/patch.ts'
import type { JsonObject } from '#lib/kernel/json.ts'
import type { Mutation } from '#lib/protocol/mutation.ts'
import { crdtParts, otParts } from './on-demand.ts'
import type { CrdtGround } from './crdt-parts.ts'
import { conflictsOf } from './notices.ts'
import { pendingOf } from './outbox.ts'
import type { StoreTx } from './store.ts'
import type { OutboxEntry, ReplicaRecord } from './tables.ts'
import { getMeta, getRecord } from './tables.ts'

/** A record as this device shows it: what the server last said, with the device's own open changes on top (SM5). */
export interface RecordView {
  readonly id: string
  readonly data: JsonObject
  /** The server's version under the view; 0 for a record that only this device knows. */
  readonly version: number
  /** Changes that wait to be sent or answered. */
  readonly pending: number
  /** A person must decide between this view and the server's record. */
  readonly inConflict: boolean
}

/** What a view is made of, and what the next change of the record stands on. */
export interface RecordGround {
  readonly record: ReplicaRecord | null
  /** The device's changes that are not settled, in order. */
  readonly own: readonly Mutation[]
  readonly data: JsonObject | null
  readonly pending: readonly OutboxEntry[]
  readonly inConflict: boolean
  /** The record's last own mutation that is pending, or waits in a conflict: the next one's `after`. */
  readonly lastMutationId: string | null
}

/** The document after the operations, in order; one that no longer fits leaves it as it was, as does a patch of nothing. */
export function rebase(data: JsonObject | null, mutations: readonly Mutation[]): JsonObject | null {
  return mutations.reduce<JsonObject | null>((document, { op }) => {
    if (document === null && op.type === 'patch') return null
    const next = applyOperation(document, op)
    return next.ok ? next.value : document
  }, data)
}

export async function readGround(tx: StoreTx, collection: string, recordId: string): Promise<RecordGround> {
  const record = await getRecord(tx, collection, recordId)
  const pending = (await pendingOf(tx, collection, recordId)).filter(({ asked }) => !asked)
  const conflicts = await conflictsOf(tx, collection, recordId)
  const own = [
    ...conflicts.flatMap((conflict) => conflict.mutations),
    ...pending.map((entry) => entry.mutation),
  ]
  const has = (type: Mutation['op']['type']): boolean => own.some(({ op }) => op.type === type)
  return {
    record,
    own,
    data:
      has('crdt') || record?.heard
        ? crdtParts().rebase(await groundOf(tx, collection, record), own).data
        : has('ot')
          ? otParts().rebase(record?.data ?? null, own)
          : rebase(record?.data ?? null, own),
    pending,
    inConflict: conflicts.length > 0,
    lastMutationId: own.at(-1)?.id ?? null,
  }
}

type Rules = Pick<CollectionRules, 'strategy' | 'fieldStrategies'>
/** Before the first config nothing says what isn't a CRDT: the server judges. */
export const UNKNOWN_RULES: Rules = { strategy: 'crdt', fieldStrategies: {} }

export const rulesOf = async (tx: StoreTx, collection: string): Promise<Rules> =>
  (await getMeta(tx, 'config'))?.collections.find(({ name }) => name === collection) ?? UNKNOWN_RULES

/** A record and its CRDTs as the server last showed them. */
export async function groundOf(
  tx: StoreTx,
  collection: string,
  record: ReplicaRecord | null,
): Promise<CrdtGround> {
  return {
    rules: await rulesOf(tx, collection),
    data: record?.data ?? null,
    states: record?.crdt ?? {},
    hlc: record?.hlc ?? '',
    written: new Set(),
    heard: record?.heard,
    life: record?.life,
  }
}

/** Null when there is no such record, or it is deleted in the view. */
export async function readView(
  tx: StoreTx,
  collection: string,
  recordId: string,
): Promise<RecordView | null> {
  const { record, data, pending, inConflict } = await readGround(tx, collection, recordId)
  return data && { id: recordId, data, version: record?.version ?? 0, pending: pending.length, inConflict }
}
