import { usesCrdt } from '#lib/engine/crdt/governed.ts'
import { usesOt } from '#lib/engine/ot/paths.ts'
import type { CollectionRules } from '#lib/engine/types.ts'
import { applyOperation } from '#lib/engine/patch.ts'
import type { JsonObject } from '#lib/kernel/json.ts'
import type { CollectionConfig } from '#lib/protocol/device.ts'
import type { Mutation } from '#lib/protocol/mutation.ts'
import { crdtParts, evolutionParts, otParts } from './on-demand.ts'
import type { CrdtGround } from './crdt-parts.ts'
import type { Aligned } from './evolution-parts.ts'
import { conflictsOf } from './notices.ts'
import { pendingOf } from './outbox.ts'
import type { StoreTx } from './store.ts'
import type { OutboxEntry, ReplicaRecord } from './tables.ts'
import { configOf, getRecord } from './tables.ts'
import type { AppSchema } from './write.ts'

/** A record as this device shows it: what the server last said, with the device's own open changes on top (SM5). */
export interface RecordView {
  readonly id: string
  readonly data: JsonObject
  /** The server's version under the view; 0 for a record that only this device knows. */
  readonly version: number
  /** Changes that wait to be sent or answered. */
  readonly pending: number
  /** Of `data`. Newer than the app's own where the server has brought the record up. */
  readonly schemaVersion: number
  /** A person must decide between this view and the server's record. */
  readonly inConflict: boolean
}

/** What a view is made of, and what the next change of the record stands on: all of it under one schema version. */
export interface RecordGround {
  readonly record: ReplicaRecord | null
  /** The device's changes that are not settled, in order. */
  readonly own: readonly Mutation[]
  readonly config: CollectionConfig | undefined
  /** The schema version of all this; at least the one that the app writes. */
  readonly version: number
  /** The schema version that the app writes. */
  readonly writes: number
  readonly data: JsonObject | null
  readonly pending: readonly OutboxEntry[]
  readonly inConflict: boolean
  /** The record's last own mutation that is pending, or waits in a conflict: the next one's `after`. */
  readonly lastMutationId: string | null
}

/** The document after the operations, in order; one that no longer fits leaves it as it was, as does a patch of nothing. */
function rebase(data: JsonObject | null, mutations: readonly Mutation[]): JsonObject | null {
  return mutations.reduce<JsonObject | null>((document, { op }) => {
    if (document === null && op.type === 'patch') return null
    const next = applyOperation(document, op)
    return next.ok ? next.value : document
  }, data)
}

const NONE_WRITTEN: ReadonlySet<string> = new Set()

/**
 * A record and changes on it under one schema version: the newest of theirs, and the app's as far as it is published (DL5).
 * A record that can't be brought up stays as it is and of its version. Nothing stored changes by it.
 */
export function align(
  config: CollectionConfig | undefined,
  record: ReplicaRecord | null,
  own: readonly Mutation[],
  writes: number,
): Aligned {
  const held = record ? [record, ...own] : own
  const least = held.length === 0 ? writes : Math.min(writes, config?.schemaVersion ?? 0)
  const start = Math.max(least, record?.heardVersion ?? 0)
  const version = held.reduce((newest, { schemaVersion }) => Math.max(newest, schemaVersion), start)
  const isMixed = config?.upMigrations?.length && held.some((each) => each.schemaVersion < version)
  return isMixed
    ? evolutionParts().align({ ...config, schemaVersion: version }, record, own)
    : { record, own, version }
}

/** The version that the app writes: its own, else the newest that this device has heard of (DL5). */
export const writtenVersion = (
  app: AppSchema | undefined,
  config: CollectionConfig | undefined,
  record: ReplicaRecord | null,
): number => app?.version ?? Math.max(config?.schemaVersion ?? 1, record?.schemaVersion ?? 1)

/**
 * Of a record's pending changes those that it hasn't: what a restored server still had was read anew, and what was made before
 * that stands behind it (AF2).
 */
export const notYetIn = (
  record: ReplicaRecord | null,
  pending: readonly OutboxEntry[],
): readonly OutboxEntry[] =>
  pending.slice(
    pending.findLastIndex(({ made }) => made && made[1] <= (record?.versionVector[made[0]] ?? 0)) + 1,
  )

export async function readGround(
  tx: StoreTx,
  collection: string,
  recordId: string,
  app: AppSchema | undefined,
): Promise<RecordGround> {
  const stored = await getRecord(tx, collection, recordId)
  const config = await configOf(tx, collection)
  const pending = (await pendingOf(tx, collection, recordId)).filter(({ asked }) => !asked)
  const conflicts = await conflictsOf(tx, collection, recordId)
  const held = conflicts.flatMap((conflict) => conflict.mutations)
  const mutations = [...held, ...notYetIn(stored, pending).map((entry) => entry.mutation)]
  const writes = writtenVersion(app, config, stored)
  const aligned = align(config, stored, mutations, writes)
  const { record, own } = aligned
  const isAdrift = !record && conflicts.length > 0 && !own.some(({ op }) => op.type === 'put')
  return {
    ...aligned,
    config,
    writes,
    // Of what another removed only a put says more than what was done to it.
    data: isAdrift ? null : await dataAfter(tx, collection, record, own),
    pending,
    inConflict: conflicts.length > 0,
    lastMutationId: (pending.at(-1)?.mutation ?? held.at(-1))?.id ?? null,
  }
}

/** The document with the changes on top, as the server will have it: also what a `put` leaves out, and a patch unsets. */
export async function dataAfter(
  tx: StoreTx,
  collection: string,
  record: ReplicaRecord | null,
  own: readonly Mutation[],
): Promise<JsonObject | null> {
  const rules = await configOf(tx, collection)
  const has = (...types: readonly Mutation['op']['type'][]): boolean =>
    own.some(({ op }) => types.includes(op.type))
  const hasDocument = rules && has('put', 'patch')
  if (has('crdt') || record?.heard || (hasDocument && usesCrdt(rules)))
    return crdtParts().rebase(await groundOf(tx, collection, record), own).data
  return has('ot') || (hasDocument && usesOt(rules))
    ? otParts().rebase(rules ?? UNKNOWN_RULES, record?.ot, record?.data ?? null, own)
    : rebase(record?.data ?? null, own)
}

type Rules = Pick<CollectionRules, 'strategy' | 'fieldStrategies'>
/** Before the first config nothing says what isn't a CRDT: the server judges. */
export const UNKNOWN_RULES: Rules = { strategy: 'crdt', fieldStrategies: {} }

export const rulesOf = async (tx: StoreTx, collection: string): Promise<Rules> =>
  (await configOf(tx, collection)) ?? UNKNOWN_RULES

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
    written: NONE_WRITTEN,
    heard: record?.heard,
    life: record?.life,
  }
}

/** Null when there is no such record, or it is deleted in the view. */
export async function readView(
  tx: StoreTx,
  collection: string,
  recordId: string,
  app: AppSchema | undefined,
): Promise<RecordView | null> {
  const ground = await readGround(tx, collection, recordId, app)
  return viewOf(recordId, ground, ground.pending.length)
}

export function viewOf(
  id: string,
  { record, data, inConflict, version }: Pick<RecordGround, 'record' | 'data' | 'inConflict' | 'version'>,
  pending: number,
): RecordView | null {
  return data && { id, data, version: record?.version ?? 0, schemaVersion: version, pending, inConflict }
}
