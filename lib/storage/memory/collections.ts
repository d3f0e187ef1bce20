import { scopesOfCollection } from '../breaker-port.ts'
import { forgetControls } from './breakers.ts'
import { assert } from '#lib/kernel/result.ts'
import type { Collection, CollectionPort } from '../ports.ts'
import type { FleetTables, MemoryState } from './state.ts'
import { keyOf } from './state.ts'
import type { Table, Undo } from './table.ts'

export function memoryCollections(state: MemoryState): CollectionPort {
  return {
    create: (collection, audit) =>
      state.inFleet(collection.fleetId, (tables, undo) => {
        if (tables.collections.values().some((other) => other.name === collection.name)) return 'name_taken'
        if (heldBy(tables).some(({ keys }) => keys(collection.name).length > 0)) return 'being_removed'
        save(state, tables, undo, collection)
        if (!tables.heads.has(collection.name)) tables.heads.set(undo, collection.name, 0)
        state.audit.set(undo, audit.id, audit)
        return 'created'
      }),
    list: (fleetId) =>
      state.inFleet(fleetId, (tables) =>
        tables.collections.values().sort((a, b) => (a.name < b.name ? -1 : 1)),
      ),
    maskings: (fleetId) =>
      state.inFleet(fleetId, (tables) =>
        tables.collections.values().map(({ name, masked, upMigrations }) => ({ name, masked, upMigrations })),
      ),
    get: (fleetId, id) => state.inFleet(fleetId, (tables) => tables.collections.get(id) ?? null),
    update: (next, audit) =>
      state.inFleet(next.fleetId, (tables, undo) => {
        if (tables.collections.get(next.id)?.version !== next.version - 1) return 'stale'
        save(state, tables, undo, next)
        state.audit.set(undo, audit.id, audit)
        return 'updated'
      }),
    remove: (fleetId, id, version, audit) =>
      state.inFleet(fleetId, (tables, undo) => {
        const collection = tables.collections.get(id)
        if (collection?.version !== version) return 'stale'
        const { name } = collection
        if (tables.conflicts.values().some((row) => row.collection === name && row.status === 'open'))
          return 'conflicts_open'
        tables.collections.delete(undo, id)
        const scopes = scopesOfCollection(fleetId, name)
        forgetControls(state, undo, (scope) => scopes.includes(scope))
        for (const [key, row] of tables.schemas.entries())
          if (row.collectionId === id) tables.schemas.delete(undo, key)
        for (const run of tables.labRuns.values())
          if (run.collectionId === id) tables.labRuns.delete(undo, run.id)
        tables.labWeights.delete(undo, id)
        const head = (tables.heads.get(name) ?? 0) + 1
        tables.heads.set(undo, name, head)
        tables.purged.set(undo, name, head)
        raiseConfig(state, undo, fleetId)
        state.audit.set(undo, audit.id, audit)
        return 'removed'
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
  raiseConfig(state, undo, collection.fleetId)
}

function raiseConfig(state: MemoryState, undo: Undo, fleetId: string): void {
  const fleet = state.fleets.get(fleetId)
  assert(fleet, `fleet ${fleetId} exists`)
  state.fleets.set(undo, fleet.id, { ...fleet, configVersion: fleet.configVersion + 1 })
}

interface Held {
  /** The keys of a collection's rows. */
  readonly keys: (name: string) => readonly string[]
  readonly drop: (undo: Undo, key: string) => void
}

/** What goes with a collection, table by table. */
export const heldBy = (tables: FleetTables): readonly Held[] => [
  held(tables.records, (_, { collection }) => collection),
  held(tables.bases, (key) => key.slice(0, key.indexOf('/'))),
  held(tables.otOps, (_, { collection }) => collection),
  held(tables.positions, (_, { collection }) => collection),
]

const held = <V>(table: Table<V>, collectionOf: (key: string, row: V) => string): Held => ({
  keys: (name) => table.entries().flatMap(([key, row]) => (collectionOf(key, row) === name ? [key] : [])),
  drop: (undo, key) => table.delete(undo, key),
})
