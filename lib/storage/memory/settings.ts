import type { SettingPort } from '../ports.ts'
import type { MemoryState } from './state.ts'

export function memorySettings(state: MemoryState): SettingPort {
  return {
    get: async (name) => state.settings.get(name) ?? null,
    save: (name, setting, audit) =>
      state.inGlobal((undo) => {
        if ((state.settings.get(name)?.version ?? 0) !== setting.version - 1) return 'stale'
        state.settings.set(undo, name, setting)
        state.audit.set(undo, audit.id, audit)
        return 'saved'
      }),
  }
}
