import { assert } from '#lib/kernel/result.ts'
import type { FleetPort } from '../ports.ts'
import { forgetControls } from './breakers.ts'
import { forgetNotifications } from './notifications.ts'
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
    remove: (fleetId, atMs, audit) =>
      state.inFleet(fleetId, (tables, undo) => {
        if (!state.fleets.has(fleetId)) return 'unknown'
        if (tables.devices.values().some(({ status }) => status !== 'revoked')) return 'devices_enrolled'
        state.fleets.delete(undo, fleetId)
        forgetControls(state, undo, (scope) => scope.split(':')[1] === fleetId)
        forgetNotifications(state, undo, fleetId, atMs)
        state.removedFleets.set(undo, fleetId, atMs)
        for (const [hash, key] of state.apiKeys.entries())
          if (key.fleetId === fleetId && key.revokedAtMs === null)
            state.apiKeys.set(undo, hash, { ...key, revokedAtMs: atMs })
        for (const user of state.users.values()) {
          const roles = Object.entries(user.roles).filter(([scope]) => scope !== fleetId)
          state.users.set(undo, user.id, { ...user, roles: Object.fromEntries(roles) })
        }
        state.audit.set(undo, audit.id, audit)
        return 'removed'
      }),
    raiseEpoch: (fleetId, audit, atLeast = 0, configAtLeast = 0) =>
      state.inFleet(fleetId, (_tables, undo) => {
        const fleet = state.fleets.get(fleetId)
        assert(fleet, `fleet ${fleetId} exists`)
        const epoch = Math.max(fleet.epoch + 1, atLeast)
        const configVersion = Math.max(fleet.configVersion + 1, configAtLeast)
        state.fleets.set(undo, fleetId, { ...fleet, epoch, epochBefore: fleet.epoch, configVersion })
        state.audit.set(undo, audit.id, audit)
        return epoch
      }),
  }
}
