import type { SignalPort } from '../signal-port.ts'
import type { MemoryState } from './state.ts'

/** Signals between the processes that share these rows. */
export function memorySignals(state: MemoryState): SignalPort {
  return {
    tell: async (grown) => {
      for (const listener of state.listeners)
        for (const [fleetId, heads] of grown) listener.grown(fleetId, heads)
    },
    listen: (listener) => {
      state.listeners.add(listener)
      listener.hearing(true)
      return async () => {
        state.listeners.delete(listener)
        listener.hearing(false)
      }
    },
  }
}
