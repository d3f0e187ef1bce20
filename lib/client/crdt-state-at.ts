import type { CrdtState, CrdtStates } from '#lib/protocol/crdt.ts'

export const stateAt = (states: CrdtStates, path: string): CrdtState | undefined =>
  Object.hasOwn(states, path) ? states[path] : undefined
