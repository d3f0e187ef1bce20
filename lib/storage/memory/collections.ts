import { assert } from '#lib/kernel/result.ts'
import type { Collection, CollectionPort } from '../ports.ts'
import type { FleetTables, MemoryState } from './state.ts'
import { keyOf } from './state.ts'
import type { Undo } from './table.ts'

export function memoryCollections(state: MemoryState): CollectionPort {
  return {
    create: (collection, audit) =>
      state.inFleet(collection.fleetId, (tables, undo) => {
        if (tables.collections.values().some((other) => other.name === collection.name)) return 'name_taken'
        save(state, tables, undo, collection)
        if (!tables.heads.has(collection.name)) tables.heads.set(undo, collection.name, 0)
        state.audit.set(undo, audit.id, audit)
        return 'created'
      }),
    list: (fleetId) =>
      state.inFleet(fleetId, (tables) =>
        tables.collections.values().sort((a, b) => (a.name < b.name ? -1 : 1)),
      ),
    get: (fleetId, id) => state.inFleet(fleetId, (tables) => tables.collections.get(id) ?? null),
    update: (next, audit) =>
      state.inFleet(next.fleetId, (tables, undo) => {
        if (tables.collections.get(next.id)?.version !== next.version - 1) return 'stale'
        save(state, tables, undo, next)
        state.audit.set(undo, audit.id, audit)
        return 'updated'
      }),
    schemaVersions: (fleetId, id) =>
      state.inFleet(fleetId, (tables) =>
        tables.schemas
          .values()
          .filter((row) => row.collectionId === id)
          .map(({ schemaVersion, schema, createdAtMs }) => ({ schemaVersion, schema, createdAtMs }))
          .sort((a, b) => a.schemaVersion - b.schemaVersion),
      ),
  }
}

function save(state: MemoryState, tables: FleetTables, undo: Undo, collection: Collection): void {
  const { id, schemaVersion, schema, updatedAtMs } = collection
  tables.collections.set(undo, id, collection)
  const key = keyOf(id, schemaVersion)
  if (!tables.schemas.has(key)) {
    tables.schemas.set(undo, key, { collectionId: id, schemaVersion, schema, createdAtMs: updatedAtMs })
  }
  const fleet = state.fleets.get(collection.fleetId)
  assert(fleet, `fleet ${collection.fleetId} exists`)
  state.fleets.set(undo, fleet.id, { ...fleet, configVersion: fleet.configVersion + 1 })
}
