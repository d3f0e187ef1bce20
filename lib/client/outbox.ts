import { RETRY_AFTER_MAX_MS } from '#lib/engine/backoff.ts'
import { usesCrdt } from '#lib/engine/crdt/governed.ts'
import { usesOt } from '#lib/engine/ot/paths.ts'
import { BODY_BYTES_MAX, MUTATIONS_PER_PUSH_MAX, MUTATION_BYTES_MAX } from '#lib/protocol/limits.ts'
import { passedBound } from '#lib/protocol/mutation-bounds.ts'
import type { Mutation } from '#lib/protocol/mutation.ts'
import { coalesceOperations, haveEqualBase } from './coalesce.ts'
import { ReplicaError } from './errors.ts'
import type { Removal } from './notices.ts'
import { conflictsOf, removalKey } from './notices.ts'
import { crdtParts } from './on-demand.ts'
import type { StoreTx } from './store.ts'
import type { AcknowledgedEntry, Counted, Counts, OutboxEntry } from './tables.ts'
import {
  NO_COUNTS,
  allRows,
  configOf,
  eachRow,
  getMeta,
  getRow,
  positionKey,
  putRow,
  recordRowKey,
  setMeta,
} from './tables.ts'

/** Pending changes and refused ones together; past it a write is refused with `outbox_full`. */
export const OUTBOX_MAX = 100_000
export const ACKNOWLEDGED_KEPT_MS = 7 * 86_400_000
export const ACKNOWLEDGED_MAX = 100_000
/** Room in a push's body for everything but the mutations. */
const ENVELOPE_BYTES_MAX = 32 * 1024
export const PRUNED_AT_ONCE_MAX = 1_000

const encoder = new TextEncoder()
export const bytesOf = (value: object): number => encoder.encode(JSON.stringify(value)).length

const recordPrefix = (collection: string, recordId: string): string =>
  `${recordRowKey(collection, recordId)}/`
export const recordIndexKey = ({ mutation, position }: OutboxEntry): string =>
  recordPrefix(mutation.collection, mutation.recordId) + positionKey(position)

/** The pending changes of one record, in order. */
export async function pendingOf(
  tx: StoreTx,
  collection: string,
  recordId: string,
): Promise<readonly OutboxEntry[]> {
  const prefix = recordPrefix(collection, recordId)
  const entries: OutboxEntry[] = []
  await eachRow(tx, 'outbox_by_record', prefix, async (_, key) => {
    const entry = await getRow<OutboxEntry>(tx, 'outbox', key.slice(prefix.length))
    if (entry) entries.push(entry)
    return true
  })
  return entries
}

/** Entries by mutation id, in the order asked; ids that left the outbox are left out. */
export async function findEntries(tx: StoreTx, ids: readonly string[]): Promise<readonly OutboxEntry[]> {
  const entries: OutboxEntry[] = []
  for (const id of ids) {
    const position = await tx.get('outbox_by_id', id)
    const entry =
      position === undefined ? null : await getRow<OutboxEntry>(tx, 'outbox', positionKey(position as number))
    if (entry) entries.push(entry)
  }
  return entries
}

/** As it goes out, and is kept once it is answered: from the first time on the same (SM4). */
export const asSent = ({ mutation, sentAs }: OutboxEntry): Mutation => ({
  ...mutation,
  op: sentAs ?? mutation.op,
})

export const oldestPending = async (tx: StoreTx): Promise<OutboxEntry | null> =>
  (await allRows<OutboxEntry>(tx, 'outbox', '', 1))[0] ?? null

export const getCounts = async (tx: StoreTx): Promise<Counts> => (await getMeta(tx, 'counts')) ?? NO_COUNTS
export const depthOf = (counts: Pick<Counts, 'outbox'>): number =>
  Object.values(counts.outbox).reduce((sum, count) => sum + count, 0)

/** Every pending change, in order. */
export const eachOutboxEntry = (tx: StoreTx, visit: (entry: OutboxEntry) => Promise<void>): Promise<void> =>
  eachRow<OutboxEntry>(tx, 'outbox', '', async (entry) => {
    await visit(entry)
    return true
  })

/**
 * Adds a change, or joins it to the record's last pending one when that was never sent. Gives the mutation as it is kept.
 * Only changes of one opening are joined: what a copied store adds must not hide in a mutation that its twin has too.
 */
