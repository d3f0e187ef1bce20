import type { MaintenancePort, RetentionBatches } from '../ports.ts'
import type { Keep } from '../partitions.ts'
import { partitionsIn } from '../partitions.ts'
import { dayOf, dayStartMs, KEEP_MS } from '../retention.ts'
import { heldBy } from './collections.ts'
import { overAtMs } from '../alert-port.ts'
import { compactOtLog } from './ot-log.ts'
import { countStrays, dropPast } from './partitions.ts'
import type { FleetTables, MemoryState } from './state.ts'
import type { Table, Undo } from './table.ts'

export function memoryMaintenance(state: MemoryState): MaintenancePort {
  return {
    holdLease: (name, holder, nowMs, untilMs) =>
      state.inGlobal((undo) => {
        const lease = state.leases.get(name)
        const longestMs = untilMs + (untilMs - nowMs)
        const isHeld = lease && lease.untilMs > nowMs && lease.untilMs <= longestMs
        if (isHeld && lease.holder !== holder) return false
        state.leases.set(undo, name, { holder, untilMs })
        return true
      }),
    ensurePartitions: (nowMs, aheadDays) =>
      state.inGlobal(() => {
        const [fromMs, toMs] = [dayStartMs(dayOf(nowMs) - 1), dayStartMs(dayOf(nowMs) + aheadDays)]
        for (const { name } of partitionsIn(fromMs, toMs)) state.partitions.add(name)
        return true
      }),
    // Nothing is planned here.
    analyzeGrown: () => Promise.resolve([]),
    applyRetention: (nowMs, keep, batches) =>
      state.inGlobal((undo) => applyRetention(state, undo, nowMs, keep, batches)),
    purgeRemoved: (fleetId, { size, rounds }) =>
      state.inFleet(fleetId, (tables, undo) => {
        const names = new Set(tables.collections.values().map(({ name }) => name))
        const gone = tables.heads.entries().flatMap(([name]) => (names.has(name) ? [] : [name]))
        const counts = heldBy(tables).map(({ keys, drop }) => {
          const batch = gone.flatMap(keys).slice(0, size * rounds)
          for (const key of batch) drop(undo, key)
          return batch.length
        })
        const deleted = counts.reduce((sum, count) => sum + count, 0)
        return { deleted, more: counts.some((count) => count === size * rounds) }
      }),
    purgeRemovedFleets: (nowMs) =>
      state.inGlobal((undo) => {
        for (const [fleetId, atMs] of state.removedFleets.entries()) {
          state.dropTables(fleetId)
          if (atMs < nowMs - KEEP_MS.removedFleet) state.removedFleets.delete(undo, fleetId)
        }
        return { deleted: 0, more: false }
      }),
    strayRows: async () => countStrays(state),
    eventsWholeFromMs: async () => state.floors.get('telemetry_event') ?? 0,
  }
}

function applyRetention(
  state: MemoryState,
  undo: Undo,
  nowMs: number,
  keep: Keep,
  { size, rounds }: RetentionBatches,
): { dropped: readonly string[]; deleted: number; more: boolean } {
  const past = dropPast(state, undo, nowMs, keep)
  const batch = size * rounds
  let { deleted } = past
  let more = false
  for (const tables of state.allFleetTables()) {
    const compacted = compactOtLog(tables, undo, nowMs - KEEP_MS.otLog, batch)
    const counts = [...expireRows(tables, undo, nowMs, keep.sessionsMs, batch), compacted]
    deleted += counts.reduce((sum, count) => sum + count, 0)
    more ||= counts.some((count) => count === batch)
  }
  const ended = [
    prune(state.links, undo, batch, (link) => link.expiresAtMs < nowMs),
    prune(state.userSessions, undo, batch, (session) => session.expiresAtMs < nowMs),
  ]
  deleted += ended.reduce((sum, count) => sum + count, 0)
  more ||= ended.some((count) => count === batch)
  return { dropped: past.dropped, deleted, more }
}

function expireRows(
  tables: FleetTables,
  undo: Undo,
  nowMs: number,
  sessionsMs: number,
  batch: number,
): readonly number[] {
  const { enrollment, response, base, change, failedTry, fullSync } = KEEP_MS
  const undecided = undecidedOf(tables)
  return [
    prune(tables.enrollments, undo, batch, (row) => row.atMs < nowMs - enrollment),
    prune(tables.responses, undo, batch, (row) => row.createdAtMs < nowMs - response),
    pruneTombstones(tables, undo, nowMs - KEEP_MS.tombstone, batch),
    prune(tables.fullSyncs, undo, batch, (admitAtMs) => admitAtMs < nowMs - fullSync),
    prune(tables.bases, undo, batch, (row) => row.replacedAtMs < nowMs - base),
    prune(
      tables.changes,
      undo,
      batch,
      (row) => row.committedAtMs < nowMs - change && !undecided.has(row.mutation.id),
    ),
    prune(tables.incidents, undo, batch, (row) => (row.resolvedAtMs ?? Infinity) < nowMs - KEEP_MS.incident),
    prune(tables.incidentEntries, undo, batch, (row) => row.atMs < nowMs - KEEP_MS.incident),
    prune(tables.silences, undo, batch, (row) => overAtMs(row) < nowMs - KEEP_MS.incident),
    prune(tables.toldSeries, undo, batch, (row) => row.heardMs < nowMs - KEEP_MS.toldSeries),
    prune(tables.toldLogs, undo, batch, (row) => row.atMs < nowMs - sessionsMs),
    prune(tables.regained, undo, batch, (row) => row.atMs < nowMs - KEEP_MS.regained),
    prune(tables.failedTries, undo, batch, (row) => row.lastAtMs < nowMs - failedTry),
  ]
}

/** Mutations that a person may still act upon (DL22). */
const undecidedOf = (tables: FleetTables): ReadonlySet<string> => {
  const letters = [...tables.deadLetters.values()].filter(({ status }) => status === 'open')
  const conflicts = [...tables.conflicts.values()].filter(({ status }) => status === 'open')
  return new Set([
    ...letters.map(({ mutation }) => mutation.id),
    ...conflicts.map(({ mutationId }) => mutationId),
    ...[...tables.held.values()].flat(),
  ])
}

/** Notes how far tombstones are gone: who read less far must read everything anew (TK5). */
function pruneTombstones(tables: FleetTables, undo: Undo, beforeMs: number, batch: number): number {
  const gone = tables.records
    .entries()
    .filter(([, row]) => row.deleted && row.committedAtMs < beforeMs)
    .slice(0, batch)
  for (const [key, { collection, version }] of gone) {
    tables.records.delete(undo, key)
    tables.purged.set(undo, collection, Math.max(version, tables.purged.get(collection) ?? 0))
  }
  return gone.length
}

function prune<V>(table: Table<V>, undo: Undo, batch: number, expired: (row: V) => boolean): number {
  const keys = table
    .entries()
    .filter(([, row]) => expired(row))
    .slice(0, batch)
    .map(([key]) => key)
  for (const key of keys) table.delete(undo, key)
  return keys.length
}
