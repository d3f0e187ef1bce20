import type { EarlierStates } from '#lib/engine/texts-since.ts'
import type { BaseState, RecordKey } from '#lib/engine/types.ts'
import { recordKey } from '#lib/engine/types.ts'
import type { RecordAt, StateBounds, StateRow, SyncPort } from '../ports.ts'
import type { FleetTables } from './state.ts'
import type { Undo } from './table.ts'

/** A turn for a full sync (TK7): the next one in the fleet's pace, or the one that the device has already. */
export function admitFullSync(
  tables: FleetTables,
  undo: Undo,
  deviceId: string,
  { nowMs, intervalMs, burst, graceMs }: Parameters<SyncPort['admitFullSync']>[2],
): { readonly admitAtMs: number; readonly place: number } {
  const own = tables.fullSyncs.get(deviceId)
  const tickets = tables.fullSyncs.values()
  let admitAtMs = own !== undefined && own > nowMs - graceMs ? own : null
  if (admitAtMs === null) {
    const earliestMs = nowMs - (burst - 1) * intervalMs
    admitAtMs = Math.max(earliestMs, ...tickets.map((ticket) => ticket + intervalMs))
    tables.fullSyncs.set(undo, deviceId, admitAtMs)
  }
  return { admitAtMs, place: placeOf(tables, admitAtMs, nowMs) }
}

/** The turn that a device has, without taking one. */
export function fullSyncTurn(
  tables: FleetTables,
  deviceId: string,
  nowMs: number,
): { readonly admitAtMs: number; readonly place: number } | null {
  const admitAtMs = tables.fullSyncs.get(deviceId)
  return admitAtMs === undefined ? null : { admitAtMs, place: placeOf(tables, admitAtMs, nowMs) }
}

const placeOf = (tables: FleetTables, turnMs: number, nowMs: number): number =>
  tables.fullSyncs.values().filter((ticket) => ticket > nowMs && ticket < turnMs).length

/** Live records of a collection as they were at one version, or null past the bounds. */
export function stateAt(
  tables: FleetTables,
  collection: string,
  version: number,
  most: StateBounds,
): readonly StateRow[] | null {
  const rows: StateRow[] = []
  for (const record of tables.records.values()) {
    if (record.collection !== collection) continue
    const { recordId } = record
    if (record.version <= version) {
      if (record.data) rows.push({ recordId, version: record.version, data: record.data })
      continue
    }
    const then = documentBefore(tables, recordKey(collection, recordId), version)
    if (then?.data) rows.push({ recordId, version: then.version, data: then.data })
  }
  const bytes = rows.reduce((sum, { data }) => sum + Buffer.byteLength(JSON.stringify(data)), 0)
  return rows.length > most.records || bytes > most.bytes ? null : rows
}

/** SyncPort.statesAt */
export function statesAt(
  tables: FleetTables,
  places: readonly RecordAt[],
): ReadonlyMap<RecordKey, EarlierStates> {
  const found = new Map<RecordKey, EarlierStates>()
  for (const { collection, recordId, version } of places) {
    const key = recordKey(collection, recordId)
    const then = documentBefore(tables, key, version)
    if (!then?.data || wasDeletedSince(tables, key, version)) continue
    const { version: at, schemaVersion, crdt } = then
    found.set(key, { version: at, schemaVersion, crdt })
  }
  return found
}

/** The replaced documents of a record, by version; a tombstone has no data. */
function basesOf(tables: FleetTables, key: RecordKey): readonly (BaseState & { readonly version: number })[] {
  return tables.bases
    .entries()
    .filter(([name]) => name.startsWith(`${key}@`))
    .map(([name, replaced]) => ({ ...replaced, version: Number(name.slice(key.length + 1)) }))
}

const wasDeletedSince = (tables: FleetTables, key: RecordKey, since: number): boolean =>
  basesOf(tables, key).some(({ version, data }) => version > since && data === null)

/** The newest replaced document of a record that is not newer than `version`. */
function documentBefore(
  tables: FleetTables,
  key: RecordKey,
  version: number,
): (BaseState & { readonly version: number }) | null {
  const before = basesOf(tables, key).filter((replaced) => replaced.version <= version)
  return before.toSorted((a, b) => b.version - a.version)[0] ?? null
}