export async function enqueue(
  tx: StoreTx,
  mutation: Mutation,
  last: OutboxEntry | undefined,
  opening: string,
  counted?: Counted,
): Promise<Mutation> {
  const letsBe = await putLetsBe(tx, mutation.collection)
  const joined = last?.opening === opening ? coalesce(last, mutation, letsBe, counted) : null
  if (joined) {
    await saveEntry(tx, joined)
    return joined.mutation
  }
  const position = await takePosition(tx)
  const bytes = bytesOf(mutation)
  await addEntry(tx, { position, mutation, bytes, sends: 0, notBeforeMs: null, opening, counted })
  return mutation
}

/** True where a `put` keeps what it leaves out (CS4, CS5), as it goes by differences. */
export async function putLetsBe(tx: StoreTx, collection: string): Promise<boolean> {
  const rules = await configOf(tx, collection)
  return rules !== undefined && (usesCrdt(rules) || usesOt(rules))
}

/** A place behind all others. */
export async function takePosition(tx: StoreTx): Promise<number> {
  const position = (await getMeta(tx, 'nextPosition')) ?? 1
  await setMeta(tx, 'nextPosition', position + 1)
  return position
}

/** The first one's identity and time of making, the second one's stamp: it is as old as its oldest part. */
function coalesce(last: OutboxEntry, next: Mutation, letsBe: boolean, counted?: Counted): OutboxEntry | null {
  if (last.sends > 0 || last.sentAs || !haveEqualBase(last.mutation, next)) return null
  const op = coalesceOperations(last.mutation.op, next.op, letsBe)
  if (!op) return null
  const mutation = { ...last.mutation, op, hlc: next.hlc }
  const bytes = bytesOf(mutation)
  // Two that the server takes must not become one that it doesn't.
  if (passedBound(mutation, bytes, MUTATION_BYTES_MAX) !== null) return null
  return {
    ...last,
    mutation,
    bytes,
    joinedAs: next.id,
    counted: counted ? crdtParts().addCounted(last.counted ?? {}, counted) : last.counted,
  }
}

export const saveEntry = (tx: StoreTx, entry: OutboxEntry): Promise<void> =>
  putRow(tx, 'outbox', positionKey(entry.position), entry)

export async function addEntry(tx: StoreTx, entry: OutboxEntry): Promise<void> {
  await saveEntry(tx, entry)
  await tx.put('outbox_by_id', entry.mutation.id, entry.position)
  await tx.put('outbox_by_record', recordIndexKey(entry), entry.mutation.id)
  await countOutbox(tx, entry.mutation.collection, 1)
}

export async function dropEntry(tx: StoreTx, entry: OutboxEntry): Promise<void> {
  await tx.remove('outbox', positionKey(entry.position))
  await tx.remove('outbox_by_id', entry.mutation.id)
  await tx.remove('outbox_by_record', recordIndexKey(entry))
  await countOutbox(tx, entry.mutation.collection, -1)
}

async function countOutbox(tx: StoreTx, collection: string, change: number): Promise<void> {
  const counts = await getCounts(tx)
  const { [collection]: _, ...others } = counts.outbox
  const before = Object.hasOwn(counts.outbox, collection) ? (counts.outbox[collection] ?? 0) : 0
  const count = before + change
  // It would be told to the server, which takes no such report.
  if (count < 0) throw new ReplicaError('store_corrupt', `counts ${collection}`)
  await setMeta(tx, 'counts', {
    ...counts,
    outbox: count === 0 ? others : { ...others, [collection]: count },
  })
}

export interface Batch {
  readonly entries: readonly OutboxEntry[]
  /** When nothing is due: the earliest time that something will be; null when nothing waits for time. */
  readonly nextDueMs: number | null
  /** Why one of those waits that were met, where it isn't by the server's word. */
  readonly problem: string | undefined
}

/**
 * What can be pushed now, in order, within 500 mutations and 1 MiB. A change that waits, or whose record is in
 * conflict, holds back the later ones of its record and no other (SM6). So does an operation behind one that goes out as
 * it was, and is shown as another: it was made on what that one is shown as, and the answer says how they fit. With `among`
 * only those, and none behind another one of its record: that was told to wait, and its wait may be over by now.
 */
