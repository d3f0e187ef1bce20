import type { OtRead } from '#lib/engine/load-plan.ts'
import type { RecordKey, RecordState } from '#lib/engine/types.ts'
import { recordKey } from '#lib/engine/types.ts'
import { jsonBytes } from '#lib/kernel/json.ts'
import { OT_LOAD_BYTES_MAX, OT_LOAD_MAX, OT_LOG_MAX, OT_PAGE_MAX } from '../change-rows.ts'
import type { OtSlot } from '../ot-reads.ts'
import { slotsOf, toldAfter, unreadOf } from '../ot-reads.ts'
import type { PulledOp, PullRead, PushSnapshot } from '../ports.ts'
import type { FleetTables, StoredOp } from './state.ts'
import { keyOf } from './state.ts'
import type { Undo } from './table.ts'

const byRevision = (a: StoredOp, b: StoredOp): number =>
  a.path < b.path ? -1 : a.path > b.path ? 1 : a.revision - b.revision

/** The newest operations that the reads ask for, each once, and whose reads were cut. */
export function loadOtLog(
  tables: FleetTables,
  pushes: readonly (readonly OtRead[])[],
): Pick<PushSnapshot, 'otLog' | 'otUnread'> {
  const found = new Map<string, StoredOp>()
  const unread: string[] = []
  for (const reads of pushes) {
    const slots = slotsOf(reads)
    let bytes = 0
    const rows = slots
      .flatMap((each, slot) => readSlot(tables, each).map((op) => ({ op, slot })))
      .slice(0, OT_LOAD_MAX + 1)
      .map((row) => {
        bytes += jsonBytes([row.op.ops]) + jsonBytes([row.op.made])
        return { ...row, over: bytes > OT_LOAD_BYTES_MAX }
      })
    for (const { op, over } of rows) if (!over) found.set(otKey(op), op)
    unread.push(...unreadOf(reads, slots, rows))
  }
  const ops = [...found.values()].sort(byRevision)
  return {
    otLog: groupByRecord(ops, ({ collection: _, recordId: __, ...op }) => op),
    otUnread: new Set(unread),
  }
}

const readSlot = (tables: FleetTables, slot: OtSlot): StoredOp[] =>
  tables.otOps
    .values()
    .filter((op) => op.collection === slot.collection && op.recordId === slot.recordId)
    .filter((op) => op.revision > slot.afterRevision && op.version > slot.afterVersion)
    .filter(
      ({ path, schemaVersion }) =>
        slot.path === null ||
        (path === slot.path && schemaVersion > slot.schemaAfter && schemaVersion <= slot.schemaUpTo),
    )
    .sort((a, b) => (slot.path === null ? b.version - a.version : b.revision - a.revision))
    .slice(0, OT_LOAD_MAX)

export const otKey = ({ collection, recordId, path, revision, schemaVersion }: StoredOp): string =>
  keyOf(collection, recordId, path, revision, schemaVersion)

/** The operation of the same path, as it is named there, with another revision. */
const neighbourOf = (tables: FleetTables, op: StoredOp, revision: number): StoredOp | undefined =>
  tables.otOps.get(otKey({ ...op, revision })) ??
  tables.otOps
    .values()
    .find(
      (other) =>
        other.revision === revision &&
        other.path === op.path &&
        other.recordId === op.recordId &&
        other.collection === op.collection,
    )

/** What a pull tells of the records of its page, in as many bytes again as these may have. */
export function pulledOps(
  tables: FleetTables,
  reads: readonly PullRead[],
  records: readonly Pick<RecordState, 'collection' | 'recordId' | 'version' | 'ot'>[],
  { maxBytes }: { readonly maxBytes: number },
): Map<RecordKey, readonly PulledOp[]> {
  const pulled = new Map<RecordKey, readonly PulledOp[]>()
  const toldOf = toldAfter(reads)
  let read = 0
  let bytes = 0
  for (const { collection, recordId, ot } of records) {
    const after = toldOf.get(collection) ?? 0
    if (ot === undefined || after === 0) continue
    const rows = tables.otOps
      .values()
      .filter((op) => op.collection === collection && op.recordId === recordId && op.version > after)
      .sort(byRevision)
      .slice(0, OT_LOG_MAX + 1)
    read += rows.length
    for (const op of rows) bytes += jsonBytes([op.ops])
    if (read > OT_PAGE_MAX || bytes > maxBytes) break
    if (rows.length > OT_LOG_MAX) continue
    const ops = rows.map((op) => ({
      path: op.path,
      revision: op.revision,
      ops: op.ops,
      follows: neighbourOf(tables, op, op.revision - 1) !== undefined,
    }))
    pulled.set(recordKey(collection, recordId), ops)
  }
  return pulled
}

function groupByRecord<T>(
  rows: readonly StoredOp[],
  shown: (row: StoredOp) => T,
): Map<RecordKey, readonly T[]> {
  const groups = new Map<RecordKey, T[]>()
  for (const row of rows) {
    const key = recordKey(row.collection, row.recordId)
    groups.set(key, [...(groups.get(key) ?? []), shown(row)])
  }
  return groups
}

/**
 * Compaction: of each path goes what has a successor from before `sinceMs`, which tells that none is missing after it.
 * Then no token is live, and no replaced document is kept, that is older than what stays.
 */
export function compactOtLog(tables: FleetTables, undo: Undo, sinceMs: number, batch: number): number {
  let deleted = 0
  for (const [key, op] of tables.otOps.entries()) {
    if (deleted === batch) break
    const { collection, recordId } = op
    const next = neighbourOf(tables, op, op.revision + 1)
    const nextAtMs = next && (tables.changes.get(next.mutationId)?.committedAtMs ?? -Infinity)
    const isBehind = nextAtMs !== undefined && nextAtMs < sinceMs
    if (!isBehind && tables.records.get(recordKey(collection, recordId))) continue
    tables.otOps.delete(undo, key)
    deleted += 1
  }
  return deleted
}
