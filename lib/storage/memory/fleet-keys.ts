import type { FleetKey, FleetKeyPort } from '../ports.ts'
import type { FleetTables, MemoryState } from './state.ts'
import type { Table } from './table.ts'

/** @param keysOf the table that has them, by their hash */
export const memoryFleetKeys = <Key extends FleetKey>(
  state: MemoryState,
  keysOf: (tables: FleetTables) => Table<Key>,
): FleetKeyPort<Key> => ({
  createKey: (key, audit) =>
    state.inFleet(key.fleetId, (tables, undo) => {
      keysOf(tables).set(undo, key.hash, key)
      state.audit.set(undo, audit.id, audit)
    }),
  listKeys: (fleetId) =>
    state.inFleet(fleetId, (tables) =>
      keysOf(tables)
        .values()
        .sort((a, b) => b.createdAtMs - a.createdAtMs),
    ),
  findKey: (fleetId, hash) => state.inFleet(fleetId, (tables) => keysOf(tables).get(hash) ?? null),
  updateKey: (fleetId, id, change) =>
    state.inFleet(fleetId, (tables, undo) => {
      const keys = keysOf(tables)
      const key = keys.values().find((one) => one.id === id)
      if (!key) return null
      const { next, audit } = change(key)
      keys.set(undo, key.hash, next)
      state.audit.set(undo, audit.id, audit)
      return next
    }),
  noteUse: (fleetId, id, atMs) =>
    state.inFleet(fleetId, (tables, undo) => {
      const keys = keysOf(tables)
      const key = keys.values().find((one) => one.id === id)
      if (key) keys.set(undo, key.hash, { ...key, lastUsedMs: Math.max(key.lastUsedMs ?? 0, atMs) })
    }),
})