export async function pickBatch(
  tx: StoreTx,
  nowMs: number,
  countMax: number = MUTATIONS_PER_PUSH_MAX,
  among?: ReadonlySet<string>,
): Promise<Batch> {
  const entries: OutboxEntry[] = []
  const held = new Set<string>()
  const asBefore = new Set<string>()
  const inConflict = new Map<string, boolean>()
  let bytes = 0
  let nextDueMs: number | null = null
  let problem: string | undefined
  await eachRow<OutboxEntry>(tx, 'outbox', '', async (entry) => {
    const { collection, recordId, resolves } = entry.mutation
    const record = recordRowKey(collection, recordId)
    if (held.has(record)) return true
    if (isWaiting(entry, nowMs)) {
      nextDueMs = Math.min(nextDueMs ?? Infinity, entry.notBeforeMs)
      problem ??= entry.problem
      held.add(record)
      return true
    }
    if (!inConflict.has(record))
      inConflict.set(record, (await conflictsOf(tx, collection, recordId)).length > 0)
    if (inConflict.get(record) && resolves === undefined && !entry.asked) return true
    if (entry.mutation.op.type === 'ot' && entry.sends === 0 && asBefore.has(record)) {
      held.add(record)
      return true
    }
    if (entry.sentAs) asBefore.add(record)
    if (among && !among.has(entry.mutation.id)) {
      held.add(record)
      return true
    }
    bytes += entry.bytes + 1
    if (bytes > BODY_BYTES_MAX - ENVELOPE_BYTES_MAX && entries.length > 0) return false
    entries.push(entry)
    return entries.length < Math.min(countMax, MUTATIONS_PER_PUSH_MAX)
  })
  return { entries, nextDueMs: entries.length > 0 ? null : nextDueMs, problem }
}

/** A change that has to wait so long. */
export const heldBack = (
  entry: OutboxEntry,
  nowMs: number,
  waitMs: number,
  problem?: string,
): OutboxEntry => ({
  ...entry,
  notBeforeMs: nowMs + waitMs,
  heldAtMs: nowMs,
  problem,
})

/** A clock that was set back behind the beginning of a wait, or further than any wait that is heeded, ends it. */
const isWaiting = (entry: OutboxEntry, nowMs: number): entry is OutboxEntry & { notBeforeMs: number } =>
  entry.notBeforeMs !== null &&
  entry.notBeforeMs > nowMs &&
  (entry.heldAtMs ?? 0) <= nowMs &&
  entry.notBeforeMs - nowMs <= RETRY_AFTER_MAX_MS

/** Moves a change that the server has taken to those kept for a change of epoch (TK6). */
export async function acknowledge(
  tx: StoreTx,
  entry: OutboxEntry,
  nowMs: number,
  under: string | undefined,
  version: number | undefined,
): Promise<AcknowledgedEntry> {
  await dropEntry(tx, entry)
  const kept: AcknowledgedEntry = {
    position: entry.position,
    mutation: asSent(entry),
    acknowledgedAtMs: nowMs,
    counted: entry.counted,
    under,
    version,
  }
  await putRow(tx, 'acknowledged', positionKey(entry.position), kept)
  const counts = await getCounts(tx)
  await setMeta(tx, 'counts', { ...counts, acknowledged: counts.acknowledged + 1 })
  return kept
}

/** Forgets acknowledged changes past their week, or past the bound; some at a time. */
export async function pruneAcknowledged(tx: StoreTx, nowMs: number): Promise<void> {
  const counts = await getCounts(tx)
  let left = counts.acknowledged
  const expired: AcknowledgedEntry[] = []
  await eachRow<AcknowledgedEntry>(tx, 'acknowledged', '', (kept) => {
    if (left <= ACKNOWLEDGED_MAX && kept.acknowledgedAtMs > nowMs - ACKNOWLEDGED_KEPT_MS) return false
    left -= 1
    return expired.push(kept) < PRUNED_AT_ONCE_MAX
  })
  for (const kept of expired) await forgetAcknowledged(tx, kept)
  if (expired.length > 0) await setMeta(tx, 'counts', { ...counts, acknowledged: left })
}

/** Without its count. A removal that what is put there later would go on from goes with it. */
export async function forgetAcknowledged(
  tx: StoreTx,
  { position, mutation }: Pick<AcknowledgedEntry, 'position' | 'mutation'>,
): Promise<void> {
  await tx.remove('acknowledged', positionKey(position))
  const key = removalKey(mutation.collection, mutation.recordId)
  if (mutation.op.type === 'delete' && (await getRow<Removal>(tx, 'notices', key))?.position === position)
    await tx.remove('notices', key)
}

/**
 * The device's own removal behind which a record isn't there, as long as it is kept: another's late edit may have brought
 * the record back, and what is put there now is the difference from what was removed (CS9).
 */
export async function removalOf(
  tx: StoreTx,
  collection: string,
  recordId: string,
): Promise<Mutation | undefined> {
  const removal = await getRow<Removal>(tx, 'notices', removalKey(collection, recordId))
  if (!removal) return undefined
  const kept = await getRow<AcknowledgedEntry>(tx, 'acknowledged', positionKey(removal.position))
  // Its effect was under another id of this device: the server may not know it as the parent of what this one makes.
  return kept?.mutation.recordId === recordId && !kept.under ? kept.mutation : undefined
}
