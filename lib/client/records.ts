import { usesCrdt } from '#lib/engine/crdt/governed.ts'
import { usesOt } from '#lib/engine/ot/paths.ts'
import type { Mutation } from '#lib/protocol/mutation.ts'
import type { EffectiveResult, WireRecord } from '#lib/protocol/push.ts'
import { crdtParts, otParts } from './on-demand.ts'
import type { Settled } from './crdt-parts.ts'
import type { OutboxEntry, ReplicaRecord } from './tables.ts'
import { configOf, eachRow, getRecord, getRow, identityOf, markOf, putRow, recordRowKey } from './tables.ts'
import type { StoreTx } from './store.ts'
import type { Removal } from './notices.ts'
import { removalKey } from './notices.ts'
import { pendingOf } from './outbox.ts'
import { align, dataAfter, groundOf, rulesOf } from './view.ts'

/**
 * Keeps what the server said of a record. An older version than the one held is left out, but for the first sight in
 * a snapshot: after a restore of the server, versions may be lower. A deleted record leaves nothing behind.
 * @param isResult a later pull brings it again, and tells of others' operations, which a result doesn't
 */
export async function storeRecord(
  tx: StoreTx,
  wire: WireRecord & Pick<ReplicaRecord, 'otUnsure'>,
  mark: string | null,
  isResult?: boolean,
): Promise<void> {
  const known = await getRecord(tx, wire.collection, wire.recordId)
  const firstSight = known === null || known.orphan || (mark !== null && known.mark !== mark)
  if (!firstSight && wire.version < known.version) return
  if (wire.deleted) return known ? forgetRecord(tx, known) : endRemoval(tx, wire)
  const isOt = wire.ot ?? (known && usesOt(await rulesOf(tx, wire.collection)))
  const { ot, ...rest } = isOt ? await otParts().catchUp(tx, wire, known, isResult) : wire
  const heard =
    known?.heard && known.life === wire.life && (await crdtParts().heard.keepHeard(tx, known, wire))
  const record: ReplicaRecord = {
    ...rest,
    ...heard,
    ...(ot ? { ot: revisionsOf(ot) } : {}),
    mark: mark ?? known?.mark ?? null,
    orphan: false,
  }
  await putRow(tx, 'records', recordRowKey(wire.collection, wire.recordId), record)
}

const revisionsOf = (ot: NonNullable<WireRecord['ot']>): WireRecord['ot'] =>
  Object.fromEntries(Object.entries(ot).map(([path, { revision, kind }]) => [path, { revision, kind }]))

/**
 * What an `applied` answer says of the record, before a pull brings it: the change on top of what was held, so that a
 * device reads its own writes also when that pull fails.
 */
export async function storeOwnWrite(
  tx: StoreTx,
  entry: OutboxEntry,
  result: Extract<EffectiveResult, { status: 'applied' }>,
  deviceId: string,
): Promise<void> {
  const { version } = result
  const { collection, recordId, hlc } = entry.mutation
  const stored = await getRecord(tx, collection, recordId)
  const config = await configOf(tx, collection)
  const aligned = align(config, stored, [entry.mutation], config?.schemaVersion ?? 1)
  if (entry.mutation.op.type === 'ot') return otParts().settle(tx, entry.mutation, result, deviceId, aligned)
  if (stored && stored.version >= version && !stored.orphan) return
  const { record: known, version: schemaVersion } = aligned
  const [mutation] = aligned.own
  if (!mutation) return
  const settled = await settledCrdts(tx, known, mutation, version, deviceId)
  if (settled === null) return
  const data = settled ? settled.data : await dataAfter(tx, collection, known, [mutation])
  // A patch on a record that is not held: only the pull can tell what became of it.
  if (data === null && mutation.op.type !== 'delete') return
  const versionVector = { ...known?.versionVector, [deviceId]: version }
  await storeRecord(
    tx,
    {
      collection,
      recordId,
      version,
      deleted: data === null,
      data,
      versionVector,
      hlc,
      schemaVersion,
      ...(settled ? { crdt: settled.crdt } : {}),
      ...(known?.life === undefined ? {} : { life: known.life }),
      ...(config && usesOt(config) ? otParts().afterWrite(config, known, mutation.op) : {}),
    },
    await markOf(tx, collection),
  )
}

/** Undefined for a record without CRDTs, null where only a pull can tell. The server made the same of the change: nobody came between. */
async function settledCrdts(
  tx: StoreTx,
  known: ReplicaRecord | null,
  mutation: Mutation,
  version: number,
  deviceId: string,
): Promise<Settled | null | undefined> {
  const { id: mutationId, collection, op, hlc } = mutation
  if (op.type === 'delete') return undefined
  // The server's own: what others handed over is not in it yet.
  const ground = { ...(await groundOf(tx, collection, known)), heard: undefined }
  if (op.type !== 'crdt' && !usesCrdt(ground.rules)) return undefined
  const { epoch } = await identityOf(tx)
  const writer = { deviceId, hlc, mutationId, epoch: epoch ?? 0, version }
  return crdtParts().settle(ground, mutation, writer)
}

/** A snapshot is complete: what it did not show is gone, unless changes to it are still pending. */
export async function sweepUnseen(tx: StoreTx, collection: string, mark: string): Promise<void> {
  const unseen: ReplicaRecord[] = []
  await eachRow<ReplicaRecord>(tx, 'records', `${collection}/`, (record) => {
    if (record.mark !== mark && record.version > 0) unseen.push(record)
    return true
  })
  for (const record of unseen) {
    await putRow(tx, 'records', recordRowKey(collection, record.recordId), { ...record, orphan: true })
    await dropOrphan(tx, collection, record.recordId)
  }
}

/** Drops a record that the server no longer has once nothing is pending on it, or what is makes it anew. */
export async function dropOrphan(tx: StoreTx, collection: string, recordId: string): Promise<void> {
  const record = await getRecord(tx, collection, recordId)
  if (record?.orphan && !(await pendingOf(tx, collection, recordId))[0]?.mutation.baseVersion)
    await forgetRecord(tx, record)
}

/**
 * It may have been made anew and removed again since this device removed it. A server that tells lives apart knows what is
 * put there by its base; of an older one nothing that another removed since may come back with it.
 */
async function endRemoval(tx: StoreTx, { collection, recordId, version, life }: WireRecord): Promise<void> {
  const key = removalKey(collection, recordId)
  const removal = await getRow<Removal>(tx, 'notices', key)
  if (removal && life === undefined && removal.version < version) await tx.remove('notices', key)
}

/** It was there since this device removed it, if it ever did. */
async function forgetRecord(tx: StoreTx, { collection, recordId }: ReplicaRecord): Promise<void> {
  await tx.remove('records', recordRowKey(collection, recordId))
  await tx.remove('notices', removalKey(collection, recordId))
}
