import { assert } from '#lib/kernel/result.ts'
import type { FleetPort } from '../ports.ts'
import type { MemoryState } from './state.ts'

export function memoryFleets(state: MemoryState): FleetPort {
  return {
    create: (fleet, audit) =>
      state.inGlobal((undo) => {
        if (state.fleets.values().some((other) => other.name === fleet.name)) return 'name_taken'
        state.fleets.set(undo, fleet.id, fleet)
        state.audit.set(undo, audit.id, audit)
        return 'created'
      }),
    get: async (fleetId) => state.fleets.get(fleetId) ?? null,
    list: async () => state.fleets.values().sort((a, b) => (a.name < b.name ? -1 : 1)),
    update: (next, audit) =>
      state.inGlobal((undo) => {
        const { id, name, configVersion } = next
        if (state.fleets.values().some((other) => other.name === name && other.id !== id)) return 'name_taken'
        if (state.fleets.get(id)?.configVersion !== configVersion - 1) return 'stale'
        state.fleets.set(undo, id, next)
        state.audit.set(undo, audit.id, audit)
        return 'updated'
      }),
    raiseEpoch: (fleetId, audit) =>
      state.inFleet(fleetId, (_tables, undo) => {
        const fleet = state.fleets.get(fleetId)
        assert(fleet, `fleet ${fleetId} exists`)
        state.fleets.set(undo, fleetId, { ...fleet, epoch: fleet.epoch + 1 })
        state.audit.set(undo, audit.id, audit)
        return fleet.epoch + 1
      }),
  }
}
