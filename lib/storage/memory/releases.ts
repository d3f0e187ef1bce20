import type { ReleasePort } from '../ports.ts'
import type { MemoryState } from './state.ts'

export function memoryReleases(state: MemoryState): ReleasePort {
  return {
    add: (release, max, audit) =>
      state.inFleet(release.fleetId, ({ releases }, undo) => {
        if (releases.has(release.version)) return 'known'
        if (releases.values().length >= max) return 'full'
        releases.set(undo, release.version, release)
        state.audit.set(undo, audit.id, audit)
        return 'added'
      }),
    list: (fleetId) =>
      state.inFleet(fleetId, ({ releases }) =>
        releases.values().sort((a, b) => b.releasedAtMs - a.releasedAtMs || (a.id < b.id ? 1 : -1)),
      ),
    remove: (fleetId, id, describe) =>
      state.inFleet(fleetId, ({ releases }, undo) => {
        const release = releases.values().find((one) => one.id === id)
        if (!release) return null
        const audit = describe(release)
        releases.delete(undo, release.version)
        state.audit.set(undo, audit.id, audit)
        return release
      }),
  }
}
