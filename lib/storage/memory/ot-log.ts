import type { OtRead } from '#lib/engine/load-plan.ts'
import type { PathOp, RecordKey, RecordState } from '#lib/engine/types.ts'
import { recordKey } from '#lib/engine/types.ts'
import { OT_LOAD_MAX, OT_LOG_MAX } from '../change-rows.ts'
import type { PulledOp, PullRead } from '../ports.ts'
import type { FleetTables, StoredOp } from './state.ts'
import { keyOf } from './state.ts'
import type { Undo } from './table.ts'

const byRevision = (a: StoredOp, b: StoredOp): number =>
  a.path < b.path ? -1 : a.path > b.path ? 1 : a.revision - b.revision

/** The newest operations that the reads ask for, each once. */
export function loadOtLog(tables: FleetTables, reads: readonly OtRead[]): Map<RecordKey, readonly PathOp[]> {
  const found = new Map<string, StoredOp>()
  for (const { collection, recordId, path, afterRevision, afterVersion } of reads) {
    const rows = tables.otOps
      .values()
      .filter((op) => op.collection === collection && op.recordId === recordId)
      .filter(
        (op) =>
          (path === null || op.path === path) && op.revision > afterRevision && op.version > afterVersion,
      )
    for (const op of rows.sort((a, b) => b.version - a.version).slice(0, OT_LOAD_MAX))
      found.set(keyOf(collection, recordId, op.path, op.revision), op)
  }
  return groupByRecord([...found.values()].sort(byRevision), ({ collection: _, recordId: __, ...op }) => op)
}

/** What a pull tells of the records of its page. */
export function pulledOps(
  tables: FleetTables,
  reads: readonly PullRead[],
  records: readonly Pick<RecordState, 'collection' | 'recordId' | 'version' | 'ot'>[],
): Map<RecordKey, readonly PulledOp[]> {
  const pulled = new Map<RecordKey, readonly PulledOp[]>()
  for (const { collection, recordId, ot } of records) {
    const after = reads.find((read) => read.collection === collection)?.afterVersion ?? 0
    if (ot === undefined || after === 0) continue
    const rows = tables.otOps
      .values()
      .filter((op) => op.collection === collection && op.recordId === recordId && op.version > after)
      .sort(byRevision)
    if (rows.length > OT_LOG_MAX) continue
    const ops = rows.map(({ path, revision, ops }) => ({
      path,
      revision,
      ops,
      follows: tables.otOps.get(keyOf(collection, recordId, path, revision - 1)) !== undefined,
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
    const { collection, recordId, path, revision } = op
    const next = tables.otOps.get(keyOf(collection, recordId, path, revision + 1))
    const nextAtMs = next && (tables.changes.get(next.mutationId)?.committedAtMs ?? -Infinity)
    const isBehind = nextAtMs !== undefined && nextAtMs < sinceMs
    if (!isBehind && tables.records.get(recordKey(collection, recordId))) continue
    tables.otOps.delete(undo, key)
    deleted += 1
  }
  return deleted
}
